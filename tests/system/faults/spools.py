"""The agent's spool file, damaged or set back while the agent is down. What only it held is gone; that is told. Of what came before,
and was acknowledged, and of what comes afterwards nothing may lack."""

import shutil

from faults import gate
from faults.fault import fault, nothing, played, together
from faults.histories import repeats


def between_two_attacks(act, seed, may_tell, before=lambda world: None):
    """A first attack while nothing can be sent, so that the spool holds it; `act(world, spool)` with the agent stopped; a
    second attack with the link whole again."""
    def play(world):
        spool = world.state / "spool.db"
        _, talks = together(world, nothing, 30)
        world.settle()
        before(world)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 30)
        world.agent.stop()
        act(world, spool)
        world.gate.set(gate.WHOLE)
        world.start_agent()
        _, after = together(world, nothing, 30)
        return 1, talks + held + after, held

    return played(play, seed, may_tell)


def cut_to(share):
    def act(_, spool):
        size = spool.stat().st_size
        with open(spool, "r+b") as file:
            file.truncate(int(size * share) // 4096 * 4096)
    return act


@fault()
def spool_truncated(seed):
    return between_two_attacks(cut_to(0.5), seed, may_tell=("spool", "restore"))


@fault()
def spool_emptied(seed):
    return between_two_attacks(cut_to(0), seed, may_tell=("spool", "restore"))


@fault()
def spool_removed(seed):
    return between_two_attacks(lambda _, spool: spool.unlink(), seed, may_tell=("spool", "restore"))


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
                               may_tell=("spool", "restore"), before=copied)


@fault()
def spool_replaced_by_a_copy(seed):
    """The same as another file, as a backup program puts it back."""
    def act(world, spool):
        spool.unlink()
        shutil.copy(world.folder / "spool.yesterday", spool)

    return between_two_attacks(act, seed, may_tell=("spool", "restore"), before=copied)


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
