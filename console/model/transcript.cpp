#include "console/model/transcript.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

using Kind = TranscriptLine::Kind;

/// Builds the lines of one packet after another within the bounds.
class Layout {
public:
    explicit Layout(int columns) : columns_(std::max(columns, 8)) {}

    bool full() const { return lines_.size() >= kTranscriptLines || bytes_ >= kTranscriptBytes; }

    /// Lays out bytes; returns how many it left out.
    qsizetype packet(Kind kind, double seconds, const QByteArray& bytes) {
        open(kind, seconds, true);
        qsizetype at = 0;
        bool ended = false;
        for (; at < bytes.size() && !full(); ++at, ++bytes_) {
            if (ended) {
                open(kind, seconds, false);
                ended = false;
            }
            const auto byte = static_cast<unsigned char>(bytes[at]);
            if (byte == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n') {
                put(u"↵"_s, true);
                ++at;
                ended = true;
            } else if (byte == '\n') {
                put(u"\\n"_s, true);
                ended = true;
            } else if (byte == '\r') {
                put(u"\\r"_s, true);
            } else if (byte == '\\') {
                put(u"\\\\"_s, true);
            } else if (byte >= 0x20 && byte <= 0x7e) {
                put(QString(QLatin1Char(bytes[at])), false);
            } else {
                put(u"\\x%1"_s.arg(uint(byte), 2, 16, QLatin1Char('0')), true);
            }
        }
        return bytes.size() - at;
    }

    void note(double seconds, const QString& text) {
        open(Kind::Note, seconds, true);
        lines_.last().runs.append({text, false});
    }

    void logLine(const QString& text) {
        for (qsizetype at = 0; at == 0 || at < text.size(); at += columns_) {
            open(Kind::Note, 0, at == 0);
            lines_.last().runs.append({text.mid(at, columns_), false});
            bytes_ += columns_;
        }
    }

    QList<TranscriptLine> take() { return std::move(lines_); }

private:
    void open(Kind kind, double seconds, bool first) {
        lines_.append({kind, seconds, first, {}});
        used_ = 0;
    }

    void put(const QString& text, bool escaped) {
        if (used_ + text.size() > columns_) {
            open(lines_.last().kind, lines_.last().seconds, false);
        }
        used_ += text.size();
        QList<TranscriptRun>& runs = lines_.last().runs;
        if (!runs.isEmpty() && runs.last().escaped == escaped) {
            runs.last().text += text;
        } else {
            runs.append({text, escaped});
        }
    }

    QList<TranscriptLine> lines_;
    const qsizetype columns_;
    qsizetype used_ = 0;
    qsizetype bytes_ = 0;
};

QString noteOf(const SessionEvent& event) {
    const QString text = visible(event.bytes, 160);
    switch (event.kind) {
        case SessionEvent::Tls:
            return text.isEmpty() ? u"TLS handshake"_s : u"TLS handshake "_s + text;
        case SessionEvent::Channel:
            return u"data channel %1 "_s.arg(event.channel) + text;
        case SessionEvent::Anomaly:
            return u"anomaly: "_s + text;
        case SessionEvent::Gap:
            return u"packets missing: "_s + text;
        default:
            return u"event of kind %1: "_s.arg(event.kind) + text;
    }
}

}  // namespace

QString TranscriptLine::text() const {
    QString text;
    for (const TranscriptRun& run : runs) {
        text += run.text;
    }
    return text;
}

QList<TranscriptLine> layOutTranscript(const SessionDetail& detail, int columns) {
    Layout layout(columns);
    qsizetype left = 0;
    for (const SessionEvent& event : detail.events) {
        if (layout.full()) {
            left += event.bytes.size();
            continue;
        }
        const double seconds = static_cast<double>(event.atUs - detail.row.startedUs) / 1e6;
        if (event.kind == SessionEvent::Received || event.kind == SessionEvent::Sent) {
            left += layout.packet(event.kind == SessionEvent::Sent ? Kind::Sent : Kind::Received, seconds, event.bytes);
        } else {
            layout.note(seconds, noteOf(event));
        }
    }
    if (left > 0) {
        layout.note(0, u"%1 more are not shown here; the database and the text log have them"_s.arg(
                           byteText(static_cast<quint64>(left))));
    } else if (detail.eventsCut) {
        layout.note(0, u"There is more: the collector sent the beginning only"_s);
    }
    return layout.take();
}

QList<TranscriptLine> layOutLog(const SessionDetail& detail, int columns) {
    Layout layout(columns);
    bool cut = detail.logCut;
    for (const QByteArray& line : detail.log) {
        if (layout.full()) {
            cut = true;
            break;
        }
        layout.logLine(visible(QString::fromUtf8(line.left(kTranscriptBytes)), kTranscriptBytes));
    }
    if (cut) {
        layout.note(0, u"There is more: the database and the text log have it"_s);
    }
    return layout.take();
}

Agreement agreementOf(const SessionDetail& detail) {
    if (detail.row.open()) {
        return Agreement::StillOpen;
    }
    if (detail.journalSha256.isEmpty() || detail.transcriptSha256.isEmpty()) {
        return Agreement::NoDigest;
    }
    return detail.journalSha256 == detail.transcriptSha256 ? Agreement::Agree : Agreement::Differ;
}

QString agreementText(Agreement agreement) {
    switch (agreement) {
        case Agreement::Agree:
            return u"Text log = database"_s;
        case Agreement::Differ:
            return u"Text log ≠ database"_s;
        case Agreement::StillOpen:
            return u"Session still open"_s;
        case Agreement::NoDigest:
            break;
    }
    return u"No digest of the text log"_s;
}

}  // namespace apiary::console
