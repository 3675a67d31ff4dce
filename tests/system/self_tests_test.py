"""The agent visits its own services; what it finds goes all the way to the database, and is in no count."""

import socket
import subprocess
import unittest

from world import Service, ftp, wait_for
from world_test_case import WorldTestCase


class SelfTestsTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="1h", burst=1), Service("telnet", "telnet"), Service("smtp", "smtp"), Service("pop3", "pop3"),
                Service("irc", "irc"), Service("http", "http"), Service("other", "catchall"),
                Service("all", "ftp", ("[::]",))]

    def visit(self, *words):
        return subprocess.run(self.world.command("agent", "test", *words, "--config", self.world.agent_toml),
                              capture_output=True, text=True, timeout=200, check=False)

    def sessions(self, traffic):
        return self.world.database.number(f"SELECT count(*) FROM apiary.session WHERE traffic = '{traffic}'")

    def test_1_every_service_passes_and_nobody_counts_it(self):
        done = self.visit()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = dict(line.split(None, 1) for line in done.stdout.splitlines()[1:])
        self.assertEqual(set(lines), set(self.world.services))
        for name, result in lines.items():
            self.assertTrue(result.startswith("passed "), f"{name}: {result}")
        wait_for("the visits in the database", lambda: self.sessions("self-test") >= len(self.world.services))
        self.assertEqual(self.sessions("attack"), 0)
        database = self.world.database
        self.assertEqual(database.number("SELECT count(*) FROM apiary.rollup_hour_protocol WHERE traffic = 'attack'"), 0)
        self.assertEqual(database.number("SELECT count(*) FROM apiary.source WHERE traffic = 'attack'"), 0)
        self.assertEqual(database.number("SELECT count(*) FROM apiary.session WHERE NOT tags @> '{self-test,visit}'"), 0)
        self.assertEqual(database.number("SELECT count(*) FROM apiary.session WHERE transcript_digest(session_id) <> "
                                         "journal_sha256".replace("transcript_digest", "apiary.transcript_digest")), 0)

    def test_2_admission_does_not_count_it(self):
        self.assertEqual(self.visit("ftp").returncode, 0)
        self.assertEqual(self.visit("ftp").returncode, 0)  # a stranger would have to wait for an hour

    def test_3_rules_leave_its_tag(self):
        before = self.sessions("self-test")
        self.world.call("collector", "known", "retag", "--config", self.world.collector_toml)
        self.assertEqual(self.sessions("self-test"), before)

    def test_4_who_is_not_there_is_said(self):
        done = self.visit("gopher")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no service gopher", done.stderr)

    def test_5_a_collector_that_is_away_is_the_step_that_fails(self):
        self.world.collector.kill()
        done = self.visit("ftp")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED at acknowledge", done.stdout + done.stderr)
        self.world.start_collector()
        wait_for("a visit that passes again", lambda: self.visit("ftp").returncode == 0, 60)

    def troubles(self):
        """Of the visits to "all": how grave it is, the step that failed, whether it is over."""
        return self.world.database.rows("SELECT severity, substring(title from 'at the step .([a-z]+)'), ended_at IS NOT NULL FROM "
                                        "trouble WHERE kind = 'self-test' AND service = 'all'")

    def test_6_a_listener_behind_which_nothing_answers_is_a_trouble(self):
        port = self.world.port("all")
        self.assertEqual(self.troubles(), [])
        # Of two that listen the kernel takes the one with the address: what comes to ::1 waits here, and nobody takes it.
        with socket.socket(socket.AF_INET6) as usurper:
            usurper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            usurper.bind(("::1", port))
            usurper.listen()
            done = self.visit("all")
            self.assertEqual(done.returncode, 1)
            self.assertIn("FAILED at answer", done.stdout + done.stderr)
            wait_for("the trouble in the database", self.troubles, step=0.2)
        self.assertEqual(self.troubles(), [["3", "answer", "f"]])
        self.assertEqual(self.visit("all").returncode, 0)
        wait_for("the trouble to be over", lambda: self.troubles() == [["3", "answer", "t"]], step=0.2)


if __name__ == "__main__":
    unittest.main()
