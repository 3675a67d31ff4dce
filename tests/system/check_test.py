"""`apiary-agent check` from the command line: each step that fails, by what is really wrong, and its number as the exit status."""

import os
import re
import subprocess
import unittest

from free_ports import free_port
from world import ftp, listening, wait_for
from world_test_case import WorldTestCase

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
STEPS = ["name", "route", "port", "tls", "certificate", "clock", "sequence"]


class CheckTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms")]

    def check(self, config=None, environment=None):
        """Exit status and lines."""
        done = subprocess.run(self.world.command("agent", "check", "--config", config or self.world.agent_toml),
                              capture_output=True, text=True, timeout=100, check=False, env={**os.environ, **(environment or {})})
        self.assertEqual(done.stderr, "")
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"^(ok|FAILED) [a-z]+ [ -~]+$")
        return done.returncode, done.stdout.splitlines()

    def changed(self, pattern, replacement):
        """The agent's configuration with one thing changed, beside it."""
        text, count = re.subn(pattern, replacement, self.world.agent_toml.read_text())
        self.assertEqual(count, 1)
        file = self.world.folder / f"{self.id().rsplit('.', 1)[1]}.toml"
        file.write_text(text)
        return file

    def assert_fails(self, step, words, config=None, environment=None):
        status, lines = self.check(config, environment)
        self.assertEqual(status, STEPS.index(step) + 1, lines)
        self.assertEqual([line.split()[:2] for line in lines], [["ok", name] for name in STEPS[:status - 1]] + [["FAILED", step]])
        self.assertIn(words, lines[-1])

    def test_a_good_path_is_walked_to_its_end_and_nothing_is_disturbed(self):
        wait_for("the agent to be connected", lambda: "connected since" in self.world.call(
            "agent", "status", "--config", self.world.agent_toml))
        before = self.world.collector.log.read_text().count("is connected")
        status, lines = self.check()
        self.assertEqual(status, 0, lines)
        self.assertEqual([line.split()[:2] for line in lines], [["ok", name] for name in STEPS])
        self.assertEqual(self.world.collector.log.read_text().count("is connected"), before, "the stream was replaced")

    def test_a_name_that_nobody_knows(self):
        self.assert_fails("name", "collector.invalid", self.changed(r'address = "[^"]*"', 'address = "collector.invalid:7443"'))

    def test_a_closed_port(self):
        port = free_port()
        self.assert_fails("port", f"nothing listens at 127.0.0.1 port {port}",
                          self.changed(r'address = "[^"]*"', f'address = "127.0.0.1:{port}"'))

    def test_a_server_that_is_no_collector(self):
        self.assert_fails("tls", "is another program behind this address and port?",
                          self.changed(r'address = "[^"]*"', f'address = "127.0.0.1:{self.world.port("ftp")}"'))

    def test_an_operators_certificate(self):
        self.world.issue("operator", "ann")
        self.assert_fails("certificate", "is not a sensor's", self.changed(
            r'certificate = "certificates/test.crt"\nkey = "certificates/test.key"',
            'certificate = "certificates/ann.crt"\nkey = "certificates/ann.key"'))

    def test_a_clock_that_is_an_hour_ahead(self):
        wait_for("the faked clock's library", lambda: os.path.exists(FAKETIME))
        self.assert_fails("clock", " ahead of the collector's", environment={
            "LD_PRELOAD": FAKETIME, "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})

    def test_a_clock_by_which_the_certificates_have_expired(self):
        self.assert_fails("certificate", "this machine's clock says", environment={
            "LD_PRELOAD": FAKETIME, "FAKETIME": "+30y", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})

    def test_an_agent_that_does_not_run(self):
        self.assert_fails("sequence", "no agent answers at", self.changed(r'state = "[^"]*"', 'state = "nobody"'))

    def test_an_agent_without_a_collector_has_nothing_to_walk(self):
        file = self.changed(r'(?s)\[collector\].*?\n\[journal\]', "[journal]")
        done = subprocess.run(self.world.command("agent", "check", "--config", file), capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("the agent works alone", done.stderr)


class CheckWithoutDatabaseTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms")]

    def test_a_collector_without_a_database_says_so(self):
        check = self.world.command("agent", "check", "--config", self.world.agent_toml)
        database = self.world.database
        beside = database.dsn("postgres").replace(f"dbname={database.name}", "dbname=postgres")
        wait_for("a good path", lambda: subprocess.run(check, capture_output=True, check=False, timeout=100).returncode == 0)
        database.run(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false", dsn=beside)
        try:
            database.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'", dsn=beside)
            wait_for("the step that fails to be the seventh",
                     lambda: subprocess.run(check, capture_output=True, check=False, timeout=100).returncode == 7)
            done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=100)
            self.assertIn("FAILED sequence the collector has no database now", done.stdout)
            self.assertTrue(listening(self.world.collector_port))
        finally:
            database.run(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true", dsn=beside)


if __name__ == "__main__":
    unittest.main()
