#include "agent/coverage/traits/route_watch.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <vector>

namespace apiary::agent::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes message(std::uint16_t type, std::uint8_t table) {
    nlmsghdr head{};
    head.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
    head.nlmsg_type = type;
    rtmsg route{};
    route.rtm_table = table;
    Bytes bytes(NLMSG_SPACE(sizeof(rtmsg)));
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &route, sizeof route);
    return bytes;
}

TEST(RouteWatchTest, TellsRoutesOfTheMainTableFromOthers) {
    EXPECT_TRUE(areAboutMainRoutes(message(RTM_NEWROUTE, RT_TABLE_MAIN)));
    EXPECT_TRUE(areAboutMainRoutes(message(RTM_DELROUTE, RT_TABLE_MAIN)));
    EXPECT_FALSE(areAboutMainRoutes(message(RTM_NEWROUTE, RT_TABLE_LOCAL)));
    EXPECT_FALSE(areAboutMainRoutes(message(RTM_NEWROUTE, RT_TABLE_COMPAT))) << "as the kernel says of 9708";
    EXPECT_FALSE(areAboutMainRoutes(message(RTM_NEWADDR, RT_TABLE_MAIN)));
}

TEST(RouteWatchTest, LooksAtEachOfSeveralMessages) {
    Bytes bytes = message(RTM_NEWROUTE, RT_TABLE_LOCAL);
    const Bytes second = message(RTM_NEWROUTE, RT_TABLE_MAIN);
    bytes.insert(bytes.end(), second.begin(), second.end());
    EXPECT_TRUE(areAboutMainRoutes(bytes));
}

TEST(RouteWatchTest, StopsWhereAMessageIsCut) {
    const Bytes whole = message(RTM_NEWROUTE, RT_TABLE_MAIN);
    for (std::size_t length = 0; length < sizeof(nlmsghdr) + sizeof(rtmsg); ++length) {
        EXPECT_FALSE(areAboutMainRoutes({whole.data(), length})) << length;
    }
    Bytes empty(sizeof(nlmsghdr));  // says that it has no length
    EXPECT_FALSE(areAboutMainRoutes(empty));
}

}  // namespace
}  // namespace apiary::agent::test
