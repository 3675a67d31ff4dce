"""Compares three histories of one run: what the clients wrote down, the text logs, the database."""

import contextlib
import dataclasses
import hashlib
import ipaddress
import sqlite3
import time
import uuid

from agreement import journal_path
from faults.kept import agrees, cut_short, held_in_log, log_agrees, rows_by_source, source_of, uploads_agree


@dataclasses.dataclass
class Verdict:
    """What a fault did. `at_risk`: how many clients saw the end of their session, so that it must be there. `of_told`: the sessions that
    are missing or short, and of which a gap record says so."""
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


class Excuses:
    """Which sessions may be missing or short, and no others: those of the clients `of` (none: of any), as far as records in the
    database say so. A gap of lost payload excuses no session that is missing, unless it was turned away at the door, and one that is
    short only as far as its own marks count; other gaps excuse as many sessions as records went, if that is known; a record in
    quarantine only the session that it is of."""

    def __init__(self, world, may_tell, gaps, of, found):
        self._addresses = None if of is None else {talk.address for talk in of}
        told = {what: (int(records), unknown == "t") for what, _, records, _, unknown in gaps if what in may_tell}
        refused = "SELECT coalesce(sum(packets), 0) FROM probe WHERE kind = 'refused'"
        self._turned_away = world.database.number(refused) if "payload" in told else 0
        self._payload = "payload" in told
        rows = [row for rows in found.values() for row in rows]
        self._evidence = told.get("payload", (0, False))[0] - sum(row.missing - row.pieces.marks for row in rows)
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
        return self.concern(address) and (self._in_quarantine(uuid.UUID(session).bytes) or self._counted())

    def dropped(self, address, row):
        """Whether packets of that one may lack: those that its marks count."""
        return self.concern(address) and self._payload and row.missing == row.marked > 0

    def evidence(self, address, row):
        """Whether credentials and commands of that one may lack: no more in all than gaps count besides packets."""
        self._evidence -= row.evidence
        return self.concern(address) and self._payload and row.evidence > 0 and self._evidence >= 0

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
    return Comparison(world, talks, may_tell, of).verdict


class Comparison:
    """Goes through the histories one after the other; the verdict stands when it is made."""

    def __init__(self, world, talks, may_tell, of):
        self.world, self.database, self.may_tell = world, world.database, may_tell
        self.verdict = Verdict(at_risk=sum(talk.judged for talk in talks))
        self.talks = {talk.address: talk for talk in talks}
        gaps = self.gaps()
        found = rows_by_source(self.database)
        self.excuses = Excuses(world, may_tell, gaps, of, found)
        self.rows = {row.session: (address, row) for address, rows in found.items() for row in rows}
        self.logs, self.held = {}, 0
        for log in world.logs():
            self.logs.setdefault(source_of(log)[0], []).append(log)
        self.compare_sessions(found)
        self.compare_logs()
        self.compare_counts()
        self.compare_numbers()
        if self.verdict.told and not may_tell:
            self.verdict.lose(f"{self.verdict.told} sessions are told where nothing may be missing")

    def gaps(self):
        gaps = self.database.rows("SELECT what, count(*), sum(records), min(reason), "
                                  "  bool_or(NOT coalesce(lost_exact, records > 0)) FROM gap GROUP BY what")
        for what, count, records, reason, _ in gaps:
            self.verdict.remarks.append(f"{count} gap record(s) '{what}' over {records} records: {reason}")
            if what not in self.may_tell:
                self.verdict.lose(f"a gap of kind '{what}' that this fault does not excuse")
        return gaps

    def short(self, address, session, text):
        if session in self.verdict.of_told or self.excuses.short(address, session):
            self.verdict.of_told.add(session)
        else:
            self.verdict.lose(text)

    def dropped(self, address, row):
        """Whether packets of that session lack, and are told one by one."""
        return self.told(row, self.excuses.dropped(address, row))

    def evidence_dropped(self, address, row):
        return self.told(row, self.excuses.evidence(address, row))

    def may_be_unfinished(self, address):
        """Whether the end of that client's session may never have come, so that the collector made one up."""
        return self.excuses.concern(address) and not {"spool", "restore", "quarantine"}.isdisjoint(self.may_tell)

    def told(self, row, excused):
        if excused:
            self.verdict.of_told.add(row.session)
        return excused

    def compare_sessions(self, found):
        """Who saw its end has a session, one, with the bytes that it sent and received; nobody else has any."""
        for address, talk in self.talks.items():
            rows = found.pop(address, [])
            about = f"client {talk.number}, {talk.kind}, from {address}"
            if len(rows) > 1:
                self.verdict.doubled += len(rows) - 1
                self.verdict.remarks.append(f"{about}: {len(rows)} sessions")
            if talk.judged and not rows and self.world.holds_back and self.excuses.concern(address):
                logs = self.logs.get(address, [])
                if len(logs) != 1 or not held_in_log(talk, logs[0]):
                    self.verdict.lose(f"{about}: the agent holds it, and {len(logs)} text logs are not what the client saw")
                self.held += len(logs)
            elif talk.judged and not rows:
                if self.excuses.gone(address):
                    self.verdict.of_told.add(address)
                else:
                    self.verdict.lose(f"{about}: saw its end and has no session")
            for row in rows:
                text = (f"{about}, {row.session}, {row.outcome}: {len(row.sent)} of {len(talk.sent)} bytes sent, {len(row.received)} of "
                        f"{len(talk.received)} received are in the database, {row.missing} packets lack, {row.marked} are marked")
                if not uploads_agree(talk, row) and not (self.dropped(address, row) and uploads_agree(talk, row, dropped=True)):
                    self.short(address, row.session, f"{about}, {row.session}, {row.outcome}: what it uploaded is not there as it was")
                if agrees(talk, row):
                    continue
                if not self.dropped(address, row):
                    self.short(address, row.session, text)
                elif not cut_short(talk, row):
                    self.verdict.lose(text + ", and what is there is not what the client saw")
        if self.world.holds_back:
            self.verdict.remarks.append(f"{self.held} sessions are with the agent alone, whole in their text logs")
        for address, rows in found.items():
            self.verdict.lose(f"{len(rows)} session(s) from {address}, where no client was that should have one")

    def compare_logs(self):
        """Text log = digest in the row = transcript, and no log without a row unless that session is excused. A log of which the row
        says that it is incomplete has no digest: only a disk that refused it excuses that."""
        may_lack = "log" in self.may_tell
        rows = self.database.rows(
            "SELECT session_id, coalesce(journal_path, ''), coalesce(encode(journal_sha256, 'hex'), ''), "
            "  coalesce(encode(transcript_digest(session_id), 'hex'), ''), outcome, host(source) FROM session")
        of_rows = {journal_path(self.world, path).resolve() for _, path, *_ in rows if path}
        for file in self.world.logs():
            if file.resolve() not in of_rows and not may_lack:
                address, _ = source_of(file)
                if not (address in self.verdict.of_told or self.excuses.log(address)
                        or self.world.holds_back and self.excuses.concern(address)):
                    self.verdict.lose(f"{file} is of no session")
        for session, path, stored, digest, outcome, address in rows:
            if not path or not stored:
                if may_lack or outcome == "unfinished" and self.may_be_unfinished(address):
                    self.verdict.of_told.add(session)
                else:
                    self.short(address, session,
                               f"{session}, {outcome}: its row knows {'no digest of ' + path if path else 'no text log'}")
                continue
            file = journal_path(self.world, path)
            on_disk = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no file"
            if not file.exists() and may_lack:
                self.verdict.of_told.add(session)
            elif on_disk != stored:
                self.verdict.lose(f"{session}: {path} is {on_disk}, its row says {stored}")
            elif not digest and self.dropped(*self.rows[session]):
                if address in self.talks and not log_agrees(self.talks[address], self.rows[session][1], file):
                    self.verdict.lose(f"{session}: {path} is not what the client saw")
            elif digest != stored:
                self.short(address, session, f"{session}: the transcript is {digest}, its row says {stored}")

    def compare_counts(self):
        """Sessions have as many rows of evidence as they say; rollups count the rows; nothing was refused that may not be."""
        for address, row in self.rows.values():
            if row.outcome == "unfinished" and self.may_be_unfinished(address):
                continue
            about = f"{row.session}, {row.outcome}: its row says"
            if row.missing != 0 and not self.dropped(address, row):
                self.short(address, row.session, f"{about} {row.missing} more packets than it has")
            if row.evidence != 0 and not self.evidence_dropped(address, row):
                self.short(address, row.session, f"{about} {row.evidence} more credentials, commands and uploads than it has")
        counted = self.database.run("SELECT count(*), coalesce(sum(bytes_in), 0) FROM session")
        for rollup in ("rollup_5m_protocol", "rollup_hour_protocol", "rollup_hour_sensor"):
            rolled = self.database.run(f"SELECT coalesce(sum(sessions), 0), coalesce(sum(bytes_in), 0) FROM {rollup}")
            if rolled != counted:
                self.verdict.lose(f"{rollup} counts {rolled}, the rows are {counted}")
        for code, reason, count in self.database.rows("SELECT sqlstate, reason, count(*) FROM quarantine GROUP BY 1, 2"):
            self.verdict.remarks.append(f"{count} record(s) in quarantine: {code} {reason}")
            if "quarantine" not in self.may_tell:
                self.verdict.lose("which this fault does not excuse")

    def compare_numbers(self):
        """The ledger stands where the agents' spools do, number for number, and knows no others; of an agent that holds back no less than
        that was confirmed to it. An agent may have written since."""
        def differing():
            given = {key: numbers for state in self.world.states() for key, numbers in spool_numbers(state).items()}
            known = ledger(self.world)
            former = known.keys() - given.keys() if {"spool", "restore"}.isdisjoint(self.may_tell) else set()
            found = {}
            for key in given.keys() | former:
                confirmed, last = given.get(key, (0, 0))
                if not (confirmed if self.world.holds_back else last) <= known.get(key, 0) <= last:
                    found[key] = (known.get(key, 0), last)
            return found

        deadline = time.monotonic() + 20
        while differing() and time.monotonic() < deadline:
            time.sleep(0.2)
        for (stream, lane), (known, last) in differing().items():
            self.verdict.lose(f"lane {lane} of {stream}: its spool has given out {last} numbers, the ledger has {known}")


def spool_numbers(state):
    """By stream and lane of the spool in an agent's state folder: the highest numbers that were confirmed to it, and given out."""
    with contextlib.closing(sqlite3.connect(f"file:{state / 'spool.db'}?mode=ro", uri=True)) as spool:
        stream = str(uuid.UUID(bytes=spool.execute("SELECT CAST(value AS BLOB) FROM meta WHERE name = 'id'").fetchone()[0]))
        return {(stream, str(lane)): (confirmed, last) for lane, confirmed, last in
                spool.execute("SELECT lane, acknowledged, last FROM lane")}


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


def exact_payload_gaps(world, _, verdict):
    """Gaps and the marks in the sessions count just the packets, and whatever else, that are not there."""
    rows = [row for rows in rows_by_source(world.database).values() for row in rows]
    for row in rows:
        if row.missing != row.marked:
            verdict.lose(f"{row.session} lacks {row.missing} packets, its marks say {row.marked}")
    missing, marks = sum(row.missing for row in rows), sum(row.pieces.marks for row in rows)
    records = world.database.number("SELECT coalesce(sum(records), 0) FROM gap WHERE what = 'payload'")
    lacking, unknown = sum(row.lacking or 0 for row in rows), any(row.lacking is None for row in rows)
    if records + marks < lacking or records + marks > lacking and not unknown:
        verdict.lose(f"{lacking} records lack, {missing} of them packets; gaps count {records}, and {marks} marks stand for one each")
    verdict.remarks.append(f"{missing} packets lack, and {lacking - missing} other records; gaps count {records}, {marks} marks")


def exact_at_bound(world, talks, verdict):
    """For clients that send packets alone to a spool that is too small: as exact_payload_gaps(), and some do lack."""
    exact_payload_gaps(world, talks, verdict)
    if not world.database.number("SELECT count(*) FROM gap WHERE what = 'payload'"):
        verdict.lose("the spool has not come to its bound")


def exact_refusals(world, talks, verdict):
    """Who was turned away for want of room stands among the probes."""
    found = rows_by_source(world.database)
    away = sum(talk.judged and not found.get(talk.address) for talk in talks)
    refused = world.database.number("SELECT coalesce(sum(packets), 0) FROM probe WHERE reason = 'room for records'")
    if refused != away:
        verdict.lose(f"{away} clients were turned away, {refused} stand among the probes")
    verdict.remarks.append(f"{refused} turned away")


def repeats(world, verdict):
    """What is in quarantine came for the second time, whether its session is over by then or half of it is there. For faults that
    excuse no session."""
    twice = ("the session has ended already", "its session is not open", "the session is open already")
    for reason, in world.database.rows("SELECT DISTINCT reason FROM quarantine"):
        if reason not in twice and "duplicate key value" not in reason:
            verdict.lose(f"put aside: {reason}")
