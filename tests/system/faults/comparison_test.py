"""The comparison of the histories finds what it is to find: rows, logs and gaps of a sound run are spoilt one by one."""

import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from clients import Talk  # noqa: E402
from faults.fault import nothing, together  # noqa: E402
from faults.fault_world import FaultWorld  # noqa: E402
from faults.histories import compare, exact_payload_gaps, journal_path, source_of  # noqa: E402
from faults.kept import Pieces, Row, agrees  # noqa: E402


def kept(sent, received):
    """A row of a session in one piece."""
    pieces = Pieces()
    pieces.add(True, sent)
    pieces.add(False, received)
    return Row("", "agent_stopped", len(sent), len(received), 0, 0, 0, pieces, Pieces(), [])


class KeptTest(unittest.TestCase):
    def test_what_an_agent_owes_to_a_client_that_saw_the_end(self):
        for flag, owes_sent, owes_received in ((None, True, True), ("stopped", False, True), ("killed", False, False)):
            talk = Talk(0, "raw", "catchall", "127.1.0.1", 1, bytearray(b"asked"), bytearray(b"answered"), connected=True, saw_end=True)
            if flag:
                setattr(talk, flag, True)
            with self.subTest(flag):
                self.assertEqual(talk.judged, flag != "killed")
                self.assertTrue(agrees(talk, kept(b"asked", b"answered")))
                self.assertEqual(agrees(talk, kept(b"ask", b"answered")), not owes_sent)
                self.assertEqual(agrees(talk, kept(b"asked", b"answer")), not owes_received)
                self.assertFalse(agrees(talk, kept(b"asker", b"answered")))
                self.assertFalse(agrees(talk, kept(b"asked", b"answerer")))


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

    def test_finds_what_is_beyond_its_bound(self):
        self.world.kill_agent()
        for most, bound in (("spool", "1KiB"), ("journal", "1KiB")):
            with mock.patch.object(self.world, "budgets", {most: {"bytes": bound}}), self.assertRaisesRegex(AssertionError, "may have"):
                self.world.disk()
        with mock.patch("faults.fault_world.MOST_LOG_OF_SPOOL", 1), self.assertRaisesRegex(AssertionError, "may have 1$"):
            self.world.disk()
        self.world.start_agent()
        agent, collector = self.world.memory()
        with mock.patch("faults.fault_world.MOST_MEMORY", 1), self.assertRaisesRegex(AssertionError, f"the agent took {agent} MiB"):
            self.world.memory()
        first = self.world.programs[1]
        self.assertFalse(first.running())
        self.assertGreater(first.memory(), 4096, "what was killed has been asked before")
        self.assertGreater(collector, 4)

    def test_finds_what_was_spoilt(self):
        sound = compare(self.world, self.talks)
        self.assertEqual((sound.lost, sound.doubled, sound.told), (0, 0, 0), sound.remarks)

        self.payload_gaps_are_exact()
        self.spoil("UPDATE ingest_stream SET last_seq = last_seq - 1")
        self.found("numbers, the ledger has")
        self.spoil("UPDATE ingest_stream SET last_seq = last_seq + 1")
        self.spoil("INSERT INTO ingest_stream(stream_id, lane, sensor_id, last_seq) "
                   "SELECT '00000000-0000-0000-0000-000000000001', lane, sensor_id, 7 FROM ingest_stream LIMIT 1")
        self.found("has given out 0 numbers, the ledger has 7")
        self.spoil("DELETE FROM ingest_stream WHERE last_seq = 7")

        session, _ = self.one("guess")
        self.spoil("UPDATE event SET bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1) WHERE (session_id, seq) = "
                   f"(SELECT session_id, min(seq) FROM event WHERE session_id = '{session}' AND kind = 0 GROUP BY 1)")
        before = self.found(f"{session}: the transcript is", lost=2).lost  # and it is not what the client sent
        self.spoil(f"DELETE FROM credential WHERE session_id = '{session}'")
        before = self.found("credentials, commands and uploads than it has", lost=before + 1).lost
        before = self.uploads_are_found(before)

        session, address = self.one("raw")
        columns = self.world.database.run("SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'session'::regclass "
                                          "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> 'session_id'")
        self.spoil(f"INSERT INTO session(session_id, {columns}) SELECT overlay(session_id::text placing '0000' from 33)::uuid, "
                   f"{columns} FROM session WHERE session_id = '{session}'")
        before = self.found(f"from {address}: 2 sessions", lost=before + 1, doubled=1).lost
        self.spoil(f"DELETE FROM session WHERE host(source) = '{address}'")
        before = self.found(f"from {address}: saw its end and has no session").lost
        self.found(" is of no session", lost=before)
        self.what_an_agent_holds_is_compared(address)

        self.spoil("INSERT INTO gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, bytes, from_at, to_at, reason) "
                   "SELECT stream_id, lane, 1, 2, sensor_id, 'restore', 2, 0, now(), now(), 'the test' FROM ingest_stream LIMIT 1")
        self.found("a gap of kind 'restore' that this fault does not excuse", lost=before + 1)
        gone = [talk for talk in self.talks if talk.address == address]
        self.assertIn(address, compare(self.world, self.talks, ("restore",), gone).of_told)
        others = [talk for talk in self.talks if talk.address != address]
        self.found(f"from {address}: saw its end and has no session", may_tell=("restore",), of=others)

        self.no_end_is_made_up()
        before = compare(self.world, self.talks).lost
        path, = self.world.database.rows("SELECT journal_path FROM session ORDER BY session_id LIMIT 1")[0]
        log = journal_path(self.world, path)
        log.write_bytes(log.read_bytes() + b"x")
        self.found(f"{path} is ", lost=before)
        self.spoil("UPDATE session SET source = '127.200.0.1' WHERE session_id = "
                   "(SELECT session_id FROM session ORDER BY session_id DESC LIMIT 1)")
        self.found("1 session(s) from 127.200.0.1, where no client was", lost=before)

    def uploads_are_found(self, before):
        session, address = self.one("upload")
        said = f"{session}, finished: what it uploaded is not there as it was"
        sighting = f"(SELECT sha256 FROM artifact_sighting WHERE session_id = '{session}')"
        for table, change in (("artifact SET content", f"content || 'x' WHERE sha256 = {sighting}"),
                              ("artifact SET content", f"NULL WHERE sha256 = {sighting}"),
                              ("event SET bytes", f"bytes || 'x' WHERE session_id = '{session}' AND kind = 0 AND channel > 0")):
            content = next(talk.uploaded for talk in self.talks if talk.address == address)
            with self.subTest(change):
                self.spoil(f"UPDATE {table} = {change}")
                self.found(said, lost=before + 1)
                self.spoil(f"UPDATE artifact SET content = '\\x{content.hex()}' WHERE sha256 = {sighting}")
        self.spoil(f"DELETE FROM artifact_sighting WHERE session_id = '{session}'")
        return self.found("1 more credentials, commands and uploads than it has", lost=before + 1).lost

    def what_an_agent_holds_is_compared(self, address):
        """Where nobody takes what an agent has, the text log of a session that is not in the database is what its client saw."""
        log, = [log for log in self.world.logs() if source_of(log)[0] == address]
        lines = log.read_text().splitlines(keepends=True)
        with mock.patch.object(self.world, "holds_back", True):
            verdict = compare(self.world, self.talks)
            self.assertIn("1 sessions are with the agent alone, whole in their text logs", verdict.remarks)
            self.assertFalse([remark for remark in verdict.remarks if "the agent holds it" in remark])
            for spoilt in (lines[:3] + [lines[3].rstrip() + "x\n"] + lines[4:], lines[:3] + lines[4:], lines[:-3]):
                log.write_text("".join(spoilt))
                self.found("the agent holds it", lost=verdict.lost + 1)
        log.write_text("".join(lines))

    def no_end_is_made_up(self):
        """A session of whose end the collector never heard is excused only by what makes that happen."""
        session, address = self.one("noise")
        before, unexcused = compare(self.world, self.talks, ("restore",)).lost, compare(self.world, self.talks).lost
        self.spoil(f"UPDATE session SET outcome = 'unfinished', journal_path = NULL, journal_sha256 = NULL WHERE session_id = '{session}'")
        self.found(f"{session}, unfinished: its row knows no text log", lost=unexcused + 1)
        verdict = compare(self.world, self.talks, ("restore",))
        self.assertLessEqual(verdict.lost, before)
        self.assertIn(session, verdict.of_told)
        others = [talk for talk in self.talks if talk.address != address]
        self.found(f"{session}, unfinished: its row knows no text log", may_tell=("restore",), of=others)

    def lost(self):
        """How much is lost where packets may lack, as far as gaps and marks say so."""
        verdict = compare(self.world, self.talks, ("payload",))
        exact_payload_gaps(self.world, self.talks, verdict)
        return verdict.lost

    def payload_gaps_are_exact(self):
        """A session in which a gap and a mark stand for three packets is told. One of which they say something else is not."""
        # Question and answer in turns, so that the packets stand where they do: a banner, three commands, an answer to each.
        session, address = self.world.database.rows(
            "SELECT session_id, host(source) FROM session WHERE protocol = 'ftp' AND outcome = 'finished' AND artifacts = 0 "
            "AND packets = 7 ORDER BY session_id DESC LIMIT 1")[0]
        talk = next(talk for talk in self.talks if talk.address == address)
        others = [other for other in self.talks if other is not talk]
        self.spoil(f"CREATE TABLE as_it_was AS SELECT * FROM event WHERE session_id = '{session}'")
        self.spoil(f"DELETE FROM event WHERE session_id = '{session}' AND seq IN (4, 5); "
                   f"UPDATE event SET kind = 5, bytes = '3 spool full' WHERE session_id = '{session}' AND seq = 2")
        self.spoil("INSERT INTO gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, bytes, from_at, to_at, reason) "
                   "SELECT stream_id, lane, 5, 6, sensor_id, 'payload', 2, 0, now(), now(), 'the test' FROM ingest_stream LIMIT 1")
        self.assertEqual(self.lost(), 0)
        self.assertIn(session, compare(self.world, self.talks, ("payload",)).of_told)
        short = f"client {talk.number}, guess, from {address}, {session}"
        self.found(short)
        self.found(short, may_tell=("payload",), of=others)

        events, row = f"event SET {{}} WHERE session_id = '{session}' AND seq = ", f"session SET {{}} WHERE session_id = '{session}'"
        for what, there, change, undo in (
                ("a byte that it did not send", events + "9", *["bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1)"] * 2),
                ("a mark of another number", events + "2", "bytes = '4 spool full'", "bytes = '3 spool full'"),
                ("a row of another number", row, "packets = packets + 1", "packets = packets - 1"),
                ("a row of other bytes", row, "bytes_in = bytes_in + 1", "bytes_in = bytes_in - 1"),
                ("a gap of another number", "gap SET {} WHERE what = 'payload'", "records = records + 1", "records = records - 1")):
            with self.subTest(what):
                self.spoil("UPDATE " + there.format(change))
                self.assertGreater(self.lost(), 0)
                self.spoil("UPDATE " + there.format(undo))
                self.assertEqual(self.lost(), 0)
        self.spoil(f"DELETE FROM gap; DELETE FROM event WHERE session_id = '{session}'; INSERT INTO event SELECT * FROM as_it_was")
        self.assertEqual(compare(self.world, self.talks).lost, 0)


if __name__ == "__main__":
    unittest.main()
