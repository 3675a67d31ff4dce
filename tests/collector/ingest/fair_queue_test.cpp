#include "collector/ingest/fair_queue.hpp"

#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class Peer final : public IngestPeer {
public:
    void admitted(const Admission&) override {}
    void refused(const std::string&) override {}
    void committed(std::int16_t, std::int64_t) override {}
    void outOfOrder(const std::string&) override {}
    void comeAgain(const std::string& reason) override { told = reason; }
    void roomAgain() override {}

    std::string told;
};

WaitingBatch batchOf(std::int32_t sensor, int entries, std::uint32_t lane = 0, std::uint64_t first = 1,
                     std::size_t bytes = 100) {
    auto batch = std::make_unique<v1::Batch>();
    batch->set_lane(lane);
    batch->set_first_seq(first);
    for (int i = 0; i < entries; ++i) {
        batch->add_entries();
    }
    return {
        .peer = std::make_shared<Peer>(), .sensorId = sensor, .stream = {}, .batch = std::move(batch), .bytes = bytes};
}

class FairQueueTest : public testing::Test {
protected:
    /// What is taken next: sensor and lane and first number of each batch.
    std::string take() {
        std::string text;
        for (const WaitingBatch& waiting : taken_.emplace_back(queue_.take(0ms)).batches) {
            text += (text.empty() ? "" : " ") + std::to_string(waiting.sensorId) + "/" +
                    std::to_string(waiting.lane()) + "/" + std::to_string(waiting.batch->first_seq());
        }
        return text;
    }

    FairQueue queue_{{.bytes = 10'000,
                      .bytesAlways = 50,
                      .bytesOfOne = 1'000,
                      .bytesAtMost = 12'000,
                      .groupEntries = 100,
                      .groupBytes = 5'000}};
    std::vector<FairQueue::Taken> taken_;
};

TEST_F(FairQueueTest, GivesEverySensorTheSameShare) {
    for (std::uint64_t i = 1; i <= 100; ++i) {
        queue_.push(batchOf(1, 100, 0, i));
    }
    for (std::uint64_t i = 1; i <= 10; ++i) {
        queue_.push(batchOf(2, 25, 0, i));
    }
    std::map<char, int> entries;
    for (int group = 0; group < 5; ++group) {
        const std::string text = take();
        entries[text[0]] += text[0] == '1' ? 100 : 25 * static_cast<int>((text.size() + 1) / 6);
    }
    EXPECT_GE(entries['2'], 200);
}

TEST_F(FairQueueTest, TakesWhoBringsLittleBeforeWhoBroughtMuch) {
    for (std::uint64_t i = 1; i <= 50; ++i) {
        queue_.push(batchOf(1, 100, 0, i));
    }
    take();
    take();
    queue_.push(batchOf(2, 1));
    EXPECT_EQ(take().substr(0, 1), "2");
}

TEST_F(FairQueueTest, GivesNothingForTheTimeInWhichASensorWasSilent) {
    queue_.push(batchOf(2, 1));
    take();
    for (std::uint64_t i = 1; i <= 20; ++i) {
        queue_.push(batchOf(1, 100, 0, i));
    }
    for (int group = 0; group < 10; ++group) {
        take();
    }
    for (std::uint64_t i = 1; i <= 20; ++i) {
        queue_.push(batchOf(2, 100, 0, i));
    }
    std::string order;
    for (int group = 0; group < 6; ++group) {
        order += take()[0];
    }
    EXPECT_NE(order.find('1'), std::string::npos);
    EXPECT_NE(order.find('2'), std::string::npos);
    EXPECT_EQ(order.find("222"), std::string::npos);
}

TEST_F(FairQueueTest, TakesTheNewestLaneFirstAndKeepsTheOrderOfEach) {
    queue_.push(batchOf(1, 10, 0, 1));
    queue_.push(batchOf(1, 10, 0, 11));
    queue_.push(batchOf(1, 10, 1, 1));
    queue_.push(batchOf(1, 10, 1, 11));
    EXPECT_EQ(take(), "1/1/1 1/1/11 1/0/1 1/0/11");
}

TEST_F(FairQueueTest, TakesABatchThatIsLargerThanAGroup) {
    queue_.push(batchOf(1, 500));
    queue_.push(batchOf(2, 1));
    take();
    take();
    EXPECT_EQ(taken_[0].batches.size() + taken_[1].batches.size(), 2U);
}

TEST_F(FairQueueTest, FillsAGroupPastABatchThatIsTooLargeForIt) {
    queue_.push(batchOf(1, 50));
    queue_.push(batchOf(2, 500));
    queue_.push(batchOf(3, 50));
    EXPECT_EQ(take(), "1/0/1 3/0/1");
    EXPECT_EQ(take(), "2/0/1");
}

TEST_F(FairQueueTest, StopsASensorThatBringsTooMuchAndNoOther) {
    EXPECT_TRUE(queue_.push(batchOf(1, 1, 0, 1, 900)));
    EXPECT_FALSE(queue_.push(batchOf(1, 1, 0, 2, 900)));
    EXPECT_TRUE(queue_.push(batchOf(2, 1, 0, 1, 900)));
    take();
    EXPECT_EQ(taken_[0].haveRoom.size(), 1U);
}

TEST_F(FairQueueTest, IsBoundedInAll) {
    bool room = true;
    for (std::int32_t sensor = 1; sensor <= 12; ++sensor) {
        room = queue_.push(batchOf(sensor, 1, 0, 1, 900));
    }
    EXPECT_FALSE(room);
    for (int group = 0; group < 3; ++group) {
        take();
    }
    EXPECT_EQ(taken_[0].haveRoom.size() + taken_[1].haveRoom.size() + taken_[2].haveRoom.size(), 1U);
}

TEST_F(FairQueueTest, HasRoomForWhoBringsLittleWhenOthersHaveFilledIt) {
    for (std::int32_t sensor = 1; sensor <= 12; ++sensor) {
        queue_.push(batchOf(sensor, 1, 0, 1, 900));
    }
    EXPECT_TRUE(queue_.push(batchOf(99, 1, 0, 1, 20)));
    EXPECT_TRUE(queue_.push(batchOf(99, 1, 0, 2, 20)));
    EXPECT_FALSE(queue_.push(batchOf(99, 1, 0, 3, 20)));
}

TEST_F(FairQueueTest, TakesNoMoreOfASensorThatDoesNotHeedItWithStreamAfterStream) {
    std::vector<std::shared_ptr<Peer>> streams;
    const auto bring = [&](std::int32_t sensor) {
        WaitingBatch batch = batchOf(sensor, 1, 0, streams.size() + 1, 900);
        batch.peer = streams.emplace_back(std::make_shared<Peer>());
        return queue_.push(std::move(batch));
    };
    for (int i = 0; i < 100; ++i) {
        bring(1);
    }
    EXPECT_LE(queue_.bytes(), 12'900U);
    EXPECT_EQ(streams.front()->told, "");
    EXPECT_EQ(streams.back()->told, "what earlier streams of this sensor brought is still to be written");
    bring(2);
    EXPECT_EQ(streams.back()->told, "");
    take();
    bring(1);
    EXPECT_EQ(streams.back()->told, "");
}

TEST_F(FairQueueTest, HasOneStreamOfASensorWaitAtTheDoor) {
    const auto knock = [&](std::uint64_t sensor) {
        auto peer = std::make_shared<Peer>();
        queue_.push(WaitingHello{.peer = peer, .sensor = test::TestSpool(sensor).id(), .stream = {}, .lanes = {}});
        return peer;
    };
    const auto first = knock(1);
    const auto other = knock(2);
    const auto second = knock(1);
    EXPECT_EQ(first->told, "a newer stream of this sensor takes over");
    EXPECT_EQ(second->told, "");
    const auto hellos = queue_.take(0ms).hellos;
    ASSERT_EQ(hellos.size(), 2U);
    EXPECT_EQ(hellos[0].peer, second);
    EXPECT_EQ(hellos[1].peer, other);
}

TEST_F(FairQueueTest, TakesASensorThatIsSetApartByItself) {
    queue_.setApart(1, 1);
    queue_.push(batchOf(1, 10, 0, 1));
    queue_.push(batchOf(2, 10, 0, 1));
    queue_.push(batchOf(1, 10, 0, 11));
    EXPECT_EQ(take(), "1/0/1 1/0/11");
    EXPECT_EQ(take(), "2/0/1");
    queue_.push(batchOf(1, 10, 0, 21));
    queue_.push(batchOf(2, 10, 0, 21));
    EXPECT_EQ(take().size(), std::string("2/0/21 1/0/21").size());  // its time is over
}

TEST_F(FairQueueTest, TakesWhatWasGivenBackFirstAndByItself) {
    queue_.push(batchOf(1, 10, 0, 1));
    queue_.push(batchOf(1, 10, 0, 11));
    queue_.push(batchOf(1, 10, 0, 21));
    EXPECT_EQ(take(), "1/0/1 1/0/11 1/0/21");
    auto back = std::move(taken_.back().batches);
    back.pop_back();
    for (WaitingBatch& waiting : back) {
        waiting.trial = 10;
    }
    queue_.push(batchOf(1, 10, 0, 31));
    queue_.giveBack(std::move(back));
    EXPECT_EQ(take(), "1/0/1");
    EXPECT_EQ(take(), "1/0/11");
    EXPECT_EQ(take(), "1/0/31");
}

TEST_F(FairQueueTest, TakesAChargedSensorLater) {
    queue_.push(batchOf(1, 100, 0, 1));
    queue_.push(batchOf(1, 100, 0, 101));
    queue_.push(batchOf(2, 100, 0, 1));
    queue_.push(batchOf(2, 100, 0, 101));
    queue_.charge(1, 1'000);
    EXPECT_EQ(take(), "2/0/1");
    EXPECT_EQ(take(), "2/0/101");
}

TEST_F(FairQueueTest, IsOverWhenItIsClosedAndEmpty) {
    queue_.push(batchOf(1, 1));
    queue_.close();
    EXPECT_FALSE(queue_.push(WaitingHello{}));
    EXPECT_EQ(take(), "1/0/1");
    EXPECT_FALSE(taken_.back().over);
    take();
    EXPECT_TRUE(taken_.back().over);
}

}  // namespace
}  // namespace apiary::collector
