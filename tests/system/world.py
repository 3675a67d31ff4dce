"""The real programs on a real PostgreSQL, for one test: a database, certificates, a collector, an agent, a folder."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from free_ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
PSQL = "/usr/lib/postgresql/15/bin/psql"
ACCOUNT = ("backup", "backup2017")


def wait_for(what, condition, seconds=60, step=0.02):
    """Returns the first true value of `condition()`; fails when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(step)


def connects(port, host="127.0.0.1"):
    """Whether something accepts there. The catch: to an agent this is a session of its own."""
    try:
        socket.create_connection((host, port), 1).close()
        return True
    except OSError:
        return False


def listening(port, transport="tcp"):
    """Whether something listens on a port, without touching it."""
    wanted = f":{port:04X}"
    state = {"tcp": "0A", "udp": "07"}[transport]
    for table in (transport, transport + "6"):
        for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == state:
                return True
    return False


def sanitized(program):
    """Whether a program was built with the address sanitizer, which multiplies its memory."""
    return b"__asan_init" in pathlib.Path(program).read_bytes()


class Program:
    """One process of ours, with its log in a file."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.log, self._most = name, log, 0
        with open(log, "ab") as out:
            # Whatever becomes of the test, its programs end with it.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, env={**os.environ, **(environment or {})}, start_new_session=True)

    def running(self):
        return self.process.poll() is None

    def memory(self):
        """The most KiB that it has held resident; of one that has ended, when it was asked, killed or stopped last."""
        try:
            self._most = int(pathlib.Path(f"/proc/{self.process.pid}/status").read_text().split("VmHWM:")[1].split()[0])
        except (OSError, IndexError):
            pass  # it has ended: a zombie has none
        return self._most

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.memory()
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """TERM, and the status it ends with. Killed and a failure if it takes longer."""
        if self.running():
            self.memory()
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {seconds} s, see {self.log}") from None
        return self.process.returncode


class Database:
    """A database of the test run's PostgreSQL, of the one that `superuser` leads to, or of one started for this test alone."""

    def __init__(self, name, superuser=None):
        self._server = None
        self._superuser = superuser or os.environ.get("APIARY_TEST_POSTGRES") or self._start_server()
        self.name = f"apiary_{name}_{os.getpid()}"
        self._host = dict(word.split("=", 1) for word in self._superuser.split())["host"]
        self.run("CREATE DATABASE " + self.name, dsn=self._superuser)

    def _start_server(self):
        script = (f". {ROOT}/deploy/lib/common.sh; . {ROOT}/deploy/lib/postgres.sh; trap test_postgres_stop EXIT; "
                  "test_postgres_start; echo \"$APIARY_TEST_POSTGRES\"; read -r _ || true")
        self._server = subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        return self._server.stdout.readline().strip()

    def dsn(self, role):
        return f"host={self._host} user={role} dbname={self.name}"

    def run(self, sql, dsn=None):
        """The output of psql: a row a line, columns apart by |."""
        done = subprocess.run([PSQL, "-XqAt", "-v", "ON_ERROR_STOP=1", dsn or self.dsn("postgres"), "-c", sql],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "PGOPTIONS": "-c statement_timeout=0"})
        if done.returncode != 0:
            raise AssertionError(f"{sql}\n{done.stderr}")
        return done.stdout.rstrip("\n")

    def rows(self, sql):
        text = self.run(sql)
        return [line.split("|") for line in text.split("\n")] if text else []

    def number(self, sql):
        return int(self.run(sql))

    def close(self):
        self.run(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", dsn=self._superuser)
        if self._server:
            self._server.communicate("\n")


class Service:
    """A [[service]] of agent.toml."""

    def __init__(self, name, protocol, hosts=("127.0.0.1",), settings=None, **options):
        self.name, self.protocol, self.hosts = name, protocol, hosts
        self.settings, self.options = settings or {}, options
        self.transport = "udp" if protocol in ("snmp", "catchall-udp") else "tcp"
        self.port = free_port()

    def toml(self):
        listen = ", ".join(f'"{host}:{self.port}"' for host in self.hosts)
        lines = ["[[service]]", f'name = "{self.name}"', f'protocol = "{self.protocol}"', f"listen = [{listen}]"]
        lines += [f"{key} = {toml(value)}" for key, value in self.options.items()]
        if self.settings:
            lines += ["[service.settings]"] + [f"{key} = {toml(value)}" for key, value in self.settings.items()]
        return "\n".join(lines) + "\n"


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def ftp(name="ftp", **options):
    first = random.randrange(20000, 32000, 200)
    return Service(name, "ftp", passive_ports=[first, first + 199],
                   settings={"accounts": "listed", "users": ":".join(ACCOUNT)}, **options)


def forgive_threads_of_grpc(folder):
    """gRPC's threads may still run when a program of ours ends, and OpenSSL drops what it keeps for each of them (904 bytes,
    of which the leak sanitizer sees no more than the allocation). The unit tests, which end no program, forgive nothing of
    OpenSSL's. And libpqxx 6 forgets a result whenever a connection breaks under it, as these tests make happen."""
    file = folder / "lsan.supp"
    file.write_text((ROOT / "tests/support/lsan.supp").read_text() + "leak:CRYPTO_zalloc\nleak:libpqxx-6.4.so\n")
    os.environ["LSAN_OPTIONS"] = f"suppressions={file}:print_suppressions=0"


class World:
    """Everything that runs for one test. Stopped, checked and removed by close()."""

    collector_environment = None  # what its environment has besides ours

    def __init__(self, name, services, limits=None, agent_environment=None, superuser=None, budgets=None, seed=None):
        """`seed`: from which decoys and accounts are drawn; by default a random one. `budgets`: of the tables "journal" and "spool" of agent.toml, as {table: {key: value}}."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"apiary-{name}-"))
        self.services = {service.name: service for service in services}
        self.limits, self.agent_environment, self.budgets, self.seed = limits or {}, agent_environment, budgets or {}, seed
        self.agent = self.collector = None
        self._cleanup = contextlib.ExitStack()
        self._cleanup.callback(shutil.rmtree, self.folder)
        forgive_threads_of_grpc(self.folder)
        self.database = Database(name, superuser)
        self._cleanup.callback(self.database.close)
        self.collector_port = free_port()
        self.agent_metrics, self.collector_metrics = free_port(), free_port()
        self.agent_toml, self.collector_toml = self.folder / "agent.toml", self.folder / "collector.toml"
        self.state, self.journal = self.folder / "agent", self.folder / "journal"
        try:
            self._prepare()
        except BaseException:
            self._cleanup.close()
            raise

    def _prepare(self):
        self.collector_toml.write_text(
            f'[collector]\nid = 1\nname = "test"\nlisten = ["127.0.0.1:{self.collector_port}"]\n'
            f'metrics = "127.0.0.1:{self.collector_metrics}"\n'
            f'[database]\nowner = "{self.database.dsn("apiary_owner")}"\nwriter = "{self.database.dsn("apiary_writer")}"\n'
            '[pki]\ndirectory = "pki"\n')
        self.write_agent_toml()
        self.call("collector", "init", "--config", self.collector_toml, "--superuser", self.database.dsn("postgres"))
        self.issue("sensor", "test")

    def issue(self, kind, name, *words):
        self.call("collector", "issue", kind, name, *words, "--out", self.folder / "certificates",
                  "--config", self.collector_toml)

    def write_agent_toml(self):
        text = (f'[agent]\nname = "test"\nstate = "{self.state}"\nmetrics = "127.0.0.1:{self.agent_metrics}"\n'
                "self_test_minutes = 0\n" + ("" if self.seed is None else f"seed = {self.seed}\n") +
                self.uplink() + f'[journal]\ndirectory = "{self.journal}"\n' + self._settings("journal") + "[spool]\n" + self._settings("spool"))
        if self.limits:
            text += "[limits]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in self.limits.items())
        self.agent_toml.write_text(text + "".join(service.toml() for service in self.services.values()))

    def _settings(self, table):
        return "".join(f"{key} = {toml(value)}\n" for key, value in self.budgets.get(table, {}).items())

    def uplink(self):
        """The table "collector" of agent.toml."""
        return (f'[collector]\naddress = "127.0.0.1:{self.uplink_port()}"\nca = "certificates/ca.crt"\n'
                'certificate = "certificates/test.crt"\nkey = "certificates/test.key"\n')

    def uplink_port(self):
        """Where the agent finds its collector."""
        return self.collector_port

    def command(self, program, *words):
        return [os.environ[f"APIARY_{program.upper()}"], *map(str, words)]

    def run(self, program, *words):
        return subprocess.run(self.command(program, *words), capture_output=True, text=True, timeout=60, check=False)

    def call(self, program, *words, status=0):
        """Runs a program to its end, which must be of that status, and returns what it printed."""
        done = self.run(program, *words)
        if done.returncode != status:
            raise AssertionError(f"{program} {' '.join(map(str, words))}: status {done.returncode}, not {status}\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout

    def start_collector(self):
        self.collector = Program("collector", self.command("collector", "run", "--config", self.collector_toml),
                                 self.folder / "collector.log", self.collector_environment)

    def start_agent(self):
        self.agent = Program("agent", self.command("agent", "run", "--config", self.agent_toml), self.folder / "agent.log",
                             self.agent_environment)
        for service in self.services.values():
            if service.options.get("enabled", True):
                wait_for(f"{service.name} listens, see {self.agent.log}",
                         lambda one=service: listening(one.port, one.transport) or not self.agent.running())
        if not self.agent.running():
            raise AssertionError("the agent ended:\n" + self.agent.log.read_text(errors="replace")[-3000:])

    def start(self):
        self.start_collector()
        wait_for("the collector listens", lambda: listening(self.collector_port) or not self.collector.running())
        if not self.collector.running():
            raise AssertionError("the collector ended:\n" + self.collector.log.read_text(errors="replace")[-3000:])
        self.start_agent()

    def port(self, service):
        return self.services[service].port

    def logs(self):
        return sorted(self.journal.rglob("*.txt"))

    def await_sessions(self, count, seconds=30):
        """Waits until `count` sessions have ended in the database and none is open."""
        wait_for(f"{count} sessions in the database; there are {self.database.run('SELECT count(*) FROM session')}",
                 lambda: self.database.number("SELECT count(*) FROM session") >= count
                 and self.database.number("SELECT count(*) FROM session_open") == 0, seconds, step=0.2)

    def close(self, failed):
        """Stops agent and collector. They must end with status 0; their logs are shown if the test failed."""
        statuses = {}
        try:
            for program in (self.agent, self.collector):
                if program and program.running():
                    statuses[program.name] = program.stop()
        finally:
            bad = {name: status for name, status in statuses.items() if status != 0}
            if failed or bad:
                for log in sorted(self.folder.glob("*.log")):
                    print(f"----- {log.name}\n{log.read_text(errors='replace')[-6000:]}")
            self._cleanup.close()
        if bad:
            raise AssertionError(f"ended with other than 0: {bad}")


def signal_and_wait(program, number, condition, what, seconds=20):
    program.send(number)
    return wait_for(what, condition, seconds)


HUP, TERM = signal.SIGHUP, signal.SIGTERM
