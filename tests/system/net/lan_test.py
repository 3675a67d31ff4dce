"""Hosts on links where others live: what has an owner is left alone, at once and without a word; all else is served."""

import re
import signal
import sys
import unittest

from namespaces import why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from lan_world import ATTACKER, LAST, LIVE, LIVE6, SECOND, SENSOR, VENDOR, LanWorld  # pylint: disable=wrong-import-position
from subnet_world import HERE, wait_for  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

FTP = "220 (vsFTPd 3.0.3)"
# What comes from hosts of the vendor, all, and from stations of the vendor.
WATCH = f"""table netdev watch {{
 chain arriving {{
  type filter hook ingress device "eth0" priority 0; policy accept;
  ip saddr 10.10.0.224/28 counter
  ip saddr 10.10.0.224/28 ether saddr & ff:ff:ff:00:00:00 == {VENDOR}:00:00:00 counter
 }}
}}
"""


class LanTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return LanWorld("lan")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.run("sen", "nft", "table arp somebody { chain in { type filter hook input priority filter; policy accept; }\n}")
        cls.before = cls.spaces.network()

    def greetings(self, *of, port=21):
        return dict(self.world.stranger("greet", port, *of))

    def ask(self, address):
        """The stations that say to the attacker that they have an address."""
        return self.spaces.neighbour("att", "ask", "eth0", "fd00:10::3" if ":" in address else ATTACKER, address)

    def await_greeting(self, address):
        """As an address of IPv6 is asked for before it answers."""
        wait_for(f"{address} answers", lambda: self.greetings(address) == {address: FTP})

    def test_hosts_are_served_and_recorded(self):
        hosts = ["10.10.0.10", "10.10.0.100", "10.10.0.254"]
        self.assertEqual(self.greetings(*hosts), {host: FTP for host in hosts})
        six = ["fd00:10::1:10", "fd00:10::1234:5678:9abc:def0"]
        for host in six:
            self.await_greeting(host)
        everyone = ",".join(hosts + six)
        query = f"SELECT DISTINCT host(target) FROM session WHERE source <<= '{ATTACKER}/24' AND host(target) = ANY ('{{{everyone}}}')"
        wait_for("their sessions", lambda: len(self.world.database.rows(query)) == len(hosts))
        query = query.replace(ATTACKER + "/24", "fd00:10::/64")
        wait_for("their sessions", lambda: len(self.world.database.rows(query)) == len(six))
        self.assertEqual(dict(self.world.stranger("ping", "10.10.0.11")), {"10.10.0.11": "echo"})
        self.assertEqual(self.greetings("10.10.0.12", port=2222), {"10.10.0.12": "refused"})

    def test_each_address_has_one_station_that_answers(self):
        sensor = self.spaces.station("sen")
        self.assertEqual(self.ask("10.10.0.10"), [sensor], "we, and not the kernel besides")
        self.assertEqual(self.ask(SENSOR), [sensor], "the kernel, for the machine's own")
        self.assertEqual(self.ask("10.10.0.5"), [], "nobody has it, and it is no host")

    def test_hosts_of_a_vendor_have_hardware_addresses_of_their_own(self):
        cameras = ["10.10.0.224", "10.10.0.230", "10.10.0.239"]
        self.spaces.run("att", "nft", WATCH)
        try:
            self.spaces.forget()
            self.assertEqual(self.greetings(*cameras), {host: FTP for host in cameras})
            counted = self.watched()
        finally:
            self.spaces.run("att", "nft", "delete table netdev watch")
        self.assertGreater(counted[0], 0)
        self.assertEqual(counted[0], counted[1], "all that comes from them comes from stations of the vendor")
        stations = [self.ask(host) for host in cameras]
        self.assertEqual(len({station for answers in stations for station in answers}), len(cameras), stations)
        for answers in stations:
            self.assertEqual(len(answers), 1, "each once")
            self.assertTrue(answers[0].startswith(VENDOR), answers)
        self.assertEqual(self.spaces.neighbour("own", "probe", "eth0", "10.10.0.231"), [], "they yield as others do")
        self.assertFalse(self.spaces.has("10.10.0.231"))

    def test_what_a_switch_sends_back_is_no_owner(self):
        station = self.ask("10.10.0.235")[0]
        self.assertTrue(station.startswith(VENDOR))
        self.spaces.neighbour("own", "speak", "eth0", station, "10.10.0.235")
        self.spaces.neighbour("own", "speak", "eth0", station, "10.10.0.236")
        wait_for("somebody else who speaks so is one", lambda: not self.spaces.has("10.10.0.236"))
        self.assertTrue(self.spaces.has("10.10.0.235"))

    def test_what_passes_through_from_an_owner_is_not_a_hosts(self):
        """Within the range of hosts with hardware addresses of their own, over the sensor to the same link."""
        spaces, owners = self.spaces, "10.10.0.233"
        spaces.run("sen", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/eth0/send_redirects")
        spaces.ip("own", f"addr add {owners}/32 dev eth0")
        spaces.ip("own", f"route add 10.99.0.1/32 via {SENSOR} src {owners}")
        spaces.ip("sen", f"route add 10.99.0.1/32 via {ATTACKER}")
        spaces.ip("att", "addr add 10.99.0.1/32 dev lo")
        spaces.run("att", "nft", WATCH)
        try:
            spaces.neighbour("own", "ask", "eth0", owners, "10.10.0.5")
            self.assertFalse(spaces.has(owners))
            spaces.run("own", sys.executable, "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.99.0.1', 9))")
            wait_for("it has passed through", lambda: self.watched()[0] > 0)
            self.assertEqual(self.watched()[1], 0, "from the sensor's station")
        finally:
            spaces.run("att", "nft", "delete table netdev watch")
            spaces.ip("att", "addr del 10.99.0.1/32 dev lo")
            spaces.ip("sen", f"route del 10.99.0.1/32 via {ATTACKER}")
            spaces.ip("own", f"addr del {owners}/32 dev eth0")
            spaces.run("sen", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")

    def watched(self):
        """Packets from hosts of the vendor, and those from stations of the vendor."""
        return [int(count) for count in re.findall(r"counter packets (\d+)", self.spaces.run("att", "nft", "list", "table", "netdev", "watch"))]

    def test_takes_nothing_for_silence_that_it_could_not_hear(self):
        """It is stopped while more comes than the kernel keeps for it, and an owner's word among that."""
        good = self.world.agent_toml.read_text()
        owner = self.spaces.start("own", sys.executable, HERE / "neighbour.py", "flood", "eth0", "10.10.0.9")
        try:
            self.world.read_again(good.replace("10.10.0.0-10.10.0.9", "10.10.0.0-10.10.0.8"))
            self.assertEqual(owner.stdout.readline(), '"asked"\n')
            self.world.coverage.send(signal.SIGSTOP)
            owner.stdin.write("\n")
            owner.stdin.flush()
            self.assertEqual(owner.stdout.readline(), '"sent"\n')
            self.world.coverage.send(signal.SIGCONT)
            self.assertEqual(owner.communicate(timeout=60)[0], '"answered"\n', "it is asked for from the beginning")
            wait_for("it is left to him", lambda: "10.10.0.9" not in self.taken())
        finally:
            self.world.coverage.send(signal.SIGCONT)
            owner.kill()
            owner.wait()
            self.world.read_again(good)

    def taken(self):
        return re.findall(r"local (\S+) ", self.spaces.ip("sen", "-4 route show table local proto 98"))

    def test_gives_interfaces_back_as_soon_as_it_needs_them_no_more(self):
        promiscuous, all_groups = 0x100, 0x200

        def flags(device):
            return int(self.spaces.run("sen", "cat", f"/sys/class/net/{device}/flags"), 16) & (promiscuous | all_groups)

        good = self.world.agent_toml.read_text()
        self.assertEqual((flags("eth0"), flags("second")), (promiscuous | all_groups, all_groups))
        try:
            self.world.read_again(good.replace(f'mac = "{VENDOR}"\n', "")[:-len(LAST)])
            wait_for("both are given back", lambda: (flags("eth0"), flags("second")) == (all_groups, 0))
        finally:
            self.world.read_again(good)
        wait_for("all is as it was", lambda: (flags("eth0"), flags("second")) == (promiscuous | all_groups, all_groups))
        wait_for("all is claimed again", lambda: self.spaces.has("10.10.0.239") and self.spaces.has(SECOND))

    def test_a_live_host_keeps_its_address(self):
        live = self.spaces.station("own")
        for address in (LIVE, LIVE6):
            with self.subTest(address):
                # Who hears of an address of IPv6 for the first time asks too, and the owner answers that.
                self.assertEqual(set(self.ask(address)), {live})
                self.assertEqual(self.ask(address), [live], "and again")
                self.assertEqual(self.greetings(address), {address: "refused"}, "it has no such service")
                self.assertFalse(self.spaces.has(address))
        self.assertEqual(self.world.database.number(f"SELECT count(*) FROM session WHERE target IN ('{LIVE}', '{LIVE6}')"), 0)

    def test_a_live_host_that_attacks_a_host_is_served(self):
        said = self.spaces.run("own", sys.executable, "-c", "import socket; print(socket.create_connection(('10.10.0.13', 21), 5).recv(99))")
        self.assertIn(FTP, said)
        self.assertTrue(self.spaces.has("10.10.0.13"))

    def test_yields_to_a_machine_that_looks_for_duplicates(self):
        spaces = self.spaces
        self.assertEqual(self.greetings("10.10.0.77"), {"10.10.0.77": FTP})
        self.assertEqual(spaces.neighbour("own", "probe", "eth0", "10.10.0.77"), [], "it may have it")
        self.assertFalse(spaces.has("10.10.0.77"))
        spaces.ip("own", "addr add 10.10.0.77/24 dev eth0")
        try:
            spaces.forget()
            self.assertEqual(self.ask("10.10.0.77"), [spaces.station("own")])
            self.assertEqual(self.greetings("10.10.0.77"), {"10.10.0.77": "refused"})
        finally:
            spaces.ip("own", "addr del 10.10.0.77/24 dev eth0")
        self.assertIn("10.10.0.77 on the link of eth0 has an owner, " + spaces.station("own"), self.world.coverage_log.read_text())

    def test_yields_to_a_machine_whose_frames_have_a_priority(self):
        self.assertTrue(self.spaces.has("10.10.0.81") and self.spaces.has("10.10.0.82"))
        self.spaces.neighbour("own", "tagged", "eth0", "7", "10.10.0.81")
        self.spaces.neighbour("own", "tagged", "eth0", "0", "10.10.0.82")
        wait_for("it is given up", lambda: not self.spaces.has("10.10.0.82"))
        self.assertTrue(self.spaces.has("10.10.0.81"), "what is of another VLAN is of another link")

    def test_yields_to_a_machine_that_does_not_look(self):
        spaces = self.spaces
        self.assertTrue(spaces.has("10.10.0.78"))
        spaces.ip("own", "addr add 10.10.0.78/32 dev eth0")
        try:
            # It asks for somebody else as 10.10.0.78: a frame to all.
            spaces.neighbour("own", "ask", "eth0", "10.10.0.78", "10.10.0.5")
            self.assertFalse(spaces.has("10.10.0.78"))
            spaces.forget()
            self.assertEqual(self.ask("10.10.0.78"), [spaces.station("own")])
        finally:
            spaces.ip("own", "addr del 10.10.0.78/32 dev eth0")

    def test_yields_to_a_kernel_that_detects_duplicates_in_ipv6(self):
        spaces, host = self.spaces, "fd00:10::1:88"
        self.await_greeting(host)
        self.assertTrue(spaces.has(host))
        spaces.ip("own", f"addr add {host}/64 dev eth0")
        try:
            wait_for("it is no longer tentative", lambda: "tentative" not in spaces.ip("own", f"-6 addr show dev eth0 to {host}"))
            self.assertNotIn("dadfailed", spaces.ip("own", f"-6 addr show dev eth0 to {host}"))
            self.assertFalse(spaces.has(host))
            spaces.forget()
            self.assertEqual(self.ask(host), [spaces.station("own")])
            self.assertEqual(self.greetings(host), {host: "refused"})
        finally:
            spaces.ip("own", f"addr del {host}/64 dev eth0")

    def test_leaves_an_address_that_a_dhcp_client_asks_for(self):
        self.assertTrue(self.spaces.has("10.10.0.120"))
        self.spaces.neighbour("own", "lease", "eth0", "10.10.0.120")
        wait_for("it is given up", lambda: not self.spaces.has("10.10.0.120"))
        self.assertEqual(self.ask("10.10.0.120"), [])

    def test_leaves_an_address_that_becomes_the_machines_own(self):
        self.spaces.ip("sen", "addr add 10.10.0.130/24 dev eth0")
        try:
            wait_for("it is given up", lambda: not self.spaces.has("10.10.0.130"))
            self.world.await_said(self.world.coverage, "10.10.0.130 is this machine's own now")
        finally:
            self.spaces.ip("sen", "addr del 10.10.0.130/24 dev eth0")

    def test_takes_nothing_that_passes_through_for_an_owner(self):
        spaces = self.spaces
        spaces.run("sen", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        spaces.ip("att", f"route add {LIVE}/32 via {SENSOR}")
        try:
            before = self.passed()
            self.assertEqual(self.greetings(LIVE), {LIVE: "refused"}, "by him")
            self.assertGreater(self.passed(), before, "it did pass through")
        finally:
            spaces.ip("att", f"route del {LIVE}/32 via {SENSOR}")
            spaces.run("sen", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")

    def passed(self):
        """Packets of IPv4 that the sensor has passed on, by its kernel: ForwDatagrams of RFC 1213."""
        names, values = (line.split() for line in self.spaces.run("sen", "cat", "/proc/net/snmp").splitlines() if line.startswith("Ip:"))
        return int(values[names.index("ForwDatagrams")])

    def test_a_second_interface_that_goes_and_comes_back(self):
        spaces = self.spaces
        self.assertEqual(self.greetings(SECOND), {SECOND: FTP})
        self.assertEqual(self.spaces.neighbour("att", "ask", "eth1", "10.20.0.3", SECOND), [spaces.station("sen", "second")])
        for turn, (away, back) in enumerate(((lambda: spaces.ip("sen", "link del second"), spaces.make_second),
                                             (lambda: spaces.ip("two", "link set sen-trunk down"), lambda: spaces.ip("two", "link set sen-trunk up")))):
            with self.subTest(turn):
                away()
                wait_for("its hosts are given up", lambda: not spaces.has(SECOND))
                self.assertTrue(spaces.has("10.10.0.10"), "those of the other are not")
                said = self.world.coverage_log.stat().st_size
                back()
                self.world.await_said(self.world.coverage, "interface second: claimed 16 addresses", said)
                wait_for("it answers", lambda: self.greetings(SECOND) == {SECOND: FTP})

    def test_visits_a_host_of_its_own(self):
        status, said = self.world.control("test", "ftp")
        self.assertEqual(status, 0, said)

    def test_reads_a_changed_file(self):
        spaces, world = self.spaces, self.world
        good = world.agent_toml.read_text()

        try:
            world.read_again(good.replace('"10.10.0.255"', '"10.10.0.200-10.10.0.255"'))
            self.assertFalse(spaces.has("10.10.0.201"))
            self.assertTrue(spaces.has("10.10.0.199"), "what stays is not asked for again")
            self.assertEqual(self.ask("10.10.0.201"), [])
            with self.subTest("an interface that is not there changes nothing"):
                before = spaces.claims()
                world.read_again(good.replace('"second"', '"third"'))
                self.assertIn("the configuration was not changed", world.coverage_log.read_text())
                self.assertEqual(spaces.claims(), before)
        finally:
            world.read_again(good)
        wait_for("claimed again", lambda: spaces.has("10.10.0.201"))

    def test_refuses_what_it_must_not_take_with_the_line(self):
        head = self.world.agent_toml.read_text().split("[[hosts]]")[0]
        bad = self.world.folder / "bad.toml"
        self.spaces.ip("sen", "route add default via 10.10.0.1")
        try:
            for lan, ranges, key, said in (("eth9", "10.10.0.10", "lan", "'eth9' is no interface of this machine"),
                                           ("lo", "10.10.0.10", "ranges", "or have them claimed there: lan = \"eth0\""),
                                           ("lo", "10.99.0.10", "lan", "'lo' is no Ethernet"),
                                           ("eth0", "10.10.0.1", "ranges", "a gateway of this machine"),
                                           ("eth0", "10.10.0.2", "ranges", "this machine's own address on eth0"),
                                           ("eth0", "10.10.0.255", "ranges", "the broadcast address on the link of eth0"),
                                           ("second", "10.10.0.10", "ranges", "the network on the link of eth0"),
                                           ("eth0", "10.99.0.0/24", "lan", "no address of a network that holds 10.99.0.0/24 (10.10.0.0/24)"),
                                           ("second", "fd00:99::/64", "lan", "no address of a network that holds fd00:99::/64")):
                with self.subTest(f"{lan} {ranges}"):
                    bad.write_text(head + f'[[hosts]]\npersona = "server"\nlan = "{lan}"\nranges = ["{ranges}"]\n')
                    line = head.count("\n") + (3 if key == "lan" else 4)
                    told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", bad), status=1)
                    self.assertRegex(told, rf"bad\.toml:{line}: \[\[hosts\]\] {key} ")
                    self.assertIn(said, told)
            with self.subTest("the collector's"):
                text = re.sub(r'address = "127.0.0.1:\d+"', 'address = "10.10.0.40:7443"', head)
                bad.write_text(text + '[[hosts]]\npersona = "server"\nlan = "eth0"\nranges = ["10.10.0.32/28"]\n')
                told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", bad), status=1)
                self.assertIn("holds 10.10.0.40, the collector's address", told)
        finally:
            self.spaces.ip("sen", "route del default")

    def test_says_what_there_is_and_what_would_be(self):
        shown = self.spaces.run("sen", *self.world.command("coverage", "show"))
        self.assertRegex(shown, r"claimed 10\.20\.0\.16/28: local routes of proto 98")
        self.assertIn("arp daddr ip @hosts4 drop", shown)
        told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", self.world.agent_toml))
        self.assertIn("# on the link of second, 500 frames a second: ask for the owner of each of 10.20.0.16/28; ", told)
        self.assertIn("table netdev apiary_lan_eth0 {", told)
        self.assertRegex(told, rf"elements = \{{ 10\.10\.0\.224 : {VENDOR}:")
        self.assertNotIn("route add local 10.", told.replace("ip route add local ADDRESS", ""))

    def test_what_is_there_goes_and_nothing_else(self):
        world, spaces = self.world, self.spaces
        with self.subTest("killed, its rules and claims stay until remove"):
            world.coverage.kill()
            self.assertTrue(spaces.has("10.10.0.10"))
            spaces.run("sen", *world.command("coverage", "remove"))
            self.assertEqual(spaces.network(), self.before)
            spaces.run("sen", *world.command("coverage", "remove"))
            self.assertEqual(spaces.network(), self.before, "twice is once")
        with self.subTest("a leftover is replaced"):
            world.start_coverage()
            world.coverage.kill()
            spaces.ip("sen", "route add local 10.10.0.6 dev lo table local proto 98")
            spaces.run("sen", "nft", "flush", "table", "arp", "apiary_lan")
            world.start_coverage()
            self.assertFalse(spaces.has("10.10.0.6"))
            self.assertEqual(self.ask("10.10.0.14"), [spaces.station("sen")])
        with self.subTest("the end takes all away"):
            self.assertEqual(world.coverage.stop(), 0)
            self.assertEqual(spaces.network(), self.before)
            self.assertEqual(self.ask("10.10.0.14"), [])
        with self.subTest("a table of that name that is not ours is left alone"):
            spaces.run("sen", "nft", "add table arp apiary_lan")
            theirs = spaces.network()
            told = spaces.run("sen", *world.command("coverage", "apply", "--config", world.agent_toml), status=1)
            self.assertIn("made by somebody else", told)
            self.assertEqual(spaces.network(), theirs)
            spaces.run("sen", "nft", "delete table arp apiary_lan")
        world.start_coverage()


if __name__ == "__main__":
    unittest.main(verbosity=2)
