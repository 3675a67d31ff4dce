"""A SubnetWorld with apiary-probes, which captures what comes beside all services."""

import re
import sys

from subnet_world import Program, SubnetWorld, wait_for

PROBES = """
[probes]
interfaces = ["wan", "spare"]
every = "2s"
"""
READ = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())"


class ProbesWorld(SubnetWorld):
    def __init__(self, name):
        self.probes = None
        super().__init__(name)
        self.probes_log = self.folder / "probes.log"

    def write_agent_toml(self):
        super().write_agent_toml()
        self.agent_toml.write_text(self.agent_toml.read_text() + PROBES)

    def start(self):
        super().start()
        # Nobody may look into it, the leak sanitizer neither.
        self.probes = Program("probes", self.spaces.command("sen", *self.command("probes", "run", "--config", self.agent_toml)),
                              self.probes_log, {"ASAN_OPTIONS": "detect_leaks=0"})
        self.said("watching interface wan")
        self.said("the agent takes probes")

    def said(self, text, times=1):
        self.await_said(self.probes, text, times=times)

    def figures(self):
        text = self.spaces.run("sen", sys.executable, "-c", READ, f"http://127.0.0.1:{self.agent_metrics}/metrics")
        return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}

    def counted(self, comment):
        """Packets, by nftables."""
        rules = self.spaces.run("sen", "nft", "list", "table", "netdev", "counting")
        return int(re.search(rf'counter packets (\d+) .*comment "{comment}"', rules).group(1))

    def received(self):
        """Packets, by the interface."""
        for line in self.spaces.run("sen", "cat", "/proc/net/dev").splitlines():
            if line.strip().startswith("wan:"):
                return int(line.split(":")[1].split()[1])
        raise AssertionError("no interface wan")

    def rows(self, condition):
        """(packets, rows, tools) of probes."""
        row = self.database.rows("SELECT coalesce(sum(packets), 0), count(*), coalesce(string_agg(DISTINCT coalesce(tool, '-'), ','), '') "
                                 f"FROM probe WHERE {condition}")[0]
        return int(row[0]), int(row[1]), row[2]

    def await_packets(self, condition, packets, seconds=90):
        try:
            wait_for("probes in the database", lambda: self.rows(condition)[0] >= packets, seconds, step=0.2)
        except AssertionError:
            raise AssertionError(f"{condition}: {self.rows(condition)}, not {packets} packets") from None
        return self.rows(condition)

    def close(self, failed):
        try:
            if self.probes and self.probes.running() and self.probes.stop() != 0:
                failed = True
        finally:
            super().close(failed)
