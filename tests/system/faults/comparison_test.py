"""The comparison of the histories finds what it is to find: rows, logs and gaps of a sound run are spoilt one by one."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from faults.fault import nothing, together  # noqa: E402
from faults.fault_world import FaultWorld  # noqa: E402
from faults.histories import compare, journal_path  # noqa: E402


class ComparisonTest(unittest.TestCase):
    def setUp(self):
        self.world = FaultWorld(1)
        self.addCleanup(self.world.close, False)
        self.world.start()
        _, self.talks = together(self.world, nothing, 30)
        self.world.settle()

    def spoil(self, sql):
        """Whoever owns the server can do anything to the rows."""
        done = self.world.database.run(f"BEGIN READ WRITE; SET LOCAL session_replication_role = replica; {sql}; COMMIT")
        self.assertEqual(done, "")

    def found(self, what, lost=1, doubled=0, **words):
        """The comparison says `what`, and counts at least so much more than before."""
        verdict = compare(self.world, self.talks, **words)
        self.assertTrue(any(what in remark for remark in verdict.remarks), f"{what}: {verdict.remarks}")
        self.assertGreaterEqual(verdict.lost, lost, verdict.remarks)
        self.assertEqual(verdict.doubled, doubled, verdict.remarks)
        return verdict

    def one(self, kind):
        """A session of that kind of client: its id and address."""
        address = next(talk.address for talk in self.talks if talk.kind == kind)
        return self.world.database.run(f"SELECT session_id FROM session WHERE host(source) = '{address}'"), address

    def test_finds_what_was_spoilt(self):
        sound = compare(self.world, self.talks)
        self.assertEqual((sound.lost, sound.doubled, sound.told), (0, 0, 0), sound.remarks)

        session, _ = self.one("guess")
        self.spoil("UPDATE event SET bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1) WHERE (session_id, seq) = "
                   f"(SELECT session_id, min(seq) FROM event WHERE session_id = '{session}' AND kind = 0 GROUP BY 1)")
        before = self.found(f"{session}: the transcript is", lost=2).lost  # and it is not what the client sent
        self.spoil(f"DELETE FROM credential WHERE session_id = '{session}'")
        before = self.found("packets, credentials and commands, its row says", lost=before + 1).lost

        session, address = self.one("raw")
        columns = self.world.database.run("SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'session'::regclass "
                                          "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> 'session_id'")
        self.spoil(f"INSERT INTO session(session_id, {columns}) SELECT overlay(session_id::text placing '0000' from 33)::uuid, "
                   f"{columns} FROM session WHERE session_id = '{session}'")
        before = self.found(f"from {address}: 2 sessions", lost=before + 1, doubled=1).lost
        self.spoil(f"DELETE FROM session WHERE host(source) = '{address}'")
        before = self.found(f"from {address}: saw its end and has no session").lost
        self.found(" is of no session", lost=before)

        self.spoil("INSERT INTO gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, bytes, from_at, to_at, reason) "
                   "SELECT stream_id, lane, 1, 2, sensor_id, 'restore', 2, 0, now(), now(), 'the test' FROM ingest_stream LIMIT 1")
        self.found("a gap of kind 'restore' that this fault does not excuse", lost=before + 1)
        gone = [talk for talk in self.talks if talk.address == address]
        self.assertIn(address, compare(self.world, self.talks, ("restore",), gone).of_told)
        others = [talk for talk in self.talks if talk.address != address]
        self.found(f"from {address}: saw its end and has no session", may_tell=("restore",), of=others)

        path, = self.world.database.rows("SELECT journal_path FROM session ORDER BY session_id LIMIT 1")[0]
        log = journal_path(self.world, path)
        log.write_bytes(log.read_bytes() + b"x")
        self.found(f"{path} is ", lost=before)
        self.spoil("UPDATE session SET source = '127.200.0.1' WHERE session_id = "
                   "(SELECT session_id FROM session ORDER BY session_id DESC LIMIT 1)")
        self.found("1 session(s) from 127.200.0.1, where no client was", lost=before)


if __name__ == "__main__":
    unittest.main()
