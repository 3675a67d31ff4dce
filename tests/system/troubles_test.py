"""What goes wrong at the collector itself: its database is away, its disk is full, records are put aside. The command of [notify]
is told, also while there is no database; /metrics counts, doctor and the table trouble say it."""

import ftplib
import json
import re
import subprocess
import unittest
import urllib.request

from agreement import assert_logs_agree, assert_nothing_was_lost
from world import PSQL, World, ftp, listening, wait_for

AWAY = 45  # seconds until everybody knows


class TroublesTest(unittest.TestCase):
    def setUp(self):
        self.failed = True
        self.world = World("troubles", [ftp(waiting="0ms")])
        self.addCleanup(lambda: self.world.close(self.failed))
        self.told = self.world.folder / "told"
        hook = self.world.folder / "hook"
        hook.write_text('notice=$(cat)\nprintf "%s\\n" "$notice" >> "$1"\n')
        self.toml = self.world.collector_toml.read_text() + f'[notify]\ncommand = ["/bin/sh", "{hook}", "{self.told}"]\n'
        self.configure(self.toml)

    def configure(self, text):
        self.world.collector_toml.write_text(text)

    def notices(self, kind="database"):
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [(one["event"], one["subject"]) for one in map(json.loads, lines) if one.get("kind") == kind]

    def metric(self, line):
        url = f"http://127.0.0.1:{self.world.collector_metrics}/metrics"
        with urllib.request.urlopen(url, timeout=10) as page:
            text = page.read().decode()
        return next((float(one.split()[-1]) for one in text.splitlines() if one.startswith(line + " ")), None)

    def visit(self):
        with ftplib.FTP() as client:
            client.connect("127.0.0.1", self.world.port("ftp"), timeout=10)

    def connect_to_database(self, allowed):
        name = self.world.database.name
        superuser = self.world.database.dsn("postgres").replace(f"dbname={name}", "dbname=postgres")
        self.world.database.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}", dsn=superuser)
        if not allowed:
            self.world.database.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
                                    dsn=superuser)

    def test_a_database_that_is_away(self):
        self.world.start()
        self.visit()
        self.world.await_sessions(1)
        kind = 'apiary_collector_troubles{kind="database"}'
        self.assertEqual(self.metric(kind), 0)
        self.connect_to_database(False)
        self.addCleanup(self.connect_to_database, True)
        self.visit()
        wait_for("the command to be told without a database", lambda: ("began", "away") in self.notices(), AWAY)
        self.assertEqual(self.metric(kind), 1)
        self.assertEqual(self.metric("apiary_collector_database_up"), 0)
        self.assertEqual(self.metric('apiary_collector_notices_total{channel="command",outcome="sent"}'), 1)
        notice = json.loads(self.told.read_text().splitlines()[0])
        self.assertEqual((notice["collector"], notice["sensor"], notice["severity"]), ("test", "", 4))
        self.assertIn("collector test: the database does not answer since", notice["text"])
        self.assertIn("database: the database does not answer", (self.world.folder / "collector.log").read_text())
        self.connect_to_database(True)
        wait_for("the command to be told of the end", lambda: ("ended", "away") in self.notices())
        self.world.await_sessions(2)
        self.assert_said_once()
        wait_for("the trouble to be an incident that is over", lambda: self.world.database.rows(
            "SELECT sensor, severity, count(*) OVER (), ended_at IS NOT NULL FROM trouble WHERE kind = 'database' AND "
            "subject = 'away'") == [["", "4", "1", "t"]])
        self.assertEqual([one for one in self.notices() if one[1] == "away"], [("began", "away"), ("ended", "away")])
        self.assertEqual(self.metric(kind), 0)
        self.failed = False

    def log_lines(self):
        return (self.world.folder / "collector.log").read_text().splitlines()

    def assert_said_once(self):
        """That the database was away is one line of the log, with a reason, and that it is back is another."""
        back = "database is over: the database answers again"
        wait_for("the collector to say that it is back", lambda: any(back in line for line in self.log_lines()))
        lines = [line for line in self.log_lines() if re.search(r"\b(warn|warning|error)\b|database", line)]
        self.assertEqual(len(lines), 2, "\n".join(lines))
        self.assertRegex(lines[0], "error database: the database does not answer, records wait at the sensors meanwhile: .*FATAL: ")
        self.assertRegex(lines[1], "info " + back + "$")

    def test_a_start_without_a_database(self):
        self.connect_to_database(False)
        self.addCleanup(self.connect_to_database, True)
        self.world.start()
        wait_for("the collector to say so", lambda: any("does not answer" in line for line in self.log_lines()))
        self.visit()
        wait_for("the command to be told without a database", lambda: ("began", "away") in self.notices(), AWAY)
        self.assertEqual(self.world.run("collector", "doctor", "--config", self.world.collector_toml).returncode, 1)
        self.connect_to_database(True)
        self.world.await_sessions(1)
        self.assert_said_once()
        assert_nothing_was_lost(self, self.world)
        self.assertEqual(assert_logs_agree(self, self.world), 1)
        self.failed = False

    def test_a_disk_below_its_floor(self):
        self.configure(self.toml.replace("[database]\n", '[database]\nfloor = "1000TiB"\n'))
        self.world.start()
        wait_for("the command to be told", lambda: ("began", "full") in self.notices())
        self.visit()
        self.assertEqual(self.metric('apiary_collector_troubles{kind="database"}'), 1)
        doctor = self.world.run("collector", "doctor", "--config", self.world.collector_toml)
        self.assertRegex(doctor.stdout, "FAIL  no trouble of the database lasts.*no record is taken")
        self.assertRegex(doctor.stdout, "FAIL  free space where the database is")
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), 0)
        self.world.collector.stop()
        self.configure(self.toml)
        self.world.start_collector()
        self.world.await_sessions(1)
        wait_for("the incident to be over", lambda: self.world.database.run(
            "SELECT count(ended_at) || ' of ' || count(*) FROM trouble WHERE kind = 'database'") == "1 of 1")
        self.failed = False

    def test_commits_that_hang(self):
        self.world.start()
        self.visit()
        self.world.await_sessions(1)
        lock = subprocess.Popen([PSQL, "-XqAt", self.world.database.dsn("postgres")], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(lock.communicate, "ROLLBACK;\n")
        lock.stdin.write("SET idle_in_transaction_session_timeout = 0; BEGIN; "
                         "SET TRANSACTION READ WRITE; LOCK TABLE apiary.event IN EXCLUSIVE MODE; SELECT 'held';\n")
        lock.stdin.flush()
        self.assertEqual(lock.stdout.readline(), "held\n")
        self.visit()
        wait_for("the command to be told", lambda: {one[1] for one in self.notices()} & {"slow", "refuses"}, 90)
        self.assertEqual(self.metric("apiary_collector_troubles{kind=\"database\"}"), 1)
        self.failed = False

    def test_records_that_are_put_aside(self):
        self.world.start()
        self.visit()
        self.world.await_sessions(1)
        wait_for("the collector to have counted", lambda: self.world.database.run("SELECT count(*) FROM sensor_state") == "1")
        time_to_look = 7  # seconds: the sensors are read every five
        wait_for("the sensor to be known", lambda: self.metric('apiary_collector_sensor_troubles{sensor="test"}') == 0,
                 time_to_look)
        self.world.database.run("SET transaction_read_only = off; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
                                "'not here'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON apiary.event FOR EACH ROW "
                                "EXECUTE FUNCTION refuse(); UPDATE apiary.policy SET quarantine_bytes = 100")
        self.visit()
        wait_for("the command to be told", lambda: {("began", ""), ("began", "full")} <= set(self.notices("quarantine")))
        self.assertEqual(self.world.database.number("SELECT count(*) FROM quarantine"), 0)
        said = self.world.call("collector", "quarantine", "--config", self.world.collector_toml)
        self.assertRegex(said, r"^test: 0 records, 0 B of 100 B; not kept for lack of room: [1-9]\d* records")
        self.assertEqual(self.metric('apiary_collector_troubles{kind="quarantine"}'), 2)
        self.assertGreater(self.metric('apiary_collector_records_quarantined_total{reason="database"}'), 0)
        self.world.call("collector", "policy", "--quarantine-size", "1MiB", "--config", self.world.collector_toml)
        self.visit()
        wait_for("records to be kept aside", lambda: self.world.database.number("SELECT count(*) FROM quarantine") > 0)
        said = self.world.call("collector", "quarantine", "--sensor", "test", "--config", self.world.collector_toml)
        self.assertRegex(said, r"\n  [1-9]\d* x .*not here")
        said = self.world.call("collector", "quarantine", "--sensor", "test", "--clear", "--config", self.world.collector_toml)
        self.assertRegex(said, r"^[1-9]\d* records removed\n$")
        self.assertEqual(self.world.database.run("SELECT records FROM quarantine_use"), "0")
        self.assertTrue(listening(self.world.collector_port))
        self.failed = False


if __name__ == "__main__":
    unittest.main()
