"""Collector, agent and apiary-coverage in the namespace of a sensor that has whole subnets."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import world  # pylint: disable=wrong-import-position
from world import ACCOUNT, HUP, Program, World  # pylint: disable=wrong-import-position,unused-import
from namespaces import Namespaces  # pylint: disable=wrong-import-position

USER = 65534  # nobody
NOT_OURS = "10.9.8.8"
SERVICES = f"""
[coverage]
user = "{USER}"
[[service]]
name = "ftp"
protocol = "ftp"
ports = [21]
[service.settings]
accounts = "listed"
users = "{':'.join(ACCOUNT)}"
[[service]]
name = "web"
protocol = "http"
ports = [80, "8000-8100"]
"""
HOSTS = SERVICES + f"""
[[service]]
name = "mail"
protocol = "smtp"
ports = [25]
[service.settings]
hostname = "{{host}}.example"
[[service]]
name = "snmp"
protocol = "snmp"
ports = ["161/udp"]
[service.settings]
hostname = "{{host}}"
[[service]]
name = "datagrams"
protocol = "catchall-udp"
ports = ["1000-2000/udp"]
[[persona]]
name = "server"
services = ["ftp", "web", "mail", "snmp", "datagrams"]
host_names = "srv-@@####"
[[persona]]
name = "recorder"
services = ["ftp", "web"]
other_ports = "filtered"
other_ports_except = [23]
[[hosts]]
persona = "server"
ranges = ["10.9.0.0/16", "fd00:9::/64"]
except = ["10.9.7.0/24", "{NOT_OURS}"]
[[hosts]]
persona = "recorder"
ranges = ["10.9.7.0/24"]
"""


def wait_for(what, condition, seconds=60, step=0.05):
    """As of World, with the patience that a slow machine takes."""
    return world.wait_for(what, condition, seconds, step)


def addresses(count, seed):
    """Of the /16, those of the persona "server"."""
    choice = random.Random(seed)
    found = {f"10.9.{choice.randrange(256)}.{choice.randrange(256)}" for _ in range(2 * count)}
    return sorted(one for one in found if not one.startswith("10.9.7.") and one != NOT_OURS)[:count]


class SubnetWorld(World):
    """A World inside the sensor's namespace. The agent runs as nobody, from a copy that nobody can reach."""

    hosts = HOSTS

    def __init__(self, name):
        self.spaces = self.make_spaces()
        self.coverage = None
        try:
            super().__init__(name, [], limits={"waiting": "0ms"})
        except BaseException:
            self.spaces.close()
            raise
        self._cleanup.callback(self.spaces.close)
        self.coverage_log = self.folder / "coverage.log"
        self._let_nobody_in()

    @staticmethod
    def make_spaces():
        return Namespaces(["10.9.0.0/16", "fd00:9::/64"])

    def _let_nobody_in(self):
        self.folder.chmod(0o711)
        for folder in (self.state, self.journal):
            folder.mkdir()
        for path in (self.state, self.journal, *(self.folder / "certificates").rglob("*"), self.folder / "certificates"):
            os.chown(path, USER, USER)
        self.agent_program = self.folder / "apiary-agent"
        shutil.copy(os.environ["APIARY_AGENT"], self.agent_program)
        self.agent_program.chmod(0o755)

    def write_agent_toml(self):
        super().write_agent_toml()
        self.agent_toml.write_text(self.agent_toml.read_text() + self.hosts)

    def start(self):
        self.start_coverage()
        self.collector = Program("collector", self.spaces.command("sen", *self.command("collector", "run", "--config",
                                                                                       self.collector_toml)),
                                 self.folder / "collector.log")
        self.start_agent()

    def start_coverage(self):
        said = self.said_so_far(self.coverage_log)
        self.coverage = Program("coverage", self.spaces.command("sen", *self.command("coverage", "apply", "--config",
                                                                                     self.agent_toml)), self.coverage_log)
        self.await_said(self.coverage, "steering", said)

    @staticmethod
    def said_so_far(log):
        """The bytes of a log, which may not be there yet."""
        return log.stat().st_size if log.exists() else 0

    @staticmethod
    def await_said(program, text, since=0, times=1):
        """Waits until a program has said something behind these bytes of its log."""
        wait_for(f"apiary-{program.name} says: {text}", lambda: program.log.read_bytes()[since:].count(text.encode()) >= times
                 or not program.running(), 60)
        if not program.running():
            raise AssertionError(f"apiary-{program.name} ended:\n" + program.log.read_text(errors="replace")[-3000:])

    def read_again(self, text, *programs):
        """Writes the configuration and has programs read it, one after the other: the coverage if none is named."""
        self.agent_toml.write_text(text)
        for program in programs or (self.coverage,):
            said = self.said_so_far(program.log)
            program.send(HUP)
            self.await_said(program, "configuration", said)

    def start_agent(self):
        log = self.folder / "agent.log"
        said = self.said_so_far(log)
        self.agent = Program("agent", self.spaces.command("sen", "setpriv", "--pdeathsig", "KILL", "--reuid", USER, "--regid", USER, "--clear-groups",
                                                          self.agent_program, "run", "--config", self.agent_toml), log)
        self.await_said(self.agent, "web on", said)

    def stranger(self, *words):
        """What stranger.py prints at the attacker's, a parsed line each."""
        text = self.spaces.run("att", sys.executable, HERE / "stranger.py", *words)
        return [json.loads(line) for line in text.splitlines()]

    def datagrams(self, name, *words):
        """What datagrams.py prints in a namespace, a parsed line each."""
        return [json.loads(line) for line in self.spaces.run(name, sys.executable, HERE / "datagrams.py", *words).splitlines()]

    def wire(self, *words):
        """What wire.py prints at the attacker's, a parsed line each."""
        return [json.loads(line) for line in self.spaces.run("att", sys.executable, HERE / "wire.py", *words).splitlines()]

    def control(self, *words):
        done = subprocess.run(["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", str(self.agent_program),
                               *words, "--config", str(self.agent_toml)], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def close(self, failed):
        try:
            super().close(failed)
        finally:
            if self.coverage and self.coverage.running():
                self.coverage.kill()
