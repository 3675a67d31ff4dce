#include "tests/agent/record/recording_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace apiary::agent {
namespace {

class RecoveryTest : public RecordingTest {
protected:
    /// What an agent killed at that point leaves: records committed, lines written as far as `lines` says.
    enum class Lines { None, All };
    void leaveOpen(Lines lines) {
        openAll();
        auto recorder = recording_->open(start());
        recorder->sent(kControl, "220 hello\r\n", Delivery::Whole);
        recorder->observed(Credential{"a", "b", false});
        recorder->received(kControl, "x");
        recording_->close();  // the end of the recorder, below, comes too late to be recorded
        recording_->run();
        if (lines == Lines::All) {
            journal_->close();
            journal_->run();
        }
        recorder.reset();
    }

    void restart() {
        journalSettings_.agentStart += std::chrono::hours(1);
        openAll();
        recovered_ = recording_->recover();
        drain();
    }

    std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/journal")) {
            count += entry.is_regular_file() ? 1 : 0;
        }
        return count;
    }

    std::size_t recovered_ = 0;
};

TEST_F(RecoveryTest, ClosesAnOpenSessionAsInterrupted) {
    leaveOpen(Lines::All);
    restart();
    EXPECT_EQ(recovered_, 1U);
    const auto closed = closing();
    EXPECT_EQ(closed.outcome(), v1::OUTCOME_INTERRUPTED);
    EXPECT_EQ(closed.packets(), 2U);
    EXPECT_EQ(closed.credentials(), 1U);
    EXPECT_EQ(closed.ended_at_us(), records().at(3).at_us());
    expectAgreement(rows());
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecoveryTest, ClosesLongSessionsFewAtATime) {
    openAll();
    std::vector<std::unique_ptr<Recorder>> recorders;
    for (int session = 0; session < 3; ++session) {
        auto& recorder = recorders.emplace_back(recording_->open(start()));
        for (int packet = 0; packet < 130; ++packet) {  // some 2 MiB: the logs of two are held, not of three
            recorder->sent(kControl, std::string(16'384, 'x'), Delivery::Whole);
        }
    }
    recording_->close();
    recording_->run();
    recorders.clear();
    openAll();
    int commits = 0;
    spool_->onAppended([&] { ++commits; });
    EXPECT_EQ(recording_->recover(), 3U);
    EXPECT_EQ(commits, 2);
    spool_->onAppended({});
    drain();
    for (const auto& [session, rows] : rowsBySession()) {
        expectAgreement(rows);
    }
}

TEST_F(RecoveryTest, WritesTheLogThatWasNeverBegun) {
    leaveOpen(Lines::None);
    restart();
    expectAgreement(rows());
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecoveryTest, ReplacesALogWhoseEndIsNotWhatWasWritten) {
    leaveOpen(Lines::All);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/journal")) {
        if (entry.is_regular_file()) {
            std::filesystem::resize_file(entry.path(), 40);
            std::filesystem::resize_file(entry.path(), 4096);  // zeros, as after a loss of power
        }
    }
    restart();
    expectAgreement(rows());
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecoveryTest, CompletesTheLogOfASessionThatHadBeenClosed) {
    openAll();
    recording_->open(start())->ended(Outcome::Finished, {});
    recording_->close();
    recording_->run();  // the journal never wrote
    restart();
    EXPECT_EQ(recovered_, 0U);
    EXPECT_EQ(closing().outcome(), v1::OUTCOME_FINISHED);
    expectAgreement(rows());
}

/// While it lives no file may grow, as on a full disk.
class NoRoom {
public:
    NoRoom() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~NoRoom() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    NoRoom(const NoRoom&) = delete;
    NoRoom& operator=(const NoRoom&) = delete;

private:
    rlimit before_{};
};

TEST_F(RecoveryTest, CompletesALogOnceThereIsRoomForIt) {
    openAll();
    recording_->open(start())->ended(Outcome::Finished, {});
    recording_->close();
    recording_->run();  // the journal never wrote
    openAll();
    {
        const NoRoom none;
        recording_->recover();
    }
    ASSERT_EQ(files(), 1U);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/journal")) {
        EXPECT_TRUE(!entry.is_regular_file() || entry.file_size() == 0);
    }
    spool_->acknowledge(0, rows().back().seq);
    const auto kept = rows();
    drain();
    expectAgreement(kept);
}

TEST_F(RecoveryTest, ChangesNothingWhenDoneAgain) {
    leaveOpen(Lines::All);
    restart();
    const auto before = rows();
    restart();
    EXPECT_EQ(recovered_, 0U);
    EXPECT_EQ(rows().size(), before.size());
    expectAgreement(rows());
}

TEST_F(RecoveryTest, KeepsTheDigestTrueWhereTheSpoolHadDroppedPackets) {
    spoolSettings_.bytes = std::uint64_t{1} << 20U;
    openAll();
    auto recorder = recording_->open(start());
    for (int i = 0; i < 100; ++i) {
        recorder->received(kControl, std::string(16'000, 'x'));
    }
    recording_->close();
    recording_->run();
    journal_->close();
    journal_->run();
    recorder.reset();
    restart();
    const auto closed = closing();
    const std::string text = file(closed.journal_path());
    EXPECT_EQ(closed.journal_sha256(), view(Sha256::of(text)));
    EXPECT_EQ(std::ranges::count(text, '\n'), 3 + 100 + 3);
}

/// Packets that the spool dropped, since the log has them, and then packets that came too late for the log.
class CutLogTest : public RecoveryTest, public testing::WithParamInterface<std::size_t> {
protected:
    std::unique_ptr<Recorder> play() {
        spoolSettings_.bytes = std::uint64_t{1} << 20U;
        openAll();
        auto writing = std::async(std::launch::async, [this] { journal_->run(); });
        running_ = std::async(std::launch::async, [this] { recording_->run(); });
        auto recorder = recording_->open(start());
        for (int i = 0; i < 100; ++i) {
            recorder->received(kControl, std::string(16'000, 'x'));
        }
        awaitRecords(101);
        EXPECT_GT(spool_->lost(), 0U);
        journal_->close();
        writing.get();
        for (int i = 0; i < 5; ++i) {
            recorder->sent(kControl, std::string(GetParam(), 'x'), Delivery::Whole);
        }
        awaitRecords(106);
        return recorder;
    }

    void awaitRecords(std::uint64_t count) {
        while (recording_->view().records < count) {
            std::this_thread::yield();
        }
    }

    void expectWholeLog() {
        const auto closed = closing();
        const std::string text = file(closed.journal_path());
        EXPECT_EQ(closed.journal_sha256(), view(Sha256::of(text)));
        EXPECT_EQ(std::ranges::count(text, '\n'), 3 + 105 + 3);
    }

    std::future<void> running_;
};

TEST_P(CutLogTest, OfASessionThatWasOpenIsCompletedFromTheSpool) {
    auto recorder = play();
    recording_->close();
    running_.get();
    recorder.reset();
    restart();
    EXPECT_EQ(recovered_, 1U);
    expectWholeLog();
}

TEST_P(CutLogTest, OfASessionThatWasClosedIsCompletedFromTheSpool) {
    play()->ended(Outcome::Finished, {});
    recording_->close();
    running_.get();
    restart();
    EXPECT_EQ(recovered_, 0U);
    expectWholeLog();
}

INSTANTIATE_TEST_SUITE_P(BytesOfTheLast, CutLogTest, testing::Values(6, 16'000));

TEST_F(RecoveryTest, ClosesSessionsThoughTheSpoolIsAtItsBound) {
    spoolSettings_.bytes = std::uint64_t{1} << 20U;
    settings_.lastTries = std::chrono::milliseconds(0);
    openAll();
    recording_->recover();
    std::vector<std::unique_ptr<Recorder>> recorders;
    for (int session = 0; session < 100; ++session) {
        recorders.push_back(recording_->open(start()));
    }
    for (int session = 0; session < 5'000; ++session) {  // more than it takes, and no one takes them from it
        recording_->open(start())->ended(Outcome::Finished, {});
    }
    recording_->close();
    EXPECT_THROW(recording_->run(), std::runtime_error);
    recorders.clear();
    openAll();
    EXPECT_GE(recording_->recover(), 100U);
}

/// Plays sessions until it is killed; tells which of them it was told are durable.
[[noreturn]] void playUntilKilled(JournalWriter& journal, Recording& recording, int tell, unsigned seed) {
    std::thread([&] { recording.run(); }).detach();
    std::thread([&] { journal.run(); }).detach();
    std::thread([&] { recording.upkeep(); }).detach();
    std::mt19937 random(seed);
    struct Playing {
        std::unique_ptr<Recorder> recorder;
        std::uint16_t port;
    };
    std::vector<Playing> playing;
    for (std::uint16_t port = 1;; ++port) {
        SessionStart start;
        start.source = Endpoint::of({192, 0, 2, 1}, port);
        start.target = Endpoint::of({198, 51, 100, 7}, 21);
        start.service = start.protocol = "ftp";
        start.at = std::chrono::system_clock::now();
        playing.push_back({recording.open(start), port});
        playing.back().recorder->sent(kControl, "220 hello\r\n", Delivery::Whole);
        for (int i = 0; i < 3; ++i) {
            auto& [recorder, own] = playing[random() % playing.size()];
            recorder->received(kControl, std::string(random() % 500, static_cast<char>(random())));
            recorder->observed(Command{"NOOP", ""});
        }
        while (playing.size() > 10 || (!playing.empty() && playing.front().recorder->full())) {
            const auto chosen = playing.begin() + static_cast<long>(random() % playing.size());
            const std::uint16_t own = chosen->port;
            chosen->recorder->ended(static_cast<Outcome>(random() % 7), [tell, own] {
                if (::write(tell, &own, sizeof own) != sizeof own) {
                    ::_exit(1);
                }
            });
            playing.erase(chosen);
        }
    }
}

TEST_F(RecoveryTest, LosesNoSessionThatWasToldDurableHoweverOftenItIsKilled) {
    settings_.manifest = ManifestSettings{
        .folder = folder_ + "/manifest",
        .journalDirectory = folder_ + "/journal",
        .sign = [](std::string_view) { return Signature{.bytes = "signature", .certificate = "certificate"}; },
        .most = 5};
    std::set<std::pair<int, std::uint16_t>> told;  // by round and port
    std::map<Uuid, int> roundOf;
    for (int round = 1; round <= 12; ++round) {
        int tell[2];
        ASSERT_EQ(::pipe(tell), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            journalSettings_.agentStart = std::chrono::system_clock::now();
            settings_.upkeep = std::chrono::milliseconds(1);
            openAll();
            recording_->recover();
            playUntilKilled(*journal_, *recording_, tell[1], static_cast<unsigned>(round));
        }
        ::close(tell[1]);
        std::uint16_t port = 0;
        for (int i = 0; i < round * 7; ++i) {
            ASSERT_EQ(::read(tell[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
            told.emplace(round, port);
        }
        ::kill(child, SIGKILL);
        while (::read(tell[0], &port, sizeof port) == static_cast<ssize_t>(sizeof port)) {
            told.emplace(round, port);
        }
        ::close(tell[0]);
        ::waitpid(child, nullptr, 0);
        openAll();
        for (const auto& [session, rows] : rowsBySession()) {
            roundOf.try_emplace(session, round);
        }
        closeAll();
    }
    journalSettings_.agentStart = std::chrono::system_clock::now();
    openAll();
    recording_->recover();
    drain();
    std::set<std::pair<int, std::uint16_t>> closed;
    for (const auto& [session, rows] : rowsBySession()) {
        expectAgreement(rows);
        const Replay replay(rows);
        if (replay.closed()->outcome() != v1::OUTCOME_INTERRUPTED) {
            closed.emplace(roundOf[session], static_cast<std::uint16_t>(replay.head().source().port()));
        }
    }
    EXPECT_GT(told.size(), 400U);
    EXPECT_TRUE(std::ranges::includes(closed, told));
    expectWholeManifest();
}

}  // namespace
}  // namespace apiary::agent
