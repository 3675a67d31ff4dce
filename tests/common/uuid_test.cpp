#include "common/uuid.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kAt{1492510799123ms};

TEST(UuidTest, KeepsTheMillisecondOfItsStart) {
    EXPECT_EQ(Uuid::v7(kAt + 400us, {}).time(), kAt);
}

TEST(UuidTest, HoldsATimeThatNoClockHasWithinTheClock) {
    const auto late = Uuid::ofBytes(std::string(16, '\xff'));
    EXPECT_GT(late->time(), Uuid::v7(kAt, {}).time());
}

TEST(UuidTest, SortsByTime) {
    EXPECT_LT(Uuid::v7(kAt, {0xff, 0xff, 0xff}), Uuid::v7(kAt + 1ms, {}));
}

TEST(UuidTest, IsMarkedAsVersionSeven) {
    const std::string text = Uuid::v7(kAt, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}).text();
    EXPECT_EQ(text[14], '7');
    EXPECT_EQ(text[19], 'b');
}

TEST(UuidTest, ReadsWhatItWrites) {
    const Uuid uuid = Uuid::v4({1, 2, 3, 0xab});
    EXPECT_EQ(Uuid::parse(uuid.text()), uuid);
    EXPECT_EQ(Uuid::ofBytes(uuid.view()), uuid);
}

TEST(UuidTest, RefusesWhatIsNone) {
    EXPECT_FALSE(Uuid::parse("00000000-0000-0000-0000-00000000000g"));
    EXPECT_FALSE(Uuid::parse("00000000x0000-0000-0000-000000000000"));
    EXPECT_FALSE(Uuid::ofBytes("short"));
}

}  // namespace
}  // namespace apiary::test
