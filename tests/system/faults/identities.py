"""Certificates, clocks, several agents; a batch that the database refuses."""

import os
import pathlib
import shutil
import time

from faults import gate
from faults.fault import fault, nothing, played, together, under_attack
from faults.fault_world import FaultWorld, aside, faked
from faults.histories import ledger, repeats, spool_numbers
from faults.mounts import small_disk
from world import Program, Service, listening, wait_for


class Fellow:
    """A further agent of a world, with one service and a state folder of its own: `state`, if it is there already."""

    def __init__(self, world, name, certificate, state=None):
        self.world, self.name = world, name
        self.service = Service("catchall", "catchall", waiting="0ms", received="128KiB")
        self.toml, self.state = world.folder / f"{name}.toml", state or world.folder / name
        self.toml.write_text(
            f'[agent]\nname = "{name}"\nstate = "{self.state}"\nself_test_minutes = 0\nmetrics = "off"\n'
            f'[collector]\naddress = "127.0.0.1:{world.uplink_port()}"\nca = "certificates/ca.crt"\n'
            f'certificate = "certificates/{certificate}.crt"\nkey = "certificates/{certificate}.key"\n'
            f'[journal]\ndirectory = "{world.journal}"\n' + self.service.toml())
        self.program = Program(name, world.command("agent", "run", "--config", self.toml), world.folder / f"{name}.log",
                               world.agent_environment)
        world.programs.append(self.program)

    def await_start(self):
        wait_for(f"{self.name} listens", lambda: listening(self.service.port) or not self.program.running(), 60)
        if not self.program.running():
            raise AssertionError(f"{self.name} ended:\n" + self.program.log.read_text(errors="replace")[-2000:])

    def idle(self):
        return " 0 records not yet acknowledged" in self.world.status(self.toml)


class FellowWorld(FaultWorld):
    """The clients go to the catch-all of `fellows` in turn, besides the services of the first agent."""

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        self.fellows = []

    def states(self):
        return super().states() + [fellow.state for fellow in self.fellows]

    def settle(self, seconds=60):
        for fellow in self.fellows:
            wait_for(f"{fellow.name} holds nothing back", fellow.idle, seconds, step=0.2)
        super().settle(seconds)

    def close(self, failed):
        try:
            for fellow in self.fellows:
                fellow.program.stop()
        finally:
            super().close(failed)


@fault()
def two_agents_one_certificate(seed):
    """A cloned machine: each new stream of the sensor throws out the other's. Both come through in the end."""
    def play(world):
        twin = Fellow(world, "twin", "test")
        world.fellows.append(twin)
        twin.await_start()
        _, first = together(world, nothing, 30)
        mine = world.services["catchall"].port
        world.services["catchall"].port = twin.service.port
        _, second = together(world, nothing, 30)
        world.services["catchall"].port = mine
        return 1, first + second

    return played(play, seed, kind=FellowWorld, settle=90)


def copied(state, to, same_inode):
    """Copies an agent's state folder; `same_inode`: the spool's file gets the number that it has, as in an image of the disk."""
    to.mkdir()
    spool = "spool.db"
    if same_inode:
        wanted = (state / spool).stat().st_ino
        while True:
            (to / spool).touch()
            if (to / spool).stat().st_ino >= wanted:
                break
            (to / spool).unlink()
        if (to / spool).stat().st_ino != wanted:
            raise AssertionError(f"no file here will be number {wanted}")
    for file in state.iterdir():
        if file.is_dir():
            shutil.copytree(file, to / file.name)
        elif file.is_file():
            shutil.copyfile(file, to / file.name)


def cloned(seed, state, other):
    """The agent is copied with all that it has while what it recorded has not been sent; then both go on, with one certificate, record
    while nothing can be sent, and come to the collector at once. `state`: where its state is, `other`: where the copy's. Both on
    file systems of their own: as the disks of two machines."""
    def play(world):
        _, talks = together(world, nothing, 20)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 20)
        world.agent.stop()
        copied(state, other, same_inode=True)
        world.start_agent()
        twin = Fellow(world, "twin", "test", other)
        world.fellows.append(twin)
        twin.await_start()
        _, mine = together(world, nothing, ["raw"] * 20)
        own = world.services["catchall"].port
        world.services["catchall"].port = twin.service.port
        _, its = together(world, nothing, ["raw"] * 25)
        world.gate.set(gate.WHOLE)
        _, both = together(world, nothing, 40)
        world.services["catchall"].port = own
        return 1, talks + held + mine + its + both, []

    return played(play, seed, may_tell=("spool", "restore", "quarantine"), kind=FellowWorld, settle=90, state=state, examine=one_each)


def one_each(world, _, verdict):
    """What a gap of a copied spool stands for is with the collector under its former id, and what both bring is put aside when it
    comes for the second time, whether the session is over by then or half of it is there: no session is excused."""
    repeats(world, verdict)
    if world.database.number("SELECT count(DISTINCT stream_id) FROM ingest_stream") < 2:
        verdict.lose("both went on under one spool's id")


@fault()
def machine_cloned(seed):
    """Machine id, numbers of files, spool, certificate: all is the same on both."""
    with small_disk(64) as one, small_disk(64) as two:
        return cloned(seed, one.folder / "agent", two.folder / "agent")


@fault()
def spool_cloned(seed):
    """The state folder is copied to another place, and a second agent runs there. That takes another id, under which it tells of the
    numbers that were confirmed under the one before; of what was recorded nothing lacks."""
    def play(world):
        _, talks = together(world, nothing, 20)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 20)
        world.agent.stop()
        copied(world.state, world.folder / "twin", same_inode=False)
        world.start_agent()
        twin = Fellow(world, "twin", "test", world.folder / "twin")
        world.fellows.append(twin)
        twin.await_start()
        world.gate.set(gate.WHOLE)
        world.services["catchall"].port = twin.service.port
        _, both = together(world, nothing, 40)
        return 1, talks + held + both, []

    return played(play, seed, may_tell=("restore", "quarantine"), kind=FellowWorld, settle=90, examine=one_each)


class TwentyWorld(FellowWorld):
    """Twenty agents beside the first, all of them visited at once."""

    def start(self):
        super().start()
        for number in range(20):
            self.issue("sensor", f"fellow{number}")
            self.fellows.append(Fellow(self, f"fellow{number}", f"fellow{number}"))
        for fellow in self.fellows:
            fellow.await_start()

    def ports(self):
        return {**super().ports(), "catchall": [fellow.service.port for fellow in self.fellows]}


@fault()
def collector_killed_under_twenty_agents(seed):
    """While clients are with most of them."""
    visited = []

    async def inject(world):
        for _ in range(6):
            await world.moment(0.3, 1.5)
            visited.append(len({talk.port for talk in world.under_way.values()}))
            await aside(world.restart_collector, lambda program: program.kill())
        return len(visited)

    def play(world):
        kinds = ["raw"] * 180 + ["raw reset"] * 24 + ["flood"] * 6 + ["guess", "upload", "noise"] * 10
        world.chance.shuffle(kinds)
        injected, talks = together(world, inject, kinds, at_once=80)
        world.remarks.append("agents with clients at each kill: " + ", ".join(map(str, visited)))
        if sum(agents > 10 for agents in visited) < 2:
            raise AssertionError(f"hardly a kill came while most agents were at work: {visited}")
        return injected, talks

    return played(play, seed, kind=TwentyWorld, settle=120)


@fault()
def certificate_replaced(seed):
    """The sensor's certificate is issued anew under traffic, its files are replaced, and the old one is no longer taken: the agent goes
    on with the new one at its next connection."""
    async def inject(world):
        await world.moment(0.3, 1.0)
        await aside(world.replace_certificate)
        await aside(world.gate.set, gate.CUT)
        await aside(world.gate.set, gate.WHOLE)
        if world.attack_over:
            raise AssertionError("no clients were there when the files were replaced")
        return 1

    return under_attack(inject, seed, at_once=8)


@fault(needs=("faketime",))
def certificate_expired(seed):
    """The sensor's certificate ends under its stream and under traffic: the stream ends with it, the agent goes on and keeps what it
    records, and with another certificate all of it comes."""
    def play(world):
        world.replace_certificate(seconds=20)
        world.gate.set(gate.CUT)
        world.gate.set(gate.WHOLE)
        talks = []
        wait_for("the agent is connected with the short one", lambda: "connected since" in world.status(), 15, step=0.2)
        deadline = time.monotonic() + 60
        while "connected since" in world.status():
            if time.monotonic() > deadline:
                raise AssertionError("the stream outlives its certificate")
            talks += together(world, nothing, 20)[1]
        if "has expired" not in world.collector.log.read_text(errors="replace"):
            raise AssertionError("the stream has ended, but not for its certificate")
        before = world.database.number("SELECT count(*) FROM session")
        talks += together(world, nothing, 20)[1]
        if world.database.number("SELECT count(*) FROM session") != before or " 0 records not yet acknowledged" in world.status():
            raise AssertionError("somebody took what came after the end of the certificate:\n" + world.status())
        world.replace_certificate()
        talks += together(world, nothing, 20)[1]
        return 1, talks

    return played(play, seed)


class RevokedWorld(FaultWorld):
    """Its agent may keep what it holds: nobody takes it."""

    holds_back = True

    def settle(self, seconds=60):
        if "connected since" in self.status():
            super().settle(seconds)


@fault()
def certificate_revoked(seed):
    """The stream ends within seconds, under traffic. From then on nothing is taken, the agent goes on and keeps what it records: who is
    not in the database has a text log that is whole."""
    def revoke(world):
        world.call("collector", "revoke", "sensor", "test", "--config", world.collector_toml)
        wait_for("the agent is thrown out", lambda: "connected since" not in world.status(), 10)
        wait_for("the collector has done with it", lambda: "has gone" in world.collector.log.read_text(errors="replace"), 10)

    async def inject(world):
        await world.moment(0.3, 1.0)
        await aside(revoke, world)
        return 1

    def play(world):
        _, first = together(world, nothing, 20)
        world.settle()
        injected, during = together(world, inject, 60, at_once=8)
        before = world.database.number("SELECT count(*) FROM session")
        if before in (len(first), len(first) + len(during)):
            raise AssertionError("the sensor was not revoked under traffic")
        _, after = together(world, nothing, 20)
        if world.database.number("SELECT count(*) FROM session") != before:
            raise AssertionError("records of a revoked sensor were taken")
        if " 0 records not yet acknowledged" in world.status():
            raise AssertionError("the agent does not keep what nobody takes:\n" + world.status())
        return injected, first + during + after, during + after

    return played(play, seed, kind=RevokedWorld)


class ClockWorld(FaultWorld):
    """A world in which the clock of the agent, or of the collector, is moved by set_clock(); steady clocks go on."""

    def __init__(self, seed, of):
        self._offset = pathlib.Path(f"/tmp/apiary-clock-{os.getpid()}-{seed}")
        self.set_clock("+0")
        moved = {**faked("FAKETIME_TIMESTAMP_FILE", self._offset), "FAKETIME_NO_CACHE": "1"}
        if of == "collector":
            self.collector_environment = moved
        super().__init__(seed, agent_environment=moved if of == "agent" else None)

    def set_clock(self, offset):
        new = self._offset.with_suffix(".new")
        new.write_text(offset + "\n")
        new.rename(self._offset)  # the program reads it at any moment

    def close(self, failed):
        super().close(failed)
        self._offset.unlink()


@fault(needs=("faketime",))
def clock_stepped(seed):
    """The agent's clock goes eighty minutes forth, twenty back, and is right again, under traffic. Never behind the real one:
    libfaketime would then shift the timer that Asio sets to a moment long past, and the agent would sleep."""
    return moved_clock(seed, "agent", ("+4800s", "+3600s", "+0"))


@fault(needs=("faketime",))
def collector_clock_stepped(seed):
    """The collector's clock goes a day and an hour forth, most of that back, and is right again: days, window of what is taken, and
    what is given up for unfinished are by its clock."""
    return moved_clock(seed, "collector", ("+90000s", "+3600s", "+0"))


@fault(needs=("faketime",))
def collector_clock_far_off(seed):
    """The collector's clock is set two hundred days ahead, then forty days back, and is right again. By such a clock every record is of
    another time: none is taken until it agrees with the database's, and nothing is put aside."""
    return moved_clock(seed, "collector", ("+17280000s", "-3456000s", "+0"))


def moved_clock(seed, of, offsets):
    async def inject(world):
        for offset in offsets:
            await world.moment(0.3, 0.8)
            await aside(world.set_clock, offset)
        return len(offsets)

    def play(world):
        return together(world, inject, 80)

    return played(play, seed, kind=ClockWorld, of=of)


@fault()
def row_refused(seed):
    """The database refuses one client's session for ever; all others come through, and that one is kept aside."""
    def play(world):
        world.database.run("BEGIN READ WRITE; ALTER TABLE apiary.session ADD CONSTRAINT by_the_test "
                           "CHECK (host(source) <> '127.1.0.5'); COMMIT")
        _, talks = together(world, nothing, 40)
        return 1, talks, [talk for talk in talks if talk.address == "127.1.0.5"]

    return played(play, seed, may_tell=("quarantine",))


WAVES = 6


@fault()
def link_broken_at_every_batch(seed):
    """The link is cut again and again within milliseconds, and then after each of some waves of clients, when all is committed and
    nothing of it confirmed, as the collector was not heard: all that is sent twice. The batches of which the collector found that are
    counted."""
    async def inject(world):
        cuts, end = 0, time.monotonic() + 4
        while time.monotonic() < end:
            await world.moment(0.02, 0.2)
            await aside(world.gate.set, gate.CUT)
            await aside(world.gate.set, gate.WHOLE)
            cuts += 1
        return cuts

    def play(world):
        cuts, talks = together(world, inject, 60)
        for _ in range(WAVES):
            world.settle()
            world.gate.set(gate.UNHEARD)
            talks += together(world, nothing, ["guess", "reset"])[1]  # fewer batches than may be on their way without an answer
            wait_for("all is committed", lambda: ledger(world) == {key: last for key, (_, last) in spool_numbers(world.state).items()},
                     20, step=0.1)
            world.gate.set(gate.CUT)
            world.gate.set(gate.WHOLE)
        world.settle()
        twice = world.figure("collector", "batches_duplicate_total")
        world.remarks.append(f"{cuts + WAVES} cuts")
        if twice < WAVES:
            raise AssertionError(f"{twice} batches came twice in {cuts} cuts and {WAVES} waves")
        return twice, talks

    return played(play, seed)
