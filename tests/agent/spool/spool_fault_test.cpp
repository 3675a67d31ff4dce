#include "agent/spool/spool.hpp"
#include "tests/agent/spool/faulty_disk.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace apiary::agent {
namespace {

class SpoolFaultTest : public SpoolTest {
protected:
    ~SpoolFaultTest() override { FaultyDisk::heal(); }

    SpoolSettings faulty() const {
        SpoolSettings faulty = settings();
        faulty.vfs = FaultyDisk::name();
        return faulty;
    }

    /// Appends batches until `count` records are there, whatever the disk does.
    void fill(std::uint64_t count) {
        for (std::uint64_t next = 1; next <= count; next += 3) {
            std::vector<NewRecord> batch;
            for (std::uint64_t i = next; i < next + 3; ++i) {
                batch.push_back(record(0, RecordKind::Probe, std::to_string(i)));
            }
            EXPECT_EQ(spool_->append(batch, [](std::chrono::milliseconds) { return true; }),
                      (std::vector<std::uint64_t>{next, next + 1, next + 2}));
        }
    }

    void expectExactly(std::uint64_t count) const {
        std::string expected;
        for (std::uint64_t i = 1; i <= count; ++i) {
            expected += std::to_string(i) + ":" + std::to_string(i) + "\n";
        }
        EXPECT_EQ(rows(), expected);
    }
};

TEST_F(SpoolFaultTest, DoesNotDoubleABatchWhoseCommitFailed) {
    open(faulty());
    append(record(0, RecordKind::Probe, "1"));
    FaultyDisk::fail(FaultyDisk::Call::Sync, 1);
    const std::vector batch{record(0, RecordKind::Probe, "2")};
    EXPECT_EQ(spool_->append(batch, [](std::chrono::milliseconds) { return true; }), std::vector<std::uint64_t>{2});
    EXPECT_EQ(FaultyDisk::failures(), 1);
    EXPECT_EQ(append(record(0, RecordKind::Probe, "3")), 3U);
    expectExactly(3);
    open();
    expectExactly(3);
}

TEST_F(SpoolFaultTest, ReadsAgainWhatAFailedReadDidNotGive) {
    open(faulty());
    append({record(0, RecordKind::Probe, "1"), record(0, RecordKind::Probe, "2")});
    FaultyDisk::fail(FaultyDisk::Call::Read, 1);
    expectExactly(2);  // the second try gives it
    EXPECT_EQ(FaultyDisk::failures(), 1);
}

TEST_F(SpoolFaultTest, SaysWhichFileCannotBeReadAndWhyAndGoesOnOnceItCan) {
    open(faulty());
    append({record(0, RecordKind::Probe, "1"), record(0, RecordKind::Probe, "2")});
    FaultyDisk::fail(FaultyDisk::Call::Read, 1, 1'000'000);
    try {
        readAll();
        ADD_FAILURE() << "it was read";
    } catch (const SpoolReadError& error) {
        EXPECT_NE(std::string(error.what()).find(path()), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("Input/output error"), std::string::npos) << error.what();
    }
    EXPECT_THROW(readAll(), SpoolReadError);
    FaultyDisk::heal();
    expectExactly(2);
    EXPECT_EQ(spool_->lost(), 0U);
}

TEST_F(SpoolFaultTest, GivesWhatItReadBeforeTheDiskFailed) {
    open(faulty());
    std::vector<NewRecord> many;
    for (int i = 1; i <= 200; ++i) {
        many.push_back(record(0, RecordKind::Probe, std::to_string(i) + std::string(2000, '.')));
    }
    append(many);
    FaultyDisk::fail(FaultyDisk::Call::Read, 40, 1'000'000);
    const std::size_t given = readAll().size();
    EXPECT_GT(given, 0U);
    EXPECT_LT(given, 200U);
    EXPECT_THROW(readAll(0, given), SpoolReadError);
    FaultyDisk::heal();
    const auto rest = readAll(0, given);
    ASSERT_EQ(rest.size(), 200U - given);
    EXPECT_EQ(rest.front().seq, given + 1);
}

TEST_F(SpoolFaultTest, LeavesASoundFileInItsPlaceThatCannotBeReadAtTheStart) {
    open(faulty());
    append({record(0, RecordKind::Probe, "1"), record(0, RecordKind::Probe, "2")});
    const Uuid id = spool_->id();
    for (int nth = 1, failures = 1; failures > 0 && !HasFailure(); ++nth) {
        SCOPED_TRACE(nth);
        spool_.reset();
        FaultyDisk::fail(FaultyDisk::Call::Read, nth, 1'000'000);
        static_cast<void>(Spool::open(faulty()));
        failures = FaultyDisk::failures();
        FaultyDisk::heal();
        open(faulty());
        EXPECT_EQ(spool_->id(), id);
        expectExactly(2);
    }
}

TEST_F(SpoolFaultTest, KnowsItsBacklogWhileTheDiskCannotBeRead) {
    open(faulty());
    append({record(0, RecordKind::Probe, "1"), record(0, RecordKind::Probe, "2")});
    const Spool::Backlog before = spool_->backlog();
    append(record(0, RecordKind::Probe, "3"));  // what the reader holds in memory is behind now
    FaultyDisk::fail(FaultyDisk::Call::Read, 1, 1'000'000);
    EXPECT_EQ(spool_->backlog().records, 3U);
    EXPECT_GT(FaultyDisk::failures(), 0);
    EXPECT_TRUE(before.oldest);
    EXPECT_EQ(spool_->backlog().oldest, before.oldest);
    FaultyDisk::heal();
}

TEST_F(SpoolFaultTest, TakesABatchForCommittedThatADyingProcessLeftInDoubt) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto spool = Spool::open(faulty());
        FaultyDisk::fail(FaultyDisk::Call::Sync, 1, 1'000'000);
        const std::vector batch{record(0, RecordKind::Probe, "1")};
        try {
            (*spool)->append(batch, [](std::chrono::milliseconds) { return false; });
        } catch (const std::runtime_error&) {
            ::kill(::getpid(), SIGKILL);
        }
        ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    open();
    const std::uint64_t last = spool_->lanes().at(0).last;
    for (std::uint64_t next = last + 1; next <= 3; ++next) {
        EXPECT_EQ(append(record(0, RecordKind::Probe, std::to_string(next))), next);
    }
    expectExactly(3);
}

class SpoolNthFault : public SpoolFaultTest, public testing::WithParamInterface<std::pair<FaultyDisk::Call, bool>> {};

TEST_P(SpoolNthFault, LosesAndDoublesNothingWhicheverCallFails) {
    const auto [call, full] = GetParam();
    for (int nth = 1;; ++nth) {
        SCOPED_TRACE(nth);
        spool_.reset();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        FaultyDisk::heal();
        open(faulty());
        FaultyDisk::fail(call, nth, 1, full);
        fill(15);
        const bool failed = FaultyDisk::failures() > 0;
        expectExactly(15);
        open();
        expectExactly(15);
        if (!failed || HasFailure()) {
            EXPECT_GT(nth, 3);
            break;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Calls, SpoolNthFault,
                         testing::Values(std::pair(FaultyDisk::Call::Sync, false),
                                         std::pair(FaultyDisk::Call::Write, false),
                                         std::pair(FaultyDisk::Call::Write, true)));

TEST_F(SpoolFaultTest, GivesUpItsBallastWhenTheDiskIsFull) {
    open(faulty());
    ASSERT_TRUE(std::filesystem::exists(path() + ".ballast"));
    FaultyDisk::fail(FaultyDisk::Call::Write, 1, 1, true);
    EXPECT_EQ(append(record(0, RecordKind::Probe, "1")), 1U);
    EXPECT_FALSE(std::filesystem::exists(path() + ".ballast"));
}

TEST_F(SpoolFaultTest, WaitsLongerBetweenTriesUntilItIsToldToStop) {
    open(faulty());
    FaultyDisk::fail(FaultyDisk::Call::Write, 1, 1'000'000);
    std::vector<std::int64_t> waits;
    const std::vector batch{record(0, RecordKind::Probe, "1")};
    EXPECT_THROW(spool_->append(batch,
                                [&](std::chrono::milliseconds length) {
                                    waits.push_back(length.count());
                                    return waits.size() < 9;
                                }),
                 std::runtime_error);
    EXPECT_EQ(waits, (std::vector<std::int64_t>{10, 20, 40, 80, 160, 320, 640, 1000, 1000}));
    FaultyDisk::heal();
    EXPECT_EQ(append(record(0, RecordKind::Probe, "1")), 1U);
    expectExactly(1);
}

TEST_F(SpoolFaultTest, ForgetsNothingWhenFreeingFails) {
    open(faulty());
    append({record(1, RecordKind::Opening, "1"), record(2, RecordKind::Opening, "2"),
            record(1, RecordKind::Closing, "3")});
    spool_->acknowledge(0, 3);
    FaultyDisk::fail(FaultyDisk::Call::Write, 1);
    spool_->release();
    EXPECT_EQ(FaultyDisk::failures(), 1);
    spool_->release();
    EXPECT_EQ(append(record(3, RecordKind::Opening, "4")), 4U);
    EXPECT_EQ(spool_->openSessions(), (std::vector{session(2), session(3)}));
    EXPECT_EQ(spool_->openSession(session(2)).rows.size(), 1U);
}

TEST_F(SpoolFaultTest, WritesNothingWhereThereIsNothingToFree) {
    open(faulty());
    append({record(1, RecordKind::Opening, "1"), record(1, RecordKind::Closing, "2")});
    spool_->openLane();
    append(record(2, RecordKind::Opening, "1", 1));
    spool_->acknowledge(0, 2);
    spool_->acknowledge(1, 1);
    spool_->release();
    FaultyDisk::fail(FaultyDisk::Call::Write, 1);
    spool_->release();
    EXPECT_EQ(FaultyDisk::failures(), 0);
    FaultyDisk::heal();
    append(record(2, RecordKind::Closing, "2", 1));
    spool_->acknowledge(1, 2);
    spool_->release();
    EXPECT_TRUE(rows(1).starts_with("1-2:restore"));
}

/// Appends for ever, telling each number that was handed back, until it is killed.
[[noreturn]] void appendUntilKilled(const SpoolSettings& settings, int tell, unsigned seed) {
    std::mt19937 random(seed);
    auto spool = Spool::open(settings);
    for (std::uint64_t sent = 0; spool; ++sent) {
        std::vector<NewRecord> batch(1 + random() % 20);
        for (NewRecord& record : batch) {
            record.kind = RecordKind::Probe;
            record.body.assign(random() % 300, 'k');
        }
        const std::uint64_t last = (*spool)->append(batch, [](std::chrono::milliseconds) { return true; }).back();
        if (::write(tell, &last, sizeof last) != sizeof last) {
            break;
        }
        if (random() % 3 == 0) {
            (*spool)->acknowledge(0, last - random() % 10);
            (*spool)->release();
        }
    }
    ::_exit(1);
}

TEST_F(SpoolFaultTest, KeepsEveryNumberItGaveOutWhenItIsKilled) {
    std::uint64_t highest = 0;
    for (unsigned round = 1; round <= 20; ++round) {
        int tell[2];
        ASSERT_EQ(::pipe(tell), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            appendUntilKilled(settings(), tell[1], round);
        }
        ::close(tell[1]);
        std::uint64_t last = 0;
        for (unsigned i = 0; i <= round % 7 * 3; ++i) {
            ASSERT_EQ(::read(tell[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
            EXPECT_GT(last, highest) << "a number was given out twice";
            highest = last;
        }
        ::kill(child, SIGKILL);
        while (::read(tell[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
            highest = last;
        }
        ::close(tell[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status));
        open();
        const LaneView lane = spool_->lanes().at(0);
        EXPECT_GE(lane.last, highest);
        std::uint64_t next = lane.acknowledged + 1;
        for (const SpoolRow& row : readAll(0, lane.acknowledged)) {
            EXPECT_EQ(row.kind, RecordKind::Probe);
            EXPECT_EQ(row.seq, next++);
        }
        EXPECT_EQ(next, lane.last + 1);
        highest = lane.last;
        spool_.reset();
    }
}

}  // namespace
}  // namespace apiary::agent
