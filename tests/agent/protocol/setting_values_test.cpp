#include "agent/protocol/setting_values.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

const Settings kSettings{{"relay", "yes"},
                         {"quiet", "no"},
                         {"loud", "Yes"},
                         {"tries", "3"},
                         {"none", ""},
                         {"signed", "-1"},
                         {"tail", "3x"},
                         {"delay", "1500ms"},
                         {"bare", "3"},
                         {"long", "2h"},
                         {"huge", "99999999999999999999"}};

TEST(SettingValuesTest, AFlagIsYesOrNo) {
    EXPECT_TRUE(*flagOf(kSettings, "relay"));
    EXPECT_FALSE(*flagOf(kSettings, "quiet"));
    EXPECT_EQ(flagOf(kSettings, "loud").error(), "loud is 'Yes'; it may be yes or no");
}

TEST(SettingValuesTest, ANumberIsWholeAndInItsRange) {
    EXPECT_EQ(*numberOf(kSettings, "tries", 3, 3), 3U);
    EXPECT_EQ(numberOf(kSettings, "tries", 4, 9).error(), "tries is '3'; it may be a number from 4 to 9");
    for (const auto* name : {"none", "signed", "tail", "huge"}) {
        EXPECT_FALSE(numberOf(kSettings, name, 0, 9)) << name;
    }
}

TEST(SettingValuesTest, ADurationHasItsUnit) {
    EXPECT_EQ(*durationOf(kSettings, "delay", 2s), 1500ms);
    EXPECT_EQ(durationOf(kSettings, "bare", 1min).error(),
              "bare is '3'; it may be a duration up to 1m, such as 500ms or 3s");
    EXPECT_FALSE(durationOf(kSettings, "long", 1min));
}

}  // namespace
}  // namespace apiary::agent
