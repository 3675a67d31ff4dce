"""Manifests: what was changed, deleted or altered behind the programs' back is named, exactly; nothing else is."""

import socket
import unittest

from agreement import assert_logs_agree, assert_nothing_was_lost
from world import ftp, wait_for
from world_test_case import WorldTestCase

IN_MANIFESTS = "SELECT count(*) FROM manifest_entry JOIN manifest_piece p USING (piece_id) WHERE p.flaw IS NULL"


class EvidenceTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms")]

    def connect(self):
        connection = self.enterContext(socket.create_connection(("127.0.0.1", self.world.port("ftp")), 10))
        self.assertTrue(connection.recv(1000).startswith(b"220 "))
        return connection

    def talk(self, count):
        for number in range(count):
            connection = self.connect()
            connection.sendall(b"USER visitor%d\r\n" % number)
            self.assertTrue(connection.recv(1000).startswith(b"331 "))
            connection.sendall(b"QUIT\r\n")
            while connection.recv(1000):
                pass

    def in_manifests(self, count):
        self.world.await_sessions(count)
        wait_for(f"{count} sessions in the manifests; there are {self.world.database.run(IN_MANIFESTS)}",
                 lambda: self.world.database.number(IN_MANIFESTS) >= count)
        self.assertEqual(self.world.database.number(IN_MANIFESTS), count)

    def days(self):
        return [day for day, in self.world.database.rows("SELECT DISTINCT (started_at AT TIME ZONE 'UTC')::date FROM session")]

    def verify(self, status):
        """What agent and collector print, all days together, but for the summaries."""
        agent = self.world.call("agent", "verify", "--config", self.world.agent_toml, status=status).splitlines()
        collector = []
        statuses = set()
        for day in self.days():
            found = self.world.run("collector", "verify", "--sensor", "test", "--day", day, "--config", self.world.collector_toml)
            statuses.add(found.returncode)
            collector += found.stdout.splitlines() + found.stderr.splitlines()
        self.assertEqual(max(statuses), status, collector)
        return ([line for line in agent if " logs are as " not in line],
                [line for line in collector if not line.startswith("test ")])

    def tamper(self, sql):
        self.world.database.run("SET transaction_read_only = off; " + sql)

    def test_names_what_was_tampered_with_and_nothing_else(self):
        self.talk(6)
        self.world.await_sessions(6)
        self.assertEqual(self.world.agent.stop(), 0)
        self.in_manifests(6)
        self.assertEqual(self.verify(0), ([], []))

        # Killed with a session open and others just ended: nothing is missing, nothing is there twice.
        self.world.start_agent()
        self.talk(5)
        self.connect()
        self.talk(1)
        self.world.agent.kill()
        self.world.start_agent()
        self.talk(1)
        self.assertEqual(self.verify(0)[0], [])  # beside the running agent
        self.assertEqual(self.world.agent.stop(), 0)
        self.in_manifests(14)
        self.assertEqual(self.verify(0), ([], []))
        self.assertEqual(assert_logs_agree(self, self.world), 14)
        assert_nothing_was_lost(self, self.world)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM manifest_piece WHERE flaw IS NOT NULL"), 0)

        logs = self.world.logs()
        changed, deleted = logs[2], logs[5]
        changed.write_bytes(changed.read_bytes().replace(b"visitor", b"visit0r"))
        deleted.unlink()
        rows = [row for row, in self.world.database.rows("SELECT session_id FROM session ORDER BY 1")]
        altered, removed, rewritten = rows[1], rows[4], rows[7]
        self.tamper(f"UPDATE session SET journal_sha256 = sha256('forged') WHERE session_id = '{altered}'")
        self.tamper(f"DELETE FROM session WHERE session_id = '{removed}'")
        self.tamper(f"UPDATE event SET bytes = 'forged' WHERE session_id = '{rewritten}' AND seq = 1")
        agent, collector = self.verify(1)
        self.assertEqual(sorted(agent), [f"changed {changed.relative_to(self.world.journal)}",
                                         f"missing {deleted.relative_to(self.world.journal)}"])
        self.assertEqual(sorted(collector), [f"altered row {altered}", f"missing row {removed}",
                                             f"transcript of {rewritten} differs"])

        # Entries made to fit are found by their chain.
        self.tamper("UPDATE manifest_piece SET entries = overlay(entries PLACING sha256('forged') FROM 17) WHERE first = 0")
        self.assertIn("the piece of 6 entries from number 0 does not continue the chain, or its entries are not those that were "
                      "chained", self.verify(1)[1])

        self.removed_by_retention()

    def removed_by_retention(self):
        """What is gone by the policy is not missing."""
        day, = self.days()[-1:]
        verify = ("collector", "verify", "--sensor", "test", "--config", self.world.collector_toml, "--day")
        pieces = self.world.database.number(f"SELECT count(*) FROM manifest_piece WHERE day = '{day}'")
        self.tamper("UPDATE retained SET rows_from = now() + interval '2 days'; DELETE FROM session")
        said = self.world.run(*verify, day)
        self.assertIn(f"test {day}: rows removed by retention; of the manifest {pieces} pieces are kept", said.stdout)
        self.assertNotIn("missing", said.stdout)
        self.tamper("DELETE FROM manifest_piece; UPDATE retained SET manifests_from = rows_from")
        self.assertEqual(self.world.call(*verify, day), f"test {day}: rows removed by retention; manifest removed by retention\n")


if __name__ == "__main__":
    unittest.main()
