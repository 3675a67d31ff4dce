"""Compares three histories of one run: what the clients wrote down, the text logs, the database."""

import dataclasses
import hashlib

from agreement import journal_path


@dataclasses.dataclass
class Verdict:
    """What a fault did. `of_told`: the sessions that are missing or short, and of which a gap record says so."""
    at_risk: int = 0
    lost: int = 0
    doubled: int = 0
    of_told: set = dataclasses.field(default_factory=set)
    remarks: list = dataclasses.field(default_factory=list)

    @property
    def told(self):
        return len(self.of_told)

    def lose(self, text):
        self.lost += 1
        self.remarks.append(text)


def rows_by_source(database):
    """By source: of each session its id, outcome, and the bytes of the connection itself, received and sent."""
    found = {}
    for source, session, outcome, received, sent, holes in database.rows(
            "SELECT host(s.source), s.session_id, s.outcome, "
            "  coalesce(encode(string_agg(e.bytes, '' ORDER BY e.seq) FILTER (WHERE e.kind = 0), 'hex'), ''), "
            "  coalesce(encode(string_agg(e.bytes, '' ORDER BY e.seq) FILTER (WHERE e.kind = 1), 'hex'), ''), "
            "  count(*) FILTER (WHERE e.kind = 5) "
            "FROM session s LEFT JOIN event e ON e.session_id = s.session_id AND e.started_at = s.started_at AND e.channel = 0 "
            "GROUP BY s.session_id, s.started_at, s.source, s.outcome"):
        found.setdefault(source, []).append((session, outcome, bytes.fromhex(received), bytes.fromhex(sent), int(holes)))
    return found


def agrees(talk, outcome, received, sent):
    """Whether a row holds what the client saw. Without its end the client may have seen less, and the agent read less."""
    whole = talk.saw_end and not talk.killed
    if whole and outcome not in ("limit", "tls_failed", "timed_out") and received != bytes(talk.sent):
        return False
    if not bytes(talk.sent).startswith(received):
        return False
    if whole:
        return sent == bytes(talk.received)
    return sent.startswith(bytes(talk.received)) or talk.killed and bytes(talk.received).startswith(sent)


def compare(world, talks, may_tell=()):
    """The verdict over all `talks`. `may_tell` names the kinds of gap (column gap.what) that this fault cannot avoid: with such
    a record in the database a session that is missing or short is told, not lost. "log" stands for text logs that the disk
    refused, which the agent counts and leaves off or renames; "quarantine" for records that the database refused, kept there."""
    verdict = Verdict(at_risk=sum(talk.connected for talk in talks))
    kinds = world.database.rows("SELECT what, count(*), sum(records), min(reason) FROM gap GROUP BY what")
    for what, count, records, reason in kinds:
        verdict.remarks.append(f"{count} gap record(s) '{what}' over {records} records: {reason}")
        if what not in may_tell:
            verdict.lose(f"a gap of kind '{what}' that this fault does not excuse")
    told = any(what in may_tell for what, *_ in kinds) or (
        "quarantine" in may_tell and world.database.number("SELECT count(*) FROM quarantine") > 0)

    def missing(which, text):
        if told:
            verdict.of_told.add(which)
        else:
            verdict.lose(text)

    found = rows_by_source(world.database)
    for talk in talks:
        rows = found.get(talk.address, [])
        about = f"client {talk.number}, {talk.kind}, from {talk.address}"
        if len(rows) > 1:
            verdict.doubled += len(rows) - 1
            verdict.remarks.append(f"{about}: {len(rows)} sessions")
        if talk.connected and talk.saw_end and not talk.killed and not rows:
            missing(talk.address, f"{about}: saw its end and has no session")
        for session, outcome, received, sent, holes in rows:
            if not agrees(talk, outcome, received, sent):
                missing(session, f"{about}, {session}, {outcome}, {holes} holes: {len(received)} of {len(talk.sent)} bytes sent, "
                                 f"{len(sent)} of {len(talk.received)} received are in the database")
    compare_logs(world, verdict, missing, told, "log" in may_tell)
    compare_counts(world, verdict)
    return verdict


def compare_logs(world, verdict, missing, told, may_lack):
    """Text log = digest in the row = transcript, and no log without a row unless the loss of rows is `told` or the agent holds them. A
    log of which the row says that it is incomplete has no digest: only a disk that refused it excuses that."""
    rows = world.database.rows(
        "SELECT session_id, coalesce(journal_path, ''), coalesce(encode(journal_sha256, 'hex'), ''), "
        "  coalesce(encode(transcript_digest(session_id), 'hex'), ''), outcome FROM session")
    of_rows = {journal_path(world, path).resolve() for _, path, *_ in rows if path}
    for file in world.logs():
        if not (told or may_lack or world.holds_back) and file.resolve() not in of_rows:
            verdict.lose(f"{file} is of no session")
    for session, path, stored, digest, outcome in rows:
        if not path or not stored:
            if may_lack or outcome == "unfinished":
                verdict.of_told.add(session)
            else:
                missing(session, f"{session}, {outcome}: its row knows {'no digest of ' + path if path else 'no text log'}")
            continue
        file = journal_path(world, path)
        on_disk = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no file"
        if not file.exists() and may_lack:
            verdict.of_told.add(session)
        elif on_disk != stored:
            verdict.lose(f"{session}: {path} is {on_disk}, its row says {stored}")
        elif digest != stored:
            missing(session, f"{session}: the transcript is {digest}, its row says {stored}")


def ledger(world):
    """By stream and lane: the highest number that is committed."""
    return {(stream, lane): int(last) for stream, lane, last in world.database.rows("SELECT stream_id, lane, last_seq FROM ingest_stream")}


def exact_restore_gaps(world, verdict, backup, loss):
    """Of a database that was set back from `loss` to `backup`, both ledgers: the gaps are those numbers, each once, and no others."""
    expected = {key: (backup.get(key, 0) + 1, last) for key, last in loss.items() if last > backup.get(key, 0)}
    found = {}
    for stream, lane, first, last, records in world.database.rows(
            "SELECT stream_id, lane, min(first_seq), max(last_seq), sum(records) FROM gap WHERE what = 'restore' GROUP BY 1, 2"):
        found[stream, lane] = (int(first), int(last))
        if int(records) != int(last) - int(first) + 1:
            verdict.lose(f"gaps of lane {lane} count {records} records from {first} to {last}")
    if found != expected:
        verdict.lose(f"gaps {found} where {expected} are missing")


def exact_payload_gaps(world, talks, verdict):
    """For clients that send packets alone: gaps and the marks in the sessions count just the packets that are not there, and who was
    turned away for want of room stands among the probes."""
    missing = marks = 0
    for session, lacking, marked, count in world.database.rows(
            "SELECT s.session_id, s.packets - count(*) FILTER (WHERE e.kind IN (0, 1)), count(*) FILTER (WHERE e.kind = 5), "
            "  coalesce(sum(split_part(encode(e.bytes, 'escape'), ' ', 1)::int) FILTER (WHERE e.kind = 5), 0) "
            "FROM session s LEFT JOIN event e USING (session_id, started_at) GROUP BY s.session_id, s.started_at, s.packets"):
        missing += int(lacking)
        marks += int(marked)
        if lacking != count:
            verdict.lose(f"{session} lacks {lacking} packets, its marks say {count}")
    records = world.database.number("SELECT coalesce(sum(records), 0) FROM gap WHERE what = 'payload'")
    if missing == 0 or records + marks != missing:
        verdict.lose(f"{missing} packets are missing; gaps count {records}, and {marks} marks stand for one each")
    found = rows_by_source(world.database)
    away = sum(talk.connected and talk.saw_end and not talk.killed and not found.get(talk.address) for talk in talks)
    refused = world.database.number("SELECT coalesce(sum(packets), 0) FROM probe WHERE reason = 'room for records'")
    if refused != away:
        verdict.lose(f"{away} clients were turned away, {refused} stand among the probes")
    verdict.remarks.append(f"{missing} packets lack, {records} of them in gaps, {marks} marks; {refused} turned away")


def compare_counts(world, verdict):
    """Rollups count the rows; nothing was refused; no session stands twice."""
    database = world.database
    counted = database.run("SELECT count(*), coalesce(sum(bytes_in), 0) FROM session")
    for rollup in ("rollup_5m_protocol", "rollup_hour_protocol", "rollup_hour_sensor"):
        rolled = database.run(f"SELECT coalesce(sum(sessions), 0), coalesce(sum(bytes_in), 0) FROM {rollup}")
        if rolled != counted:
            verdict.lose(f"{rollup} counts {rolled}, the rows are {counted}")
    for code, reason, count in database.rows("SELECT sqlstate, reason, count(*) FROM quarantine GROUP BY 1, 2"):
        verdict.remarks.append(f"{count} record(s) in quarantine: {code} {reason}")
