#include "agent/coverage/lan/station_keeper.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <poll.h>
#include <semaphore>
#include <thread>

namespace apiary::agent::test {
namespace {

LanLink link(const std::string& interface, const std::string& range = "10.11.0.0/26") {
    return {interface, {*parseRange(range)}, {{*parseRange(range), {0x44, 0x19, 0xb6}, "camera"}}};
}

bool readable(int fd) {
    pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 0) > 0;
}

TEST(StationKeeperTest, MakesWhatIsWantedLastAndSaysSo) {
    std::vector<LanLink> made;
    StationKeeper keeper([&](const LanLink& link) {
        made.push_back(link);
        return link.interface == "eth1" ? Status(Error{"refused"}) : Status(Done{});
    });
    keeper.want(link("eth0"), 1);
    keeper.want(link("eth1"), 2);
    keeper.want(link("eth0", "10.12.0.0/26"), 3);
    EXPECT_FALSE(readable(keeper.fd()));
    keeper.finish();
    keeper.run();
    EXPECT_EQ(made, (std::vector<LanLink>{link("eth1"), link("eth0", "10.12.0.0/26")}));
    EXPECT_TRUE(readable(keeper.fd()));
    const auto given = keeper.take();
    ASSERT_EQ(given.size(), 2U);
    EXPECT_EQ(given[0].request, 2U);
    EXPECT_EQ(given[0].status.error(), "refused");
    EXPECT_EQ(given[1].interface, "eth0");
    EXPECT_TRUE(given[1].status);
    EXPECT_FALSE(readable(keeper.fd()));
}

TEST(StationKeeperTest, NobodyWaitsForIt) {
    std::binary_semaphore begun{0};
    std::binary_semaphore goOn{0};
    std::atomic<int> made = 0;
    StationKeeper keeper([&](const LanLink&) {
        if (++made == 1) {
            begun.release();
            goOn.acquire();
        }
        return Status(Done{});
    });
    std::thread other([&] { keeper.run(); });
    keeper.want(link("eth0"), 1);
    begun.acquire();
    keeper.want(link("eth0"), 2);
    EXPECT_TRUE(keeper.take().empty());
    goOn.release();
    keeper.finish();
    other.join();
    EXPECT_EQ(made, 2);
    EXPECT_EQ(keeper.take().size(), 2U);
}

}  // namespace
}  // namespace apiary::agent::test
