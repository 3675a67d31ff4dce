"""One agent for 65,536 addresses: attacker, router and sensor in namespaces of their own, with the real programs."""

import sys
import unittest

from namespaces import ATTACKER, SENSOR, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from subnet_world import ACCOUNT, NOT_OURS, USER, SubnetWorld, addresses, wait_for  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

FOREIGN = "table inet somebody { chain input { type filter hook input priority filter; policy accept; tcp dport 4444 drop\n}\n}"


class SubnetsTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return SubnetWorld("subnets")

    @classmethod
    def before_start(cls):
        cls.spaces = cls.world.spaces
        cls.spaces.run("sen", "nft", FOREIGN)
        cls.spaces.ip("sen", "route add local 10.77.0.0/24 dev lo")
        cls.before = cls.spaces.network()

    def greetings(self, port, *of):
        return dict(self.world.stranger("greet", port, *of))

    def test_answers_at_random_addresses_and_records_which(self):
        sessions = "SELECT host(target), persona FROM session WHERE service = '{}' AND host(target) = ANY ('{{{}}}')"
        hosts = ["10.9.0.0", "10.9.255.255", "fd00:9::1", "fd00:9::1234:5678:9abc:def0", *addresses(60, 1)]
        for verb, service, port, said in (("greet", "ftp", 21, "220 (vsFTPd 3.0.3)"), ("get", "web", 80, "HTTP/1.1 200 OK")):
            with self.subTest(service):
                answers = dict(self.world.stranger(verb, port, *hosts))
                self.assertEqual(answers, {host: said for host in hosts})
                query = sessions.format(service, ",".join(hosts))
                wait_for(f"{len(hosts)} sessions of {service}",
                         lambda query=query: len({row[0] for row in self.world.database.rows(query)}) == len(hosts))
                self.assertEqual({row[1] for row in self.world.database.rows(query)}, {"server"})
        for host in hosts[4:14]:
            with self.subTest(host):
                logs = [log for log in self.world.logs() if f",{host}:21," in log.read_text()]
                self.assertTrue(logs, "its text log names the address that was dialled")
                self.assertIn(f"_{ATTACKER}_", logs[0].name)

    def test_hosts_differ_and_are_the_same_after_a_restart(self):
        hosts = addresses(20, 2)
        before = self.greetings(25, *hosts)
        self.assertEqual(len(set(before.values())), len(hosts), before)
        self.assertRegex(before[hosts[0]], r"^220 srv-[a-z]{2}\d{4}\.example ESMTP")
        self.world.agent.stop()
        self.world.start_agent()
        self.assertEqual(self.greetings(25, *hosts), before)

    def test_other_ports_are_what_the_persona_says(self):
        self.assertEqual(self.greetings(23, "10.9.1.1", "10.9.7.1", "fd00:9::5"),
                         {"10.9.1.1": "refused", "10.9.7.1": "refused", "fd00:9::5": "refused"})
        self.assertEqual(self.greetings(2222, "10.9.1.1", "10.9.7.1"), {"10.9.1.1": "refused", "10.9.7.1": "silent"})
        self.assertEqual(self.greetings(25, "10.9.7.1"), {"10.9.7.1": "silent"}, "a service of another persona")
        self.assertEqual(self.greetings(21, NOT_OURS), {NOT_OURS: "silent"}, "it is excepted")

    def test_hides_what_the_machine_itself_listens_on(self):
        code = ("import socket\nwith socket.create_server(('::', 2022), family=socket.AF_INET6, dualstack_ipv6=True) as s:\n"
                " print('ready', flush=True)\n while True:\n  s.accept()[0].sendall(b'the machine itself\\r\\n')\n")
        own = self.spaces.start("sen", sys.executable, "-c", code)
        try:
            self.assertEqual(own.stdout.readline(), "ready\n")
            self.assertEqual(self.greetings(2022, SENSOR, "10.9.1.1", "10.9.7.1", "fd00:9::5"),
                             {SENSOR: "the machine itself", "10.9.1.1": "refused", "10.9.7.1": "silent", "fd00:9::5": "refused"})
        finally:
            own.kill()
            own.communicate()

    def test_errors_of_icmp_are_the_hosts(self):
        """Also of a port that a program of the machine has on all addresses: its own address would unmask them all."""
        code = ("import socket\nwith socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:\n"
                " s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)\n s.bind(('::', 5999))\n print('ready', flush=True)\n s.recv(9)\n")
        own = self.spaces.start("sen", sys.executable, "-c", code)
        try:
            self.assertEqual(own.stdout.readline(), "ready\n")
            hosts = ("10.9.1.1", "fd00:9::5")
            for port in (33333, 5999):
                self.assertEqual(dict(self.world.wire("refusers", port, *hosts)), {host: host for host in hosts}, port)
        finally:
            own.kill()
            own.communicate()
        self.assertEqual(dict(self.world.wire("refusers", 33333, SENSOR)), {SENSOR: SENSOR})

    def test_data_connections_reach_the_host(self):
        for host in ("10.9.33.7", "10.9.7.7", "fd00:9::77"):
            with self.subTest(host):
                self.assertIsInstance(self.world.stranger("list", *ACCOUNT, host)[0], list)

    def test_answers_pings_of_all(self):
        self.assertEqual(dict(self.world.stranger("ping", "10.9.200.200", "10.9.7.250")),
                         {"10.9.200.200": "echo", "10.9.7.250": "echo"})

    def test_a_service_that_stops_leaves_a_closed_port(self):
        self.assertEqual(self.world.control("stop", "mail")[0], 0)
        try:
            self.assertEqual(self.greetings(25, "10.9.1.1"), {"10.9.1.1": "refused"})
        finally:
            self.assertEqual(self.world.control("start", "mail")[0], 0)
        self.assertRegex(self.greetings(25, "10.9.1.1")["10.9.1.1"], "^220 ")

    def test_visits_a_host_of_its_own(self):
        status, said = self.world.control("test", "ftp")
        self.assertEqual(status, 0, said)

    def test_the_agent_has_no_capability_and_may_not_go_out(self):
        status = self.spaces.run("sen", "cat", f"/proc/{self.world.agent.process.pid}/status")
        self.assertRegex(status, rf"Uid:\t{USER}\t")
        self.assertRegex(status, r"CapEff:\t0{16}\n")
        refused = self.spaces.run("sen", "setpriv", "--reuid", USER, "--clear-groups", sys.executable, "-c",
                                  f"import socket; socket.create_connection(('{ATTACKER}', 80), 5)", status=1)
        self.assertIn("ConnectionRefusedError", refused)
        shown = self.spaces.run("sen", *self.world.command("coverage", "show"))
        self.assertRegex(shown, r"counter egress_refused \{\s+packets [1-9]")
        wait_for("the agent says so", lambda: "guarded, " in self.world.control("status")[1]
                 and "guarded, 0 packets" not in self.world.control("status")[1])
        wait_for("the collector says so", lambda: self.world.database.rows(
            "SELECT title FROM trouble WHERE kind = 'egress' AND ended_at IS NULL"))

    def read_again(self, text):
        """In the order of the README."""
        self.world.read_again(text, self.world.coverage, self.world.agent)

    def test_reads_a_changed_file(self):
        good = self.world.agent_toml.read_text()
        more = f'[[hosts]]\npersona = "recorder"\nranges = ["{NOT_OURS}"]\n'
        first = '[[service]]\nname = "finger"\nprotocol = "finger"\nports = [79]\n'
        moved = good.replace("[[service]]", first + "[[service]]", 1).replace('["ftp", "web"]', '["finger", "ftp", "web"]') + more
        answers = {"10.9.1.1": "220 (vsFTPd 3.0.3)", NOT_OURS: "220 (vsFTPd 3.0.3)"}
        try:
            with self.subTest("a host more, and every service at another port of the loopback"):
                self.read_again(moved)
                wait_for("all listen anew", lambda: self.greetings(21, *answers) == answers)
                self.assertEqual(self.greetings(2222, NOT_OURS), {NOT_OURS: "silent"}, "of that persona")
            with self.subTest("a bad file changes nothing"):
                before = self.spaces.network()
                self.read_again(moved + more)
                self.assertIn("the configuration was not changed", self.world.coverage_log.read_text())
                self.assertEqual(self.spaces.network(), before)
                self.assertEqual(self.greetings(21, *answers), answers)
        finally:
            self.read_again(good)
        wait_for("as before", lambda: self.greetings(21, *answers) == {**answers, NOT_OURS: "silent"})

    def test_refuses_what_it_must_not_take_with_the_line(self):
        good = self.world.agent_toml.read_text()
        bad = self.world.folder / "bad.toml"
        for ranges, said in (("10.81.0.0/24", "holds 10.81.0.1, a gateway of this machine"),
                             ("10.81.0.2", "this machine's own address on wan"), ("10.0.0.0/8", "this machine's own address"),
                             ("11.0.0.0/8", "all ranges together may have 1048576"), ("10.9.9.9", "overlaps 10.9.8.9-10.9.255.255 of line")):
            with self.subTest(ranges):
                bad.write_text(good + f'[[hosts]]\npersona = "server"\nranges = ["{ranges}"]\n')
                line = good.count("\n") + 3
                told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", bad), status=1)
                self.assertIn(f"bad.toml:{line}: ", told)
                if ranges != "10.0.0.0/8":
                    self.assertIn(said, told)

    def test_check_says_that_there_is_nothing_to_change(self):
        told = self.spaces.run("sen", *self.world.command("coverage", "check", "--config", self.world.agent_toml))
        self.assertNotIn("route add", told)
        self.assertIn("tproxy ip to 127.0.0.1:61000", told)

    def test_what_is_there_goes_and_nothing_else(self):
        world, spaces = self.world, self.spaces
        with self.subTest("another one does not start, and remove does not take rules from under it"):
            for verb in (("apply", "--config", world.agent_toml), ("remove",)):
                self.assertIn("is running here already", spaces.run("sen", *world.command("coverage", *verb), status=1))
        with self.subTest("killed, its rules stay and the agent answers"):
            world.coverage.kill()
            self.assertNotEqual(spaces.network(), self.before)
            self.assertEqual(self.greetings(21, "10.9.4.4"), {"10.9.4.4": "220 (vsFTPd 3.0.3)"})
        with self.subTest("remove leaves everything as it was"):
            spaces.run("sen", *world.command("coverage", "remove"))
            self.assertEqual(spaces.network(), self.before)
            spaces.run("sen", *world.command("coverage", "remove"))
            self.assertEqual(spaces.network(), self.before, "twice is once")
        with self.subTest("a leftover is replaced"):
            world.start_coverage()
            whole = spaces.network()
            world.coverage.kill()
            spaces.ip("sen", "route del local 10.9.8.0/29 dev lo table local")
            spaces.ip("sen", "route add local 10.66.0.0/24 dev lo table local proto 97")
            spaces.run("sen", "nft", "delete", "chain", "inet", "apiary_coverage", "leaving")
            world.start_coverage()
            self.assertEqual(spaces.network(), whole)
        with self.subTest("the end takes all away"):
            self.assertEqual(world.coverage.stop(), 0)
            self.assertEqual(spaces.network(), self.before)
        with self.subTest("a table of that name that is not ours is left alone"):
            spaces.run("sen", "nft", "add table inet apiary_coverage")
            theirs = spaces.network()
            for verb in (("apply", "--config", world.agent_toml), ("remove",)):
                self.assertIn("made by somebody else", spaces.run("sen", *world.command("coverage", *verb), status=1))
                self.assertEqual(spaces.network(), theirs)
            spaces.run("sen", "nft", "delete table inet apiary_coverage")
        with self.subTest("a local route of somebody else to a host is left alone"):
            spaces.ip("sen", "route add local 10.9.7.0/24 dev lo")
            theirs = spaces.network()
            told = spaces.run("sen", *world.command("coverage", "apply", "--config", world.agent_toml), status=1)
            self.assertIn("somebody else has a local route", told)
            self.assertEqual(spaces.network(), theirs)
            spaces.ip("sen", "route del local 10.9.7.0/24 dev lo")
        world.start_coverage()


if __name__ == "__main__":
    unittest.main(verbosity=2)
