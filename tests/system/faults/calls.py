"""System calls of the agent that fail or take long: spool and text logs on a disk that is about to die. By strace, which makes
the Nth call of a kind fail, and every Mth after it, thirty times: a disk that failed so for ever would be failing within every
commit, and nothing would go on. And by a disk of the tests' own, which lets each call fail in turn."""

import errno

from faults.fault import fault, played, together
from faults.fault_world import FaultWorld, aside
from faults.mounts import losing_disk


async def watch(world):
    """A disk in such a state may end the agent; whoever runs it starts it again."""
    while not world.attack_over:
        await world.moment(0.1, 0.2)
        await aside(world.watch_agent)
    return 0


def failing(seed, calls, error, files=(), may_tell=(), sessions=60):
    """`calls`: (name, first, every) for each system call that fails with `error`, or is slow if that is delay_exit=MICROSECONDS.
    `files`: names in the agent's state folder; none: every file of the agent."""
    class Traced(FaultWorld):
        """A world whose agent runs under strace."""

        @property
        def injected(self):
            return sum(text.count("(INJECTED)") + text.count("(DELAYED)")
                       for text in (path.read_text(errors="replace") for path in self.folder.glob("strace.*")))

        def command(self, program, *words):
            command = super().command(program, *words)
            if program != "agent" or words[0] != "run":
                return command
            self.starts = getattr(self, "starts", 0) + 1
            if self.starts > 1:
                return command  # the counting begins anew with each start: it would fail at the same call, for ever
            trace = ["strace", "-D", "-f", "-qq", "-o", str(self.folder / f"strace.{self.starts}"),
                     "-e", "trace=" + ",".join(name for name, *_ in calls), "-e", "signal=none"]
            for file in files:
                trace += ["-P", str(self.state / file)]
            for name, first, every in calls:
                what = error if "=" in error else f"error={error}"
                trace += ["-e", f"inject={name}:{what}:when={first}..{first + 30 * every}+{every}"]
            return trace + command

    def play(world):
        _, talks = together(world, watch, sessions)
        world.settle()
        return world.injected, talks

    return played(play, seed, may_tell, kind=Traced, agent_environment={"ASAN_OPTIONS": "detect_leaks=0"})


SPOOL = ("spool.db", "spool.db-wal")


@fault(short=True, needs=("strace",))
def spool_sync_fails(seed):
    return failing(seed, [("fdatasync", 6, 7)], "EIO", SPOOL)


@fault(needs=("strace",))
def spool_sync_fails_often(seed):
    """Every second one."""
    return failing(seed, [("fdatasync", 6, 2)], "EIO", SPOOL)


@fault(needs=("strace",))
def spool_write_fails(seed):
    return failing(seed, [("pwrite64", 40, 53)], "EIO", SPOOL)


@fault(needs=("strace",))
def spool_disk_full_now_and_then(seed):
    return failing(seed, [("pwrite64", 40, 37)], "ENOSPC", SPOOL)


@fault(needs=("strace",))
def spool_read_fails(seed):
    return failing(seed, [("pread64", 60, 41)], "EIO", SPOOL)


@fault(needs=("strace",))
def spool_disk_slow(seed):
    """Each sync takes 50 ms more."""
    return failing(seed, [("fdatasync", 1, 1)], "delay_exit=50000", SPOOL)


def one_life(world):
    """A whole life of the agent: its start, some sessions, its end."""
    world.restarts = 0
    while not world.agent.running():
        world.watch_agent()
    _, talks = together(world, watch, ("guess", "upload", "raw"))
    if world.agent.stop() < 0:
        raise AssertionError("the agent was killed by a signal:\n" + world.agent.log.read_text(errors="replace")[-2000:])
    return talks


def in_turn(seed, calls, place, may_tell=()):
    """Each of the `calls`, (name, errno, step), of the files of `place` fails once, the first in the first life of the agent, the second in
    the next, and so on, until a life has none to fail any more. Of a long run with many seeds each takes the calls that are `step` apart,
    another first one each."""
    with losing_disk() as disk:
        def play(world):
            world.agent.stop()
            talks, injected, lives = [], 0, []
            for call, error, step in calls:
                nth = 1 + seed % step
                while True:
                    disk.fail(call, nth, error)
                    talks += one_life(world)
                    if not disk.failed():
                        break
                    injected += 1
                    nth += step
                lives.append(f"{call} {errno.errorcode[error]} up to {nth}")
            disk.fail("", 0, 0)
            world.start_agent()
            world.remarks.append("in turn: " + ", ".join(lives))
            return injected, talks

        return played(play, seed, may_tell, agent_environment=disk.environment if place == "journal" else None,
                      **{place: disk.folder / place})


@fault()
def spool_calls_fail_in_turn(seed):
    """In the agent's state folder: spool, write-ahead log, manifests."""
    return in_turn(seed, (("open", errno.EIO, 1), ("fsync", errno.EIO, 1), ("write", errno.EIO, 4), ("write", errno.ENOSPC, 4)), "state")


@fault()
def journal_calls_fail_in_turn(seed):
    """In the folder of the text logs. What of a log the disk refused is told, and the session is in the database all the same."""
    return in_turn(seed, (("open", errno.EIO, 1), ("fsync", errno.EIO, 1), ("write", errno.EIO, 1), ("write", errno.ENOSPC, 1)), "journal",
                   may_tell=("log",))
