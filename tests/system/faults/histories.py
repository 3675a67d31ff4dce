"""Compares three histories of one run: what the clients wrote down, the text logs, the database."""

import dataclasses
import hashlib
import ipaddress
import uuid

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


class Excuses:
    """Which sessions may be missing or short, and no others: those of the clients `of` (none: of any), as far as records in the
    database say so. A gap of lost payload excuses no session that is missing, unless it was turned away at the door; other gaps excuse
    as many sessions as records went, if that is known; a record in quarantine only the session that it is of."""

    def __init__(self, world, may_tell, gaps, of):
        self._addresses = None if of is None else {talk.address for talk in of}
        told = {what: (int(records), unknown == "t") for what, _, records, _, unknown in gaps if what in may_tell}
        refused = "SELECT coalesce(sum(packets), 0) FROM probe WHERE kind = 'refused'"
        self._turned_away = world.database.number(refused) if "payload" in told else 0
        self._payload = "payload" in told
        others = [told[what] for what in told if what != "payload"]
        self._any = bool(told) or "quarantine" in may_tell
        self._left = sum(records for records, _ in others)
        self._without_number = any(unknown for _, unknown in others)
        self._aside = [bytes.fromhex(record) for record, in world.database.rows("SELECT encode(record, 'hex') FROM quarantine")] \
            if "quarantine" in may_tell else []

    def concern(self, address):
        return self._addresses is None or address in self._addresses

    def gone(self, address):
        """Whether a session of that client may be missing; asked once for each."""
        if not self.concern(address):
            return False
        if self._in_quarantine(ipaddress.ip_address(address).packed):
            return True
        if self._turned_away > 0:
            self._turned_away -= 1
            return True
        return self._counted()

    def short(self, address, session):
        """Likewise, whether that one may be short."""
        return self.concern(address) and (self._payload or self._in_quarantine(uuid.UUID(session).bytes) or self._counted())

    def log(self, address):
        """Whether a text log of that client may be of no session, for whatever reason."""
        return self.concern(address) and self._any

    def _in_quarantine(self, part):
        return any(part in record for record in self._aside)

    def _counted(self):
        self._left -= 1
        return self._without_number or self._left >= 0


def compare(world, talks, may_tell=(), of=None):
    """The verdict over all `talks`. `may_tell` names the kinds of gap (column gap.what) that this fault cannot avoid: with such
    a record in the database a session that is missing or short is told, not lost, as far as Excuses go. "log" stands for text logs
    that the disk refused, which the agent counts and leaves off or renames; "quarantine" for records that the database refused, kept
    there. `of`: the clients whose sessions may be missing; they need not be among the talks."""
    verdict = Verdict(at_risk=sum(talk.connected for talk in talks))
    gaps = world.database.rows("SELECT what, count(*), sum(records), min(reason), bool_or(records = 0) FROM gap GROUP BY what")
    for what, count, records, reason, _ in gaps:
        verdict.remarks.append(f"{count} gap record(s) '{what}' over {records} records: {reason}")
        if what not in may_tell:
            verdict.lose(f"a gap of kind '{what}' that this fault does not excuse")
    excuses = Excuses(world, may_tell, gaps, of)

    def short(address, session, text):
        if session in verdict.of_told or excuses.short(address, session):
            verdict.of_told.add(session)
        else:
            verdict.lose(text)

    found = rows_by_source(world.database)
    for talk in talks:
        rows = found.pop(talk.address, [])
        about = f"client {talk.number}, {talk.kind}, from {talk.address}"
        if len(rows) > 1:
            verdict.doubled += len(rows) - 1
            verdict.remarks.append(f"{about}: {len(rows)} sessions")
        if talk.connected and talk.saw_end and not talk.killed and not rows:
            if excuses.gone(talk.address):
                verdict.of_told.add(talk.address)
            else:
                verdict.lose(f"{about}: saw its end and has no session")
        for session, outcome, received, sent, holes in rows:
            if not agrees(talk, outcome, received, sent):
                short(talk.address, session, f"{about}, {session}, {outcome}, {holes} holes: {len(received)} of {len(talk.sent)} "
                                             f"bytes sent, {len(sent)} of {len(talk.received)} received are in the database")
    for address, rows in found.items():
        verdict.lose(f"{len(rows)} session(s) from {address}, where no client was that should have one")
    compare_logs(world, verdict, short, excuses, "log" in may_tell)
    compare_counts(world, verdict, short, "quarantine" in may_tell)
    return verdict


def source_of(log):
    """Whose session it is, as the name of the file says: START_SOURCE_PORT_ID.txt."""
    return log.name.rsplit("_", 3)[1]


def compare_logs(world, verdict, short, excuses, may_lack):
    """Text log = digest in the row = transcript, and no log without a row unless that session is excused. A log of which the row says
    that it is incomplete has no digest: only a disk that refused it excuses that."""
    rows = world.database.rows(
        "SELECT session_id, coalesce(journal_path, ''), coalesce(encode(journal_sha256, 'hex'), ''), "
        "  coalesce(encode(transcript_digest(session_id), 'hex'), ''), outcome, host(source) FROM session")
    of_rows = {journal_path(world, path).resolve() for _, path, *_ in rows if path}
    for file in world.logs():
        if file.resolve() not in of_rows and not may_lack:
            address = source_of(file)
            if not (address in verdict.of_told or excuses.log(address) or world.holds_back and excuses.concern(address)):
                verdict.lose(f"{file} is of no session")
    for session, path, stored, digest, outcome, address in rows:
        if not path or not stored:
            if may_lack or outcome == "unfinished":
                verdict.of_told.add(session)
            else:
                short(address, session, f"{session}, {outcome}: its row knows {'no digest of ' + path if path else 'no text log'}")
            continue
        file = journal_path(world, path)
        on_disk = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no file"
        if not file.exists() and may_lack:
            verdict.of_told.add(session)
        elif on_disk != stored:
            verdict.lose(f"{session}: {path} is {on_disk}, its row says {stored}")
        elif digest != stored:
            short(address, session, f"{session}: the transcript is {digest}, its row says {stored}")


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


def compare_counts(world, verdict, short, may_put_aside):
    """Sessions have as many rows of evidence as they say; rollups count the rows; nothing was refused that may not be."""
    database = world.database
    for session, address, outcome, said, there in database.rows(
            "SELECT s.session_id, host(s.source), s.outcome, concat_ws(' ', s.packets, s.credentials, s.commands), concat_ws(' ', "
            "  (SELECT count(*) FROM event e WHERE e.session_id = s.session_id AND e.kind IN (0, 1)), "
            "  (SELECT count(*) FROM credential c WHERE c.session_id = s.session_id), "
            "  (SELECT count(*) FROM command c WHERE c.session_id = s.session_id)) FROM session s"):
        if said != there and outcome != "unfinished":
            short(address, session, f"{session}, {outcome}: has {there} packets, credentials and commands, its row says {said}")
    counted = database.run("SELECT count(*), coalesce(sum(bytes_in), 0) FROM session")
    for rollup in ("rollup_5m_protocol", "rollup_hour_protocol", "rollup_hour_sensor"):
        rolled = database.run(f"SELECT coalesce(sum(sessions), 0), coalesce(sum(bytes_in), 0) FROM {rollup}")
        if rolled != counted:
            verdict.lose(f"{rollup} counts {rolled}, the rows are {counted}")
    for code, reason, count in database.rows("SELECT sqlstate, reason, count(*) FROM quarantine GROUP BY 1, 2"):
        verdict.remarks.append(f"{count} record(s) in quarantine: {code} {reason}")
        if not may_put_aside:
            verdict.lose("which this fault does not excuse")


def repeats(world, verdict):
    """What is in quarantine came for the second time, whether its session is over by then or half of it is there. For faults that
    excuse no session."""
    twice = ("the session has ended already", "its session is not open", "the session is open already")
    for reason, in world.database.rows("SELECT DISTINCT reason FROM quarantine"):
        if reason not in twice and "duplicate key value" not in reason:
            verdict.lose(f"put aside: {reason}")
