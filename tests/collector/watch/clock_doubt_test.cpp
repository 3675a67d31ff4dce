#include "collector/watch/clock_doubt.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::int32_t kTwoDays = 2 * 86'400'000;

std::optional<std::string> doubt(const std::vector<std::int32_t>& offsets) {
    return clockDoubt(offsets);
}

TEST(ClockDoubtTest, OursIsBelievedUnlessMostSensorsSayOtherwise) {
    EXPECT_FALSE(doubt({}));
    EXPECT_FALSE(doubt({0, 3'600'000, -3'600'000}));
    EXPECT_FALSE(doubt({0, kTwoDays}));
    EXPECT_FALSE(doubt({0, 0, std::numeric_limits<std::int32_t>::min()}));
}

TEST(ClockDoubtTest, SaysHowManySensorsContradictIt) {
    ASSERT_TRUE(doubt({-kTwoDays}));
    EXPECT_EQ(doubt({-kTwoDays, kTwoDays, 0})->substr(0, 42), "the clocks of 2 of 3 connected sensors are");
}

}  // namespace
}  // namespace apiary::collector
