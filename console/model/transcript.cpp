#include "console/model/transcript.hpp"

#include "console/model/figures.hpp"
#include "console/model/telnet_words.hpp"
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

    /// Dumps bytes; returns how many it left out.
    qsizetype dump(Kind kind, double seconds, const QByteArray& bytes) {
        const qsizetype width = bytesInLine();
        qsizetype at = 0;
        for (; at < bytes.size() && !full(); at += width) {
            open(kind, seconds, at == 0);
            const QByteArray part = bytes.mid(at, width);
            QString digits;
            QString text;
            for (qsizetype i = 0; i < width; ++i) {
                digits += i == kGroup ? u" "_s : QString();
                if (i >= part.size()) {
                    digits += u"   "_s;
                    continue;
                }
                const auto byte = static_cast<unsigned char>(part[i]);
                digits += u"%1 "_s.arg(uint(byte), 2, 16, QLatin1Char('0'));
                text += byte >= 0x20 && byte <= 0x7e ? QLatin1Char(part[i]) : QLatin1Char('.');
            }
            lines_.last().runs = {
                {u"%1  "_s.arg(at, 4, 16, QLatin1Char('0')), true}, {digits, false}, {u' ' + text, true}};
            bytes_ += part.size();
        }
        return std::max<qsizetype>(0, bytes.size() - at);
    }

    /// Broken between words where there are any.
    void note(double seconds, const QString& text) {
        const qsizetype width = std::max<qsizetype>(kShortestNote, columns_);
        for (qsizetype at = 0; at == 0 || at < text.size();) {
            qsizetype end = std::min(at + width, text.size());
            if (end < text.size()) {
                const qsizetype blank = text.lastIndexOf(u' ', end - 1);
                end = blank > at ? blank + 1 : end;
            }
            open(Kind::Note, seconds, at == 0);
            lines_.last().broken = at > 0;
            lines_.last().runs.append({text.sliced(at, end - at), false});
            at = end;
        }
    }

    void logLine(const QString& text) {
        for (qsizetype at = 0; at == 0 || at < text.size(); at += columns_) {
            open(Kind::Note, 0, at == 0);
            lines_.last().broken = at > 0;
            lines_.last().runs.append({text.mid(at, columns_), false});
            bytes_ += columns_;
        }
    }

    QList<TranscriptLine> take() { return std::move(lines_); }

private:
    static constexpr qsizetype kGroup = 8;
    static constexpr qsizetype kShortestNote = 16;

    /// An offset, two digits and a blank for each byte, one between groups, and the text.
    qsizetype bytesInLine() const {
        const auto fits = [this](qsizetype bytes) { return 6 + 4 * bytes + bytes / kGroup + 1 <= columns_; };
        return fits(16) ? 16 : fits(8) ? 8 : 4;
    }

    void open(Kind kind, double seconds, bool first) {
        lines_.append({kind, seconds, first, false, {}});
        used_ = 0;
    }

    void put(const QString& text, bool escaped) {
        if (used_ + text.size() > columns_) {
            open(lines_.last().kind, lines_.last().seconds, false);
            lines_.last().broken = true;
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
    const QString channel = u"data channel %1 "_s.arg(event.channel);
    switch (event.kind) {
        case SessionEvent::Tls:
            return (event.channel == 0 ? QString() : channel) + (u"TLS handshake "_s + text).trimmed();
        case SessionEvent::Channel:
            return channel + text;
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

namespace {

bool wanted(const SessionEvent& event, Direction direction) {
    switch (direction) {
        case Direction::Both:
            return true;
        case Direction::Attacker:
            return event.kind == SessionEvent::Received;
        case Direction::Us:
            break;
    }
    return event.kind == SessionEvent::Sent;
}

/// Lays out all events, packets by `packet`, which returns how many bytes it left out.
template <typename Packet>
QList<TranscriptLine> layOut(const SessionDetail& detail, int columns, Direction direction, Packet packet) {
    Layout layout(columns);
    const bool telnet = detail.row.protocol == u"telnet"_s || detail.row.identified == u"telnet"_s;
    qsizetype left = 0;
    for (const SessionEvent& event : detail.events) {
        if (!wanted(event, direction)) {
            continue;
        }
        if (layout.full()) {
            left += event.bytes.size();
            continue;
        }
        const double seconds = static_cast<double>(event.atUs - detail.row.startedUs) / 1e6;
        if (event.kind != SessionEvent::Received && event.kind != SessionEvent::Sent) {
            layout.note(seconds, noteOf(event));
            continue;
        }
        left += packet(layout, event.kind == SessionEvent::Sent ? Kind::Sent : Kind::Received, seconds, event.bytes);
        const QString words = telnet && direction == Direction::Both ? telnetWords(event.bytes) : QString();
        if (!words.isEmpty()) {
            layout.note(seconds, words);
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

}  // namespace

QList<TranscriptLine> layOutTranscript(const SessionDetail& detail, int columns, Direction direction) {
    return layOut(detail, columns, direction, [](Layout& layout, Kind kind, double seconds, const QByteArray& bytes) {
        return layout.packet(kind, seconds, bytes);
    });
}

QList<TranscriptLine> layOutHex(const SessionDetail& detail, int columns, Direction direction) {
    return layOut(detail, columns, direction, [](Layout& layout, Kind kind, double seconds, const QByteArray& bytes) {
        return layout.dump(kind, seconds, bytes);
    });
}

QList<TranscriptLine> layOutEvents(const SessionDetail& detail, int columns) {
    Layout layout(columns);
    for (const SessionEvent& event : detail.events) {
        if (layout.full()) {
            break;
        }
        const bool data = event.kind == SessionEvent::Received || event.kind == SessionEvent::Sent;
        const QString words = event.kind == SessionEvent::Received ? u"attacker sent "_s
                              : event.kind == SessionEvent::Sent   ? u"we sent "_s
                                                                   : noteOf(event);
        layout.logLine(u"%1 s  "_s.arg(static_cast<double>(event.atUs - detail.row.startedUs) / 1e6, 9, 'f', 3) +
                       words + (data ? byteText(static_cast<quint64>(event.bytes.size())) : QString()));
    }
    for (const Credential& credential : detail.credentials) {
        layout.logLine(u"login       "_s + visible(credential.username) + u" / "_s + visible(credential.secret) +
                       (credential.accepted ? u"  accepted"_s : u"  refused"_s));
    }
    for (const Artifact& artifact : detail.artifacts) {
        layout.logLine(u"offered     %1  %2  sha256 %3"_s.arg(visible(artifact.name), byteText(artifact.size),
                                                              QString::fromLatin1(artifact.sha256.toHex())));
    }
    return layout.take();
}

QString transcriptText(const QList<TranscriptLine>& lines, bool markers) {
    QString text;
    for (const TranscriptLine& line : lines) {
        if (!line.broken && !text.isEmpty()) {
            text += u'\n';
        }
        if (markers && !line.broken) {
            const QChar mark = line.kind == Kind::Received ? u'→' : line.kind == Kind::Sent ? u'←' : u'⤷';
            text += line.first ? u"%1 %2 "_s.arg(line.seconds, 9, 'f', 3).arg(mark) : QString(12, u' ');
        }
        text += line.text();
    }
    return text.isEmpty() ? text : text + u'\n';
}

QList<TranscriptMatch> findInTranscript(const QList<TranscriptLine>& lines, const QString& needle) {
    QList<TranscriptMatch> matches;
    for (qsizetype first = 0; first < lines.size() && !needle.isEmpty();) {
        qsizetype end = first;
        QString text;
        QList<qsizetype> begins;  // of each line within the text
        do {
            begins.append(text.size());
            text += lines[end++].text();
        } while (end < lines.size() && lines[end].broken);
        for (qsizetype at = text.indexOf(needle, 0, Qt::CaseInsensitive); at >= 0;
             at = text.indexOf(needle, at + needle.size(), Qt::CaseInsensitive)) {
            const qsizetype stop = at + needle.size();
            auto line = std::ranges::upper_bound(begins, at) - begins.begin() - 1;
            for (qsizetype from = at; from < stop; ++line) {
                const qsizetype lineEnd = line + 1 < begins.size() ? begins[line + 1] : text.size();
                const qsizetype to = std::min(stop, lineEnd);
                matches.append({first + line, from - begins[line], to - from, from == at});
                from = to;
            }
            if (matches.size() >= kTranscriptMatches) {
                return matches;
            }
        }
        first = end;
    }
    return matches;
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
