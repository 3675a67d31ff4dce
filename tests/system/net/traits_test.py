"""How hosts answer on the wire: real scanners name the systems that personas are to be, and two hosts do not look like one."""

import re
import shutil
import sys
import unittest

from namespaces import why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from subnet_world import SERVICES, SubnetWorld, wait_for  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

SETTINGS = ("tcp_timestamps", "tcp_rmem", "tcp_synack_retries", "tcp_ecn")
# Each persona with traits of its name has a /24, and a /64 with the same number. What nmap says first must be this: exactly, or, since it
# measures chance too (sequence numbers of the kernel), as its best guess of 97 % and more.
SYSTEMS = {
    "linux": (1, "Linux 4.15 - 5.6"),
    "windows-server-2016": (2, "Microsoft Windows Server 2016 build 10586 - 14393"),
    "windows-10": (3, "Microsoft Windows 10 1709 - 1909"),
    "recorder": (4, "HIKVISION DS-7600 Linux Embedded NVR (Linux 2.6.10)"),
    "camera": (5, "Geovision EBD4700 CCTV camera (Linux 3.4)"),
}
OWN = 6  # traits from a file that the user wrote
PLAIN = 7  # none
OWN_TRAITS = """title = "A small device"
[ip]
ttl = 255
id = "counter"
fragmentable = true
[tcp]
options = ["mss"]
mss = 1400
window = 2920
ecn = false
[segments]
syn_fin = "handshake"
xmas = "silent"
[reset]
window = 2920
"""


def address(number, host=7):
    return f"10.9.{number}.{host}"


def configuration():
    text = SERVICES
    kinds = [(name, number, name) for name, (number, _) in SYSTEMS.items()] + [("own", OWN, "./own.toml"), ("plain", PLAIN, None)]
    for name, number, traits in kinds:
        text += f'[[persona]]\nname = "{name}"\nservices = ["ftp", "web"]\n' + (f'traits = "{traits}"\n' if traits else "")
        text += f'[[hosts]]\npersona = "{name}"\nranges = ["10.9.{number}.0/24", "fd00:9:0:{number}::/64"]\n'
    return text


class TraitsWorld(SubnetWorld):
    hosts = configuration()

    def write_agent_toml(self):
        super().write_agent_toml()
        (self.folder / "own.toml").write_text(OWN_TRAITS)


class TraitsTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return TraitsWorld("traits")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.ip("rtr", "-6 route add fd00:9::/32 via fd00:81::2")
        cls.spaces.run("sen", "sh", "-c", "echo '4096 131072 6291456' > /proc/sys/net/ipv4/tcp_rmem")
        cls.before = cls.state()

    @classmethod
    def state(cls):
        settings = "".join(cls.spaces.run("sen", "cat", f"/proc/sys/net/ipv4/{name}") for name in SETTINGS)
        # Who has asked is not ours to compare: it ages.
        return settings + re.sub(r"set asked[46] \{[^}]*?(elements = \{[^}]*\}\s*)?\}", "", cls.spaces.network())

    def coverage(self, *words, status=0):
        return self.spaces.run("sen", *self.world.command("coverage", *words), status=status)

    def wire(self, *words):
        return dict(self.world.wire(*words))

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"{tool} is not installed")

    def test_nmap_names_the_systems(self):
        self.need("nmap")
        for name, (number, system) in SYSTEMS.items():
            line = rf"^(OS details: |Aggressive OS guesses: ){re.escape(system)}($|,| \((9[7-9]|100)%\))"
            with self.subTest(name):
                said = ""
                for host in range(7, 11):
                    said += self.spaces.run("att", "nmap", "-n", "-Pn", "-O", "--osscan-guess", "-p21,22", address(number, host))
                    if re.search(line, said, re.M):
                        break
                self.assertRegex(said, re.compile(line, re.M))

    def test_p0f_sees_different_systems(self):
        self.need("p0f")
        log = self.world.folder / "p0f.log"
        p0f = self.spaces.start("att", "p0f", "-i", "eth0", "-o", log)
        try:
            wait_for("p0f listens", lambda: "Entered main event loop" in p0f.stdout.readline())
            for number in range(1, 8):
                self.world.stranger("greet", 21, address(number))
            wait_for("p0f has seen all", lambda: log.read_text().count("mod=syn+ack") >= 7)
        finally:
            p0f.kill()
            p0f.communicate()
        seen = {}
        for line in log.read_text().splitlines():
            if "mod=syn+ack" in line:
                fields = dict(part.split("=", 1) for part in line.split("] ", 1)[1].split("|"))
                seen[fields["srv"].split("/")[0]] = (fields["os"], fields["raw_sig"].split(":", 2)[2])
        systems = {name: seen[address(number)] for name, (number, _) in SYSTEMS.items()}
        self.assertEqual(systems["windows-server-2016"][0], "Windows 7 or 8", "which is all that it knows of that family")
        self.assertEqual((systems["recorder"][0], systems["camera"][0]), ("Linux 3.x", "Linux 3.x"))
        self.assertEqual(len({signature for _, signature in systems.values()}), len(systems), systems)
        self.assertEqual(seen[address(OWN)][1], "0:1400:mss*2,0:mss::0", "2920 are two of 1460")

    def test_options_come_in_the_order_of_the_system(self):
        windows = [["mss", 1460], ["nop"], ["scale", 8], ["sack"], ["stamps", []]]
        orders = {
            "linux": [["mss", 1460], ["sack"], ["stamps", []], ["nop"], ["scale", 7]],
            "windows-server-2016": windows,
            "windows-10": [["mss", 1460], ["nop"], ["scale", 8], ["nop"], ["nop"], ["sack"]],
            "recorder": [["mss", 1460], ["nop"], ["scale", 5]],
            "camera": [["mss", 1460], ["nop"], ["nop"], ["sack"], ["nop"], ["scale", 0]],
        }
        for name, order in orders.items():
            number = SYSTEMS[name][0]
            for host in (address(number), f"fd00:9:0:{number}::7"):
                with self.subTest(host):
                    mss = 1440 if ":" in host else 1460
                    self.assertEqual(self.wire("syn_acks", 21, host)[host]["options"], [["mss", mss]] + order[1:])

    def test_hosts_of_one_persona_have_clocks_and_counters_of_their_own(self):
        with self.subTest("clocks"):
            hosts = [address(SYSTEMS["linux"][0], host) for host in range(1, 65)]
            first, second = self.wire("syn_acks", 21, *hosts), self.wire("syn_acks", 21, *hosts)
            clocks = {host: said["clock"] for host, said in first.items()}
            steps = {round((clock - min(clocks.values())) / 2**27) for clock in clocks.values()}
            self.assertGreater(len(steps), 20, "of 32")
            for host, said in second.items():
                self.assertLess((said["clock"] - clocks[host] + 5000) % 2**32, 10_000, "it stays the same, and goes on")
        with self.subTest("counters"):
            hosts = [address(SYSTEMS["windows-10"][0], host) for host in range(1, 65)]
            rounds = [self.wire("syn_acks", 21, *hosts) for _ in range(3)]
            starts = {said["id"] >> 4 for said in rounds[0].values()}
            self.assertGreater(len(starts), 40, "of 256")
            close = 0
            for host in hosts:
                steps = [(rounds[i + 1][host]["id"] - rounds[i][host]["id"]) % 65536 for i in range(2)]
                self.assertTrue(all(0 < step < 400 for step in steps), (host, steps))
                close += all(step < 12 for step in steps)
            self.assertGreater(close, 25, "most count nothing but their own packets")
        with self.subTest("distance"):
            for name, initial in (("linux", 64), ("windows-10", 128), ("recorder", 64)):
                hosts = [address(SYSTEMS[name][0], host) for host in range(1, 33)]
                far = {host: said["ttl"] for host, said in self.wire("syn_acks", 21, *hosts).items()}
                self.assertEqual(set(far.values()), {initial - 1, initial - 2}, "behind one router, or two")
                self.assertEqual({host: said["ttl"] for host, said in self.wire("resets", 22, *hosts).items()}, far)

    def test_other_answers_are_the_systems_too(self):
        server, own = address(SYSTEMS["windows-server-2016"][0]), address(OWN)
        said = self.wire("icmp", server, own)
        self.assertEqual(said, {server: {"code": 0, "dscp": 0}, own: {"code": 9, "dscp": 48}})
        refused = self.wire("resets", 22, own)[own]
        self.assertEqual((refused["df"], refused["window"], refused["ttl"]), (False, 2920, 254))
        hop = self.wire("syn_acks", 21, "fd00:9:0:2::7")["fd00:9:0:2::7"]["ttl"]
        self.assertIn(hop, (127, 126))
        for name, labels in (("linux", True), ("windows-10", True), ("recorder", False), ("camera", False)):
            host = f"fd00:9:0:{SYSTEMS[name][0]}::7"
            for verb, port in (("syn_acks", 21), ("resets", 22)):
                with self.subTest("flow label", of=name, verb=verb):
                    self.assertEqual(self.wire(verb, port, host)[host]["label"] != 0, labels)
        errors = self.wire("refusers", 33333, "fd00:9:0:2::7", address(OWN))
        self.assertEqual(set(errors), set(errors.values()), "by the host itself")

    def test_a_persona_without_traits_is_as_the_machine_is(self):
        plain = self.wire("syn_acks", 21, address(PLAIN))[address(PLAIN)]
        self.assertEqual(plain["ttl"], 63)
        self.assertEqual([option[0] for option in plain["options"]], ["mss", "sack", "stamps", "nop", "scale"])

    def test_services_answer_and_sessions_are_recorded(self):
        hosts = [address(number, 33) for number in range(1, 8)] + [f"fd00:9:0:{number}::33" for number in range(1, 8)]
        for verb, port, said in (("greet", 21, "220 (vsFTPd 3.0.3)"), ("get", 80, "HTTP/1.1 200 OK")):
            self.assertEqual(dict(self.world.stranger(verb, port, *hosts)), {host: said for host in hosts})
        query = "SELECT host(target), persona FROM session WHERE service = 'ftp' AND host(target) = ANY ('{" + ",".join(hosts) + "}')"
        wait_for("all are recorded", lambda: len({row[0] for row in self.world.database.rows(query)}) == len(hosts), seconds=60)
        personas = [*SYSTEMS, "own", "plain"]
        self.assertEqual({(row[0], row[1]) for row in self.world.database.rows(query)},
                         {(host, personas[i % 7]) for i, host in enumerate(hosts)})
        for number in range(1, 8):
            with self.subTest("a long connection", persona=number):
                self.assertEqual(self.world.wire("talk", 21, address(number, 34)), [50])

        with self.subTest("the kernel has no doubt about a timestamp that comes back"):
            lines = [line.split() for line in self.spaces.run("sen", "cat", "/proc/net/netstat").splitlines() if line.startswith("TcpExt:")]
            counts = dict(zip(*lines))
            doubts = ("TSEcrRejected", "PAWSActive", "PAWSEstab", "PAWSOldAck")  # the first is newer than Debian 12's kernel
            self.assertEqual({name: counts.get(name, "0") for name in doubts}, dict.fromkeys(doubts, "0"))

    def test_says_what_is_wrong_with_traits(self):
        good = self.world.agent_toml.read_text()
        line = good[:good.index('traits = "linux"')].count("\n") + 1
        bad = self.world.folder / "bad.toml"
        bad.write_text(good.replace('traits = "linux"', 'traits = "lynux"'))
        told = self.coverage("check", "--config", bad, status=1)
        self.assertIn(f"bad.toml:{line}: [[persona]] traits 'lynux' is not known; there are camera, linux, recorder, windows-10, ", told)
        (self.world.folder / "odd.toml").write_text(OWN_TRAITS.replace("ttl = 255", "ttl = 256"))
        bad.write_text(good.replace("./own.toml", "./odd.toml"))
        told = self.coverage("check", "--config", bad, status=1)
        self.assertRegex(told, r"/odd\.toml:3: \[ip\] ttl must be")
        bad.write_text(good.replace("./own.toml", "./none.toml"))
        self.assertRegex(self.coverage("check", "--config", bad, status=1), r"/none\.toml: .*No such file")

    def test_says_beforehand_what_it_would_do(self):
        told = self.coverage("check", "--config", self.world.agent_toml)
        self.assertIn("table inet apiary_traits {", told)
        self.assertNotIn("rule add", told, "all is there already")
        shown = self.coverage("show")
        self.assertIn("rule from 10.9.2.0/24 lookup 9708 pref 9708 protocol 97", shown)
        self.assertRegex(shown, r"routing table 9708:\ndefault via 10\.81\.0\.1 dev wan proto 97 window 16776960")

    def test_replies_follow_the_routes_of_the_machine(self):
        host = address(SYSTEMS["windows-10"][0])
        tables = [(family, table) for family in ("-4", "-6") for table in (9700, 9705, 9707, 9708)]

        def routes():
            return {each: sorted(self.spaces.run("sen", "ip", each[0], "route", "show", "table", each[1], status=None).splitlines())
                    for each in tables}

        whole = routes()
        self.assertNotIn([], whole.values())
        self.spaces.ip("sen", "link set dev wan down")
        self.spaces.ip("sen", "link set dev wan up")
        self.spaces.ip("sen", "addr replace fd00:81::2/64 dev wan nodad")  # which goes with the link, as its routes do
        self.spaces.ip("sen", "route add default via 10.81.0.1")
        self.spaces.ip("sen", "-6 route add default via fd00:81::1")
        wait_for("all is as it was", lambda: routes() == whole)
        self.assertIn(["scale", 8], self.wire("syn_acks", 21, host)[host]["options"])

    def test_what_is_there_goes_and_nothing_else(self):
        world, spaces = self.world, self.spaces
        self.assertNotEqual(self.state(), self.before)
        with self.subTest("killed, everything stays; remove takes it away"):
            whole = self.state()
            world.coverage.kill()
            self.assertEqual(self.state(), whole)
            self.coverage("remove")
            self.assertEqual(self.state(), self.before)
        with self.subTest("a leftover is replaced, and what was before it is remembered"):
            world.start_coverage()
            world.coverage.kill()
            spaces.ip("sen", "rule del pref 9707")
            spaces.ip("sen", "route flush table 9708")
            spaces.ip("sen", "rule add from 10.66.0.0/16 lookup 9703 pref 9703 protocol 97")
            world.start_coverage()
            self.assertEqual(self.state(), whole)
        with self.subTest("the end takes all away"):
            self.assertEqual(world.coverage.stop(), 0)
            self.assertEqual(self.state(), self.before)
        with self.subTest("what somebody set meanwhile is his"):
            world.start_coverage()
            spaces.run("sen", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/tcp_timestamps")
            self.assertEqual(world.coverage.stop(), 0)
            self.assertEqual(spaces.run("sen", "cat", "/proc/sys/net/ipv4/tcp_timestamps"), "0\n")
            spaces.run("sen", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_timestamps")
            self.assertEqual(self.state(), self.before)
        with self.subTest("tables of somebody else are left alone"):
            spaces.run("sen", "nft", "add table inet apiary_traits")
            theirs = self.state()
            told = self.coverage("apply", "--config", world.agent_toml, status=1)
            self.assertIn("the table inet apiary_traits was made by somebody else", told)
            self.assertEqual(self.state(), theirs)
            spaces.run("sen", "nft", "delete table inet apiary_traits")
            spaces.ip("sen", "route add default via 10.81.0.1 table 9708")
            theirs = self.state()
            told = self.coverage("apply", "--config", world.agent_toml, status=1)
            self.assertIn("the routing table 9708 has routes of somebody else", told)
            self.assertEqual(self.state(), theirs)
            spaces.ip("sen", "route flush table 9708")
        world.start_coverage()


if __name__ == "__main__":
    unittest.main(verbosity=2)
