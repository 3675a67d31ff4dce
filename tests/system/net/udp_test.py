"""Services of UDP on 65,536 addresses: who is answered, as whom, how much, and who never is."""

import ipaddress
import json
import pathlib
import re
import subprocess
import sys
import unittest

from namespaces import ATTACKER, SENSOR6, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from subnet_world import HERE, USER, SubnetWorld, addresses, wait_for  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

CROWD = "172.16.0.0"  # and the /12 behind it are the attacker's too
TABLE = ("inet", "apiary_coverage")
MOST_REMEMBERED = 262144
STRANGER = "172.29.255.1"  # of these, and asks nothing
RETRIES = pathlib.Path("/proc/sys/net/ipv4/tcp_synack_retries")


class UdpTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return SubnetWorld("udp")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.ip("att", f"route add local {CROWD}/12 dev lo")
        cls.spaces.ip("rtr", f"route add {CROWD}/12 via {ATTACKER}")
        cls.before = cls.spaces.network()
        cls.retries = cls.retries_of("sen")
        cls.own_retries = RETRIES.read_text()

    @classmethod
    def retries_of(cls, name):
        return cls.spaces.run(name, "cat", RETRIES).strip()

    def sessions(self, where):
        return self.world.database.rows("SELECT host(source), host(target), target_port, bytes_out, persona, transport FROM session "
                                        f"WHERE service = 'snmp' AND {where}")

    def spread(self):
        """Another /24 of the attacker's for each question, as five answers a minute are all that one gets."""
        type(self).network = getattr(self, "network", 0) + 1
        return f"172.31.{self.network}.0"

    def test_answers_from_the_address_and_port_that_were_asked(self):
        asked = ["10.9.0.0", "10.9.200.7", "10.9.255.255"]
        answers = dict(self.world.datagrams("att", "crowd", self.spread(), *asked))
        for host in asked:
            self.assertRegex(answers[host], rf"^srv-[a-z]{{2}}\d{{4}} from {host} 161$")
        self.assertEqual(len({answer.split()[0] for answer in answers.values()}), 3, "each has a name of its own")
        wait_for("three sessions", lambda: len(self.sessions("host(target) = ANY ('{" + ",".join(asked) + "}')")) >= 3, seconds=60)
        for _, target, port, out, persona, transport in self.sessions("host(target) = '10.9.200.7'"):
            self.assertEqual((target, port, persona, transport), ("10.9.200.7", "161", "server", "udp"))
            self.assertGreater(int(out), 0)
        logs = [log for log in self.world.logs() if ",10.9.200.7:161," in log.read_text()]
        self.assertTrue(logs, "its text log names the address that was asked")

    def test_answers_over_ipv6(self):
        answers = dict(self.world.datagrams("att", "ask", "fd00:9::1", "fd00:9::1234:5678:9abc:def0"))
        for host, answer in answers.items():
            self.assertRegex(answer, rf"^srv-[a-z]{{2}}\d{{4}} from {host} 161$")

    def test_thousands_of_flows_over_as_many_addresses(self):
        asked = addresses(2000, 1)
        answers = dict(self.world.datagrams("att", "crowd", CROWD, *asked))
        wrong = {host: answer for host, answer in answers.items() if not answer.endswith(f" from {host} 161")}
        self.assertEqual(wrong, {})
        query = "SELECT count(DISTINCT target) FROM session WHERE service = 'snmp' AND source <<= '172.16.0.0/15' AND bytes_out > 0"
        wait_for("each is a session", lambda: self.world.database.number(query) == 2000, seconds=90)

    def test_a_network_is_sent_no_more_than_its_credit(self):
        asked = addresses(20, 2)
        network = "172.30.1.0"
        sizes = self.world.datagrams("att", "greedy", network, *asked)[0]
        self.assertEqual(len(sizes), 5, "answers a minute")
        self.assertLessEqual(sum(sizes), 4096)
        wait_for("all are recorded", lambda: len(self.sessions(f"source <<= '{network}/24'")) == 20, seconds=60)
        silent = [row for row in self.sessions(f"source <<= '{network}/24'") if row[3] == "0"]
        self.assertEqual(len(silent), 15)

    def test_two_decoys_that_are_pointed_at_each_other_fall_silent(self):
        with self.subTest("somebody carries what each says to the other"):
            self.assertLessEqual(self.world.datagrams("att", "relay", "10.9.1.1", "10.9.2.2")[0], 10)
        with self.subTest("from the port of a decoy"):
            self.assertEqual(dict(self.world.datagrams("att", "from", "161", "10.9.3.3")), {"10.9.3.3": "silent"})
            wait_for("it is recorded", lambda: self.sessions("host(target) = '10.9.3.3'"), seconds=60)
            self.assertEqual({row[3] for row in self.sessions("host(target) = '10.9.3.3'")}, {"0"})
        with self.subTest("under the address of another host"):
            self.world.datagrams("att", "forge", "fd00:9::2", "fd00:9::3")
            wait_for("it is recorded", lambda: self.sessions("host(target) = 'fd00:9::3'"), seconds=60)
            self.assertEqual([row[3] for row in self.sessions("host(source) = 'fd00:9::2'")], ["0"])
            self.assertEqual(self.sessions("host(target) = 'fd00:9::2'"), [], "and nothing came to that one")
        with self.subTest("under the machine's own address"):
            self.world.datagrams("att", "forge", SENSOR6, "fd00:9::4")
            wait_for("it is recorded", lambda: self.sessions("host(target) = 'fd00:9::4'"), seconds=60)
            self.assertEqual([row[3] for row in self.sessions("host(target) = 'fd00:9::4'")], ["0"])

    def test_what_all_were_sent_is_not_answered(self):
        mac = self.spaces.run("sen", "cat", "/sys/class/net/wan/address").strip()
        for to, said in (("ff:ff:ff:ff:ff:ff", "silent"), ("01:00:5e:00:00:01", "silent"), (mac, "from 10.9.44.4 161")):
            with self.subTest(to):
                listening = self.spaces.start("att", sys.executable, HERE / "datagrams.py", "listen")
                self.assertEqual(listening.stdout.readline(), '"ready"\n')
                self.spaces.run("rtr", sys.executable, HERE / "datagrams.py", "frame", "south", to, ATTACKER, "10.9.44.4")
                self.assertIn(said, listening.communicate(timeout=30)[0])

    def test_a_service_that_stops_leaves_a_closed_port(self):
        self.assertEqual(self.world.control("stop", "snmp")[0], 0)
        try:
            self.assertEqual(dict(self.world.datagrams("att", "ask", "10.9.5.5")), {"10.9.5.5": "refused"})
        finally:
            self.assertEqual(self.world.control("start", "snmp")[0], 0)
        answers = dict(self.world.datagrams("att", "crowd", self.spread(), "10.9.5.5"))
        self.assertIn("from 10.9.5.5 161", answers["10.9.5.5"])

    def test_the_catch_all_listens_on_many_ports_and_says_nothing(self):
        code = ("import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.settimeout(1)\n"
                "for p in (1000,1500,2000): s.sendto(b'hello',('10.9.6.6',p))\n"
                "try: print(s.recvfrom(100))\nexcept TimeoutError: print('silent')\n")
        self.assertEqual(self.spaces.run("att", sys.executable, "-c", code), "silent\n")
        query = "SELECT target_port FROM session WHERE service = 'datagrams' AND host(target) = '10.9.6.6' ORDER BY 1"
        wait_for("three sessions", lambda: [row[0] for row in self.world.database.rows(query)] == ["1000", "1500", "2000"], seconds=60)

    def as_agent(self, *words):
        return json.loads(self.spaces.run("sen", "setpriv", "--reuid", USER, "--clear-groups", sys.executable, HERE / "datagrams.py", *words))

    def counted(self, name):
        shown = self.spaces.run("sen", *self.world.command("coverage", "show"))
        return int(re.search(rf"counter {name} \{{\s+packets (\d+)", shown)[1])

    def remembered(self):
        return len(re.findall("expires", self.spaces.run("sen", "nft", "list", "set", *TABLE, "asked4")))

    def fill(self):
        """As if as many had asked as it can remember."""
        first, room = ipaddress.ip_address("192.168.0.0"), MOST_REMEMBERED - self.remembered()
        flood = self.world.folder / "flood.nft"
        flood.write_text(f"add element {' '.join(TABLE)} asked4 {{ " + ", ".join(f"{first + i} . 161" for i in range(room)) + " }\n")
        self.spaces.run("sen", "nft", "-f", flood)
        for i in range(room, room + 1000):  # what has aged since
            one = self.spaces.command("sen", "nft", "add", "element", *TABLE, "asked4", f"{{ {first + i} . 161 }}")
            if subprocess.run(one, check=False, capture_output=True, timeout=30).returncode:
                return
        self.fail("there is room for more than there should be")

    def test_nothing_goes_to_who_never_asked(self):
        before = self.counted("egress_refused")
        self.assertEqual(self.as_agent("misuse", STRANGER), ["Operation not permitted", "Operation not permitted"])
        self.assertGreater(self.counted("egress_refused"), before)

    def test_no_echo_request_goes_out(self):
        before = self.counted("egress_refused")
        self.spaces.run("sen", "sh", "-c", "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range")
        try:
            self.assertEqual(self.as_agent("ping", ATTACKER), "Operation not permitted")
        finally:
            self.spaces.run("sen", "sh", "-c", "echo 1 0 > /proc/sys/net/ipv4/ping_group_range")
        self.assertEqual(self.counted("egress_refused"), before + 1)
        self.assertEqual(dict(self.world.stranger("ping", "10.9.1.77")), {"10.9.1.77": "echo"}, "the hosts answer by the kernel")

    def test_who_scans_is_not_remembered(self):
        before, refused = self.remembered(), self.counted("egress_refused")
        self.world.datagrams("att", "scan", "10.9.1.78", "20000", "24999")  # closed
        self.world.datagrams("att", "scan", "10.9.1.78", "1000", "2000")  # taken down, never answered
        self.assertLess(self.remembered(), before + 20)
        answers = dict(self.world.datagrams("att", "crowd", self.spread(), "10.9.1.78"))
        self.assertIn("from 10.9.1.78 161", answers["10.9.1.78"])
        self.assertEqual(self.counted("egress_refused"), refused)

    def test_replies_that_a_flood_costs_are_no_alarm(self):
        refused, forgotten = self.counted("egress_refused"), self.counted("replies_forgotten")
        self.fill()
        try:
            self.assertEqual(dict(self.world.datagrams("att", "crowd", self.spread(), "10.9.1.79")), {"10.9.1.79": "silent"})
            self.assertGreater(self.counted("replies_forgotten"), forgotten)
            self.assertEqual(self.counted("egress_refused"), refused)
        finally:
            for name in ("asked4", "asked_full"):
                self.spaces.run("sen", "nft", "flush", "set", *TABLE, name)
        answers = dict(self.world.datagrams("att", "crowd", self.spread(), "10.9.1.79"))
        self.assertIn("from 10.9.1.79 161", answers["10.9.1.79"])

    def test_visits_a_host_of_its_own(self):
        status, said = self.world.control("test", "snmp")
        self.assertEqual(status, 0, said)

    def test_says_which_port_is_taken_and_what_to_do(self):
        bad = self.world.folder / "bad.toml"
        bad.write_text(self.world.agent_toml.read_text().replace('"161/udp"', '"161/sctp"'))
        told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", bad), status=1)
        self.assertRegex(told, r"bad\.toml:\d+: \[\[service\]\] ports has '161/sctp'; behind the port stands")

    def test_what_is_there_goes(self):
        world, spaces = self.world, self.spaces
        self.assertEqual(self.retries_of("sen"), "1")
        with self.subTest("killed, the agent goes on to answer"):
            world.coverage.kill()
            self.assertEqual(self.retries_of("sen"), "1")
            answers = dict(world.datagrams("att", "crowd", self.spread(), "10.9.4.4"))
            self.assertIn("from 10.9.4.4 161", answers["10.9.4.4"])
        with self.subTest("a leftover is replaced, and what was before it is remembered"):
            world.start_coverage()
            self.assertEqual(self.retries_of("sen"), "1")
            world.coverage.kill()
        with self.subTest("remove leaves everything as it was"):
            spaces.run("sen", *world.command("coverage", "remove"))
            self.assertEqual(spaces.network(), self.before)
            self.assertEqual(self.retries_of("sen"), self.retries)
        with self.subTest("what somebody set meanwhile is his"):
            world.start_coverage()
            spaces.run("sen", "sh", "-c", f"echo 3 > {RETRIES}")
            self.assertEqual(world.coverage.stop(), 0)
            self.assertEqual(self.retries_of("sen"), "3")
            self.assertEqual(spaces.network(), self.before)
            spaces.run("sen", "sh", "-c", f"echo {self.retries} > {RETRIES}")
        self.assertEqual(RETRIES.read_text(), self.own_retries, "only that of its own namespace")
        with self.subTest("a program of the machine that has the port on all addresses is named"):
            world.agent.stop()  # whose sockets have it else
            own = spaces.start("sen", sys.executable, "-c", "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                               "s.bind(('',161))\nprint('ready',flush=True)\ntime.sleep(60)\n")
            self.assertEqual(own.stdout.readline(), "ready\n")
            told = spaces.run("sen", *world.command("coverage", "apply", "--config", world.agent_toml), status=1)
            own.kill()
            own.communicate()
            self.assertRegex(told, r"the service 'snmp' \(line \d+\) cannot answer from UDP port 161: Address already in use; a program")
            self.assertEqual(spaces.network(), self.before)
        world.start_coverage()
        world.start_agent()


if __name__ == "__main__":
    unittest.main(verbosity=2)
