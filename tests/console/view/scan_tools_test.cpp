#include "console/view/probe_sheet.hpp"
#include "tests/console/view/overview_fixture.hpp"

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using State = PanelBody::State;

/// The scan tools stand in the third list.
class ScanToolsTest : public OverviewPageTest {
protected:
    ScanToolsTest() {
        fillAll();
        workspace_.overview().setThird(TopField::Tool);
    }
    const ProbeSheet* sheet() const { return qobject_cast<const ProbeSheet*>(window_.sheet()); }
};

TEST_F(ScanToolsTest, AnEntryOpensItsProbesInTheScopeItWasCountedIn) {
    Q_EMIT link_.topArrived(numberOf(TopField::Tool), {{"masscan", 2, 1, {}, {}}, {"zmap", 1, 0, {}, {}}});
    const Scope counted = link_.tops.last().scope;
    now_ += 60 * kSecondUs;
    const QJsonValue shown = read()[u"rankings"_s][2];
    EXPECT_EQ(shown[u"title"_s].toString(), u"Scan tools"_s);
    EXPECT_EQ(shown[u"unit"_s].toString(), u"probes"_s);
    clickAt(shown[u"entries"_s][0][u"rect"_s]);
    ASSERT_NE(sheet(), nullptr);
    EXPECT_EQ(sheet()->title(), u"Probes with the marks of masscan"_s);
    EXPECT_EQ(sheet()->panel().state(), State::Loading);
    ASSERT_EQ(link_.probes.size(), 1);
    EXPECT_EQ(link_.probes[0].scope, counted);
    EXPECT_EQ(link_.probes[0].tool, u"masscan"_s);
    Q_EMIT link_.probesArrived(link_.probes[0].number,
                               {.rows = {sampleProbe(-5, 'b'), sampleProbe(-9, 'a')}, .more = false, .probes = 2});
    EXPECT_EQ(sheet()->panel().state(), State::Shown);
    EXPECT_EQ(sheet()->words(), u"2 probes · 11 Mar 14:00 to 12 Mar 14:00 UTC"_s);
    const QJsonValue probes = read()[u"probes"_s];
    EXPECT_EQ(probes[u"tool"_s].toString(), u"masscan"_s);
    EXPECT_EQ(probes[u"count"_s].toInt(), 2);
    EXPECT_EQ(probes[u"rows"_s].toArray().size(), 2);
    EXPECT_EQ(probes[u"rows"_s][0][u"Kind"_s].toString(), u"SYN"_s);
    EXPECT_EQ(window_.page(), Page::Overview);
}

TEST_F(ScanToolsTest, TheSheetSaysWhatIsWrongAndCloses) {
    Q_EMIT link_.topArrived(numberOf(TopField::Tool), {{"masscan", 2, 1, {}, {}}});
    clickAt(read()[u"rankings"_s][2][u"entries"_s][0][u"rect"_s]);
    ASSERT_NE(sheet(), nullptr);
    Q_EMIT link_.failed(link_.probes[0].number, u"the database is away"_s);
    EXPECT_EQ(sheet()->panel().state(), State::Failed);
    EXPECT_EQ(sheet()->panel().words(), u"This could not be read"_s);
    QTest::keyClick(window_.focusWidget(), Qt::Key_Escape);
    EXPECT_EQ(sheet(), nullptr);
    EXPECT_TRUE(read()[u"probes"_s].isNull());
}

TEST_F(ScanToolsTest, WithoutOneTheListSaysWhereTheyComeFrom) {
    Q_EMIT link_.topArrived(numberOf(TopField::Tool), {});
    EXPECT_EQ(page().rankings()[2]->body().state(), State::Empty);
    EXPECT_TRUE(page().rankings()[2]->body().words().contains(u"No scan tool told by its marks"_s));
    workspace_.overview().setThird(TopField::Port);
    Q_EMIT link_.topArrived(numberOf(TopField::Port), {});
    EXPECT_TRUE(page().rankings()[2]->body().words().contains(u"Nothing in this range"_s));
    workspace_.overview().setThird(TopField::Tool);
    Q_EMIT link_.failed(numberOf(TopField::Tool), u"the database is away"_s);
    EXPECT_EQ(page().rankings()[2]->body().state(), State::Failed);
}

}  // namespace
}  // namespace apiary::console
