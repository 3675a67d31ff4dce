#include "agent/check/uplink_state.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

TEST(UplinkStateTest, ReadsWhatItWrites) {
    UplinkState state{.configured = true,
                      .connected = false,
                      .reason = "no\nroute \\ \xff",
                      .oldest = 90s,
                      .acknowledged = std::nullopt,
                      .lanes = {{0, 12, 15}, {1, 0, 3}}};
    const std::string text = writeUplinkState(state);
    for (const char c : text) {
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
    }
    const auto read = readUplinkState(text);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->configured);
    EXPECT_FALSE(read->connected);
    EXPECT_EQ(read->reason, state.reason);
    EXPECT_EQ(read->oldest, 90s);
    EXPECT_EQ(read->acknowledged, std::nullopt);
    ASSERT_EQ(read->lanes.size(), 2U);
    EXPECT_EQ(read->lanes[0].acknowledged, 12U);
    EXPECT_EQ(read->lanes[1].last, 3U);
}

TEST(UplinkStateTest, ReadsNothingElse) {
    EXPECT_FALSE(readUplinkState(""));
    EXPECT_FALSE(readUplinkState("uplink maybe\n"));
    EXPECT_FALSE(readUplinkState("uplink connected\nlane 1 x\n"));
    EXPECT_FALSE(readUplinkState("uplink connected\noldest soon\n"));
}

}  // namespace
}  // namespace apiary::agent
