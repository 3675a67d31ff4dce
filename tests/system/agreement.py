"""Compares the histories that must agree: text log, row and transcript; the client's own; rollups and rows."""

import hashlib
import pathlib


def journal_path(world, path):
    return pathlib.Path(path) if path.startswith("/") else world.journal / path


def assert_logs_agree(test, world):
    """For every ended session: SHA-256 over transcript() = digest in the row = file on disk; and no file is left over."""
    rows = world.database.rows(
        "SELECT session_id, journal_path, encode(journal_sha256, 'hex'), encode(transcript_digest(session_id), 'hex'), "
        "  (SELECT encode(sha256(convert_to(string_agg(line || E'\\n', '' ORDER BY n), 'UTF8')), 'hex') "
        "     FROM transcript(session_id) WITH ORDINALITY t(line, n)) FROM session")
    files = set()
    for session, path, stored, digest, rendered in rows:
        file = journal_path(world, path)
        on_disk = hashlib.sha256(file.read_bytes()).hexdigest()
        if not on_disk == stored == digest == rendered:
            lines = world.database.run(f"SELECT line FROM transcript('{session}') WITH ORDINALITY t(line, n) ORDER BY n")
            test.assertEqual(file.read_text(), lines + "\n", f"{session}: log and transcript")
            test.fail(f"{session}: file {on_disk}, row {stored}, transcript_digest {digest}, transcript {rendered}")
        files.add(file.resolve())
    test.assertEqual(set(path.resolve() for path in world.logs()) - files, set(), "text logs without a session")
    return len(rows)


def assert_nothing_was_lost(test, world):
    test.assertEqual(world.database.rows("SELECT what, records, reason FROM gap"), [], "gaps")
    test.assertEqual(world.database.rows("SELECT sqlstate, reason FROM quarantine"), [], "quarantined records")
    test.assertEqual(world.database.rows("SELECT source, source_port, started_at FROM session "
                                         "GROUP BY 1, 2, 3 HAVING count(*) > 1"), [], "sessions that are there twice")


def assert_rollups_agree(test, world):
    """Every rollup counts the rows, each protocol by itself."""
    counted = world.database.rows("SELECT protocol, count(*), sum(bytes_in), sum(credentials) FROM session GROUP BY 1 ORDER BY 1")
    for rollup in ("rollup_5m_protocol", "rollup_hour_protocol", "rollup_hour_sensor"):
        test.assertEqual(world.database.rows(f"SELECT protocol, sum(sessions), sum(bytes_in), sum(credentials) FROM {rollup} "
                                             "GROUP BY 1 ORDER BY 1"), counted, rollup)
    test.assertEqual(world.database.run("SELECT sum(sessions) FROM source_day"),
                     world.database.run("SELECT count(*) FROM session"), "source_day")


def all_bytes(world):
    """By source: outcome of each session, what was received from it and sent to it on the connection itself."""
    found = {}
    for source, outcome, received, sent in world.database.rows(
            "SELECT host(s.source), s.outcome, "
            "  coalesce(encode(string_agg(e.bytes, '' ORDER BY e.seq) FILTER (WHERE e.kind = 0), 'hex'), ''), "
            "  coalesce(encode(string_agg(e.bytes, '' ORDER BY e.seq) FILTER (WHERE e.kind = 1), 'hex'), '') "
            "FROM session s LEFT JOIN event e ON e.session_id = s.session_id AND e.started_at = s.started_at AND e.channel = 0 "
            "GROUP BY s.session_id, s.started_at, s.source, s.outcome"):
        found.setdefault(source, []).append((outcome, bytes.fromhex(received), bytes.fromhex(sent)))
    return found


def assert_histories_agree(test, world, talks):
    """What each client sent and received is what the database says. A client that saw the end has exactly one session."""
    found = all_bytes(world)
    for talk in talks:
        if not talk.connected:
            continue
        rows = found.get(talk.address, [])
        about = f"client {talk.number}, {talk.kind}, from {talk.address}"
        whole = talk.saw_end and not talk.killed
        if whole:
            test.assertEqual(len(rows), 1, f"{about}: sessions in the database")
        test.assertLessEqual(len(rows), 1, f"{about}: sessions in the database")
        for outcome, received, sent in rows:
            if whole and outcome not in ("limit", "tls_failed", "timed_out"):
                test.assertEqual(received, bytes(talk.sent), f"{about}, {outcome}: what it sent")
            test.assertTrue(bytes(talk.sent).startswith(received), f"{about}, {outcome}: what it sent")
            if whole:
                test.assertEqual(sent, bytes(talk.received), f"{about}, {outcome}: what it received")
            test.assertTrue(sent.startswith(bytes(talk.received)) or talk.killed and bytes(talk.received).startswith(sent),
                            f"{about}, {outcome}: what it received")
