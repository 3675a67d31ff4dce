#include "common/text/units.hpp"

#include <gtest/gtest.h>

namespace apiary {
namespace {

using namespace std::chrono_literals;

TEST(UnitsTest, ReadsWhatItWrites) {
    for (const auto duration : {1ms, 1500ms, 120'000ms, 900'000ms, 604'800'000ms}) {
        EXPECT_EQ(readDuration(durationText(duration)), duration);
    }
    for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{1023}, std::uint64_t{3} << 40U}) {
        EXPECT_EQ(readSize(sizeText(bytes)), bytes);
    }
}

TEST(UnitsTest, WritesTheLargestUnitThatLeavesNoRemainder) {
    EXPECT_EQ(durationText(90s) + " " + durationText(2h) + " " + durationText(0ms), "90s 2h 0ms");
    EXPECT_EQ(sizeText(2048) + " " + sizeText(2049), "2KiB 2049B");
}

TEST(UnitsTest, RefusesWhatIsNoMeasure) {
    for (const char* text : {"", "s", "15", "15 m", "-1s", "1.5h", "15mm", "9223372036854775807d"}) {
        EXPECT_EQ(readDuration(text), std::nullopt) << text;
    }
    EXPECT_EQ(readSize("2GB"), std::nullopt);
}

}  // namespace
}  // namespace apiary
