#include "console/model/probe_list.hpp"

#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QAbstractItemModelTester>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using FailureMode = QAbstractItemModelTester::FailureReportingMode;

/// A list with its contract checked at every change, that has asked for the probes of masscan.
class ProbeListTest : public testing::Test {
protected:
    ProbeListTest() { list_.ask(u"masscan"_s, scope_); }

    void answer(const QList<ProbeRow>& rows, bool more, quint64 probes = 0) {
        Q_EMIT link_.probesArrived(link_.probes.last().number, {.rows = rows, .more = more, .probes = probes});
    }
    std::string text() const {
        QString text;
        for (int row = 0; row < list_.rowCount(); ++row) {
            for (int column = 0; column < list_.columnCount(); ++column) {
                text += list_.index(row, column).data(Qt::DisplayRole).toString() + u'|';
            }
            text += u'\n';
        }
        return text.toStdString();
    }

    const Scope scope_{.fromUs = kSampleUs,
                       .toUs = kSampleUs + 60 * kSecondUs,
                       .sensorIds = {1},
                       .protocols = {},
                       .traffic = {u"known-scanner"_s}};
    FakeLink link_;
    ProbeList list_{link_};
    QAbstractItemModelTester tester_{&list_, FailureMode::Fatal};
};

TEST_F(ProbeListTest, NumbersEndWhereTheirHeadingsDo) {
    answer({sampleProbe(-5, 'b')}, false, 1);
    for (int column = 0; column < list_.columnCount(); ++column) {
        const bool number = column == ProbeList::Port || column == ProbeList::Packets || column == ProbeList::Lasted;
        const auto heading = list_.headerData(column, Qt::Horizontal, Qt::TextAlignmentRole).toInt();
        EXPECT_EQ(list_.index(0, column).data(Qt::TextAlignmentRole).toInt(), heading) << column;
        EXPECT_EQ((heading & Qt::AlignRight) != 0, number) << column;
    }
}

TEST_F(ProbeListTest, AsksInTheScopeItIsGiven) {
    ASSERT_EQ(link_.probes.size(), 1);
    EXPECT_EQ(link_.probes[0].scope, scope_);
    EXPECT_EQ(link_.probes[0].tool, u"masscan"_s);
    EXPECT_EQ(link_.probes[0].before, SessionKey{});
    EXPECT_FALSE(list_.count());
}

TEST_F(ProbeListTest, ShowsRowsAsText) {
    ProbeRow ping = sampleProbe(1, 'a');
    ping.kind = u"icmp"_s;
    ping.targetPort = 0;
    ping.country = u"NL"_s;
    ping.packets = 1;
    ping.endedUs = ping.startedUs;
    ProbeRow closed = sampleProbe(0, 'a');
    closed.kind = u"closed"_s;
    closed.reason = u"\u202emasscan"_s;
    answer({sampleProbe(2, 'b'), ping, closed}, false, 3);
    EXPECT_EQ(text(),
              "12 Mar 14:00:02|203.0.113.7||ams-01|SYN|192.0.2.0|23|1,256|9.80 s|addresses=256 ttl=243 flags=S|\n"
              "12 Mar 14:00:01|203.0.113.7|NL|ams-01|ICMP|192.0.2.0||1|0.00 s|addresses=256 ttl=243 flags=S|\n"
              "12 Mar 14:00:00|203.0.113.7||ams-01|closed port|192.0.2.0|23|1,256|9.80 s|<U+202E>masscan|\n");
    EXPECT_EQ(list_.count(), 3U);
}

TEST_F(ProbeListTest, AsksForTheNextPageByTheKeyOfTheLastRow) {
    answer({sampleProbe(9, 'b'), sampleProbe(3, 'a')}, true, 3);
    list_.fetchMore({});
    const SessionKey last{sampleProbe(3, 'a').startedUs, sampleProbe(3, 'a').id};
    EXPECT_EQ(link_.probes.last().before, last);
    const auto asked = link_.probes.size();
    EXPECT_FALSE(list_.canFetchMore({})) << "one page is under way";
    list_.fetchMore({});
    EXPECT_EQ(link_.probes.size(), asked);
    answer({sampleProbe(1, 'c')}, false);
    EXPECT_EQ(list_.rowCount(), 3);
    EXPECT_EQ(list_.count(), 3U) << "only the first page says how many there are";
    EXPECT_FALSE(list_.canFetchMore({}));
}

TEST_F(ProbeListTest, HoldsNoMoreThanItsBound) {
    QList<ProbeRow> page;
    for (int i = 0; i < ProbeList::kMostRows; ++i) {
        page.append(sampleProbe(0, 'x'));
    }
    answer(page, true, 3 * ProbeList::kMostRows);
    EXPECT_FALSE(list_.canFetchMore({}));
}

TEST_F(ProbeListTest, DropsWhatIsOutOfDate) {
    const quint64 old = link_.probes.last().number;
    list_.ask(u"zmap"_s, scope_);
    Q_EMIT link_.probesArrived(old, {.rows = {sampleProbe(0, 'a')}, .more = false, .probes = 1});
    EXPECT_EQ(list_.rowCount(), 0);
    answer({sampleProbe(0, 'b')}, false, 1);
    EXPECT_EQ(list_.rowCount(), 1);
    list_.ask(u"nmap"_s, scope_);
    EXPECT_EQ(list_.rowCount(), 0);
}

TEST_F(ProbeListTest, CanAskAgainAfterAPageFailed) {
    answer({sampleProbe(9, 'b')}, true, 2);
    list_.fetchMore({});
    Q_EMIT link_.failed(link_.probes.last().number, u"the database is away"_s);
    EXPECT_EQ(list_.failure(), u"the database is away"_s);
    EXPECT_EQ(list_.rowCount(), 1);
    list_.fetchMore({});
    answer({sampleProbe(1, 'a')}, false);
    EXPECT_TRUE(list_.failure().isEmpty());
    EXPECT_EQ(list_.rowCount(), 2);
}

}  // namespace
}  // namespace apiary::console
