"""Disks that lose power, fill up, or refuse."""

import contextlib
import sqlite3

from faults import gate
from faults.fault import fault, nothing, played, together, under_attack
from faults.fault_world import FaultWorld, aside
from faults.histories import exact_at_bound, exact_payload_gaps, exact_refusals, exact_restore_gaps, ledger
from faults.mounts import losing_disk, small_disk
from world import listening, wait_for


def cut_under_agent(world, disk):
    world.disk()
    with world.under_way.marked("killed"):
        disk.cut_power()
        world.agent.kill()
    disk.replace()
    world.start_agent()


def power_cut(seed, tear):
    with losing_disk() as disk:
        if tear:
            disk.close()
            disk.mount(seed)

        async def inject(world):
            await world.moment(0.3, 2)
            await aside(cut_under_agent, world, disk)
            return 1

        return under_attack(inject, seed, sessions=80, state=disk.folder / "agent", journal=disk.folder / "journal",
                            agent_environment=disk.environment)


def await_release(world):
    """The spool lets go of what is confirmed: it is with the collector, and in the text logs."""
    def rows():
        with contextlib.closing(sqlite3.connect(f"file:{world.state / 'spool.db'}?mode=ro", uri=True)) as spool:
            return spool.execute("SELECT count(*) FROM record").fetchone()[0]

    wait_for("the spool is empty", lambda: rows() == 0, 60, step=0.2)


@fault(short=True)
def power_lost_after_release(seed):
    """When the spool has let go of all that is confirmed: from here on only the text logs have it on the sensor."""
    with losing_disk() as disk:
        def play(world):
            _, early = together(world, nothing, 40)
            world.settle()
            await_release(world)
            cut_under_agent(world, disk)
            _, late = together(world, nothing, 20)
            return 1, early + late

        return played(play, seed, state=disk.folder / "agent", journal=disk.folder / "journal", agent_environment=disk.environment)


@fault()
def power_lost(seed):
    """What the agent had not synced is gone: spool, text logs, keys of the spool."""
    return power_cut(seed, tear=False)


@fault(short=True)
def power_torn(seed):
    """The same, but half of the blocks that were not synced did reach the disk."""
    return power_cut(seed, tear=True)


class KeysWorld(FaultWorld):
    """Its keys and certificates, those of the authority as well, lie on a disk of their own."""

    def __init__(self, seed, disk):
        self._disk = disk
        super().__init__(seed)

    def _prepare(self):
        for name in ("pki", "certificates"):
            (self._disk / name).mkdir(mode=0o700)
            (self.folder / name).symlink_to(self._disk / name)
        super()._prepare()


@fault()
def power_lost_under_keys(seed):
    """Right after the authority was made, the sensor's certificate issued, and issued once more: what a command has said it has done
    is there."""
    with losing_disk() as disk:
        def cut(world):
            world.kill_agent()
            world.collector.kill()
            disk.cut_power()
            disk.replace()
            said = world.run("collector", "doctor", "--config", world.collector_toml).stdout  # which may find the disk slow, too
            if "ok    certificates in" not in said:
                raise AssertionError(said)
            world.start_collector()
            wait_for("the collector listens", lambda: listening(world.collector_port))
            world.start_agent()

        def play(world):
            _, first = together(world, nothing, 20)
            cut(world)
            _, second = together(world, nothing, 20)
            world.replace_certificate()
            cut(world)
            _, third = together(world, nothing, 20)
            return 2, first + second + third

        return played(play, seed, kind=KeysWorld, disk=disk.folder)


@fault(short=True)
def spool_bound_reached(seed):
    """The agent's own bound: more comes while the link is cut than the spool may hold. All sessions are there, and the packets that
    are not are as many as gaps and marks say."""
    def play(world):
        world.gate.set(gate.CUT)
        _, talks = together(world, nothing, ["raw"] * 100 + ["flood"] * 4)
        world.gate.set(gate.WHOLE)
        return 1, talks

    def examine(*histories):
        exact_at_bound(*histories)
        exact_refusals(*histories)

    return played(play, seed, may_tell=("payload",), examine=examine, budgets={"spool": {"bytes": "1MiB"}})


def spool_bound(restart, seed, **world):
    """At its own bound, with nothing left that may go, `restart(world)` ends the agent and starts it again, and only then is the link
    whole."""
    def play(live):
        live.gate.set(gate.CUT)

        async def inject(here):
            await aside(wait_for, "the spool takes no more", lambda: "are kept at any price" in here.agent.log.read_text(errors="replace"),
                        400, 0.1)
            await aside(restart, here)
            await here.moment(0.5, 2)
            await aside(here.gate.set, gate.WHOLE)
            return 1

        return together(live, inject, ["raw"] * 2500, 40)

    # What is left then is what is kept at any price: the probes have gone too.
    return played(play, seed, may_tell=("payload", "probe"), examine=exact_at_bound,
                  budgets={"spool": {"bytes": "1MiB"}}, **world)


@fault()
def spool_bound_and_agent_killed(seed):
    def restart(world):
        world.kill_agent()
        world.start_agent()

    return spool_bound(restart, seed)


@fault()
def spool_bound_and_agent_terminated(seed):
    def restart(world):
        world.stop_agent(unless_said="could not be written to")
        world.start_agent()

    return spool_bound(restart, seed)


@fault()
def spool_bound_and_power_lost(seed):
    with losing_disk() as disk:
        return spool_bound(lambda world: cut_under_agent(world, disk), seed, state=disk.folder / "agent",
                           journal=disk.folder / "journal", agent_environment=disk.environment)


@fault()
def agent_disk_full(seed):
    """Somebody else fills the disk of spool and text logs; room comes after a while."""
    with small_disk(24) as disk:
        async def inject(world):
            for _ in range(2):
                await world.moment(0.2, 1)
                await aside(disk.fill)
                await world.moment(1, 2)
                await aside(disk.make_room)
            return 2

        return under_attack(inject, seed, sessions=80, may_tell=("payload", "log"), examine=exact_payload_gaps,
                            state=disk.folder / "agent", journal=disk.folder / "journal")


@fault()
def agent_disk_full_and_killed(seed):
    """Killed while others have filled its disk, and started again as a service manager would, before there is room."""
    with small_disk(24) as disk:
        def kill(world):
            world.kill_agent()
            world.watch_agent()

        def running(world):
            world.watch_agent()
            return world.agent.running()

        async def inject(world):
            for _ in range(2):
                await world.moment(0.2, 1)
                await aside(disk.fill)
                await aside(kill, world)
                await world.moment(1, 2)
                await aside(disk.make_room)
                await aside(wait_for, "the agent runs", lambda: running(world), 30)
            return 2

        return under_attack(inject, seed, sessions=80, may_tell=("payload", "log"), examine=exact_payload_gaps,
                            state=disk.folder / "agent", journal=disk.folder / "journal")


def stopped_at_the_floor(world):
    """How often the ingest has said that the database's disk is too full; the watch says so too, in words of its own."""
    lines = world.collector.log.read_text(errors="replace").splitlines()
    return sum("does not take records" in line and "its floor is" in line for line in lines)


@fault()
def database_disk_full(seed):
    """Tables and write-ahead log on one full disk: PostgreSQL may give up. With room again somebody starts it if it did; nobody
    touches the collector."""
    with small_disk(300) as disk:
        def more_room(world):
            # A commit may meet the full disk before the floor is looked at: then the watch alone tells of the floor.
            if "its floor is" not in world.collector.log.read_text(errors="replace"):
                raise AssertionError("the collector does not keep the floor")
            disk.make_room()
            if not world.cluster.running():
                world.cluster.start()

        async def inject(world):
            await world.moment(0.2, 1)
            await aside(disk.fill)
            await world.moment(3, 5)
            await aside(more_room, world)
            return 1

        data = disk.folder / "data"
        data.mkdir(mode=0o700)
        return under_attack(inject, seed, sessions=80, data=data)


@fault(short=True)
def database_disk_short(seed):
    """The same disk with 40 MiB left, less than the floor: the collector takes nothing more and says so once, PostgreSQL lives, and
    with room again all goes on by itself."""
    with small_disk(300) as disk:
        def stored(world):
            return world.database.number("SELECT coalesce(sum(last_seq), 0) FROM ingest_stream")

        async def inject(world):
            await world.moment(0.2, 0.5)
            await aside(disk.fill, 40)
            await aside(wait_for, "the collector stops at the floor", lambda: stopped_at_the_floor(world) == 1, 30)
            before = stored(world)
            await world.moment(2, 3)
            if stored(world) != before or stopped_at_the_floor(world) != 1 or not world.cluster.running():
                raise AssertionError("below the floor records were taken, or it was said again, or PostgreSQL has ended")
            if " 0 records not yet acknowledged" in world.status():
                raise AssertionError("nothing waits at the agent:\n" + world.status())
            await aside(disk.make_room)
            return 1

        data = disk.folder / "data"
        data.mkdir(mode=0o700)
        return under_attack(inject, seed, sessions=80, data=data)


@fault()
def database_restored(seed):
    """Set back to a backup from before the second attack. What the agent no longer has is told by a gap, number for number."""
    marks = {}

    def play(world):
        _, early = together(world, nothing, 30)
        world.settle()
        backup = world.cluster.folder / "backup"
        world.cluster.backup(backup)
        marks["backup"] = ledger(world)
        _, late = together(world, nothing, 30)
        world.settle()
        await_release(world)  # what it still had would come again
        marks["loss"] = ledger(world)
        world.cluster.stop()
        world.cluster.restore(backup)
        world.cluster.start()
        wait_for("the collector works again", lambda: "connected" in world.status(), 30, step=0.2)
        _, after = together(world, nothing, 30)
        return 1, early + late + after, late

    return played(play, seed, may_tell=("restore",), examine=lambda world, _, verdict: exact_restore_gaps(world, verdict, **marks))
