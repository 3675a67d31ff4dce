"""An apiary-agent on its own, without collector and database, that serves one protocol on free loopback ports."""

import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import world  # noqa: E402

from debian_server import make_certificate  # noqa: E402
from free_ports import free_port  # noqa: E402

PROGRAM = os.environ.get("APIARY_AGENT") or str(HERE.parents[1] / ".build/dev/agent/apiary-agent")

# Nothing of this may be what a probe runs into.
GENERAL = """
[agent]
name = "fidelity"
state = "state"
self_test_minutes = 0
seed = {seed}
[journal]
directory = "journal"
[limits]
connections = 2000
per_source = 1000
burst = 100000
evidence = 100000
"""


class LoneAgent:
    """`server` is a module of servers/: its AGENT completes the [[service]] table, its AGENT_TLS, if it has one, that of a
    second service on the port for TLS. Both find certificate.pem and key.pem in the file's folder."""

    host = "127.0.0.1"

    def __init__(self, protocol, server, seed=0, environment=None, ports=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"fidelity-{protocol}-"))
        self.environment = environment
        self.complete = getattr(server, "complete", None)
        make_certificate(self.folder)
        world.forgive_threads_of_grpc(self.folder)
        self.ports = [free_port() for _ in range(ports)]
        self.port = self.ports[0]
        self.tls = free_port() if hasattr(server, "AGENT_TLS") else None
        text = GENERAL.format(seed=seed) + self.service(protocol, "plain", self.ports, server.AGENT)
        if self.tls:
            text += self.service(protocol, "tls", [self.tls], server.AGENT_TLS)
        (self.folder / "agent.toml").write_text(text)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def service(self, protocol, name, ports, rest):
        listen = [f"{self.host}:{port}" for port in ports]
        return f'\n[[service]]\nname = "{name}"\nprotocol = "{protocol}"\nlisten = {world.toml(listen)}\n{rest}\n'

    def start(self):
        command = [PROGRAM, "run", "--config", str(self.folder / "agent.toml")]
        self.process = world.Program("agent", command, self.folder / "agent.log", self.environment)
        for port in filter(None, (*self.ports, self.tls)):
            world.wait_for(f"it listens: {self.log()}", lambda: world.listening(port) or not self.process.running(), 60)
        if not self.process.running():
            raise AssertionError(f"the agent ended: {self.log()}")

    def log(self):
        return (self.folder / "agent.log").read_text(errors="replace")[-3000:]

    def stop(self):
        """The agent must end with status 0."""
        status = self.process.stop()
        log = self.log()
        shutil.rmtree(self.folder)
        if status != 0:
            raise AssertionError(f"the agent ended with status {status}: {log}")
