#include "common/concurrent/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <vector>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;

TEST(BoundedQueueTest, HandsOverEverythingInOrder) {
    BoundedQueue<int> queue(10);
    queue.push(1, 1);
    queue.push(2, 1);
    EXPECT_EQ(queue.takeAll(2, 1h, 1h), (std::vector{1, 2}));
}

TEST(BoundedQueueTest, SaysWhenItIsFullUntilItIsTaken) {
    BoundedQueue<int> queue(2);
    queue.push(1, 2);
    EXPECT_TRUE(queue.full());
    queue.takeAll(1, 1h, 1h);
    EXPECT_FALSE(queue.full());
}

TEST(BoundedQueueTest, AnUrgentItemDoesNotWaitForCompany) {
    BoundedQueue<int> queue(10);
    queue.push(1, 1, true);
    EXPECT_EQ(queue.takeAll(100, 1h, 1h).size(), 1U);
}

TEST(BoundedQueueTest, WaitsForCompanyNoLongerThanPatience) {
    BoundedQueue<int> queue(10);
    queue.push(1, 1);
    EXPECT_EQ(queue.takeAll(100, 1ms, 1h).size(), 1U);
}

TEST(BoundedQueueTest, WakesWhoWaitsWhenThereIsEnough) {
    BoundedQueue<int> queue(10);
    std::vector<int> taken;
    std::thread taking([&] {
        taken = queue.takeAll(1, 0ms, 1h);
        while (taken.size() < 4) {
            std::ranges::copy(queue.takeAllAt(std::chrono::steady_clock::now() + 1h, 4 - taken.size()),
                              std::back_inserter(taken));
        }
    });
    for (int i = 0; i < 4; ++i) {
        queue.push(int(i), 1);
    }
    taking.join();
    EXPECT_EQ(taken, (std::vector{0, 1, 2, 3}));
}

TEST(BoundedQueueTest, DrainsAfterCloseAndTakesNothingMore) {
    BoundedQueue<int> queue(10);
    queue.push(1, 1);
    queue.close();
    EXPECT_FALSE(queue.push(2, 1));
    EXPECT_EQ(queue.takeAll(100, 1h, 1h), (std::vector{1}));
    EXPECT_TRUE(queue.takeAll(100, 1h, 1h).empty());
}

}  // namespace
}  // namespace apiary::test
