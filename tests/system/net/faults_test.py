"""What is left of an apply that something goes wrong with: the network as it was, and a message that names the line. The programs that
apiary-coverage runs are replaced by some that fail when they are told to."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from namespaces import Namespaces, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from subnet_world import HUP, SERVICES, Program, SubnetWorld, wait_for  # pylint: disable=wrong-import-position

CONFIG = SERVICES + """
[[persona]]
name = "server"
services = ["ftp", "web"]
traits = "linux"
[[persona]]
name = "camera"
services = ["web"]
traits = "camera"
mac = "44:19:b6"
[[hosts]]
persona = "server"
ranges = ["10.9.0.0/16", "fd00:9::/64"]
[[hosts]]
persona = "camera"
lan = "lan"
ranges = ["10.82.0.16/30"]
[[hosts]]
persona = "server"
lan = "other"
ranges = ["10.84.0.16/30"]
"""
SETTINGS = ("tcp_timestamps", "tcp_rmem", "tcp_synack_retries")
# Each step that changes something is counted, and the program that takes it is killed before the last of so many.
KILL = """#!/bin/sh
case " $* " in
*" -c "*) ;;
*" -f "* | *" -batch "*)
  echo >> {count}
  test $(wc -l < {count}) -lt {last} || {{ kill -9 $PPID; exit 1; }} ;;
esac
exec {real} "$@"
"""
# Refuses rules in which something stands, in the words of nft; only to look at them, or whenever they come.
REFUSE = """#!/bin/sh
case " $* " in
*" -f "*)
  rules=$(cat)
  line=$(printf '%s\\n' "$rules" | grep -n '{text}' | head -n 1 | cut -d: -f1)
  if test -n "$line"; then
    echo "/dev/stdin:$line:3-9: Error: Could not process rule: Operation not supported" >&2
    exit 1
  fi
  printf '%s\\n' "$rules" | {real} "$@"
  exit $? ;;
esac
exec {real} "$@"
"""
# Does not end before somebody says so by the pipe, if it is to give hosts hardware addresses.
WAIT = """#!/bin/sh
case " $* " in
*" -c "*) ;;
*" -f "*)
  rules=$(cat)
  case "$rules" in *"set stations"*) echo waits >> {said}; read -r word < {pipe} ;; esac
  printf '%s\\n' "$rules" | {real} "$@"
  exit $? ;;
esac
exec {real} "$@"
"""


class FaultsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apiary-faults-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = self.folder / "agent.toml"
        self.config.write_text(CONFIG)
        self.spaces = Namespaces(["10.9.0.0/16", "fd00:9::/64"])
        self.addCleanup(self.spaces.close)
        self.spaces.link("sen", "lan", ("10.82.0.1/24",), "rtr", "stub", ("10.82.0.2/24",))
        self.spaces.link("sen", "other", ("10.84.0.1/24",), "rtr", "stub2", ("10.84.0.2/24",))
        self.spaces.run("sen", "sh", "-c", "echo '4096 131072 6291456' > /proc/sys/net/ipv4/tcp_rmem")
        self.log = self.folder / "coverage.log"
        self.program = None
        self.before = self.state()

    def state(self):
        settings = "".join(self.spaces.run("sen", "cat", f"/proc/sys/net/ipv4/{name}") for name in SETTINGS)
        return settings + re.sub(r"set asked[46] \{[^}]*?(elements = \{[^}]*\}\s*)?\}", "", self.spaces.network())

    def coverage(self, *words, status=0):
        return self.spaces.run("sen", os.environ["APIARY_COVERAGE"], *words, status=status)

    def instead(self, name, script, **values):
        """Words before a command which runs then with a program of the system replaced by that script."""
        real, fake = self.folder / f"{name}-real", self.folder / name
        path = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
        shutil.copy(path, real)
        fake.write_text(script.format(real=real, **values))
        fake.chmod(0o755)
        return ["sh", "-c", f'mount --bind {fake} {os.path.realpath(path)} && exec "$@"', "sh"]

    def start(self, *before):
        """apply, behind these words."""
        command = self.spaces.command("sen", *before, os.environ["APIARY_COVERAGE"], "apply", "--config", self.config)
        self.program = Program("coverage", command, self.log)
        self.addCleanup(self.program.kill)
        return self.program

    def started(self, *before):
        said = SubnetWorld.said_so_far(self.log)
        program = self.start(*before)
        for text in ("steering", "interface lan: claimed 4 addresses", "interface other: claimed 4 addresses"):
            SubnetWorld.await_said(program, text, said)
        return program

    def test_killed_between_any_two_steps(self):
        count = self.folder / "count"
        whole = self.started()
        steers = self.state()
        self.assertNotEqual(steers, self.before)
        self.assertEqual(whole.stop(), 0)
        self.assertEqual(self.state(), self.before)
        last, killed = 0, True
        while killed:
            last += 1
            count.write_text("")
            said = SubnetWorld.said_so_far(self.log)
            words = [word for name in ("nft", "ip") for word in self.instead(name, KILL, count=count, last=last)]
            program = self.start(*words)
            wait_for("it is killed, or has taken all steps", lambda program=program, said=said: not program.running()
                     or b"interface lan: claimed 4 addresses" in self.log.read_bytes()[said:], 60)
            killed = not program.running()
            program.kill()
            with self.subTest(f"before step {last}"):
                self.coverage("remove")
                self.assertEqual(self.state(), self.before)
        self.assertGreater(last, 8, "there are steps to be killed at")
        with self.subTest("a leftover is replaced"):
            count.write_text("")
            words = [word for name in ("nft", "ip") for word in self.instead(name, KILL, count=count, last=last // 2)]
            program = self.start(*words)
            wait_for("it is killed", lambda: not program.running(), 60)
            again = self.started()
            self.assertEqual(self.state(), steers)
            self.assertEqual(again.stop(), 0)
            self.assertEqual(self.state(), self.before)

    def test_rules_that_the_kernel_refuses(self):
        line = CONFIG[:CONFIG.index('name = "camera"')].count("\n")
        refused = r"the persona 'camera' \(line %d\) cannot be had: nft refuses the table of \w+: Could not process rule: Operation not supported at '"
        for text in ("ip ttl set 77", "4242"):
            with self.subTest(text, at="the start"):
                bad = CONFIG.replace('traits = "camera"', 'traits = "./odd.toml"') if text == "ip ttl set 77" else \
                    CONFIG.replace('name = "camera"', 'name = "camera"\nother_ports_except = [4242]')
                (self.folder / "odd.toml").write_text('title = "Odd"\n[ip]\nttl = 77\n[tcp]\noptions = ["mss"]\n')
                self.config.write_text(bad)
                replaced = self.instead("nft", REFUSE, text=text)
                told = self.spaces.run("sen", *replaced, os.environ["APIARY_COVERAGE"], "apply", "--config", self.config, status=1)
                self.assertRegex(told, refused % line)
                self.assertEqual(self.state(), self.before)
                told = self.spaces.run("sen", *replaced, os.environ["APIARY_COVERAGE"], "check", "--config", self.config, status=1)
                self.assertRegex(told, refused % line)
            with self.subTest(text, at="SIGHUP"):
                self.config.write_text(CONFIG)
                program = self.started(*replaced)
                steers = self.state()
                self.spaces.run("sen", "nft", "add counter inet apiary_coverage witness; add counter inet apiary_traits witness")
                self.config.write_text(bad)
                said = SubnetWorld.said_so_far(self.log)
                program.send(HUP)
                SubnetWorld.await_said(program, "the configuration was not changed", said)
                self.assertRegex(self.log.read_text()[said:], refused % line)
                for table in ("apiary_coverage", "apiary_traits"):
                    self.spaces.run("sen", "nft", f"delete counter inet {table} witness")  # which is gone with a table that was made anew
                self.assertEqual(self.state(), steers)
                self.assertEqual(program.stop(), 0)
                self.assertEqual(self.state(), self.before)

    def test_a_local_route_of_somebody_else(self):
        line = CONFIG[:CONFIG.index('ranges = ["10.9.0.0/16"')].count("\n") - 1
        self.spaces.ip("sen", "route add local 10.9.0.0/16 dev lo")
        theirs = self.state()
        for verb in ("check", "apply"):
            told = self.coverage(verb, "--config", self.config, status=1)
            self.assertIn(f"somebody else has a local route to 10.9.0.0/16 of line {line}: delete it", told)
            self.assertEqual(self.state(), theirs)

    def test_ways_that_cannot_be_copied_are_left_to_the_main_table(self):
        """A gateway that no link leads to any more: the kernel keeps the route, and takes no other such."""
        self.started()
        self.spaces.ip("sen", "addr add 10.83.0.2/24 dev wan")
        self.spaces.ip("sen", "route add 10.55.0.0/16 via 10.83.0.1 dev wan")
        self.spaces.ip("sen", "route del 10.83.0.0/24 dev wan")
        self.spaces.ip("sen", "route add 10.56.0.0/16 via 10.81.0.1")
        table = ("-4 route show table 9707", "throw 10.55.0.0/16 ", "default via 10.81.0.1 ", "10.56.0.0/16 via 10.81.0.1 ")
        wait_for("the others are there", lambda: all(part in self.spaces.ip("sen", table[0]) for part in table[1:]), 60)

    def test_no_owner_waits_for_nft(self):
        pipe, said = self.folder / "pipe", self.folder / "waits"
        os.mkfifo(pipe)
        said.write_text("")
        goes_on = os.open(pipe, os.O_RDWR)
        try:
            os.write(goes_on, b"now\n")
            program = self.started(*self.instead("nft", WAIT, pipe=pipe, said=said))
            self.config.write_text(CONFIG.replace("44:19:b6", "44:19:b7"))
            since = SubnetWorld.said_so_far(self.log)
            program.send(HUP)
            wait_for("nft takes its time", lambda: said.read_text().count("waits") == 2, 60)
            self.assertIn("local 10.84.0.17 ", self.spaces.ip("sen", "route show table local proto 98"))
            self.spaces.neighbour("rtr", "probe", "stub2", "10.84.0.17")
            wait_for("an owner on another link has his address", lambda: "local 10.84.0.17 " not in
                     self.spaces.ip("sen", "route show table local proto 98"))
            self.assertIn("local 10.84.0.18 ", self.spaces.ip("sen", "route show table local proto 98"), "and the others are hosts")
            self.assertNotIn("local 10.82.0.17 ", self.spaces.ip("sen", "route show table local proto 98"))
            os.write(goes_on, b"now\nnow\n")
            SubnetWorld.await_said(program, "interface lan: claimed 4 addresses", since)
            self.assertEqual(program.stop(), 0)
        finally:
            os.close(goes_on)
        self.assertEqual(self.state(), self.before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
