#include "agent/coverage/traits/reply_routes.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

HostPlan plan() {
    HostPlan plan;
    plan.personas.resize(3);
    plan.ranges = {{*parseRange("10.9.0.0/24"), 0, 1},
                   {*parseRange("10.9.1.0-10.9.2.255"), 1, 2},
                   {*parseRange("10.9.3.7"), 2, 3},
                   {*parseRange("fd00:9::/64"), 1, 4}};
    return plan;
}

PersonaTraits traits() {
    PacketTraits server;
    server.options = {TcpOption::Mss, TcpOption::WindowScale};
    server.windowScale = 8;
    return {std::nullopt, server, PacketTraits{}};
}

TEST(ReplyRoutesTest, AreForHostsWithAWindowScale) {
    EXPECT_EQ(replyRules(plan(), traits(), true),
              (std::vector<std::string>{"from 10.9.1.0/24 lookup 9708 pref 9708 protocol 97",
                                        "from 10.9.2.0/24 lookup 9708 pref 9708 protocol 97"}));
    EXPECT_EQ(replyRules(plan(), traits(), false),
              std::vector<std::string>{"from fd00:9::/64 lookup 9708 pref 9708 protocol 97"});
    EXPECT_EQ(replyTables(plan(), traits(), true), std::vector<unsigned>{9708});
    EXPECT_TRUE(replyRules({}, {}, true).empty());
}

TEST(ReplyRoutesTest, AreThoseOfTheMainTableWithAWindow) {
    EXPECT_EQ(
        replyRoutes("default via 10.81.0.1 dev wan proto static metric 100 \n"
                    "10.57.0.0/16 via inet6 fd00:81::1 dev wan \n"
                    "10.81.0.0/30 dev wan proto kernel scope link src 10.81.0.2 linkdown \n",
                    9708, true),
        (std::vector<std::string>{"10.81.0.0/30 dev wan scope link table 9708 protocol 97 window 16776960",
                                  "10.57.0.0/16 via inet6 fd00:81::1 dev wan table 9708 protocol 97 window 16776960",
                                  "default via 10.81.0.1 dev wan metric 100 table 9708 protocol 97 window 16776960"}))
        << "the longest first, so that half of them lead nobody another way";
    EXPECT_EQ(replyRoutes("default dev ppp0 scope link\n", 9700, true),
              std::vector<std::string>{"default dev ppp0 scope link table 9700 protocol 97 window 65535"});
}

TEST(ReplyRoutesTest, LeaveToTheMainTableWhatCannotBeCopied) {
    EXPECT_EQ(replyRoutes("default \n\tnexthop via 10.81.0.1 dev a weight 1 \n\tnexthop via 10.82.0.1 dev b weight 1 \n"
                          "unreachable 10.56.0.0/16 \nblackhole default metric 7\nsomething new\n",
                          9702, true),
              (std::vector<std::string>{"throw 10.56.0.0/16 table 9702 protocol 97",
                                        "throw default table 9702 protocol 97"}));
}

TEST(ReplyRoutesTest, LeaveToTheMainTableWhatTheKernelDoesNotTake) {
    EXPECT_EQ(
        refusedLines("Error: Nexthop has invalid gateway.\nCommand failed -:3\nRTNETLINK answers: No such device\n"
                     "Command failed -:1\nCommand failed of it\n"),
        (std::vector<std::size_t>{2, 0}));
    EXPECT_TRUE(refusedLines("").empty());
    EXPECT_EQ(leftToMain("10.57.0.0/16 via 10.81.0.1 dev wan mtu 1400 table 9700 protocol 97 window 65535"),
              "throw 10.57.0.0/16 table 9700 protocol 97");
    EXPECT_EQ(leftToMain("throw default table 9702 protocol 97"), "throw default table 9702 protocol 97");
}

TEST(ReplyRoutesTest, KeepLockedMetrics) {
    EXPECT_EQ(
        replyRoutes("10.57.0.0/16 via 10.81.0.1 dev wan mtu lock 1400 advmss lock 1360 \n"
                    "10.58.0.0/16 via 10.81.0.1 dev wan mtu 1400 advmss 1360 \n",
                    9700, true),
        (std::vector<std::string>{
            "10.57.0.0/16 via 10.81.0.1 dev wan mtu lock 1400 advmss lock 1360 table 9700 protocol 97 window 65535",
            "10.58.0.0/16 via 10.81.0.1 dev wan mtu 1400 advmss 1360 table 9700 protocol 97 window 65535"}));
}

TEST(ReplyRoutesTest, LeaveToTheMainTableWhatIsForSomePacketsOnlyOrThroughATunnel) {
    EXPECT_EQ(replyRoutes("10.55.0.0/16 encap mpls 100 via 10.81.0.1 dev wan \n"
                          "10.56.0.0/16 tos 0x10 via 10.81.0.1 dev wan \n"
                          "10.57.0.0/16 dsfield lowdelay via 10.81.0.1 dev wan \n"
                          "10.57.0.0/16 via 10.81.0.2 dev wan \n",
                          9700, true),
              (std::vector<std::string>{"throw 10.55.0.0/16 table 9700 protocol 97",
                                        "throw 10.56.0.0/16 table 9700 protocol 97",
                                        "throw 10.57.0.0/16 table 9700 protocol 97"}));
    EXPECT_EQ(replyRoutes("default via fd00:81::1 dev wan metric 1024 pref medium\n"
                          "default from fd00:5::/64 via fd00:82::1 dev lan metric 1024 pref medium\n",
                          9700, false)
                  .back(),
              "throw default table 9700 protocol 97")
        << "a default for some hosts would be another's";
}

TEST(ReplyRoutesTest, LeaveTheLinksOfIpv6ToTheMainTable) {
    EXPECT_EQ(replyRoutes("fd00:81::/64 dev wan proto kernel metric 256 pref medium\n"
                          "fe80::/64 dev wan proto kernel metric 256 pref medium\n"
                          "default via fd00:81::1 dev wan proto ra metric 1024 expires 1790sec pref medium\n",
                          9708, false),
              (std::vector<std::string>{
                  "fd00:81::/64 dev wan metric 256 table 9708 protocol 97 window 16776960",
                  "throw fe80::/10 table 9708 protocol 97", "throw ff00::/8 table 9708 protocol 97",
                  "default via fd00:81::1 dev wan metric 1024 table 9708 protocol 97 window 16776960"}));
}

TEST(ReplyRoutesTest, AreToldFromThoseOfOthers) {
    EXPECT_EQ(
        ourReplyRules("0:\tfrom all lookup local\n9708:\tfrom 10.9.1.0/24 lookup 9708 proto 97\n"
                      "9700:\tfrom 10.9.3.7 lookup 9700 proto 97\n9708:\tfrom 10.1.0.0/16 lookup 9708\n"
                      "100:\tfrom 10.1.0.0/16 lookup 9708 proto 97\n9720:\tfrom 10.1.0.0/16 lookup 9720 proto 97\n"
                      "32766:\tfrom all lookup main\n"),
        (std::vector<std::string>{"from 10.9.1.0/24 lookup 9708 pref 9708 protocol 97",
                                  "from 10.9.3.7/32 lookup 9700 pref 9700 protocol 97"}));
    const auto use = useOfReplyTables(
        "default via 10.81.0.1 dev wan table 9708 proto 97 window 16776960 \nthrow 10.0.0.0/8 table 9708 proto 97\n"
        "default via 10.81.0.1 dev wan table 9701 proto static\ndefault via 10.81.0.1 dev wan table 200 proto 97\n"
        "local 10.9.0.0/16 dev lo table local proto 97 scope host\ndefault via 10.81.0.1 dev wan\n");
    EXPECT_EQ(use.ours, std::vector<unsigned>{9708});
    EXPECT_EQ(use.theirs, std::vector<unsigned>{9701});
}

}  // namespace
}  // namespace apiary::agent::test
