#include "console/model/transcript.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

/// "0.31 > USER ann↵" for each line; lines that go on have no time.
std::string text(const QList<TranscriptLine>& lines) {
    QString text;
    for (const TranscriptLine& line : lines) {
        const char16_t arrow = line.kind == TranscriptLine::Kind::Received ? u'>'
                               : line.kind == TranscriptLine::Kind::Sent   ? u'<'
                                                                           : u'#';
        text += (line.first ? QString::number(line.seconds, 'f', 2) + u' ' : QString()) + arrow + u' ' + line.text() +
                u'\n';
    }
    return text.toStdString();
}

TEST(TranscriptTest, ShowsWhoSaidWhatAndWhen) {
    EXPECT_EQ(text(layOutTranscript(sampleDetail(sampleRow(0, 'a')), 80)),
              "0.00 < 220 ready↵\n"
              "0.31 > USER ann↵\n"
              "0.90 > STOR \\xff\\x00\\\\\\x1b[31m\\n\n"
              "0.91 # data channel 1 open 51522 40021\n");
}

TEST(TranscriptTest, SaysWhichChannelAHandshakeWasOn) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Tls, 0, "ok TLSv1.3 -"},
                     {detail.row.startedUs, SessionEvent::Tls, 2, "failed - -"},
                     {detail.row.startedUs, SessionEvent::Tls, 0, ""}};
    EXPECT_EQ(text(layOutTranscript(detail, 80)),
              "0.00 # TLS handshake ok TLSv1.3 -\n"
              "0.00 # data channel 2 TLS handshake failed - -\n"
              "0.00 # TLS handshake\n");
}

TEST(TranscriptTest, BreaksLongLinesBetweenEscapes) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Received, 0, QByteArray(5, '\xff')}};
    EXPECT_EQ(text(layOutTranscript(detail, 10)), "0.00 > \\xff\\xff\n> \\xff\\xff\n> \\xff\n");
}

TEST(TranscriptTest, MarksWhatIsNoText) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Received, 0, "ab\x01"}};
    const auto lines = layOutTranscript(detail, 80);
    ASSERT_EQ(lines[0].runs.size(), 2);
    EXPECT_FALSE(lines[0].runs[0].escaped);
    EXPECT_TRUE(lines[0].runs[1].escaped);
}

TEST(TranscriptTest, HoldsPrintableCharactersOnlyForEveryByte) {
    QByteArray all;
    for (int byte = 0; byte < 256; ++byte) {
        all.append(static_cast<char>(byte));
    }
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Received, 0, all}};
    for (const TranscriptLine& line : layOutTranscript(detail, 40)) {
        for (const QChar c : line.text()) {
            EXPECT_TRUE((c >= u' ' && c <= u'~') || c == u'↵') << int(c.unicode());
        }
    }
}

TEST(TranscriptTest, BoundsALongSessionAndSaysWhatIsLeft) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Received, 0, QByteArray(10'000'000, 'x')}};
    const auto lines = layOutTranscript(detail, 120);
    EXPECT_LE(lines.size(), kTranscriptLines + 1);
    EXPECT_TRUE(lines.last().text().contains(u"MB more are not shown here"_s)) << lines.last().text().toStdString();
}

TEST(TranscriptTest, AgreesOnlyWhenBothDigestsAreThereAndEqual) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    EXPECT_EQ(agreementOf(detail), Agreement::Agree);
    detail.journalSha256 = QByteArray(32, 'b');
    EXPECT_EQ(agreementOf(detail), Agreement::Differ);
    detail.journalSha256.clear();
    EXPECT_EQ(agreementOf(detail), Agreement::NoDigest);
    detail.row.endedUs = 0;
    EXPECT_EQ(agreementOf(detail), Agreement::StillOpen);
}

TEST(TranscriptTest, ShowsTheTextLogAsItIs) {
    EXPECT_EQ(text(layOutLog(sampleDetail(sampleRow(0, 'a')), 80)),
              "0.00 # *****\n0.00 # *****Started at: Thu Mar 12 14:00:00 UTC 2026*****\n");
}

TEST(TranscriptTest, DumpsBytesWithOffsetAndText) {
    SessionDetail detail;
    detail.events = {{0, SessionEvent::Received, 0, QByteArray("GET /\x00\xff\r\nabcdefgh", 17)}};
    const QList<TranscriptLine> lines = layOutHex(detail, 80);
    ASSERT_EQ(lines.size(), 2);
    EXPECT_EQ(lines[0].text(),
              QStringLiteral("0000  47 45 54 20 2f 00 ff 0d  0a 61 62 63 64 65 66 67  GET /....abcdefg"));
    EXPECT_TRUE(lines[1].text().startsWith(QStringLiteral("0010  68 ")));
    EXPECT_EQ(layOutHex(detail, 45).size(), 3);
}

TEST(TranscriptTest, NamesTheCommandsOfTelnet) {
    SessionDetail detail;
    detail.row.protocol = QStringLiteral("telnet");
    detail.events = {{0, SessionEvent::Sent, 0, QByteArray("\xff\xfb\x01\xff\xfb\x03", 6)}};
    const QList<TranscriptLine> lines = layOutTranscript(detail, 80);
    ASSERT_EQ(lines.size(), 2);
    EXPECT_EQ(lines[1].text(), QStringLiteral("IAC WILL ECHO, WILL SUPPRESS-GO-AHEAD"));
}

TEST(TranscriptTest, ShowsOneDirectionAlone) {
    SessionDetail detail;
    detail.events = {{0, SessionEvent::Sent, 0, "220 ready\r\n"}, {0, SessionEvent::Received, 0, "QUIT\r\n"}};
    const QList<TranscriptLine> lines = layOutTranscript(detail, 80, Direction::Attacker);
    ASSERT_EQ(lines.size(), 1);
    EXPECT_EQ(lines[0].text(), QStringLiteral("QUIT↵"));
}

TEST(TranscriptTest, FindsWhatTheWidthBroke) {
    SessionDetail detail;
    detail.events = {{0, SessionEvent::Received, 0, "0123456789busybox busyBOX"}};
    const QList<TranscriptMatch> matches = findInTranscript(layOutTranscript(detail, 12), QStringLiteral("BusyBox"));
    EXPECT_EQ(std::ranges::count(matches, true, &TranscriptMatch::begins), 2);
    ASSERT_GE(matches.size(), 2);
    EXPECT_EQ(matches[0].line, 0);
    EXPECT_EQ(matches[0].column, 10);
    EXPECT_EQ(matches[1].line, 1);
}

TEST(TranscriptTest, CopiesWithAndWithoutMarkers) {
    SessionDetail detail;
    detail.events = {{310'000, SessionEvent::Received, 0, "USER ann\r\nPASS x\r\n"}};
    const QList<TranscriptLine> lines = layOutTranscript(detail, 8);
    EXPECT_EQ(transcriptText(lines, false), QStringLiteral("USER ann↵\nPASS x↵\n"));
    EXPECT_TRUE(transcriptText(lines, true).startsWith(QStringLiteral("    0.310 → USER ann↵\n")));
}

TEST(TranscriptTest, BreaksNotesBetweenWordsAndCopiesThemWhole) {
    SessionDetail detail = sampleDetail(sampleRow(0, 'a'));
    detail.events = {{detail.row.startedUs, SessionEvent::Channel, 1, "channel 1 open to a place that is far away"}};
    const auto lines = layOutTranscript(detail, 20);
    ASSERT_GT(lines.size(), 1);
    for (const TranscriptLine& line : lines) {
        EXPECT_LE(line.text().size(), 20) << line.text().toStdString();
        EXPECT_FALSE(line.text().startsWith(u' '));
    }
    EXPECT_TRUE(transcriptText(lines, false).contains(u"open to a place that is far away"_s));
}

}  // namespace
}  // namespace apiary::console
