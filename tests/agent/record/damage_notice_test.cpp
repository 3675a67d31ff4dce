#include "agent/record/damage_notice.hpp"

#include "agent/record/record_bodies.hpp"
#include "agent/record/session_ids.hpp"
#include "tests/agent/record/recording_fixture.hpp"
#include "tests/agent/uplink/fake_spool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

/// A spool in memory, and clocks that stand still.
class DamageNoticeTest : public testing::Test {
protected:
    static WallTime at(std::chrono::seconds since) { return WallTime(1'000'000s + since); }

    Uuid opened(std::chrono::seconds since) {
        const Uuid session = newSessionId(at(since));
        notice_.opened(session);
        spool_.add(1);
        return session;
    }

    /// Returns the number that its closing got.
    std::uint64_t ended(const Uuid& session, const std::string& body = "closing") {
        spool_.add(1);
        const std::uint64_t number = spool_.lanes().front().last;
        const NewRecord closing{.lane = 0, .session = session, .kind = RecordKind::Closing, .at = at(0s), .body = body};
        notice_.committed({&closing, 1}, {&number, 1});
        return number;
    }

    void found(std::uint64_t number) { spool_.damage({0, number, number}); }
    void arrived() { spool_.acknowledge(0, spool_.lanes().front().last); }

    DamageNotice::Due due(WallTime now, bool last = false) { return notice_.due(now, clock_, last); }

    /// Seconds for which the collector is told that what began before is over.
    static std::chrono::seconds before(const DamageNotice::Due& due) {
        v1::Record record;
        if (!due.over || !record.ParseFromString(due.over->body)) {
            return -1s;
        }
        EXPECT_EQ(record.gap().what(), "spool");
        EXPECT_EQ(record.gap().records(), 0U);
        return std::chrono::floor<std::chrono::seconds>(timeOfMicros(record.gap().from_us()) - at(0s));
    }

    test::FakeSpool spool_;
    DamageNotice notice_{spool_, at(0s), 10s};
    DamageNotice::Steady clock_{1h};
};

TEST_F(DamageNoticeTest, SaysNothingWithoutDamage) {
    ended(opened(1s));
    arrived();
    const auto nothing = due(at(100s));
    EXPECT_TRUE(nothing.closings.empty());
    EXPECT_FALSE(nothing.over);
}

TEST_F(DamageNoticeTest, TellsAClosingAgainAsItWas) {
    const Uuid first = opened(1s);
    const Uuid second = opened(2s);
    ended(first, "closing of the first");
    found(ended(second, "closing of the second"));
    const auto told = due(at(100s));
    ASSERT_EQ(told.closings.size(), 1U);
    EXPECT_EQ(told.closings.front().body, "closing of the second");
    EXPECT_EQ(told.closings.front().session, second);
    EXPECT_FALSE(told.over);
    EXPECT_TRUE(due(at(100s)).closings.empty());
}

TEST_F(DamageNoticeTest, TellsWhatIsOverOnceTheCollectorHasAllThatWasThere) {
    ended(opened(1s));
    found(1);
    EXPECT_EQ(before(due(at(100s))), -1s);
    arrived();
    EXPECT_EQ(before(due(at(101s))),
              90s);  // as of the moment at which it began to wait, but for what may be opened late
}

TEST_F(DamageNoticeTest, NeverTellsThatASessionIsOverWhichIsOpen) {
    const Uuid open = opened(5s);
    found(1);
    arrived();
    EXPECT_EQ(before(due(at(100s))), 5s);
    EXPECT_EQ(before(due(at(200s))), -1s);
    ended(open);
    clock_ += 1min;
    EXPECT_EQ(before(due(at(200s))), -1s);  // its closing is not at the collector yet
    arrived();
    EXPECT_EQ(before(due(at(200s))), 190s);
    clock_ += 1h;
    EXPECT_EQ(before(due(at(4000s))), -1s);  // all is told
}

TEST_F(DamageNoticeTest, TellsInTurnsOfAMinuteWhileALongSessionIsOpen) {
    const Uuid short1 = opened(5s);
    const Uuid short2 = opened(20s);
    opened(40s);
    found(1);
    arrived();
    EXPECT_EQ(before(due(at(100s))), 5s);
    ended(short1);
    arrived();
    clock_ += 59s;
    EXPECT_EQ(before(due(at(159s))), -1s);
    clock_ += 1s;
    EXPECT_EQ(before(due(at(160s))), 20s);
    ended(short2);
    arrived();
    clock_ += 1min;
    EXPECT_EQ(before(due(at(220s))), 40s);
}

TEST_F(DamageNoticeTest, DoesNotWaitForTheCollectorWhenTheAgentEnds) {
    ended(opened(1s));
    found(1);
    EXPECT_EQ(before(due(at(100s), true)), 100s);
    EXPECT_EQ(before(due(at(100s), true)), -1s);
}

TEST_F(DamageNoticeTest, KeepsTheNewestClosingsOnly) {
    const std::uint64_t first = ended(opened(1s), std::string(1000, 'x'));
    std::uint64_t last = first;
    for (int i = 0; i < 1000; ++i) {
        last = ended(opened(2s), std::string(1000, 'x'));
    }
    found(first);
    EXPECT_TRUE(due(at(100s)).closings.empty());
    found(last);
    EXPECT_EQ(due(at(100s)).closings.size(), 1U);
}

/// The same with a file that is altered under the running recording.
class DamagedClosingTest : public RecordingTest {
protected:
    void SetUp() override {
        settings_.late = 0ms;
        openAll();
        running_ = std::async(std::launch::async, [this] { recording_->run(); });
    }
    ~DamagedClosingTest() override {
        recording_->close();
        running_.get();
    }

    /// Until `count` records are there.
    void await(std::uint64_t count) const {
        while (spool_->lanes().empty() || spool_->lanes().front().last < count) {
            std::this_thread::yield();
        }
    }

    /// Alters a byte of `text`, wherever it stands in the spool's files.
    void alter(const std::string& text) const {
        for (const char* part : {"", "-wal"}) {
            std::fstream file(spoolSettings_.path + part, std::ios::in | std::ios::out | std::ios::binary);
            const std::string whole((std::istreambuf_iterator<char>(file)), {});
            file.clear();
            for (auto at = whole.find(text); at != std::string::npos; at = whole.find(text, at + 1)) {
                file.seekp(static_cast<std::streamoff>(at));
                file.put(static_cast<char>(text[0] ^ 1));
            }
        }
    }

    std::future<void> running_;
};

TEST_F(DamagedClosingTest, IsToldAgainAndThenWhatIsOver) {
    auto recorder = recording_->open(start());
    recorder->observed(Identified{"telltale"});
    recorder->ended(Outcome::TimedOut, {});
    await(3);
    alter("telltale");
    ASSERT_EQ(spool_->read(0, 2, 1, 1'000'000).at(0).kind, RecordKind::Gap);  // the collector got this
    await(4);
    v1::Record again;
    ASSERT_TRUE(again.ParseFromString(spool_->read(0, 3, 1, 1'000'000).at(0).body));
    EXPECT_EQ(again.closed().identified(), "telltale");
    EXPECT_EQ(again.closed().outcome(), v1::OUTCOME_TIMED_OUT);
    EXPECT_EQ(recording_->view().sessions, 1U);
    spool_->acknowledge(0, 4);
    await(5);
    v1::Record over;
    ASSERT_TRUE(over.ParseFromString(spool_->read(0, 4, 1, 1'000'000).at(0).body));
    EXPECT_EQ(over.gap().what(), "spool");
    EXPECT_EQ(over.gap().records(), 0U);
}

}  // namespace
}  // namespace apiary::agent
