"""The twenty lines of deploy/decoys/subnet.toml make a machine a /16 of five kinds of hosts: nmap names their systems and services, a
sweep of masscan is in the database by its tool, and without the helper there is no rule left."""

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
from subnet_world import USER, wait_for  # pylint: disable=wrong-import-position
from world import World  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

DECOYS = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "decoys"
SYSTEMS = {"server": ("10.9.3.7", r"Linux 4\.15 - 5\.6"), "exchange": ("10.9.70.7", r"Windows Server 2016"),
           "desktop": ("10.9.100.7", r"Windows 10"), "recorder": ("10.9.130.7", r"HIKVISION|NVR"),
           "camera": ("10.9.200.7", r"camera")}
OPEN = {"server": {21, 25, 80}, "exchange": {135, 445, 3389}, "desktop": {135, 445, 3389}, "recorder": {23, 80}, "camera": {80}}
NAMED = {"server": ("vsftpd 3.0.3", "Postfix smtpd", "Apache httpd 2.4"), "recorder": ("BusyBox telnetd", "Boa", "Host: dvr")}
COUNTER = f"""table netdev counting {{
 chain arriving {{
  type filter hook ingress device "wan" priority -500; policy accept;
  ip saddr {ATTACKER} ip daddr 10.9.0.0/16 tcp dport 7547 tcp flags & (syn | ack | rst) == syn counter comment "sweep"
 }}
}}
"""


class ExampleWorld(ProbesWorld):
    hosts = ""

    def write_agent_toml(self):
        World.write_agent_toml(self)
        shutil.copytree(DECOYS / "http", self.folder / "http", dirs_exist_ok=True)
        text = (DECOYS / "subnet.toml").read_text().replace('"apiary"', f'"{USER}"').replace('"eth0"', '"wan"')
        self.agent_toml.write_text(text + self.agent_toml.read_text())

    def start_agent(self):
        super().start_agent()
        wait_for("all services are on", lambda: "telnet on" in (self.folder / "agent.log").read_text())


class ExampleTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return ExampleWorld("example")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        # As most machines have it: from its upper bound follows the window scale of hosts.
        cls.spaces.run("sen", "sh", "-c", "echo '4096 131072 6291456' > /proc/sys/net/ipv4/tcp_rmem")
        cls.spaces.run("sen", "nft", COUNTER)
        cls.before = cls.spaces.network()

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"{tool} is not installed")

    def nmap(self, *words):
        return self.spaces.run("att", "nmap", "-n", "-Pn", *words)

    def test_has_twenty_lines(self):
        lines = (DECOYS / "subnet.toml").read_text().splitlines()
        self.assertLessEqual(sum(not line.startswith("#") for line in lines), 20)

    def test_nmap_names_systems(self):
        self.need("nmap")
        for name, (address, system) in SYSTEMS.items():
            with self.subTest(name):
                said = self.nmap("-O", "--osscan-guess", "-p", "22," + ",".join(map(str, OPEN[name])), address)
                self.assertEqual({int(port) for port in re.findall(r"^(\d+)/tcp +open", said, re.M)}, OPEN[name])
                self.assertRegex("".join(re.findall(r"^(?:OS details|Aggressive OS guesses): .*$", said, re.M)), system)

    def test_nmap_names_services(self):
        self.need("nmap")
        for name, products in NAMED.items():
            said = self.nmap("-sV", "-p", ",".join(map(str, OPEN[name])), SYSTEMS[name][0])
            for product in products:
                with self.subTest(product):
                    self.assertIn(product, said)

    def test_a_sweep_is_told_by_its_tool(self):
        self.need("masscan")
        mac = re.search(r"link/ether (\S+)", self.spaces.ip("rtr", "link show north")).group(1)
        self.spaces.run("att", "masscan", "10.9.0.0/16", "-p7547", "--rate", "15000", "--wait", "0", "-e", "eth0", "--router-mac", mac,
                        "--adapter-ip", ATTACKER)
        sent = self.world.counted("sweep")
        self.assertGreaterEqual(sent, 65_000)
        packets, _, tools = self.world.await_packets("target_port = 7547", sent)
        self.assertEqual((packets, tools), (sent, "masscan"))

    def test_z_leaves_nothing_behind(self):
        self.assertNotEqual(self.world.spaces.network(), self.before)
        self.assertEqual(self.world.coverage.stop(), 0)
        strip = re.compile(r"counter packets \d+ bytes \d+")
        self.assertEqual(strip.sub("", self.world.spaces.network()), strip.sub("", self.before))


if __name__ == "__main__":
    unittest.main(verbosity=2)
