"""The verdict of quickstart's demo: logs and rows are compared as they are when its clients have gone."""

import ftplib
import os
import subprocess
import unittest

from world import ROOT, ftp
from world_test_case import WorldTestCase

# What quickstart gives to demo.sh; `meanwhile` is done while the first session is compared.
SCRIPT = """
set -euo pipefail
. "$ROOT/deploy/lib/common.sh"
. "$ROOT/deploy/lib/demo.sh"
query() { shift; "$PSQL" -XqAt "$DSN" -c "$1"; }
demo_table() { :; }
wait_until() { shift 2; for _ in {1..50}; do ! "$@" || return 0; sleep 0.1; done; return 1; }
shorten() { cat; [[ -z $MEANWHILE ]] || { eval "$MEANWHILE"; MEANWHILE=; }; }
demo_marker=$(mktemp "$state/demo.XXXXXX")
touch -d @0 "$demo_marker"
demo_since='-infinity'
demo_compare || exit 1
"""


class DemoTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for _ in range(2):
            with ftplib.FTP() as client:
                client.connect("127.0.0.1", cls.world.port("ftp"), timeout=10)
        cls.world.await_sessions(2)

    def setUp(self):
        self.late = self.world.journal / "visit.txt"
        self.addCleanup(lambda: self.late.unlink(missing_ok=True))

    def compare(self, meanwhile=""):
        done = subprocess.run(["bash", "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False, env={
            **os.environ, "ROOT": str(ROOT), "PSQL": "/usr/lib/postgresql/15/bin/psql", "DSN": self.world.database.dsn("postgres"),
            "MEANWHILE": meanwhile, "state": str(self.world.folder)})
        return done.returncode, (done.stdout.splitlines() or [""])[-1] + done.stderr

    def change(self, sql):
        self.world.database.run("SET transaction_read_only = off; SET session_replication_role = replica; " + sql)

    def test_what_agrees(self):
        self.assertEqual(self.compare(), (0, "2 sessions, 2 text logs (0 of visits by the self-test), 0 differ; "
                                             "0 logs without a session, 0 sessions without a log"))

    def test_a_visit_that_begins_during_the_comparison(self):
        status, said = self.compare(f"touch '{self.late}'")
        self.assertEqual(status, 0, said)
        self.assertTrue(self.late.exists())

    def test_a_visit_that_had_begun(self):
        self.change("UPDATE apiary.session SET tags = '{self-test}' WHERE started_at = (SELECT max(started_at) FROM apiary.session)")
        try:
            status, said = self.compare()
        finally:
            self.change("UPDATE apiary.session SET tags = '{}'")
        self.assertEqual((status, said.split(",")[0]), (0, "1 sessions"), said)
        self.assertIn("(1 of visits by the self-test)", said)

    def test_a_log_without_a_session(self):
        self.late.touch()
        status, said = self.compare()
        self.assertEqual(status, 1)
        self.assertIn("; 1 logs without a session, 0 sessions without a log", said)

    def test_a_session_without_a_log(self):
        log = self.world.logs()[0]
        away = self.world.folder / "away"
        log.rename(away)
        try:
            status, said = self.compare()
        finally:
            away.rename(log)
        self.assertEqual(status, 1)
        self.assertIn("; 0 logs without a session, 1 sessions without a log", said)

    def test_a_log_that_was_altered(self):
        log = self.world.logs()[0]
        before = log.read_bytes()
        log.write_bytes(before.replace(b"220 ", b"221 "))
        try:
            status, said = self.compare()
        finally:
            log.write_bytes(before)
        self.assertEqual(status, 1)
        self.assertIn(", 1 differ;", said)


if __name__ == "__main__":
    unittest.main()
