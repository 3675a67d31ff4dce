"""What a session has in the database and in its text log. Where packets of it were dropped that is pieces of what its client saw, in
their order; what has no hole between its numbers is one piece."""

import dataclasses
import hashlib

HEAD = 3  # lines of a text log before the first packet
ENDINGS = {"cut at a limit, talking to": "limit", "failed TLS with": "tls_failed", "TIMED OUT talking to": "timed_out"}


def source_of(log):
    """Whose session it is, as the name of the file says: START_SOURCE_PORT_ID.txt. Address and port."""
    return log.name.rsplit("_", 3)[1:3]


class Pieces:
    """Packets of one connection, as the client's: what it sent and what it received."""

    def __init__(self):
        self._pieces = [(bytearray(), bytearray())]
        self.marks = self.marked = 0  # how many there are, and for how many packets they stand

    def hole(self):
        """What follows need not follow on what was there."""
        self._pieces.append((bytearray(), bytearray()))

    def add(self, by_client, packet):
        self._pieces[-1][0 if by_client else 1].extend(packet)

    def mark(self, packets):
        self.marks += 1
        self.marked += packets
        self.hole()

    @property
    def sent(self):
        """The first of them with no hole before it; it may be empty."""
        return [bytes(sent) for sent, _ in self._pieces]

    @property
    def received(self):
        return [bytes(received) for _, received in self._pieces]


def in_order(whole, pieces):
    """Whether `whole` begins with the first of the pieces, and the others stand in it one behind the other."""
    at = len(pieces[0])
    if not whole.startswith(pieces[0]):
        return False
    for piece in pieces[1:]:
        at = whole.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def of_log(log):
    """The pieces in a text log, those of the connection itself and those of data channels. Only a packet that it says was not kept
    leaves a hole."""
    address, port = source_of(log)
    pieces, data = Pieces(), Pieces()
    for line in log.read_text(encoding="ascii").splitlines()[HEAD:]:
        if line.startswith("*****"):
            if " packets not kept (" in line:
                pieces.mark(int(line[5:].split()[0]))
                data.hole()
            continue
        _, source, target, packet = line.split(",", 3)
        by_client = source.startswith(address + ":")
        own_port = (source if by_client else target).rsplit(":", 1)[1]
        (pieces if own_port == port else data).add(by_client, packet.encode("ascii").decode("unicode_escape").encode("latin-1"))
    return pieces, data


@dataclasses.dataclass
class Row:
    """A session in the database; `sent` and `received` as its client's. What its row counts and what is not there: `missing` packets,
    `evidence`, which is credentials, commands and uploads, and `lacking`, records of any kind; None: where an upload is, which is
    recorded in pieces, something lacks, and nobody knows in how many. `data`: pieces of the data channels; `uploads`: of each its
    digest, and the content if it was kept."""
    session: str
    outcome: str
    bytes_in: int
    bytes_out: int
    missing: int
    evidence: int
    lacking: int
    pieces: Pieces
    data: Pieces
    uploads: list

    @property
    def sent(self):
        return b"".join(self.pieces.sent)

    @property
    def received(self):
        return b"".join(self.pieces.received)

    @property
    def marked(self):
        return self.pieces.marked


def rows_by_source(database):
    """By source the sessions, with the pieces of the connection itself."""
    found = {}
    for source, session, outcome, *counts, uploads, events in database.rows(
            "SELECT host(s.source), s.session_id, s.outcome, s.bytes_in, s.bytes_out, s.events, s.packets, s.credentials + s.commands, "
            "  s.artifacts, count(*) FILTER (WHERE e.kind IN (0, 1)), count(*) FILTER (WHERE e.kind IN (2, 3, 4)), "
            "  (SELECT count(*) FROM credential c WHERE c.session_id = s.session_id) "
            "    + (SELECT count(*) FROM command c WHERE c.session_id = s.session_id), "
            "  (SELECT coalesce(string_agg(encode(sha256, 'hex') || ':' || coalesce(encode(content, 'hex'), 'none'), ' '), '') "
            "    FROM artifact_sighting LEFT JOIN artifact USING (sha256) WHERE session_id = s.session_id AND sha256 IS NOT NULL), "
            "  coalesce(string_agg(concat_ws(':', e.seq, e.kind, e.channel, encode(e.bytes, 'hex')), ' ' ORDER BY e.seq), '') "
            "FROM session s LEFT JOIN event e USING (session_id, started_at) GROUP BY s.session_id, s.started_at"):
        found.setdefault(source, []).append(row_of(session, outcome, *map(int, counts), of_uploads(uploads), *of_events(events)))
    return found


def row_of(session, outcome, bytes_in, bytes_out, records, packets, evidence, artifacts, packets_there, others_there, evidence_there,
           uploads, pieces, data):
    missing, without = packets - packets_there, evidence - evidence_there + artifacts - len(uploads)
    lacking = records - packets_there - others_there - evidence_there
    if artifacts > 0:
        lacking = None if missing or without else 0
    return Row(session, outcome, bytes_in, bytes_out, missing, without, lacking, pieces, data, uploads)


def of_uploads(uploads):
    parts = (upload.split(":") for upload in uploads.split())
    return [(digest, None if content == "none" else bytes.fromhex(content)) for digest, content in parts]


def of_events(events):
    """The pieces in rows of `event`, those of the connection itself and those of data channels: a number that is not there may be that
    of a packet, and leaves a hole."""
    pieces, data, after = Pieces(), Pieces(), 1
    for event in events.split():
        seq, kind, channel, content = event.split(":")
        if int(seq) != after:
            pieces.hole()
            data.hole()
        after = int(seq) + 1
        if kind == "5":
            pieces.mark(int(bytes.fromhex(content).split()[0]))
            data.hole()
        elif kind in "01":
            (pieces if channel == "0" else data).add(kind == "0", bytes.fromhex(content))
    return pieces, data


def was_read(talk, row):
    """Whether the agent must have read all that the client sent."""
    return talk.judged and not talk.stopped and row.outcome not in ("limit", "tls_failed", "timed_out")


def agrees(talk, row):
    """Whether a row holds what the client saw. Without its end the client may have seen less, and the agent read less."""
    if was_read(talk, row) and row.sent != bytes(talk.sent):
        return False
    if not bytes(talk.sent).startswith(row.sent):
        return False
    if talk.judged:
        return row.received == bytes(talk.received)
    return row.received.startswith(bytes(talk.received)) or talk.killed and bytes(talk.received).startswith(row.received)


def uploads_agree(talk, row, dropped=False):
    """Whether what came over data channels is what the client put there, and was kept as such. `dropped`: some of it may lack."""
    whole = talk.judged and talk.uploaded != b""
    content = b"".join(row.data.sent)
    if any(row.data.received) or len(row.uploads) > 1 or whole and not dropped and (content != talk.uploaded or not row.uploads):
        return False
    if not (in_order(talk.offered, row.data.sent) if dropped else talk.offered.startswith(content)):
        return False
    for digest, kept in row.uploads:
        # Cut off, it is what came until then, which stands in the packets.
        content = talk.uploaded if whole else content if kept is None else kept
        if kept is None and not dropped or kept not in (None, content) or not talk.offered.startswith(content):
            return False
        if hashlib.sha256(content).hexdigest() != digest and (whole or not dropped):
            return False
    return True


def cut_short(talk, row):
    """Whether that row lacks just the packets that its marks count, and nothing in it is another than the client saw."""
    if row.missing <= 0 or row.missing != row.marked:
        return False
    if was_read(talk, row) and (row.bytes_in, row.bytes_out) != (len(talk.sent) + len(talk.uploaded), len(talk.received)):
        return False
    # A client that was cut off may not have read all that it was sent.
    return in_order(bytes(talk.sent), row.pieces.sent) and (
        not talk.judged or in_order(bytes(talk.received), row.pieces.received))


def log_agrees(talk, row, log):
    """Whether the text log of a session that is cut short holds what the client saw. It may lack packets where the agent died."""
    pieces, _ = of_log(log)
    logged = dataclasses.replace(row, pieces=pieces, missing=pieces.marked)
    return pieces.marked <= row.marked and cut_short(talk, logged) if pieces.marked else agrees(talk, logged)


def held_in_log(talk, log):
    """Whether the text log of a session that the agent still holds is whole, and what the client saw."""
    pieces, data = of_log(log)
    footer = next((line for line in log.read_text(encoding="ascii").splitlines() if line.startswith("*****Protocol ")), None)
    if footer is None or pieces.marks:
        return False
    outcome = next((outcome for words, outcome in ENDINGS.items() if f" {words} /" in footer), "")
    uploaded = b"".join(data.sent)
    logged = Row(source_of(log)[0], outcome, 0, 0, 0, 0, 0, pieces, data, [])
    return agrees(talk, logged) and (uploaded == talk.uploaded if talk.uploaded else talk.offered.startswith(uploaded))
