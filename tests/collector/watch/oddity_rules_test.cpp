#include "collector/watch/oddity_rules.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

class OddityRulesTest : public testing::Test {
protected:
    OddityRulesTest() {
        view_.sensorId = 1;
        view_.name = "roof";
        view_.odd = SensorOddities{.quarantined = 7, .dropped = 1, .flawedPieces = 2, .lostSpools = 3};
    }
    std::string look(Time::duration later = 1s) {
        now_ += later;
        found_ = rules_.judge(std::span(&view_, 1), now_);
        std::string all;
        for (const auto& trouble : found_) {
            all += std::string(kindText(trouble.key.kind)) + '/' + trouble.key.subject + ' ';
        }
        return all;
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    SensorView view_;
    OddityRules rules_;
    std::vector<Trouble> found_;
};

TEST_F(OddityRulesTest, WhatWasThereBeforeIsNoNews) {
    EXPECT_EQ(look(), "");
    EXPECT_EQ(look(), "");
}

TEST_F(OddityRulesTest, ARecordPutAsideIsToldAndCountedUntilItIsCalm) {
    look();
    ++view_.odd->quarantined;
    EXPECT_EQ(look(), "quarantine/ ");
    view_.odd->quarantined += 4;
    look();
    ASSERT_EQ(found_.size(), 1U);
    EXPECT_EQ(found_[0].count, 5U);
    EXPECT_EQ(found_[0].sensor, "roof");
    EXPECT_EQ(found_[0].brief, "5 records of it were put aside since 2026-11-25T12:00:02Z");
    EXPECT_EQ(look(9min), "quarantine/ ");
    EXPECT_EQ(look(2min), "");
}

TEST_F(OddityRulesTest, AFullQuarantineIsGrave) {
    look();
    ++view_.odd->quarantined;
    ++view_.odd->dropped;
    EXPECT_EQ(look(), "quarantine/ quarantine/full ");
    EXPECT_EQ(found_[1].severity, Severity::Grave);
}

TEST_F(OddityRulesTest, AManifestThatContradictsItselfAndALostSpoolLastForAnHour) {
    look();
    ++view_.odd->flawedPieces;
    ++view_.odd->lostSpools;
    EXPECT_EQ(look(), "ledger/manifest ledger/spool ");
    EXPECT_EQ(found_[0].severity, Severity::Critical);
    EXPECT_EQ(look(59min), "ledger/manifest ledger/spool ");
    EXPECT_EQ(look(2min), "");
}

TEST_F(OddityRulesTest, WithoutAWordOfTheDatabaseNothingIsSaid) {
    look();
    view_.odd.reset();
    EXPECT_EQ(look(), "");
    view_.odd = SensorOddities{.quarantined = 9, .dropped = 1, .flawedPieces = 2, .lostSpools = 3};
    EXPECT_EQ(look(), "quarantine/ ") << "it is told when the database is back";
}

}  // namespace
}  // namespace apiary::collector
