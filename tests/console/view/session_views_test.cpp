#include "console/model/session_export.hpp"
#include "tests/console/support/shown_window.hpp"

#include <QClipboard>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QToolButton>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class SessionViewsTest : public ShownWindow {
protected:
    SessionViewsTest() { window_.choose(Page::Sessions); }
    SessionTable& table() { return const_cast<SessionTable&>(window_.sessions().table()); }
    TranscriptView& transcript() const { return window_.sessions().panel().transcript(); }
};

TEST_F(SessionViewsTest, TheColumnOfCountriesComesWithTheFirstCountry) {
    fill();
    EXPECT_FALSE(table().shownColumns().contains(u"CC"_s));
    SessionRow row = sampleRow(-5, 'b');
    row.country = u"NL"_s;
    workspace_.refresh();
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{row}, false});
    EXPECT_TRUE(table().shownColumns().contains(u"CC"_s));
}

TEST_F(SessionViewsTest, ChoosingARowAsksForThatSession) {
    fill();
    table().setCurrentIndex(table().model()->index(1, 0));
    EXPECT_EQ(link_.sessions.last().id, sampleRow(-20, 'a').id);
}

TEST_F(SessionViewsTest, CopyTakesTheChosenRowAsCsv) {
    fill();
    table().setCurrentIndex(table().model()->index(1, 0));
    QTest::keySequence(&table(), QKeySequence(QKeySequence::Copy));
    EXPECT_EQ(QGuiApplication::clipboard()->text().toUtf8(),
              csvHeader() + csvLine(workspace_.list().table().rows()[1]));
}

TEST_F(SessionViewsTest, TheRowOfTheSelectedSessionStaysChosenWhenNewOnesCome) {
    fill();
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-2, 'c')}, .notShown = 0});
    EXPECT_EQ(table().currentIndex().row(), 1);
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-5, 'b').id);
}

TEST_F(SessionViewsTest, NewSessionsWaitBehindAButtonWhileTheReaderIsFurtherDown) {
    fill();
    QList<SessionRow> many;
    for (int i = 0; i < 100; ++i) {
        many.append(sampleRow(-100 - i, char(i)));
    }
    Q_EMIT link_.happened({.opened = {}, .ended = many, .notShown = 0});
    QCoreApplication::processEvents();
    table().verticalScrollBar()->setValue(200);
    const int rows = table().model()->rowCount();
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-1, 'z')}, .notShown = 0});
    EXPECT_EQ(table().model()->rowCount(), rows);
    ASSERT_TRUE(table().newer().isVisible());
    EXPECT_EQ(table().newer().text(), u"1 new · show"_s);
    QTest::mouseClick(&table().newer(), Qt::LeftButton);
    EXPECT_EQ(table().model()->rowCount(), rows + 1);
    EXPECT_FALSE(table().newer().isVisible());
    EXPECT_EQ(table().verticalScrollBar()->value(), 0);
}

TEST_F(SessionViewsTest, PaintsWhoSaidWhat) {
    fill();
    const auto& lines = transcript().lines();
    ASSERT_EQ(lines.size(), 4);
    EXPECT_EQ(lines[1].kind, TranscriptLine::Kind::Received);
    EXPECT_EQ(lines[1].text(), u"USER ann↵"_s);
}

TEST_F(SessionViewsTest, HostileTextStaysTextEverywhere) {
    fill();
    SessionRow row = sampleRow(-1, 'h');
    row.source = u"<img src=file:///etc/passwd>"_s;
    row.sensor = u"<b>\u202ebold</b>"_s;
    row.outcome = u"\x1b[2J"_s;
    SessionDetail detail = sampleDetail(row);
    detail.credentials = {{"<h1>root</h1>", "\x1b]0;owned\x07", false}};
    Q_EMIT link_.happened({.opened = {}, .ended = {row}, .notShown = 0});
    workspace_.list().select(row.id);
    Q_EMIT link_.sessionArrived(link_.sessions.last().number, detail);
    for (const auto* label : window_.findChildren<QLabel*>()) {
        EXPECT_EQ(label->textFormat(), Qt::PlainText) << label->text().toStdString();
        for (const QChar c : label->text()) {
            EXPECT_TRUE(c == u'\n' || c.isPrint()) << label->text().toStdString();
        }
        EXPECT_FALSE(label->toolTip().mid(1).contains(u"<b"_s) || label->toolTip().contains(u"<img"_s))
            << label->toolTip().toStdString();
    }
    for (const QString& cell : table().shownCells(0)) {
        for (const QChar c : cell) {
            EXPECT_TRUE(c.isPrint()) << cell.toStdString();
        }
    }
}

TEST_F(SessionViewsTest, TenMegabytesOfASessionAreBoundedAndPaintedAtOnce) {
    fill();
    SessionDetail detail = sampleDetail(sampleRow(-5, 'b'));
    detail.events = {{detail.row.startedUs, SessionEvent::Received, 0, QByteArray(10'000'000, '\x1b')}};
    detail.log = {QByteArray(10'000'000, '<')};
    workspace_.list().select(sampleRow(-20, 'a').id);
    workspace_.list().select(sampleRow(-5, 'b').id);
    Q_EMIT link_.sessionArrived(link_.sessions.last().number, detail);
    EXPECT_LE(transcript().lines().size(), kTranscriptLines + 2);
    transcript().setForm(TranscriptView::Form::Log);
    EXPECT_LE(transcript().lines().size(), kTranscriptLines + 50'000);
    EXPECT_FALSE(window_.grab().isNull());
}

TEST_F(SessionViewsTest, NoTabIsClippedInASmallWindow) {
    window_.resize(1280, 720);
    fill();
    for (const auto& asked : std::as_const(link_.counts)) {
        Q_EMIT link_.countArrived(asked.number, {.sessions = 43'603, .times = 0, .more = false, .sources = 0});
    }
    QCoreApplication::processEvents();
    for (const QString& name : {u"Transcript"_s, u"Hex"_s, u"Events"_s, u"Text log"_s, u"Same source"_s}) {
        const auto* tab = window_.findChild<QToolButton*>(u"tab:"_s + name);
        ASSERT_TRUE(tab);
        EXPECT_GE(tab->width(), tab->sizeHint().width()) << tab->text().toStdString();
    }
}

TEST_F(SessionViewsTest, EscapeLeavesTheTimeToGoTo) {
    fill();
    auto* time = window_.findChild<QLineEdit*>(u"list:jump"_s);
    QTest::keySequence(&window_, QKeySequence(u"Ctrl+G"_s));
    ASSERT_TRUE(time->isVisible());
    QTest::keyClick(time, Qt::Key_Escape);
    EXPECT_FALSE(time->isVisible());
}

TEST_F(SessionViewsTest, SaysWhenNothingWasSent) {
    EXPECT_EQ(transcript().emptyWords(), u"Nothing was sent by either side"_s);
    transcript().setDirection(Direction::Attacker);
    EXPECT_EQ(transcript().emptyWords(), u"The attacker sent nothing"_s);
}

}  // namespace
}  // namespace apiary::console
