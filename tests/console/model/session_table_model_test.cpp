#include "console/model/session_table_model.hpp"

#include "tests/console/support/sample_values.hpp"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using FailureMode = QAbstractItemModelTester::FailureReportingMode;

/// A model with its contract checked at every change.
class SessionTableModelTest : public testing::Test {
protected:
    SessionTableModelTest() {
        QObject::connect(&model_, &SessionTableModel::pageWanted,
                         [this](const SessionKey& before, int) { wanted_.append(before); });
        model_.startOver();
    }

    std::string text() const {
        QString text;
        for (int row = 0; row < model_.rowCount(); ++row) {
            for (int column = 0; column < model_.columnCount(); ++column) {
                text += model_.index(row, column).data(Qt::DisplayRole).toString() + u'|';
            }
            text += u'\n';
        }
        return text.toStdString();
    }

    std::string tails() const {
        std::string tails;
        for (const SessionRow& row : model_.rows()) {
            tails += row.id.back();
        }
        return tails;
    }

    SessionTableModel model_;
    QAbstractItemModelTester tester_{&model_, FailureMode::Fatal};
    QList<SessionKey> wanted_;
};

TEST_F(SessionTableModelTest, ShowsARowAsText) {
    SessionRow row = sampleRow(0, 'a');
    row.firstLogin = {QStringLiteral("root"), QString()};
    model_.addPage({{row}, false});
    EXPECT_EQ(text(), "12 Mar 14:00:00|FTP|203.0.113.7||ams-01|root:(empty)|21|1|peer closed||2.50 s|31 B|1.5 kB|\n");
}

TEST_F(SessionTableModelTest, AsksForTheNextPageByTheKeyOfTheLastRow) {
    model_.addPage({{sampleRow(9, 'b'), sampleRow(3, 'a')}, true});
    model_.fetchMore({});
    EXPECT_EQ(wanted_.last(), (SessionKey{sampleRow(3, 'a').startedUs, sampleRow(3, 'a').id}));
}

TEST_F(SessionTableModelTest, HasOnePageUnderWayAtATime) {
    model_.addPage({{sampleRow(9, 'b')}, true});
    model_.fetchMore({});
    const auto asked = wanted_.size();
    EXPECT_FALSE(model_.canFetchMore({}));
    model_.fetchMore({});
    EXPECT_EQ(wanted_.size(), asked);
}

TEST_F(SessionTableModelTest, CanAskAgainAfterAPageFailed) {
    model_.addPage({{sampleRow(9, 'b')}, true});
    model_.fetchMore({});
    model_.pageFailed();
    EXPECT_TRUE(model_.canFetchMore({}));
}

TEST_F(SessionTableModelTest, EndsWithTheLastPage) {
    model_.addPage({{sampleRow(9, 'c')}, true});
    model_.fetchMore({});
    model_.addPage({{sampleRow(5, 'b')}, false});
    EXPECT_FALSE(model_.canFetchMore({}));
    EXPECT_EQ(tails(), "cb");
}

TEST_F(SessionTableModelTest, PutsALiveSessionInItsPlace) {
    model_.addPage({{sampleRow(9, 'c'), sampleRow(1, 'a')}, false});
    model_.takeLive({sampleRow(5, 'b'), sampleRow(12, 'd')});
    EXPECT_EQ(tails(), "dcba");
}

TEST_F(SessionTableModelTest, LeavesALiveSessionOfALaterPageToThatPage) {
    model_.addPage({{sampleRow(9, 'c'), sampleRow(5, 'b')}, true});
    model_.takeLive({sampleRow(1, 'a')});
    EXPECT_EQ(tails(), "cb");
}

TEST_F(SessionTableModelTest, ReplacesARowThatIsThereAlready) {
    SessionRow open = sampleRow(9, 'c');
    open.endedUs = 0;
    model_.addPage({{open}, false});
    model_.takeLive({sampleRow(9, 'c')});
    EXPECT_EQ(tails(), "c");
    EXPECT_EQ(model_.index(0, SessionTableModel::Outcome).data().toString(), u"peer closed"_s);
}

TEST_F(SessionTableModelTest, KeepsLiveSessionsWaitingWhileHeld) {
    QSignalSpy waiting(&model_, &SessionTableModel::waitingChanged);
    model_.addPage({{sampleRow(1, 'a')}, false});
    model_.hold(true);
    model_.takeLive({sampleRow(5, 'b')});
    model_.takeLive({sampleRow(5, 'b')});
    EXPECT_EQ(tails(), "a");
    EXPECT_EQ(waiting.last()[0].toInt(), 1);
    model_.hold(false);
    EXPECT_EQ(tails(), "ba");
    EXPECT_EQ(waiting.last()[0].toInt(), 0);
}

TEST_F(SessionTableModelTest, KeepsItsRowsUntilANewFirstPageCame) {
    model_.addPage({{sampleRow(1, 'a')}, false});
    model_.startOver();
    EXPECT_EQ(tails(), "a");
    model_.addPage({{sampleRow(7, 'b')}, false});
    EXPECT_EQ(tails(), "b");
}

TEST_F(SessionTableModelTest, EscapesMarkupInToolTips) {
    SessionRow row = sampleRow(1, 'a');
    row.source = u"<b>x</b>"_s;
    model_.addPage({{row}, false});
    EXPECT_TRUE(model_.index(0, 0).data(Qt::ToolTipRole).toString().startsWith(u"<qt>&lt;b&gt;"_s));
}

/// Pages of the sessions with these numbers, newest first.
QList<SessionRow> rowsFrom(int first, int count) {
    QList<SessionRow> rows;
    for (int i = 0; i < count; ++i) {
        SessionRow row = sampleRow(-first - i, 'x');
        row.id = QByteArray(12, '\0') + QByteArray::number(first + i).rightJustified(4, '0').right(4);
        rows.append(row);
    }
    return rows;
}

TEST_F(SessionTableModelTest, KeepsAWindowOfBoundedSizeAndComesBack) {
    constexpr int kPages = 30;
    model_.addPage({rowsFrom(0, SessionTableModel::kPage), true});
    for (int page = 1; page < kPages; ++page) {
        model_.fetchMore({});
        model_.addPage({rowsFrom(page * SessionTableModel::kPage, SessionTableModel::kPage), true});
        EXPECT_LE(model_.rowCount(), SessionTableModel::kMostRows);
    }
    const SessionRow first = model_.rows().first();
    EXPECT_FALSE(model_.atNewest());
    ASSERT_TRUE(model_.canFetchNewer());
    model_.fetchNewer();
    const int above = static_cast<int>(model_.rowsAbove());
    EXPECT_GT(wanted_.last().startedUs, first.startedUs);
    model_.addPage({rowsFrom(above - SessionTableModel::kPage, 2 * SessionTableModel::kPage), true});
    EXPECT_EQ(model_.rowOf(first.id), SessionTableModel::kPage);
    EXPECT_EQ(model_.rowCount(), SessionTableModel::kMostRows);
    EXPECT_TRUE(model_.more());
}

TEST_F(SessionTableModelTest, ShowsTheNewestOnWish) {
    model_.startOver({sampleRow(0, 'a').startedUs, QByteArray(16, '\0')});
    model_.addPage({{sampleRow(-5, 'a')}, true});
    model_.takeLive({sampleRow(20, 'b')});
    EXPECT_EQ(tails(), "a");
    EXPECT_EQ(model_.waiting(), 1);
    model_.showNewest();
    EXPECT_EQ(wanted_.last(), SessionKey{});
}

}  // namespace
}  // namespace apiary::console
