"""The programs of one fault: a PostgreSQL of their own, a gate on the link, and what starts again what has ended."""

import asyncio
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from clients import crowd  # noqa: E402
from faults.cluster import Cluster  # noqa: E402
from faults.gate import Gate  # noqa: E402
from free_ports import free_port  # noqa: E402
from world import Service, World, ftp, listening, sanitized, wait_for  # noqa: E402


MOST_MEMORY = 256  # MiB of a program as it is shipped
MOST_BYTES = {"spool": 1 << 30, "journal": 2 << 30}  # unless agent.toml says something else
MOST_LOG_OF_SPOOL = 32 << 20  # SQLite's write-ahead log: emptied from 16 MiB on, by a commit that may be as large itself
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def faked(variable, value):
    """The environment of a program whose clock is set by a variable of libfaketime; steady clocks go on."""
    return {"LD_PRELOAD": FAKETIME, variable: str(value), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


# The thread in which faults block. It lives as long as the run: programs end with the thread that started them.
_ASIDE = concurrent.futures.ThreadPoolExecutor(1)


async def aside(call, *words):
    """Runs what blocks while the clients go on."""
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, call, *words)


def size_of(file):
    """0 if it is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


class UnderWay(dict):
    """The talks that are being played, by number. What happens to the agent meanwhile is a flag of them, and of who comes until that
    is over."""

    def __init__(self):
        super().__init__()
        self._flag, self._marked = None, []

    def __setitem__(self, number, talk):
        if self._flag:
            self._mark(talk)
        super().__setitem__(number, talk)

    def _mark(self, talk):
        setattr(talk, self._flag, True)
        self._marked.append(talk)

    @contextlib.contextmanager
    def marked(self, flag):
        """Lasts as long as the agent is being "killed" or "stopped"; gives those whom that befalls."""
        self._flag, self._marked = flag, []
        for talk in list(self.values()):
            self._mark(talk)
        try:
            yield self._marked
        finally:
            self._flag = None


class FaultWorld(World):
    """Agent, collector and PostgreSQL. Fault functions of this class may be called while a crowd is at work, from a thread."""

    holds_back = False  # whether the agent may end with records that nobody has taken

    def __init__(self, seed, limits=None, state=None, journal=None, data=None, agent_environment=None, budgets=None):
        self.chance = random.Random(seed)
        self.under_way = UnderWay()
        self._played = self.restarts = 0
        self.attack_over = False
        self.remarks = []  # of the fault, for the table
        self.programs, self._most_disk = [], [0, 0, 0]
        self._own = pathlib.Path(tempfile.mkdtemp(prefix="apiary-fault-"))
        self.cluster = Cluster(self._own, data)
        self._gate_port = free_port()
        self._states = (state, journal)
        tls = {"tls_certificate": "certificates/test.crt", "tls_key": "certificates/test.key"}
        services = [ftp(waiting="0ms", **tls), ftp("brief", waiting="0ms", idle="1s"),
                    Service("catchall", "catchall", waiting="0ms", received="128KiB")]
        try:
            self.cluster.start()
            super().__init__("fault", services, limits, agent_environment, self.cluster.superuser, budgets)
        except BaseException:
            self._remove_cluster()
            raise
        self._cleanup.pop_all()  # the database goes with its cluster
        # A connection that breaks costs libpqxx 6.4 the result it had begun.
        with open(self.folder / "lsan.supp", "a", encoding="ascii") as forgiven:
            forgiven.write("leak:libpqxx\n")
        self.gate = Gate(self._gate_port, self.collector_port, seed)

    def _prepare(self):
        state, journal = self._states
        self.state, self.journal = state or self.state, journal or self.journal
        super()._prepare()

    def uplink_port(self):
        return self._gate_port

    def _remove_cluster(self):
        if self.cluster.running():
            self.cluster.stop()
        shutil.rmtree(self._own)

    # ---- traffic

    def ports(self):
        """Where clients find each service."""
        return {name: service.port for name, service in self.services.items()}

    async def attack(self, talks, at_once=20):
        """Plays talks that no earlier attack of this world had, and returns their histories. `talks`: how many, or of which kinds."""
        count, kinds = (talks, None) if isinstance(talks, int) else (len(talks), list(talks))
        first = self._played
        self._played += count
        self.under_way, self.attack_over = UnderWay(), False
        try:
            return await crowd(self.ports(), count, seed=self.chance.randrange(1 << 30), at_once=at_once, first=first,
                               under_way=self.under_way, kinds=kinds)
        finally:
            self.attack_over = True

    async def moment(self, least=0.1, most=1.0):
        """Some time later, which the seed decides."""
        await asyncio.sleep(self.chance.uniform(least, most))

    # ---- faults of processes

    def kill_agent(self):
        """kill -9. The kernel ends its connections as if all were well: those clients' histories say no more."""
        self.disk()
        with self.under_way.marked("killed"):
            self.agent.kill()

    def watch_agent(self):
        """Starts the agent again if it has ended by itself, as its service manager would."""
        self.disk()
        self.agent.memory()
        if self.agent.running():
            return
        with self.under_way.marked("killed"):
            self.restarts += 1
        if self.restarts > 20:
            raise AssertionError("the agent does not stay up:\n" + self.agent.log.read_text(errors="replace")[-2000:])
        try:
            self.start_agent()
        except AssertionError:
            pass  # it has ended again, and is started again the next time

    def stop_agent(self, unless_said=None):
        """TERM. It ends its sessions in its own time, and may not read all that a client has sent; what it did is recorded. It ends
        well, unless it has said why not: then it could not."""
        self.disk()
        with self.under_way.marked("stopped") as stopped:
            status = self.agent.stop()
        if status == 0:
            return
        if unless_said is None or unless_said not in self.agent.log.read_text(errors="replace"):
            raise AssertionError(f"the agent ended with {status}")
        for talk in stopped:
            talk.killed = True

    def restart_collector(self, stop):
        stop(self.collector)
        self.start_collector()
        wait_for("the collector listens", lambda: listening(self.collector_port))

    def restart_cluster(self):
        self.cluster.kill()
        self.cluster.start()

    def end_backend(self, number):
        """Ends the process of one of the collector's connections: by SIGTERM only that connection, by SIGKILL all of them, and
        PostgreSQL recovers."""
        rows = wait_for("the collector has a connection", self._writers, step=0.05)
        subprocess.run(["kill", f"-{int(number)}", self.chance.choice(rows)[0]], check=False)

    def stall_backends(self):
        """The database takes questions and answers none, as on a disk that hangs: nor whom it has, if one of these holds a lock.
        Returns who goes on by continue_backends()."""
        pids = [pid for pid, in wait_for("the collector has a connection", self._writers, step=0.05)]
        for pid in pids:
            subprocess.run(["kill", "-STOP", pid], check=False)
        return pids

    @staticmethod
    def continue_backends(pids):
        for pid in pids:
            subprocess.run(["kill", "-CONT", pid], check=False)

    def _writers(self):
        try:
            return self.database.rows("SELECT pid FROM pg_stat_activity WHERE usename = 'apiary_writer'")
        except AssertionError:
            return []  # it recovers from the last blow

    # ---- certificates

    def replace_certificate(self, seconds=None):
        """The sensor's certificate is issued anew, and the one before is no longer taken. It ends in so many `seconds`: then it is
        issued by a clock that is a year behind."""
        for file in ("test.crt", "test.key"):
            (self.folder / "certificates" / file).unlink()
        if seconds is None:
            self.issue("sensor", "test")
            return
        behind = 365 * 86400 - seconds
        done = subprocess.run(self.command("collector", "issue", "sensor", "test", "--out", self.folder / "certificates",
                                           "--config", self.collector_toml), capture_output=True, text=True, check=False,
                              timeout=60, env={**os.environ, **faked("FAKETIME", f"-{behind}s")})
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    # ---- afterwards

    def status(self, file=None):
        """What `apiary-agent status` prints."""
        done = subprocess.run(self.command("agent", "status", "--config", file or self.agent_toml), capture_output=True, text=True,
                              check=False, timeout=60)
        return done.stdout + done.stderr

    def states(self):
        """The state folders of all agents."""
        return [self.state]

    def figure(self, program, name):
        """A whole number that agent or collector tells at /metrics, without labels."""
        port = {"agent": self.agent_metrics, "collector": self.collector_metrics}[program]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            line = re.search(rf"^apiary_{program}_{name} (\S+)$", answer.read().decode(), re.MULTILINE)
        return int(float(line[1]))

    def settle(self, seconds=60):
        """Waits until every session has ended in the database and the agent holds nothing back."""
        def drained():
            self.watch_agent()
            return " 0 records not yet acknowledged" in self.status()

        try:
            wait_for("the agent's records are all with the collector", drained, seconds, step=0.2)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.status()}") from None
        try:
            wait_for("no session is open in the database",
                     lambda: self.database.number("SELECT count(*) FROM session_open") == 0, seconds, step=0.2)
        except AssertionError as late:
            open_still = self.database.run("SELECT host(source), session_id FROM session_open LIMIT 5")
            aside_ = self.database.run("SELECT sqlstate, reason, count(*) FROM quarantine GROUP BY 1, 2 LIMIT 5")
            here = self.call("agent", "sessions", "--config", self.agent_toml)
            raise AssertionError(f"{late}\nopen: {open_still}\nquarantine: {aside_}\nopen at the agent:\n{here}") from None

    # ---- bounds

    def start_collector(self):
        super().start_collector()
        self.programs.append(self.collector)

    def start_agent(self):
        try:
            super().start_agent()
        finally:
            self.programs.append(self.agent)

    def memory(self):
        """The most MiB that an agent and that a collector has held resident in any of its lives; fails if one was beyond all bounds."""
        most = {"agent": 0, "collector": 0}
        for program in self.programs:
            kind = "collector" if program.name == "collector" else "agent"
            most[kind] = max(most[kind], program.memory() // 1024)
        for kind, size in most.items():
            bound = MOST_MEMORY * (4 if sanitized(os.environ[f"APIARY_{kind.upper()}"]) else 1)
            if size > bound:
                raise AssertionError(f"the {kind} took {size} MiB, more than {bound}")
        return list(most.values())

    def disk(self):
        """The most KiB that a spool, its write-ahead log, and the text logs have been when this was asked; fails if one is beyond its
        bound. At every end of an agent, too."""
        sizes = [0, 0, sum(size_of(log) for log in self.logs())]
        bounds = [self._bound("spool"), MOST_LOG_OF_SPOOL, self._bound("journal")]
        for state in self.states():
            for at, file in enumerate(("spool.db", "spool.db-wal")):
                sizes[at] = max(sizes[at], size_of(state / file))
        for what, size, bound in zip(("spool", "log of the spool", "text logs"), sizes, bounds):
            if size > bound:
                raise AssertionError(f"{size} bytes of a {what} that may have {bound}")
        self._most_disk = list(map(max, self._most_disk, sizes))
        return [size // 1024 for size in self._most_disk]

    def _bound(self, table):
        number, unit = re.fullmatch(r"(\d+)(\w*)", str(self.budgets.get(table, {}).get("bytes", MOST_BYTES[table]))).groups()
        return int(number) << {"": 0, "KiB": 10, "MiB": 20, "GiB": 30}[unit]

    def close(self, failed):
        try:
            super().close(failed)
        finally:
            self.gate.close()
            if failed:
                print("----- postgres.log\n" + self.cluster.log.read_text(errors="replace")[-2000:])
            self._remove_cluster()
            shutil.rmtree(self.folder)
