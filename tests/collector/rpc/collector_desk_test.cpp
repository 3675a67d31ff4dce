#include "collector/rpc/collector_desk.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

class CollectorDeskTest : public testing::Test {
protected:
    void work(int looks = 1) {
        for (int i = 0; i < looks; ++i) {
            now_ += 1s;
            desk_.work(now_);
        }
    }
    std::size_t shown() const {
        const auto troubles = hub_.troubles();
        const auto own = troubles.find(kOfTheCollector);
        return own == troubles.end() ? 0 : own->second.size();
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    FleetHub hub_;
    CollectorView view_;
    std::vector<std::string> told_;
    CollectorDesk desk_{hub_,
                        [this] { return view_; },
                        [this](const std::string& json, Time) { told_.push_back(json); },
                        {.every = 30min, .mostPerHour = 2},
                        "home"};
};

TEST_F(CollectorDeskTest, TellsOnceThatTheDatabaseIsAwayAndOnceThatItIsBack) {
    work();
    view_.answers = false;
    const auto before = hub_.revision();
    work(31);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_[0].find(R"("event":"began","collector":"home","incident":0,"kind":"database","sensor":"",)"
                            R"("sensor_id":0,"service":"","subject":"away","severity":4)"),
              std::string::npos)
        << told_[0];
    EXPECT_NE(told_[0].find(R"("text":"collector home: the database does not answer since )"), std::string::npos)
        << told_[0];
    EXPECT_EQ(shown(), 1U);
    EXPECT_NE(hub_.revision(), before) << "who watches the fleet looks again";
    work(600);
    EXPECT_EQ(told_.size(), 1U);
    view_.answers = true;
    work();
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_NE(told_[1].find(R"("event":"ended")"), std::string::npos) << told_[1];
    EXPECT_EQ(shown(), 0U);
}

TEST_F(CollectorDeskTest, WhatComesAndGoesIsToldSeldom) {
    for (int i = 0; i < 20; ++i) {
        view_.answers = false;
        work(31);
        view_.answers = true;
        work(5);
    }
    EXPECT_EQ(told_.size(), 2U) << "its beginning and its first end; then nothing for half an hour";
    EXPECT_EQ(desk_.heldBack(), 0U);
}

TEST_F(CollectorDeskTest, CountsWhatIsTooMuchInAnHour) {
    view_.answers = false;
    view_.lack = "no room";
    view_.kept = "in use";
    work(31);
    EXPECT_EQ(told_.size(), 2U);
    EXPECT_EQ(desk_.heldBack(), 1U);
}

}  // namespace
}  // namespace apiary::collector
