#include "tests/agent/spool/spool_model.hpp"

#include "agent/spool/spool.hpp"
#include "tests/agent/spool/faulty_disk.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>

namespace apiary::agent {
namespace {

/// A real spool and a model of it are told the same, in an order that a seed decides. Every second seed has a spool
/// so small that it drops; every third one knows of text logs.
class SpoolModelTest : public SpoolTest {
protected:
    ~SpoolModelTest() override {
        FaultyDisk::before(0, nullptr);
        FaultyDisk::heal();
    }

    void begin(std::uint64_t bound) {
        spool_.reset();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        model_ = {};
        bound_ = bound;
        start();
        id_ = spool_->id();
    }

    void run(unsigned seed, int steps) {
        random_.seed(seed);
        logs_ = seed % 3 == 0;
        begin(seed % 2 == 0 ? kSmall : std::uint64_t{1} << 26U);
        for (int i = 0; i < steps && !HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            dropped_ = 0;
            sure_ = true;
            const std::uint64_t lost = spool_->lost();
            step();
            compare();
            if (sure_) {
                EXPECT_EQ(spool_->lost() - lost, dropped_);
            }
        }
    }

    unsigned upTo(unsigned most) { return static_cast<unsigned>(random_() % (most + 1)); }
    bool oneIn(unsigned chances) { return upTo(chances - 1) == 0; }

    // ---- steps

    void step() {
        switch (upTo(19)) {
            case 0:
                restart();
                break;
            case 1:
                spool_->release();
                model_.settle();
                break;
            case 2:
                openLane();
                break;
            case 3:
            case 4:
                acknowledge();
                model_.settle();
                break;
            case 5:
                journal();
                break;
            case 6:
            case 7:
                killDuring(static_cast<int>(1 + upTo(14)), [this] { doAnything(); });
                break;
            case 8:
            case 9:
                withFault([this] { doAnything(); });
                break;
            default:
                appendSome();
        }
    }

    void doAnything() {
        switch (upTo(7)) {
            case 0:
                restart();
                break;
            case 1:
                spool_->release();
                break;
            case 2:
                openLane();
                break;
            case 3:
                acknowledge();
                break;
            default:
                appendSome();
        }
    }

    void start() {
        auto bounded = SpoolModel::withBodies(settings(bound_));
        bounded.vfs = FaultyDisk::name();
        bounded.logPatience = std::chrono::hours(1);
        spool_.reset();
        auto opened = Spool::open(bounded);
        if (!opened) {  // the disk refuses; the service manager tries again
            EXPECT_GT(FaultyDisk::failures(), 0) << opened.error();
            FaultyDisk::heal();
            opened = Spool::open(bounded);
        }
        ASSERT_TRUE(opened) << opened.error();
        spool_ = *std::move(opened);
        sure_ = false;
        for (const LaneView& view : spool_->lanes()) {
            if (logs_) {
                spool_->journalled(view.lane, 0);
                model_.opened(view.lane);
                model_.journalled(view.lane, 0);
            }
        }
    }

    void restart() {
        start();
        model_.adopt(spool_->lanes());
    }

    void openLane() {
        if (model_.lanes() < 4) {
            const std::uint32_t lane = spool_->openLane();
            model_.opened(lane);
            if (logs_) {
                model_.journalled(lane, 0);
            }
        }
    }

    void acknowledge() {
        const auto views = spool_->lanes();
        const LaneView& view = views[upTo(static_cast<unsigned>(views.size()) - 1)];
        const std::uint64_t seq = random_() % (view.last + 1);
        model_.acknowledge(view.lane, seq);
        spool_->acknowledge(view.lane, seq);
        spool_->release();
    }

    void journal() {
        for (const LaneView& view : spool_->lanes()) {
            if (logs_ && oneIn(2)) {
                const std::uint64_t seq = random_() % (view.last + 1);
                model_.journalled(view.lane, seq);
                spool_->journalled(view.lane, seq);
            }
        }
    }

    void appendSome() {
        std::vector<NewRecord> batch;
        std::vector<std::uint64_t> expected;
        for (unsigned count = 1 + upTo(oneIn(10) ? 60 : 7); count > 0; --count) {
            batch.push_back(next());
            expected.push_back(model_.append(batch.back()));
        }
        int tries = 0;
        EXPECT_EQ(spool_->append(batch, [&](std::chrono::milliseconds) { return help(++tries); }), expected);
    }

    /// What a disk, the text logs and the collector do at last for a spool that waits.
    bool help(int tries) {
        if (tries > 2) {
            FaultyDisk::heal();
        }
        if (logs_) {
            for (const LaneView& view : spool_->lanes()) {
                model_.journalled(view.lane, view.last);
                spool_->journalled(view.lane, view.last);
            }
        }
        if (tries > 4) {
            look();
            for (const LaneView& view : spool_->lanes()) {
                model_.acknowledge(view.lane, view.last);
                spool_->acknowledge(view.lane, view.last);
            }
            spool_->release();
        }
        return tries < 20;
    }

    NewRecord next() {
        const auto open = model_.open();
        const std::string body = std::to_string(upTo(5)) + " " + std::to_string(random_()) +
                                 std::string(oneIn(3) ? upTo(1500) : upTo(30), static_cast<char>('a' + upTo(25)));
        NewRecord record{
            .lane = spool_->currentLane(), .session = {}, .kind = RecordKind::Opening, .at = {}, .body = body};
        if (oneIn(8)) {
            const std::array kinds{RecordKind::Probe, RecordKind::Probe, RecordKind::Gap, RecordKind::Manifest};
            record.kind = kinds[upTo(3)];
            return record;
        }
        if (open.empty() || oneIn(12)) {
            record.session = Uuid::v4(randomUuid());
            return record;
        }
        record.session = open[upTo(static_cast<unsigned>(open.size()) - 1)];
        record.lane = model_.laneOf(record.session);
        record.kind = oneIn(12) ? RecordKind::Closing : oneIn(6) ? RecordKind::Observation : RecordKind::Payload;
        if (record.kind == RecordKind::Payload && oneIn(2)) {
            record.shared = pages_.at(upTo(2));
            record.sharedAt = random_() % (record.body.size() + 1);
        }
        return record;
    }

    std::array<std::uint8_t, 16> randomUuid() {
        std::array<std::uint8_t, 16> bytes{};
        std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random_()); });
        return bytes;
    }

    // ---- faults

    void withFault(const std::function<void()>& work) {
        const std::array calls{FaultyDisk::Call::Sync, FaultyDisk::Call::Write, FaultyDisk::Call::Read};
        sure_ = false;
        FaultyDisk::fail(calls[upTo(2)], static_cast<int>(1 + upTo(9)), oneIn(2) ? 1 : 1'000'000, oneIn(2));
        work();
        FaultyDisk::heal();
    }

    /// Has the process killed before the `nth` write or sync of `work`, or right behind it, and starts it again: what
    /// stood in its files then is put back into them. False: it was behind it.
    bool killDuring(int nth, const std::function<void()>& work) {
        std::map<std::string, std::string> left;
        SpoolModel then = model_;
        const auto take = [&] {
            then = model_;
            for (const char* part : {"", "-wal", ".lock"}) {
                std::ifstream file(path() + part, std::ios::binary);
                left[part].assign(std::istreambuf_iterator<char>(file), {});
            }
        };
        FaultyDisk::before(nth, take);
        work();
        FaultyDisk::before(0, nullptr);
        const bool during = !left.empty();
        if (!during) {
            take();
        }
        spool_.reset();
        std::filesystem::remove(path() + "-shm");
        for (const auto& [part, bytes] : left) {
            std::ofstream(path() + part, std::ios::binary) << bytes;
        }
        model_ = std::move(then);  // what it has seen since did not happen
        restart();
        return during;
    }

    // ---- comparison

    /// Compares the rows, as far as they are committed.
    void look() {
        for (const LaneView& view : spool_->lanes()) {
            const auto rows = readAll(view.lane, view.acknowledged);
            EXPECT_EQ(rows.empty() ? view.acknowledged : rows.back().seqEnd, view.last) << "of lane " << view.lane;
            dropped_ += model_.expect(view.lane, rows);
        }
    }

    void compare() {
        EXPECT_EQ(spool_->id(), id_);
        EXPECT_EQ(spool_->openSessions(), model_.open());
        EXPECT_EQ(spool_->lanes().size(), model_.lanes());
        for (const LaneView& view : spool_->lanes()) {
            EXPECT_EQ(view.last, model_.last(view.lane)) << "of lane " << view.lane;
            EXPECT_EQ(view.acknowledged, model_.acknowledged(view.lane)) << "of lane " << view.lane;
        }
        look();
        model_.expectMarks();
        EXPECT_TRUE(spool_->takeDamaged().empty());
        EXPECT_LE(std::filesystem::file_size(path()), bound_);
    }

    static constexpr std::uint64_t kSmall = std::uint64_t{128} << 10U;
    std::mt19937 random_;
    SpoolModel model_;
    std::uint64_t bound_ = 0;
    bool logs_ = false;
    Uuid id_;
    std::uint64_t dropped_ = 0;  // in this step
    bool sure_ = false;          // of how many: without a fault, and in one process
    const std::vector<std::shared_ptr<const std::string>> pages_{std::make_shared<std::string>("a page"),
                                                                 std::make_shared<std::string>(5000, 'p'),
                                                                 std::make_shared<std::string>(1, '\0')};
};

class SpoolModelSeeds : public SpoolModelTest, public testing::WithParamInterface<unsigned> {};

TEST_P(SpoolModelSeeds, AgreeAfterEachStep) {
    run(GetParam(), 80);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SpoolModelSeeds, testing::Range(1U, 41U));

TEST_F(SpoolModelTest, KnowsAfterAKillThatWhatItRemovedWasAcknowledged) {
    bool killed = true;
    for (int nth = 1; killed && !HasFailure(); ++nth) {
        SCOPED_TRACE(nth);
        begin(kSmall);
        const auto add = [&](RecordKind kind) {
            const NewRecord record = SpoolTest::record(1, kind, std::string(1500, 'p'));
            model_.append(record);
            append(record);
        };
        add(RecordKind::Opening);
        while (spool_->usage().used + 8192 < spool_->usage().dropsFrom) {
            add(RecordKind::Payload);
        }
        const std::uint64_t used = spool_->usage().used;
        killed = killDuring(nth, [&] {
            for (int i = 0; i < 8; ++i) {
                model_.acknowledge(0, model_.last(0));  // and the session goes on: its rows stay
                spool_->acknowledge(0, model_.last(0));
                add(RecordKind::Payload);
            }
            EXPECT_LT(spool_->usage().used, used) << "nothing was removed";
        });
        compare();
    }
}

}  // namespace
}  // namespace apiary::agent
