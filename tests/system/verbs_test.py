"""apiary-collector's verbs that need a database: one that is brought up to date, and one that is away."""

import re
import unittest

from free_ports import free_port
from world import ROOT, World, ftp

MIGRATIONS = ROOT / "collector/store/migrations"


class VerbsTest(unittest.TestCase):
    def setUp(self):
        self.failed = True
        self.world = World("verbs", [ftp()])
        self.addCleanup(lambda: self.world.close(self.failed))

    def migrate(self, status=0):
        done = self.world.run("collector", "migrate", "--config", self.world.collector_toml)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def test_migrate_takes_the_steps_that_are_missing(self):
        database = self.world.database
        database.run("SET transaction_read_only = off; DROP OWNED BY apiary_owner CASCADE")
        database.run("SET transaction_read_only = off; " + (MIGRATIONS / "000_init.sql").read_text())
        numbers = sorted(int(file.name[:3]) for file in MIGRATIONS.glob("*.sql"))
        self.assertEqual(self.migrate(), f"schema {numbers[-1]}, {len(numbers) - 1} steps taken\n")
        self.assertEqual(database.rows("SELECT number FROM apiary.schema_version WHERE number > 0 ORDER BY 1"), [[str(n)] for n in numbers[1:]])
        self.assertEqual(self.migrate(), f"schema {numbers[-1]}, 0 steps taken\n")
        doctor = self.world.call("collector", "doctor", "--config", self.world.collector_toml)
        self.assertIn("ok    schema is this program's\n", doctor)
        self.failed = False

    def test_migrate_leaves_the_schema_of_a_newer_program_alone(self):
        self.world.database.run("SET transaction_read_only = off; INSERT INTO apiary.schema_version(number, name, sha256) "
                                "VALUES (999, 'of_the_future', '')")
        self.assertIn("the database has schema version 999, this program knows ", self.migrate(status=1))
        self.failed = False

    def test_without_a_database_each_says_what_to_do(self):
        self.world.issue("operator", "ann")
        port, file = free_port(), self.world.collector_toml
        text = file.read_text()
        file.write_text(re.sub(r"host=\S+", f"host=127.0.0.1 port={port}", text))
        away = (rf"the database does not answer: connection to server at \"127.0.0.1\", port {port} failed: Connection refused; "
                r"Is the server running .*: start PostgreSQL, or mend ")
        superuser = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        for words, where in ((("migrate",), f"[database] owner in {file}"),
                             (("init", "--superuser", superuser), "--superuser"),
                             (("issue", "operator", "eve"), f"[database] in {file}"),
                             (("doctor",), f"[database] writer in {file}")):
            with self.subTest(verb=words[0]):
                done = self.world.run("collector", *words, "--config", file)
                self.assertEqual(done.returncode, 1)
                lines = [line for line in (done.stdout + done.stderr).splitlines() if "does not answer" in line]
                self.assertEqual(len(lines), 1, done.stdout + done.stderr)
                self.assertRegex(lines[0], away + re.escape(where) + "$")
                if words[0] != "doctor":
                    self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), "nothing else is said")
        file.write_text(text)
        self.failed = False


if __name__ == "__main__":
    unittest.main()
