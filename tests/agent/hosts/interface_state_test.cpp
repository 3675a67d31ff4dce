#include "agent/hosts/interface_state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace apiary::agent::test {
namespace {

TEST(InterfaceStateTest, ReadsTheCountsOfAnInterface) {
    const std::string text =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
        "    lo:  100 3 0 0 0 0 0 0 100 3 0 0 0 0 0 0\n"
        "  eth0: 52428 65536 1 7 0 0 0 0 0 0 0 0 0 0 0 0\n";
    const auto counts = countsIn(text, "eth0");
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->received, 65'536U);
    EXPECT_EQ(counts->dropped, 7U);
    EXPECT_FALSE(countsIn(text, "eth"));
    EXPECT_FALSE(countsIn("", "eth0"));
}

TEST(InterfaceStateTest, KnowsTheLoopback) {
    const auto state = interfaceState("lo");
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->ethernet && state->loopback);
    EXPECT_EQ(state->mac, (std::array<std::uint8_t, 6>{}));
    EXPECT_FALSE(interfaceState("no-such-one"));
    EXPECT_FALSE(interfaceState(std::string(100, 'x')));
}

}  // namespace
}  // namespace apiary::agent::test
