#include "agent/record/recording.hpp"
#include "tests/agent/record/recording_fixture.hpp"
#include "tests/agent/spool/faulty_disk.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace apiary::agent {
namespace {

class RefusingDiskTest : public RecordingTest {
protected:
    /// One record, and a disk that has refused it.
    void SetUp() override {
        spoolSettings_.vfs = FaultyDisk::name();
        settings_.lastTries = std::chrono::milliseconds(0);
        openAll();
        FaultyDisk::fail(FaultyDisk::Call::Write, 1, 1'000'000);
        recording_->open(start());
        running_ = std::async(std::launch::async, [this] { recording_->run(); });
        while (FaultyDisk::failures() == 0) {
            std::this_thread::yield();
        }
    }
    ~RefusingDiskTest() override { FaultyDisk::heal(); }

    std::future<void> running_;
};

TEST_F(RefusingDiskTest, EndsTheRecordingWhenTheTimeForLastTriesIsOver) {
    recording_->close();
    EXPECT_THROW(running_.get(), std::runtime_error);
}

TEST_F(RefusingDiskTest, LosesNothingOnceTheDiskTakesIt) {
    FaultyDisk::heal();
    while (rows().size() < 2) {  // the opening, and the closing as interrupted
        std::this_thread::yield();
    }
    recording_->close();
    running_.get();
    EXPECT_EQ(recording_->view().records, 2U);
}

/// A batch of openings and closings, of which none may be dropped, that is larger than the spool; the collector takes
/// each record as soon as it is there.
TEST_F(RecordingTest, GetsABatchThroughASpoolThatIsSmaller) {
    constexpr std::size_t kSessions = 3'000;
    spoolSettings_.bytes = std::uint64_t{256} << 10U;
    settings_.lastTries = std::chrono::minutes(1);
    openAll();
    recording_->recover();  // from now on nothing leaves the spool before its log is synced
    spool_->onAppended([this] {
        for (const LaneView& lane : spool_->lanes()) {
            spool_->acknowledge(lane.lane, lane.last);
        }
    });
    for (std::size_t i = 0; i < kSessions; ++i) {
        recording_->open(start())->ended(Outcome::Finished, {});
    }
    recording_->close();
    auto writing = std::async(std::launch::async, [this] { journal_->run(); });
    auto upkeep = std::async(std::launch::async, [this] { recording_->upkeep(); });
    EXPECT_NO_THROW(recording_->run());
    journal_->close();
    EXPECT_EQ(recording_->view().sessions, kSessions);
    EXPECT_EQ(spool_->lost(), 0U);
}

/// Until the log has been written nothing is dropped that only the spool has.
TEST_F(RecordingTest, LosesNoPacketFromTheSpoolThatTheTextLogHasNot) {
    spoolSettings_.bytes = std::uint64_t{1} << 20U;
    spoolSettings_.logPatience = std::chrono::hours(1);
    openAll();
    recording_->recover();
    auto recorder = recording_->open(start());
    for (int i = 0; i < 100; ++i) {
        recorder->received(kControl, std::string(16'000, 'x'));
    }
    auto running = std::async(std::launch::async, [this] { recording_->run(); });
    auto upkeep = std::async(std::launch::async, [this] { recording_->upkeep(); });
    while (!spool_->wantsLogs() && recording_->view().records < 101) {
        std::this_thread::yield();
    }
    EXPECT_LT(recording_->view().records, 101U) << "it waits for the log";
    EXPECT_EQ(spool_->lost(), 0U);
    auto writing = std::async(std::launch::async, [this] { journal_->run(); });
    recorder->ended(Outcome::Finished, {});
    recording_->close();
    running.get();
    journal_->close();
    writing.get();
    EXPECT_GT(spool_->lost(), 0U);
    EXPECT_EQ(closing().journal_sha256(), view(Sha256::of(file(closing().journal_path()))));
}

TEST_F(RecordingTest, LeavesATraceAndAGapWhereTheSpoolWasFull) {
    spoolSettings_.bytes = std::uint64_t{1} << 20U;
    openAll();
    auto recorder = recording_->open(start());
    for (int i = 0; i < 100; ++i) {
        recorder->received(kControl, std::string(16'000, 'x'));
    }
    drain();
    recorder.reset();
    std::uint64_t lost = 0;
    bool traced = false;
    for (const v1::Record& record : records()) {
        lost += record.gap().records();
        traced = traced || (record.has_dropped() && record.dropped().packets() > 0 && record.seq() > 0);
    }
    EXPECT_TRUE(traced);
    EXPECT_GT(lost, 0U);
}

}  // namespace
}  // namespace apiary::agent
