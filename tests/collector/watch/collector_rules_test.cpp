#include "collector/watch/collector_rules.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

class CollectorRulesTest : public testing::Test {
protected:
    /// Looks once a second for that long; returns what the last look found.
    std::vector<Trouble> look(Time::duration length = 1s) {
        std::vector<Trouble> found;
        for (const Time end = now_ + length; now_ < end;) {
            now_ += 1s;
            found = rules_.judge(view_, now_);
        }
        return found;
    }
    std::string subjects(Time::duration length = 1s) {
        std::string text;
        for (const auto& trouble : look(length)) {
            EXPECT_EQ(trouble.key.kind, TroubleKind::Database);
            EXPECT_EQ(trouble.key.sensorId, kOfTheCollector);
            EXPECT_FALSE(trouble.brief.empty());
            EXPECT_FALSE(trouble.remedy.empty());
            text += trouble.key.subject + ' ';
        }
        return text;
    }
    /// A transaction each second, of that many seconds.
    std::string commits(double seconds, int count) {
        std::string last;
        for (int i = 0; i < count; ++i) {
            ++view_.transactions;
            view_.transactionSeconds += seconds;
            last = subjects();
        }
        return last;
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    CollectorView view_;
    CollectorRules rules_;
};

TEST_F(CollectorRulesTest, FindsNothingWrongWithADatabaseThatAnswers) {
    EXPECT_EQ(subjects(2min), "");
    EXPECT_EQ(commits(0.02, 100), "");
}

TEST_F(CollectorRulesTest, ADatabaseIsAwayAfterHalfAMinuteWithoutABreak) {
    view_.answers = false;
    EXPECT_EQ(subjects(29s), "");
    view_.answers = true;
    EXPECT_EQ(subjects(), "");
    view_.answers = false;
    const Time since = now_ + 1s;
    EXPECT_EQ(subjects(30s), "");
    const auto found = look();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].key.subject, "away");
    EXPECT_EQ(found[0].since, since);
    EXPECT_EQ(found[0].severity, Severity::Critical);
    EXPECT_EQ(look(1h)[0].since, since) << "it is as old as when it was found";
    view_.answers = true;
    EXPECT_EQ(subjects(), "");
}

TEST_F(CollectorRulesTest, ADatabaseIsAwayAfterHalfAMinuteThoughTheClockIsSetBack) {
    view_.answers = false;
    subjects(5s);
    now_ -= 40 * 24h;
    EXPECT_EQ(subjects(31s), "away ");
}

TEST_F(CollectorRulesTest, OneThatAnswersAndTakesNothingIsTold) {
    view_.takes = false;
    EXPECT_EQ(subjects(30s), "");
    EXPECT_EQ(subjects(), "refuses ");
}

TEST_F(CollectorRulesTest, AFullDiskIsToldAtOnceAndAsNothingElse) {
    view_.lack = "the disk of /var/lib/postgresql has 10 MiB left, its floor is 64 MiB: make room";
    view_.takes = false;
    const auto found = look();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].key.subject, "full");
    EXPECT_NE(found[0].sentence().find("10 MiB left"), std::string::npos) << found[0].sentence();
    EXPECT_EQ(subjects(5min), "full ");
}

TEST_F(CollectorRulesTest, CommitsAreSlowFromOneSecondOnAndQuickFromHalfASecond) {
    EXPECT_EQ(commits(0.9, 90), "");
    EXPECT_EQ(commits(1.2, 90), "slow ");
    EXPECT_EQ(commits(0.7, 90), "slow ");
    EXPECT_EQ(commits(0.3, 90), "");
}

TEST_F(CollectorRulesTest, NoCommitWhileBatchesWaitIsSlowToo) {
    view_.waitingBytes = 1000;
    EXPECT_EQ(commits(0.1, 60), "");
    EXPECT_EQ(subjects(30s), "");
    EXPECT_EQ(subjects(), "slow ");
    ++view_.transactions;
    EXPECT_EQ(subjects(), "");
    view_.waitingBytes = 0;
    EXPECT_EQ(subjects(5min), "") << "nothing waits, so nothing is late";
}

TEST_F(CollectorRulesTest, SaysWhyOldRowsAreKept) {
    view_.kept = "3 partitions are in use all the time";
    const auto found = look();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].key.subject, "retention");
    EXPECT_EQ(found[0].remedy, *view_.kept);
}

}  // namespace
}  // namespace apiary::collector
