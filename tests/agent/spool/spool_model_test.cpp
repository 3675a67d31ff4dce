#include "agent/spool/spool.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace apiary::agent {
namespace {

/// What a spool must do, obviously: everything that was appended, how far it is acknowledged, and who is open.
struct SpoolModel {
    struct Lane {
        std::vector<std::string> bodies;
        std::uint64_t acknowledged = 0;
    };
    std::map<std::uint32_t, Lane> lanes{{0, {}}};
    std::map<Uuid, std::uint32_t> open;  // and its lane
};

class SpoolModelTest : public SpoolTest, public testing::WithParamInterface<unsigned> {
protected:
    void step() {
        switch (random_() % 10) {
            case 0:
                open();
                break;
            case 1:
                spool_->release();
                break;
            case 2:
                if (model_.lanes.size() < 4) {
                    model_.lanes[spool_->openLane()];
                }
                break;
            case 3:
            case 4:
                acknowledge();
                break;
            default:
                appendSome();
        }
    }

    void acknowledge() {
        auto& [number, lane] = *std::next(model_.lanes.begin(), static_cast<long>(random_() % model_.lanes.size()));
        const std::uint64_t seq = random_() % (lane.bodies.size() + 1);
        lane.acknowledged = std::max(lane.acknowledged, seq);
        spool_->acknowledge(number, seq);
        // An acknowledgement may be forgotten by a restart, unless rows were freed for it: keep it out of the model.
        spool_->release();
    }

    void appendSome() {
        std::vector<NewRecord> batch;
        std::vector<std::uint64_t> expected;
        for (std::size_t count = 1 + random_() % 8; count > 0; --count) {
            NewRecord record = next();
            record.body = std::to_string(random_());
            std::string whole = record.body;
            if (record.kind == RecordKind::Payload && random_() % 2 == 0) {
                record.shared = pages_.at(random_() % pages_.size());
                record.sharedAt = random_() % (record.body.size() + 1);
                whole.insert(record.sharedAt, *record.shared);
            }
            auto& bodies = model_.lanes[record.lane].bodies;
            bodies.push_back(std::move(whole));
            expected.push_back(bodies.size());
            batch.push_back(std::move(record));
        }
        EXPECT_EQ(append(std::move(batch)), expected);
    }

    NewRecord next() {
        const auto lane = spool_->currentLane();
        if (model_.open.empty() || random_() % 3 == 0) {
            const Uuid session = Uuid::v4(randomUuid());
            model_.open.emplace(session, lane);
            return {.lane = lane, .session = session, .kind = RecordKind::Opening, .at = {}, .body = {}};
        }
        const auto chosen = std::next(model_.open.begin(), static_cast<long>(random_() % model_.open.size()));
        NewRecord record{
            .lane = chosen->second, .session = chosen->first, .kind = RecordKind::Payload, .at = {}, .body = {}};
        if (random_() % 3 == 0) {
            record.kind = RecordKind::Closing;
            model_.open.erase(chosen);
        }
        return record;
    }

    std::array<std::uint8_t, 16> randomUuid() {
        std::array<std::uint8_t, 16> bytes{};
        std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random_()); });
        return bytes;
    }

    void compare() {
        std::vector<Uuid> open;
        for (const auto& [session, lane] : model_.open) {
            open.push_back(session);
        }
        EXPECT_EQ(spool_->openSessions(), open);
        ASSERT_EQ(spool_->lanes().size(), model_.lanes.size());
        for (const LaneView& view : spool_->lanes()) {
            const auto& lane = model_.lanes[view.lane];
            EXPECT_EQ(view.last, lane.bodies.size());
            EXPECT_EQ(view.acknowledged, lane.acknowledged);
            std::string expected;
            for (std::uint64_t seq = lane.acknowledged + 1; seq <= lane.bodies.size(); ++seq) {
                expected += std::to_string(seq) + ":" + lane.bodies[seq - 1] + "\n";
            }
            EXPECT_EQ(rows(view.lane, view.acknowledged), expected);
        }
    }

    std::mt19937 random_{GetParam()};
    SpoolModel model_;
    const std::vector<std::shared_ptr<const std::string>> pages_{std::make_shared<std::string>("a page"),
                                                                 std::make_shared<std::string>(9000, 'p'),
                                                                 std::make_shared<std::string>(1, '\0')};
};

TEST_P(SpoolModelTest, AgreesWithTheModelAfterEachStep) {
    open();
    for (int i = 0; i < 150 && !HasFailure(); ++i) {
        SCOPED_TRACE(i);
        step();
        compare();
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SpoolModelTest, testing::Range(1U, 9U));

}  // namespace
}  // namespace apiary::agent
