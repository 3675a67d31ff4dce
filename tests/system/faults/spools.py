"""The agent's spool file, damaged or set back while the agent is down. What only it held is gone; that is told. Of what came before,
and was acknowledged, and of what comes afterwards nothing may lack."""

import contextlib
import shutil
import sqlite3
import uuid

from faults import gate
from faults.fault import fault, nothing, played, together
from faults.histories import ledger, repeats


def given_out(spool):
    """Of a spool that is closed: by id and lane, the highest number. Nothing of one that is gone or damaged."""
    if not spool.exists() or spool.stat().st_size == 0:
        return {}
    try:
        with contextlib.closing(sqlite3.connect(f"file:{spool}?immutable=1", uri=True)) as file:
            if file.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return {}
            (name,), = file.execute("SELECT value FROM meta WHERE name = 'id'")
            return {(str(uuid.UUID(bytes=name)), str(lane)): last for lane, last in file.execute("SELECT lane, last FROM lane")}
    except sqlite3.DatabaseError:
        return {}


def exact_spool_gaps(world, verdict, given, kept, had):
    """Of a spool that had `given` out its numbers when it was lost, of which an old copy has `kept` and the database `had`, both by id
    and lane: the gaps say just which are missing, each lane once, and that it is sure. What an old copy has let go of, which is told
    as well, is there under the id before."""
    expected = {}
    for key, last in given.items():
        first = max(had.get(key, 0), kept.get(key, 0)) + 1
        if first <= last:
            expected[key] = (first, last, last - first + 1, "t")
    if not expected:
        verdict.lose("nothing was in the spool alone")
    found = {}
    for stream, lane, first, last, records, sure in world.database.rows(
            "SELECT coalesce(lost_stream_id::text, ''), coalesce(lost_lane, -1), coalesce(lost_first_seq, 0), "
            "  coalesce(lost_last_seq, 0), records, coalesce(lost_exact, false) FROM gap WHERE what = 'spool'"):
        if (stream, lane) in found:
            verdict.lose(f"lane {lane} of spool {stream} is told of twice")
        found[stream, lane] = (int(first), int(last), int(records), sure)
    if found != expected:
        verdict.lose(f"gaps tell of {found}, {expected} are missing")
    for lane, last in world.database.rows("SELECT lane, max(last_seq) FROM gap WHERE what = 'restore' GROUP BY 1"):
        if int(last) > max((had.get(key, 0) for key in given if key[1] == lane), default=0):
            verdict.lose(f"numbers up to {last} of lane {lane} are said to have been confirmed, and never came")


def between_two_attacks(act, seed, may_tell, before=lambda world: None, exact=False):
    """A first attack while nothing can be sent, so that the spool holds it; `act(world, spool)` with the agent stopped; a
    second attack with the link whole again. `exact`: gaps of kind "spool" tell of numbers."""
    marks = {}

    def play(world):
        spool = world.state / "spool.db"
        _, talks = together(world, nothing, 30)
        world.settle()
        before(world)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 30)
        world.agent.stop()
        marks["given"], marks["had"] = given_out(spool), ledger(world)
        act(world, spool)
        marks["kept"] = given_out(spool)
        world.gate.set(gate.WHOLE)
        world.start_agent()
        _, after = together(world, nothing, 30)
        return 1, talks + held + after, held

    return played(play, seed, may_tell,
                  examine=lambda world, _, verdict: exact_spool_gaps(world, verdict, **marks) if exact else None)


def cut_to(share):
    def act(_, spool):
        size = spool.stat().st_size
        with open(spool, "r+b") as file:
            file.truncate(int(size * share) // 4096 * 4096)
    return act


@fault()
def spool_truncated(seed):
    return between_two_attacks(cut_to(0.5), seed, may_tell=("spool",), exact=True)


@fault()
def spool_emptied(seed):
    return between_two_attacks(cut_to(0), seed, may_tell=("spool",), exact=True)


@fault()
def spool_removed(seed):
    return between_two_attacks(lambda _, spool: spool.unlink(), seed, may_tell=("spool",), exact=True)


@fault(short=True)
def spool_bits_flipped(seed):
    """64 single bits anywhere in the file."""
    def act(world, spool):
        data = bytearray(spool.read_bytes())
        for _ in range(64):
            data[world.chance.randrange(4096, len(data))] ^= 1 << world.chance.randrange(8)
        spool.write_bytes(data)

    return between_two_attacks(act, seed, may_tell=("spool", "restore", "quarantine"))  # what follows an opening that is damaged


def copied(world):
    world.agent.stop()
    shutil.copy(world.state / "spool.db", world.folder / "spool.yesterday")
    world.start_agent()


@fault(short=True)
def spool_restored(seed):
    """The file as it was before the second attack is copied over the one that is there."""
    return between_two_attacks(lambda world, spool: shutil.copy(world.folder / "spool.yesterday", spool), seed,
                               may_tell=("spool", "restore"), before=copied, exact=True)


@fault()
def spool_replaced_by_a_copy(seed):
    """The same as another file, as a backup program puts it back."""
    def act(world, spool):
        spool.unlink()
        shutil.copy(world.folder / "spool.yesterday", spool)

    return between_two_attacks(act, seed, may_tell=("spool", "restore"), before=copied, exact=True)


@fault()
def spool_old_and_ahead(seed):
    """Set back, and then filled beyond the number where it was while the collector is away: the numbers look right again. What
    the copy holds unconfirmed the collector has got since, and gets once more."""
    def play(world):
        spool = world.state / "spool.db"
        _, talks = together(world, nothing, 20)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 20)
        copied(world)
        world.gate.set(gate.WHOLE)
        _, more = together(world, nothing, 20)
        world.settle()
        world.agent.stop()
        shutil.copy(world.folder / "spool.yesterday", spool)
        world.gate.set(gate.CUT)
        world.start_agent()
        _, after = together(world, nothing, 60)
        world.gate.set(gate.WHOLE)
        return 1, talks + held + more + after, []

    return played(play, seed, may_tell=("spool", "restore", "quarantine"), examine=came_twice)


def came_twice(world, _, verdict):
    repeats(world, verdict)
    if not world.database.number("SELECT count(*) FROM quarantine"):
        verdict.lose("nothing of the copy came again")
