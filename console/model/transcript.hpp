#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// A run of characters of a line: text as it came, or what stands for bytes that are no text.
struct TranscriptRun {
    QString text;
    bool escaped = false;
};

/// One line of a transcript as it is painted. Holds printable ASCII and the return arrow only, whatever was sent.
struct TranscriptLine {
    enum class Kind { Received, Sent, Note };

    Kind kind = Kind::Note;
    double seconds = 0;   // since the session's start
    bool first = false;   // of its packet: shows the time and the arrow
    bool broken = false;  // goes on where the line before had no more room
    QList<TranscriptRun> runs;

    QString text() const;
};

/// Most lines and bytes that a transcript lays out; what is left is counted in its last line.
inline constexpr qsizetype kTranscriptLines = 20'000;
inline constexpr qsizetype kTranscriptBytes = 2'000'000;

/// Whose bytes are laid out.
enum class Direction { Both, Attacker, Us };

/// Lays out a session's events: a packet begins a line, a line end ends it (CR LF as ↵, a lone one as \r or \n), longer
/// lines are broken at `columns` characters, never inside an escape. Handshakes, channels, anomalies and gaps are
/// notes, and so are the names of TELNET's commands. One direction alone goes without notes.
QList<TranscriptLine> layOutTranscript(const SessionDetail& detail, int columns, Direction direction = Direction::Both);

/// The same packets as a dump: offset within the packet, hexadecimal bytes, and their text; 16, 8 or 4 bytes a line,
/// as many as fit.
QList<TranscriptLine> layOutHex(const SessionDetail& detail, int columns, Direction direction = Direction::Both);

/// The text log's lines, broken at `columns`, safe to show.
QList<TranscriptLine> layOutLog(const SessionDetail& detail, int columns);

/// What is copied or saved of laid out lines, joined again where only the width broke them. With markers: seconds, →
/// for the attacker, ← for us, ⤷ for a note; without: the text alone, a line for each line end.
QString transcriptText(const QList<TranscriptLine>& lines, bool markers);

/// A stretch of a line that belongs to a match; the first stretch of each match `begins`.
struct TranscriptMatch {
    qsizetype line = 0;
    qsizetype column = 0;
    qsizetype length = 0;
    bool begins = true;
};

/// Most stretches that a search yields.
inline constexpr qsizetype kTranscriptMatches = 10'000;

/// Where `needle` stands in what is shown, whatever its case; also across lines that only the width broke.
QList<TranscriptMatch> findInTranscript(const QList<TranscriptLine>& lines, const QString& needle);

/// What happened, an event a line with its time and size; then the logins and the artifacts.
QList<TranscriptLine> layOutEvents(const SessionDetail& detail, int columns);

/// Whether the agent's text log and the database's rendering are the same bytes.
enum class Agreement { Agree, Differ, StillOpen, NoDigest };
Agreement agreementOf(const SessionDetail& detail);
/// "Text log = database", and so on.
QString agreementText(Agreement agreement);

}  // namespace apiary::console
