#include "collector/notify/courier.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = NoticeQueue::Time;

/// A queue in memory.
class FakeQueue final : public NoticeQueue {
public:
    struct Waiting {
        QueuedNotice notice;
        Time dueAt;
    };

    void add(const std::string& body, Time at) {
        waiting.push_back({{.id = ++lastId_, .body = body, .tries = 0, .madeAt = at}, at});
    }
    std::optional<QueuedNotice> next(Time now) override {
        return waiting.empty() || waiting.front().dueAt > now ? std::nullopt : std::optional(waiting.front().notice);
    }
    void delivered(std::int64_t, Time) override { waiting.pop_front(); }
    void failed(std::int64_t, Time tryAgainAt, const std::string&) override {
        ++waiting.front().notice.tries;
        waits.push_back(tryAgainAt);
        waiting.front().dueAt = tryAgainAt;
    }
    void drop(std::int64_t, Time, const std::string& problem) override {
        dropped.push_back(problem);
        waiting.pop_front();
    }

    std::deque<Waiting> waiting;
    std::vector<Time> waits;
    std::vector<std::string> dropped;

private:
    std::int64_t lastId_ = 0;
};

/// Ends every attempt as it is told to.
class FakeCarrier final : public Carrier {
public:
    Delivery carry(const std::string& json, const std::atomic<bool>&) override {
        carried.push_back(json);
        return {end, end == Delivery::End::Done ? "" : "no"};
    }

    Delivery::End end = Delivery::End::Done;
    std::vector<std::string> carried;
};

class CourierTest : public testing::Test {
protected:
    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    double chance_ = 0.5;
    FakeQueue queue_;
    FakeCarrier carrier_;
    Courier courier_{
        queue_, carrier_, {.name = "test", .clock = [this] { return now_; }, .chance = [this] { return chance_; }}};
};

TEST_F(CourierTest, DeliversAllThatWaitsInOrder) {
    queue_.add("a", now_);
    queue_.add("b", now_);
    courier_.work();
    EXPECT_EQ(carrier_.carried, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(queue_.waiting.empty());
}

TEST_F(CourierTest, TriesAgainAfterLongerAndLongerWaits) {
    queue_.add("a", now_);
    queue_.add("b", now_);
    carrier_.end = Delivery::End::Later;
    std::vector<std::chrono::seconds> waits;
    for (int i = 0; i < 12; ++i) {
        courier_.work();
        waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(queue_.waits.back() - now_));
        now_ = queue_.waits.back();
    }
    EXPECT_EQ(waits, (std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 512s, 900s, 900s}));
    EXPECT_EQ(carrier_.carried, std::vector<std::string>(12, "a")) << "b waits for a";
    carrier_.end = Delivery::End::Done;
    courier_.work();
    EXPECT_EQ(carrier_.carried.back(), "b");
}

TEST_F(CourierTest, SpreadsWhatComesBackAtOnce) {
    for (const auto& [chance, wait] : {std::pair(0.0, 500ms), {1.0, 1500ms}}) {
        chance_ = chance;
        queue_.add("a", now_);
        carrier_.end = Delivery::End::Later;
        courier_.work();
        EXPECT_EQ(queue_.waits.back() - now_, wait);
        queue_.waiting.clear();
    }
}

TEST_F(CourierTest, GivesUpAfterADayAndWhatIsRefused) {
    queue_.add("old", now_ - 24h);
    carrier_.end = Delivery::End::Later;
    courier_.work();
    queue_.add("unwanted", now_);
    carrier_.end = Delivery::End::Refused;
    courier_.work();
    EXPECT_EQ(queue_.dropped.size(), 2U);
    EXPECT_TRUE(queue_.waits.empty());
}

}  // namespace
}  // namespace apiary::collector
