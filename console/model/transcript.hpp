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
    double seconds = 0;  // since the session's start
    bool first = false;  // of its packet: shows the time and the arrow
    QList<TranscriptRun> runs;

    QString text() const;
};

/// Most lines and bytes that a transcript lays out; what is left is counted in its last line.
inline constexpr qsizetype kTranscriptLines = 20'000;
inline constexpr qsizetype kTranscriptBytes = 2'000'000;

/// Lays out a session's events: a packet begins a line, a line end ends it (CR LF as ↵, a lone one as \r or \n), longer
/// lines are broken at `columns` characters, never inside an escape. Handshakes, channels, anomalies and gaps are
/// notes.
QList<TranscriptLine> layOutTranscript(const SessionDetail& detail, int columns);

/// The text log's lines, broken at `columns`, safe to show.
QList<TranscriptLine> layOutLog(const SessionDetail& detail, int columns);

/// Whether the agent's text log and the database's rendering are the same bytes.
enum class Agreement { Agree, Differ, StillOpen, NoDigest };
Agreement agreementOf(const SessionDetail& detail);
/// "Text log = database", and so on.
QString agreementText(Agreement agreement);

}  // namespace apiary::console
