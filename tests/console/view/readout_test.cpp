#include "console/view/readout.hpp"

#include "tests/console/support/shown_window.hpp"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class ReadoutTest : public ShownWindow {
protected:
    QJsonObject read() const { return readOut(window_, workspace_); }
};

TEST_F(ReadoutTest, SaysHowTheLinkStands) {
    EXPECT_EQ(read()[u"connection"_s][u"state"_s].toString(), u"connecting"_s);
    fill();
    EXPECT_EQ(read()[u"connection"_s][u"state"_s].toString(), u"live"_s);
}

TEST_F(ReadoutTest, HoldsTilesLegendAndFirstRow) {
    fill();
    const QJsonObject out = read();
    EXPECT_EQ(out[u"tiles"_s][0][u"value"_s].toString(), u"23"_s);
    EXPECT_EQ(out[u"legend"_s][0][u"name"_s].toString(), u"TELNET"_s);
    EXPECT_EQ(out[u"legend"_s][0][u"sessions"_s].toInt(), 16);
    EXPECT_EQ(out[u"rows"_s][0][u"cells"_s][u"Source"_s].toString(), u"203.0.113.7"_s);
}

TEST_F(ReadoutTest, HoldsTheSelectedSessionPacketByPacketAndLineByLine) {
    fill();
    const QJsonValue session = read()[u"session"_s];
    EXPECT_EQ(session[u"turns"_s].toArray().size(), 4);
    EXPECT_EQ(session[u"turns"_s][1][u"who"_s].toString(), u"attacker"_s);
    EXPECT_EQ(session[u"log"_s][0].toString(), u"*****"_s);
}

TEST_F(ReadoutTest, GivesTheSwitchAPlaceWhereAClickMeetsIt) {
    fill();
    window_.choose(Page::Fleet);
    QCoreApplication::processEvents();
    const QJsonValue shown = read()[u"switches"_s][0];
    const QJsonValue rect = shown[u"rect"_s];
    const QPoint centre(rect[u"x"_s].toInt() + rect[u"w"_s].toInt() / 2,
                        rect[u"y"_s].toInt() + rect[u"h"_s].toInt() / 2);
    QWidget* hit = window_.childAt(window_.mapFromGlobal(centre));
    ASSERT_NE(hit, nullptr);
    QTest::mouseClick(hit, Qt::LeftButton, {}, hit->mapFromGlobal(centre));
    ASSERT_EQ(link_.wishes.size(), 1);
    EXPECT_EQ(link_.wishes[0].service, shown[u"service"_s].toString());
}

TEST_F(ReadoutTest, IsWrittenWhole) {
    const QTemporaryDir folder;
    const QString path = folder.filePath(u"readout.json"_s);
    EXPECT_TRUE(writeReadout(path, read()).isEmpty());
    QFile file(path);
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    EXPECT_TRUE(QJsonDocument::fromJson(file.readAll()).isObject());
}

TEST_F(ReadoutTest, SaysThatAFileCannotBeWritten) {
    EXPECT_TRUE(writeReadout(u"/nowhere/readout.json"_s, read()).contains(u"/nowhere/readout.json"_s));
}

}  // namespace
}  // namespace apiary::console
