#include "agent/record/session_ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kAt{1'800'000'000'123ms};

TEST(SessionIdsTest, CountUpBehindTheTime) {
    const Uuid first = newSessionId(kAt);
    const Uuid second = newSessionId(kAt);
    EXPECT_EQ(first.time(), kAt);
    EXPECT_EQ(first.bytes[6] >> 4U, 7);
    EXPECT_EQ(first.bytes[8] >> 6U, 2);
    EXPECT_EQ(second.bytes[15], static_cast<std::uint8_t>(first.bytes[15] + 1));
    EXPECT_EQ(newSessionId(kAt + 1s).time(), kAt + 1s);
}

TEST(SessionIdsTest, AreDifferentWhicheverThreadMakesThem) {
    std::vector<std::vector<Uuid>> made(4);
    std::vector<std::jthread> threads;
    threads.reserve(made.size());
    for (auto& ids : made) {
        threads.emplace_back([&ids] {
            for (int i = 0; i < 1000; ++i) {
                ids.push_back(newSessionId(kAt));
            }
        });
    }
    threads.clear();
    std::vector<Uuid> all;
    for (const auto& ids : made) {
        all.insert(all.end(), ids.begin(), ids.end());
    }
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace apiary::agent
