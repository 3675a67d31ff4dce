"""System calls of the agent that fail or take long: spool and text logs on a disk that is about to die. By strace, which makes
the Nth call of a kind fail, and every Mth after it, thirty times: a disk that failed so for ever would be failing within every
commit, and nothing would go on."""

from faults.fault import fault, played, together
from faults.fault_world import FaultWorld, aside


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

    async def watch(world):
        """A disk in such a state may end the agent; whoever runs it starts it again."""
        while not world.attack_over:
            await world.moment(0.1, 0.2)
            await aside(world.watch_agent)
        return 0

    def play(world):
        _, talks = together(world, watch, sessions)
        world.settle()
        return world.injected, talks

    return played(play, seed, may_tell, kind=Traced, agent_environment={"ASAN_OPTIONS": "detect_leaks=0"})


SPOOL = ("spool.db", "spool.db-wal")


@fault(needs=("strace",))
def spool_sync_fails(seed):
    return failing(seed, [("fdatasync", 6, 7)], "EIO", SPOOL)


@fault(short=False, needs=("strace",))
def spool_sync_fails_often(seed):
    """Every second one."""
    return failing(seed, [("fdatasync", 6, 2)], "EIO", SPOOL)


@fault(short=False, needs=("strace",))
def spool_write_fails(seed):
    return failing(seed, [("pwrite64", 40, 53)], "EIO", SPOOL)


@fault(short=False, needs=("strace",))
def spool_disk_full_now_and_then(seed):
    return failing(seed, [("pwrite64", 40, 37)], "ENOSPC", SPOOL)


@fault(short=False, needs=("strace",))
def spool_read_fails(seed):
    return failing(seed, [("pread64", 60, 41)], "EIO", SPOOL)


@fault(short=False, needs=("strace",))
def spool_disk_slow(seed):
    """Each sync takes 50 ms more."""
    return failing(seed, [("fdatasync", 1, 1)], "delay_exit=50000", SPOOL)
