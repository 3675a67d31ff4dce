"""What a flood leaves of everybody else: scanners and connections against 65,536 addresses, while somebody has normal sessions. With
the programs as they are shipped (deploy/bench floods) the scanner is as fast as it can be, and of the sessions 99 in 100 take a second
at most; those of a sanitizer get a slower and smaller scan."""

import contextlib
import json
import os
import re
import shutil
import sys
import unittest

from namespaces import ATTACKER, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from probes_world import ProbesWorld  # pylint: disable=wrong-import-position
from subnet_world import ACCOUNT, HERE, wait_for  # pylint: disable=wrong-import-position
from process import Process  # pylint: disable=wrong-import-position
from world import sanitized  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

MIB = 1 << 20
VISITOR, RUSHER = "10.80.0.3", "10.80.0.4"
NETWORK = "10.9.128.0/17"  # of one persona only
FIRST = "10.9.200.1"
RUSHES = 2  # processes
COUNTER = f"""table netdev counting {{
 chain arriving {{
  type filter hook ingress device "wan" priority -500; policy accept;
  ip saddr {ATTACKER} ip daddr 10.9.0.0/16 ip daddr != 10.9.8.8 tcp flags & (syn | ack | rst) == syn counter comment "scan"
 }}
}}
"""


class FloodTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return ProbesWorld("flood")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.run("sen", "nft", COUNTER)
        for address in (VISITOR, RUSHER):
            cls.spaces.ip("att", f"addr add {address}/24 dev eth0")
        cls.slow = sanitized(os.environ["APIARY_AGENT"])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What is made at the first session is there before anything is compared.
        cls.world.stranger("greet", 21, FIRST)
        cls.processes = {"agent": Process(cls.world.agent.process.pid, cls.world.journal),
                         "probes": Process(cls.world.probes.process.pid, cls.world.journal)}
        cls.caps = {"agent": (1024 if cls.slow else 256) * MIB, "probes": (512 if cls.slow else 96) * MIB}
        wait_for("the first session to end", lambda: cls.open_sessions() == 0, step=0.2)

    @classmethod
    def open_sessions(cls):
        return sum(value for name, value in cls.world.figures().items() if name.startswith("apiary_agent_sessions_open{"))

    @contextlib.contextmanager
    def flood(self, what):
        """Somebody has one session after the other while it lasts; then all is as before."""
        descriptors = {name: process.descriptors() for name, process in self.processes.items()}
        network = self.rules()
        for process in self.processes.values():
            process.forget_peak()
        visitor = self.spaces.start("att", sys.executable, HERE / "stranger.py", "visit", *ACCOUNT, VISITOR, what, NETWORK)
        try:
            visits = [visitor.stdout.readline()]  # it is under way before the flood begins
            yield
            visitor.stdin.write("\n")
            visitor.stdin.close()
            visits = [json.loads(line) for line in visits + visitor.stdout.readlines()]
            self.assertEqual(visitor.wait(60), 0)
        finally:
            visitor.kill()
            visitor.wait()
        self.assertGreater(len(visits), 1 if self.slow else 20)
        self.assertEqual([visit for visit in visits if not visit[2].startswith("221")], [])
        seconds = sorted(visit[1] for visit in visits)
        p99 = seconds[(len(seconds) * 99 - 1) // 100]
        peaks = {name: process.peak() for name, process in self.processes.items()}
        print(f"{what}: {len(visits)} normal sessions, p99 {p99 * 1000:.0f} ms, longest {seconds[-1] * 1000:.0f} ms; peaks of memory: "
              + ", ".join(f"{name} {peak / MIB:.0f} MiB" for name, peak in peaks.items()))
        if not self.slow:
            self.assertLess(p99, 1)
        for name, process in self.processes.items():
            self.assertLess(peaks[name], self.caps[name], name)
            wait_for(f"descriptors of {name} as before", lambda of=process, before=descriptors[name]: of.descriptors() <= before, 60, 0.3)
        wait_for("no session is open", lambda: self.open_sessions() == 0, 60, 0.3)
        self.assertEqual(self.rules(), network)
        stored = f"SELECT count(*) FROM session WHERE source = '{VISITOR}' AND login_accepted"
        type(self).visits += len(visits)
        wait_for(f"{self.visits} sessions in the database", lambda: self.world.database.number(stored) == self.visits, 60, 0.3)

    visits = 0

    def rules(self):
        return re.sub(r"counter packets \d+ bytes \d+", "counter", self.spaces.network())

    @unittest.skipUnless(shutil.which("masscan"), "masscan is not installed")
    def test_a_scan_at_full_speed(self):
        before = self.world.counted("scan")
        mac = re.search(r"link/ether (\S+)", self.spaces.ip("rtr", "link show north")).group(1)
        with self.flood("scan"):
            self.spaces.run("att", "masscan", "10.9.0.0/16", "-p", "21,23" if self.slow else "21,23,80,8000-8006",
                            "--rate", "15000" if self.slow else "1000000", "--wait", "0", "-e", "eth0", "--router-mac", mac,
                            "--adapter-ip", ATTACKER)
        sent = self.world.counted("scan") - before
        self.assertGreaterEqual(sent, 130_000 if self.slow else 650_000, "masscan sent what it was asked for")
        packets, rows, tools = self.world.await_packets(f"source = '{ATTACKER}'", sent, 90)
        self.assertEqual((packets, tools), (sent, "masscan"), "as many as nftables counted")
        self.assertLess(rows, 60_000)
        figures = self.world.figures()
        for where in ("ring", "table", "socket"):
            self.assertEqual(figures[f'apiary_agent_probe_packets_lost_total{{where="{where}"}}'], 0, where)
        self.assertEqual(self.world.database.number(f"SELECT count(*) FROM session WHERE source = '{ATTACKER}' AND target <> '{FIRST}'"), 0)

    def test_connections_at_full_speed(self):
        count = 1_500 if self.slow else 20_000
        with self.flood("connections"):
            rushes = [self.spaces.start("att", sys.executable, HERE / "stranger.py", "rush", 21, count, RUSHER, seed, NETWORK)
                      for seed in range(RUSHES)]
            told = [json.loads(rush.communicate(timeout=200)[0]) for rush in rushes]
        self.assertEqual([one["failed"] for one in told], [0] * RUSHES, told)
        made = sum(one["made"] for one in told)
        self.assertEqual(made, RUSHES * count)
        contacts = (f"SELECT (SELECT count(*) FROM session WHERE source = '{RUSHER}') + (SELECT coalesce(sum(packets), 0) FROM probe "
                    f"WHERE source = '{RUSHER}')")
        wait_for(f"{made} contacts as sessions or refusals", lambda: self.world.database.number(contacts) >= made, 90, 0.3)
        self.assertEqual(self.world.database.number(contacts), made)
        self.assertGreaterEqual(self.world.database.number(f"SELECT count(*) FROM session WHERE source = '{RUSHER}'"),
                                sum(one["greeted"] for one in told))


if __name__ == "__main__":
    unittest.main(verbosity=2)
