#include "agent/coverage/nft_complaint.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

constexpr std::string_view kRules =
    "table inet apiary_traits {\n"
    "  chain leaving_0 {\n"
    "    ip ttl set 64\n"
    "  }\n"
    "  chain syn_ack_3 {\n"
    "    tcp window set 99999999\n"
    "  }\n"
    "  map hosts4 {\n"
    "    type ipv4_addr : verdict\n"
    "  }\n"
    "}\n";

TEST(NftComplaintTest, SaysWhichRuleOfWhichChain) {
    const auto complaint = complaintAbout(
        kRules,
        "/dev/stdin:6:18-25: Error: Value 99999999 exceeds valid range 0-65535\n    tcp window set 99999999\n   ^^^\n");
    EXPECT_EQ(complaint.chain, "syn_ack_3");
    EXPECT_EQ(complaint.text(),
              "Value 99999999 exceeds valid range 0-65535 at 'tcp window set 99999999' in the chain syn_ack_3");
}

TEST(NftComplaintTest, SaysWhatThereIsToSay) {
    EXPECT_EQ(
        complaintAbout(kRules, "/dev/stdin:9:1-2: Error: Could not process rule: No such file or directory\n").text(),
        "Could not process rule: No such file or directory at 'type ipv4_addr : verdict'");
    EXPECT_EQ(complaintAbout(kRules, "netlink: Error: cache initialization failed: Operation not permitted\n").text(),
              "netlink: Error: cache initialization failed: Operation not permitted");
    EXPECT_EQ(complaintAbout(kRules, "").text(), "");
}

TEST(NftComplaintTest, FindsTheNumberInAName) {
    EXPECT_EQ(numberBehind("persona_12", "persona_"), 12U);
    EXPECT_EQ(numberBehind("persona_", "persona_"), std::nullopt);
    EXPECT_EQ(numberBehind("leaving", "leaving_"), std::nullopt);
    EXPECT_EQ(numberBehind("count_1x", "count_"), std::nullopt);
}

}  // namespace
}  // namespace apiary::agent::test
