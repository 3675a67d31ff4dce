#include "agent/bounds_board.hpp"

#include "agent/inspection.hpp"
#include "agent/record/recording.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using apiary::test::TemporaryFolder;
using Time = BoundReport::Time;

const Time kStart(1'492'510'799s);  // 2017-04-18 10:19:59

class NoRecorders final : public RecorderSource {
public:
    std::unique_ptr<Recorder> open(const SessionStart&) override { return nullptr; }
    void refused(const Refusal&) override {}
};

/// A board over a real spool, journal and engine, in which nothing happens but what a test does.
class BoundsBoardTest : public ::testing::Test {
protected:
    BoundsBoardTest() {
        SpoolSettings spool;
        spool.path = folder_.path("spool.db");
        spool.bytes = 64U << 20U;
        spool.ballast = 0;
        spool_ = *Spool::open(withRecordBodies(std::move(spool)));
    }
    ~BoundsBoardTest() override {
        journal_->close();
        writing_.join();
    }

    void open(const JournalBudget& budget) {
        JournalSettings journal;
        journal.directory = folder_.path("journal");
        journal.agentStart = kStart;
        journal.bytes = budget.bytes;
        journal.files = budget.files;
        journal.age = budget.age;
        journal_ = *JournalWriter::open(std::move(journal));
        board_ = std::make_unique<BoundsBoard>(*spool_, *journal_, engine_, budget);
        writing_ = std::thread([this] { journal_->run(); });
        writeLogs(0, 0);
    }

    /// Writes logs of a byte each and waits until the budget has brought them to `left`.
    void writeLogs(int count, std::uint64_t left) {
        for (int i = 0; i < count; ++i) {
            const Uuid session = Uuid::v7(kStart + std::chrono::seconds(i), {static_cast<std::uint8_t>(i)});
            const std::string name = "session_" + std::string(session.text()) + ".txt";
            journal_->write({{session, journal_->folder() + "/2017-04-18/10/FTP/" + name, "x", true}});
        }
        const auto done = [&] {
            const JournalView view = journal_->view();
            return view.counted && view.files == left && view.removed == static_cast<std::uint64_t>(count) - left;
        };
        while (!done()) {
            std::this_thread::yield();
        }
    }

    BoundReport report(const std::string& name, Time now = kStart) const {
        for (BoundReport& report : board_->reports(now)) {
            if (report.name == name) {
                return std::move(report);
            }
        }
        ADD_FAILURE() << "no bound " << name;
        return {};
    }

    TemporaryFolder folder_;
    NoRecorders recorders_;
    Engine engine_{{.threads = 1, .connections = 50, .memory = std::uint64_t{1} << 40U}, recorders_};
    std::unique_ptr<Spool> spool_;
    std::unique_ptr<JournalWriter> journal_;
    std::unique_ptr<BoundsBoard> board_;
    std::thread writing_;
};

TEST_F(BoundsBoardTest, TellsOfEveryBoundInItsOrder) {
    open({.bytes = 1000, .files = 100, .age = 48h});
    std::string names;
    for (const BoundReport& report : board_->reports(kStart)) {
        names += report.name + ' ';
    }
    EXPECT_EQ(names, "spool_bytes journal_bytes journal_files journal_days descriptors connections memory_bytes ");
}

TEST_F(BoundsBoardTest, KnowsWhatTheProcessHasOpenAndHolds) {
    open({.bytes = 1000, .files = 100});
    EXPECT_GT(report("descriptors").used, 3U);
    EXPECT_GT(report("descriptors").limit, report("descriptors").used);
    EXPECT_GT(report("memory_bytes").used, 1U << 20U);
    EXPECT_EQ(report("memory_bytes").limit, std::uint64_t{1} << 40U);
    EXPECT_EQ(report("connections"), (BoundReport{"connections", 0, 50, 0, {}, {}}));
    EXPECT_EQ(report("spool_bytes").limit, 64U << 20U);
    EXPECT_GT(report("spool_bytes").used, 0U);
}

TEST_F(BoundsBoardTest, CallsAJournalThatLetsItsOldestGoNotFull) {
    open({.bytes = 1'000'000, .files = 20});
    writeLogs(30, 20);
    board_->sample(kStart + 1h);
    const BoundReport files = report("journal_files", kStart + 1h);
    EXPECT_EQ(files.used, 20U);
    EXPECT_EQ(files.lost, 10U);
    EXPECT_EQ(files.fullAt, std::nullopt);
    EXPECT_EQ(files.keptSince, Time(1'492'509'600s));  // 10:00, the hour of the oldest
    EXPECT_EQ(report("journal_bytes").lost, 0U);
    EXPECT_EQ(report("journal_bytes").keptSince, std::nullopt);
}

TEST_F(BoundsBoardTest, SaysWhenAJournalThatGrowsIsFull) {
    open({.bytes = 1'000'000, .files = 100});
    board_->sample(kStart);
    writeLogs(10, 10);
    board_->sample(kStart + 2s);
    board_->sample(kStart + 1000s);
    EXPECT_EQ(report("journal_files").keptSince, std::nullopt);
    ASSERT_TRUE(report("journal_files").fullAt);
    EXPECT_GT(*report("journal_files").fullAt, kStart + 1000s);
    EXPECT_LE(*report("journal_files").fullAt, kStart + 10'000s);
}

BoundReport bound(std::string name, std::uint64_t used, std::uint64_t limit, std::uint64_t lost = 0) {
    return {.name = std::move(name), .used = used, .limit = limit, .lost = lost, .fullAt = {}, .keptSince = {}};
}

TEST(BoundTextTest, SaysHowFullAndWhatItCost) {
    EXPECT_EQ(boundText(bound("spool_bytes", 98U << 20U, 1U << 30U), kStart),
              "98 MiB of 1.0 GiB (9 %), 0 records lost or contacts refused");
    EXPECT_EQ(boundText(bound("connections", 12, 10'000, 3), kStart), "12 of 10000 (0 %), 3 contacts refused");
}

TEST(BoundTextTest, SaysWhenItIsFullInHoursOrDays) {
    BoundReport report = bound("spool_bytes", 1 << 10U, 2 << 10U);
    report.fullAt = kStart + 12 * 24h + 3h;
    EXPECT_EQ(boundText(report, kStart),
              "1.0 KiB of 2.0 KiB (50 %), full in about 12 days at this rate, 0 records lost or contacts refused");
    report.fullAt = kStart + 5h;
    EXPECT_NE(boundText(report, kStart).find("full in about 5 hours at this rate"), std::string::npos);
    report.fullAt = kStart + 10min;
    EXPECT_NE(boundText(report, kStart).find("full in less than an hour at this rate"), std::string::npos);
    report.fullAt = kStart;
    EXPECT_NE(boundText(report, kStart).find(", full, "), std::string::npos);
}

TEST(BoundTextTest, SaysForHowLongATurningJournalKeepsItsLogs) {
    BoundReport report = bound("journal_files", 500'000, 500'000, 1234);
    report.keptSince = kStart - 17 * 24h;
    EXPECT_EQ(boundText(report, kStart),
              "500000 of 500000 (100 %), turning over: logs of about 17 days are kept, 1234 logs removed");
}

}  // namespace
}  // namespace apiary::agent::test
