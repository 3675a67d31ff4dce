"""What is captured beside all services: real scanners at one end, rows in the database at the other, and the kernel's own
counters between them."""

import pathlib
import re
import shutil
import sys
import unittest

from namespaces import ATTACKER, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from probes_world import ProbesWorld  # pylint: disable=wrong-import-position
from subnet_world import ACCOUNT, USER, wait_for  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

# What comes for hosts, counted by somebody else: nftables, at the same place.
COUNTER = """table netdev counting {
 chain arriving {
  type filter hook ingress device "wan" priority -500; policy accept;
  ip daddr { 10.9.0.0-10.9.8.7, 10.9.8.9-10.9.255.255 } tcp dport 23 tcp flags & (syn | ack | rst) == syn counter comment "syn"
  ip daddr 10.9.3.0/24 icmp type echo-request counter comment "ping"
 }
}
"""
SEND = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b'x', (a, int(sys.argv[1]))) for a in sys.argv[2:]]"


class ProbesTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return ProbesWorld("probes")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.run("sen", "nft", COUNTER)

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"{tool} is not installed")

    def test_a_sweep_of_the_sixteenth_is_thousands_of_rows_and_every_packet(self):
        self.need("masscan")
        mac = re.search(r"link/ether (\S+)", self.spaces.ip("rtr", "link show north")).group(1)
        self.spaces.run("att", "masscan", "10.9.0.0/16", "-p23", "--rate", "30000", "--wait", "0", "-e", "eth0", "--router-mac", mac,
                        "--adapter-ip", ATTACKER)
        sent = self.world.counted("syn")
        self.assertGreaterEqual(sent, 65_000, "masscan sent what it was asked for")
        packets, rows, tools = self.world.await_packets(f"target_port = 23 AND source = '{ATTACKER}' AND tool = 'masscan'", sent)
        self.assertEqual(packets, sent, "as many as nftables counted")
        self.assertLess(rows, 6_000)
        self.assertGreaterEqual(rows, 256, "a row a block")
        self.assertEqual(self.world.rows("target_port = 23 AND tool IS DISTINCT FROM 'masscan'")[0], 0, tools)
        addresses = self.world.database.rows("SELECT count(DISTINCT network(set_masklen(target, 24))) FROM probe WHERE target_port = 23")
        self.assertEqual(addresses, [["256"]])
        kinds = self.world.database.rows("SELECT DISTINCT kind FROM probe WHERE target_port = 23")
        self.assertEqual(kinds, [["closed"]])

        def agrees():
            after = self.world.figures()
            captured = sum(after[f'apiary_agent_captured_packets_total{{what="{what}"}}']
                           for what in ("probe", "connection", "answer", "foreign"))
            for where in ("ring", "table", "socket"):
                self.assertEqual(after[f'apiary_agent_probe_packets_lost_total{{where="{where}"}}'], 0)
            # Neighbours asking for each other, and what the kernel's filter keeps back of sessions, and nothing else.
            return sent <= captured <= after["apiary_agent_interface_packets_total"] <= self.world.received() <= captured + 500

        wait_for("the interface counted the same", agrees, step=0.5)

    def test_names_nmap_and_tells_open_ports_from_closed_ones(self):
        self.need("nmap")
        hosts = ("10.9.11.1", "10.9.11.2", "10.9.200.3")
        self.spaces.run("att", "nmap", "-n", "-Pn", "-sS", "-p", "21,80,2222", *hosts)
        for port, kind in ((21, "syn"), (80, "syn"), (2222, "closed")):
            found = f"target_port = {port} AND kind = '{kind}' AND tool = 'nmap'"
            packets, rows, _ = self.world.await_packets(found, 3)
            self.assertGreaterEqual(rows, 2, "a row each block")
            self.assertLessEqual(packets, 6, "each once, or again where an answer was late")
        self.assertEqual(self.world.database.rows("SELECT reason FROM probe WHERE target_port = 2222 AND host(target) LIKE '10.9.11.%' LIMIT 1")[0][0]
                         .split()[0], "addresses=2")
        self.assertEqual(self.world.database.number(f"SELECT count(*) FROM session WHERE target IN {hosts}"), 0)

    def test_adds_a_ping_sweep_up(self):
        self.need("nmap")
        self.spaces.run("att", "nmap", "-n", "-sn", "-PE", "10.9.3.0/24")
        sent = self.world.counted("ping")
        self.assertGreaterEqual(sent, 256)
        packets, rows, tools = self.world.await_packets("kind = 'icmp'", sent)
        self.assertEqual((packets, tools), (sent, "nmap"))
        self.assertLess(rows, 10)

    def test_records_udp(self):
        self.spaces.run("att", sys.executable, "-c", SEND, "5061", "10.9.5.5", "10.9.7.7", "10.9.7.8")
        packets, rows, tools = self.world.await_packets("kind = 'udp' AND target_port = 5061 AND target << '10.9.0.0/17'", 3)
        self.assertEqual((packets, rows, tools), (3, 2, "-"))
        self.assertIn("addresses=2", self.world.database.run("SELECT reason FROM probe WHERE kind = 'udp' AND host(target) = '10.9.7.7'"))

    def test_a_session_is_no_probe(self):
        hosts = ["10.9.44.1", "10.9.44.2", "fd00:9::44"]
        self.assertEqual(len(self.world.stranger("greet", 21, *hosts)), 3)
        names = self.world.stranger("list", *ACCOUNT, "10.9.44.3")  # over a data channel of its own
        self.assertTrue(names[0] and isinstance(names[0], list), names)
        everyone = "host(target) IN ('10.9.44.1', '10.9.44.2', '10.9.44.3', 'fd00:9::44')"
        wait_for("the sessions", lambda: self.world.database.number(f"SELECT count(*) FROM session WHERE {everyone}") == 4, step=0.2)
        # What waits for the end of a handshake does so five seconds; this comes later and through the same way.
        marks = iter(range(20_000, 30_000))

        def later(count):
            port = next(marks)
            self.spaces.run("att", sys.executable, "-c", SEND, port, "10.9.60.1")
            self.world.await_packets(f"target_port = {port}", 1)
            return count

        for turn in range(4):
            later(turn)
        self.assertEqual(self.world.rows(everyone), (0, 0, ""))

    def test_holds_no_privilege_and_no_user_of_its_own_to_look_into(self):
        status = pathlib.Path(f"/proc/{self.world.probes.process.pid}/status").read_text()
        self.assertRegex(status, rf"Uid:\s+{USER}\s+{USER}\s+{USER}\s+{USER}\n")
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertRegex(status, rf"{name}:\s+0+\n")
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")

    def test_goes_on_when_an_interface_comes_and_goes(self):
        spaces, world = self.spaces, self.world
        world.said("interface spare is not there")
        try:
            for turn, port in ((1, 7001), (2, 7002)):
                self.link_spare()
                world.said("watching interface spare", turn)
                spaces.run("att", sys.executable, "-c", SEND, port, "10.9.250.1")
                world.await_packets(f"target_port = {port}", 1)
                spaces.ip("sen", "link del spare")
                world.said("interface spare is not there", turn + 1)
        finally:
            spaces.run("att", "ip", "link", "del", "extra", status=None)
        wait_for("one interface is watched", lambda: world.figures()["apiary_agent_probe_interfaces"] == 1, step=0.5)

    def link_spare(self):
        spaces = self.spaces
        spaces.ip("att", f"link add extra type veth peer name spare netns {spaces.full('sen')}")
        spaces.ip("att", "addr add 10.82.0.2/30 dev extra")
        spaces.ip("sen", "addr add 10.82.0.1/30 dev spare")
        spaces.ip("sen", "link set spare up")
        spaces.ip("att", "link set extra up")
        spaces.ip("att", "route add 10.9.250.0/24 via 10.82.0.1")

    def test_says_so_in_status(self):
        wait_for("apiary-probes is connected", lambda: "of 2 interfaces" in self.world.control("status")[1])
        self.assertIn("probe_ring", self.world.control("status")[1])

    def test_checks_the_configuration(self):
        good = self.world.agent_toml.read_text()
        bad = self.world.folder / "bad-probes.toml"
        told = self.spaces.run("sen", *self.world.command("probes", "run", "--check-config", "--config", self.world.agent_toml))
        self.assertIn("interface wan: up", told)
        bad.write_text(good.replace('interfaces = ["wan", "spare"]', 'interfaces = ["wan", "wan"]'))
        line = good[:good.index("interfaces =")].count("\n") + 1
        for program in ("probes", "agent"):
            with self.subTest(program):
                told = self.spaces.run("sen", *self.world.command(program, "run", "--check-config", "--config", bad), status=1)
                self.assertIn(f"bad-probes.toml:{line}: ", told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
