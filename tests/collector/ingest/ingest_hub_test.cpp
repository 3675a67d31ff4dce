#include "collector/ingest/ingest_hub.hpp"

#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

constexpr Moment kNow{1'800'000'000s};

/// A database in memory: it keeps the ledger and counts rows, refuses what the test calls unfit, and fails on demand.
class FakeSink final : public SessionSink {
public:
    std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override {
        failIfAway();
        if (sensor == revoked) {
            return Refusal{"revoked"};
        }
        Admission admission{.sensorId = 1, .stream = stream, .positions = {}};
        for (const std::int16_t lane : lanes) {
            admission.positions[lane] = ledger[{stream, lane}];
        }
        return admission;
    }
    std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) override {
        failIfAway();
        const auto owner = sensors.find(stream);
        return sensorId == (owner == sensors.end() ? 1 : owner->second) ? std::optional(ledger[{stream, lane}])
                                                                        : std::nullopt;
    }
    SessionOwners findOpen(std::span<const Uuid> wanted) override {
        asked.insert(asked.end(), wanted.begin(), wanted.end());
        return {};
    }
    std::size_t closeStale(std::int32_t sensorId, Moment, const std::string& reason, int) override {
        failIfAway();
        closedAsStale += std::to_string(sensorId) + " " + reason + "\n";
        return onCloseStale ? onCloseStale() : 0;
    }
    std::vector<Uuid> findUnheardOf(const Uuid&, std::int16_t, std::span<const Ending> endings) override {
        for (const Ending& ending : endings) {
            endingsAsked += std::to_string(ending.seq) + " ";
        }
        return unheardOf;
    }
    std::vector<Uuid> findEnded(std::span<const Uuid>) override { return ended; }
    OpenCounts countOpen(std::span<const std::int32_t>) override { return openBefore; }
    Window window(Moment now) override { return {.from = now - 24h * 90, .to = now + 24h}; }
    WriteOutcome write(IngestRows& rows) override {
        failIfAway();
        ++transactions;
        for (const LedgerStep& step : rows.ledger) {
            if (ledger[{step.stream, step.lane}] != step.first - 1) {
                return Stale{};
            }
        }
        if (std::ranges::any_of(rows.events, [&](const EventRow& row) { return row.bytes == unfit; })) {
            return Unfit{.sqlstate = "22000", .message = "unfit"};
        }
        if (std::ranges::any_of(rows.events, [&](const EventRow& row) { return row.bytes == poison; })) {
            throw std::logic_error("nobody foresaw \xff");
        }
        for (const LedgerStep& step : rows.ledger) {
            ledger[{step.stream, step.lane}] = step.last;
        }
        sessions += rows.closed.size();
        events += rows.events.size();
        quarantined += rows.quarantine.size();
        for (const QuarantineRow& row : rows.quarantine) {
            reasons += std::to_string(row.seq) + " " + row.reason + "\n";
        }
        if (failAfterCommits > 0) {
            --failAfterCommits;
            throw SinkUnavailable("in doubt");
        }
        return Committed{};
    }

    std::map<std::pair<Uuid, std::int16_t>, std::int64_t> ledger;
    std::map<Uuid, std::int32_t> sensors;  // of streams; 1 of all others
    Uuid revoked = TestSpool(666).id();
    std::vector<Uuid> ended;
    OpenCounts openBefore;
    std::string unfit = "unfit";
    std::string poison = "poison";
    int failures = 0;          // calls that fail from now on
    int failAfterCommits = 0;  // commits that come to pass, and of which nobody hears
    int transactions = 0;
    std::size_t sessions = 0;
    std::size_t events = 0;
    std::size_t quarantined = 0;
    std::string reasons;
    std::vector<Uuid> asked;  // whether they are open
    std::vector<Uuid> unheardOf;
    std::string endingsAsked;
    std::string closedAsStale;
    std::function<std::size_t()> onCloseStale;

private:
    void failIfAway() {
        if (failures > 0) {
            --failures;
            throw SinkUnavailable("away");
        }
    }
};

class Peer final : public IngestPeer {
public:
    void admitted(const Admission& admission) override { admission_ = admission; }
    void refused(const std::string& reason) override { refusal_ = reason; }
    void committed(std::int16_t, std::int64_t seq) override {
        acknowledged_.push_back(seq);
        if (onCommitted_) {
            onCommitted_();
        }
    }
    void outOfOrder(const std::string& reason) override {
        outOfOrder_ = reason;
        if (onOutOfOrder_) {
            std::exchange(onOutOfOrder_, {})();
        }
    }
    void comeAgain(const std::string&) override {}
    void roomAgain() override { ++room_; }

    std::optional<Admission> admission_;
    std::string refusal_;
    std::string outOfOrder_;
    std::vector<std::int64_t> acknowledged_;
    int room_ = 0;
    std::function<void()> onCommitted_;
    std::function<void()> onOutOfOrder_;
};

class IngestHubTest : public testing::Test {
protected:
    bool submit(const TestSpool& spool, v1::Batch batch, std::int32_t sensorId = 1) {
        return hub_.submit(peer_, {.sensorId = sensorId, .stream = spool.id(), .positions = {}}, 0,
                           std::make_unique<v1::Batch>(std::move(batch)));
    }
    void run() {
        hub_.stop();
        hub_.run();
    }
    static RecordedSession session(std::uint64_t random, std::string_view packet = "x") {
        return RecordedSession({.start = kNow - 1h, .random = random}).received(packet).close();
    }

    FakeSink sink_;
    LiveFeed feed_;
    IngestHub hub_{
        sink_,
        feed_,
        [] { return kNow; },
        {.queueBytes = 64'000, .groupEntries = 12, .firstPause = 1ms, .longestPause = 1ms, .stopWithin = 50ms}};
    std::shared_ptr<Peer> peer_ = std::make_shared<Peer>();
};

TEST_F(IngestHubTest, TellsASensorWhereItsLanesStand) {
    const TestSpool spool(1);
    sink_.ledger[{spool.id(), 3}] = 40;
    hub_.hello(peer_, TestSpool(2).id(), spool.id(), {0, 3});
    run();
    EXPECT_EQ(peer_->admission_->positions, (LanePositions{{0, 0}, {3, 40}}));
}

TEST_F(IngestHubTest, TurnsAwayASensorThatTheSinkRefuses) {
    hub_.hello(peer_, sink_.revoked, TestSpool(1).id(), {0});
    run();
    EXPECT_EQ(peer_->refusal_, "revoked");
}

TEST_F(IngestHubTest, WritesBatchesThatWaitTogetherInOneTransaction) {
    TestSpool first(1);
    TestSpool second(2);
    first.append(session(1));
    second.append(session(2));
    submit(first, first.all());
    submit(second, second.all());
    run();
    EXPECT_EQ(sink_.transactions, 1);
    EXPECT_EQ(sink_.sessions, 2U);
    EXPECT_EQ(peer_->acknowledged_, (std::vector<std::int64_t>{3, 3}));
}

TEST_F(IngestHubTest, BoundsATransaction) {
    TestSpool spool(1);
    for (std::uint64_t i = 1; i <= 10; ++i) {
        spool.append(session(i));
    }
    for (std::uint64_t first = 1; first <= spool.last(); first += 6) {
        submit(spool, spool.batch(first, first + 5));
    }
    run();
    EXPECT_EQ(sink_.transactions, 3);
    EXPECT_EQ(sink_.sessions, 10U);
}

TEST_F(IngestHubTest, AcknowledgesAgainWhatIsCommitted) {
    TestSpool spool(1);
    spool.append(session(1));
    submit(spool, spool.all());
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.sessions, 1U);
    EXPECT_EQ(peer_->acknowledged_.back(), 3);
}

TEST_F(IngestHubTest, CountsWhatItCommitsAndWhatCameBeforeOrTooEarly) {
    TestSpool spool(1);
    spool.append(session(1));
    const v1::Batch first = spool.all();
    spool.append(session(2));
    submit(spool, first);
    submit(spool, first);
    submit(spool, spool.batch(5, 6));
    EXPECT_GT(hub_.queuedBytes(), 0U);
    run();
    const IngestCounters::View counts = hub_.counters();
    EXPECT_EQ(counts.records, 3U);
    EXPECT_EQ(counts.batches, 1U);
    EXPECT_EQ(counts.duplicates, 1U);
    EXPECT_EQ(counts.holes, 1U);
    EXPECT_EQ(counts.transactions.count, 1U);
    EXPECT_EQ(hub_.queuedBytes(), 0U);
}

TEST_F(IngestHubTest, CountsWhatItPutsAsideByItsClass) {
    TestSpool spool(1);
    spool.append(session(1));
    spool.append(session(2, "unfit"));
    submit(spool, spool.all());
    run();
    const IngestCounters::View counts = hub_.counters();
    EXPECT_EQ(counts.records, 6U);
    EXPECT_EQ(counts.aside[static_cast<std::size_t>(AsideClass::Database)], 1U);
    EXPECT_EQ(counts.aside[static_cast<std::size_t>(AsideClass::Session)], 0U);
}

TEST(IngestCountersTest, KnowsTheClassOfAReason) {
    const auto classOfReason = [](const std::string& reason, const std::string& sqlstate = {}) {
        QuarantineRow row;
        row.reason = reason;
        row.sqlstate = sqlstate;
        return classOf(row);
    };
    EXPECT_EQ(classOfReason("time outside the window"), AsideClass::Bounds);
    EXPECT_EQ(classOfReason("number in the session out of range"), AsideClass::Bounds);
    EXPECT_EQ(classOfReason("session of another sensor"), AsideClass::Session);
    EXPECT_EQ(classOfReason("not a record"), AsideClass::Content);
    EXPECT_EQ(classOfReason("no rows can be made of it: bad"), AsideClass::Other);
    EXPECT_EQ(classOfReason("session", "22021"), AsideClass::Database);
}

TEST_F(IngestHubTest, EndsAStreamThatLeavesAHole) {
    TestSpool spool(1);
    spool.append(session(1));
    submit(spool, spool.batch(2, 3));
    run();
    EXPECT_EQ(peer_->outOfOrder_, "records 2..3 of lane 0 where 1 was due");
    EXPECT_EQ(sink_.transactions, 0);
}

TEST_F(IngestHubTest, EndsAStreamWhoseSpoolIsAnotherSensors) {
    TestSpool spool(1);
    spool.append(session(1));
    submit(spool, spool.all(), 2);
    run();
    EXPECT_EQ(peer_->outOfOrder_, "the spool belongs to another sensor");
}

TEST_F(IngestHubTest, PutsAsideTheOneRecordThatIsUnfit) {
    TestSpool spool(1);
    spool.append(session(1));
    spool.append(session(2, "unfit"));
    spool.append(session(3));
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.sessions, 3U);
    EXPECT_EQ(sink_.events, 2U);
    EXPECT_EQ(sink_.quarantined, 1U);
    EXPECT_EQ(peer_->acknowledged_.back(), 9);
}

TEST_F(IngestHubTest, PutsAsideTheOneRecordAtWhichAnExceptionIsThrown) {
    TestSpool first(1);
    TestSpool second(2);
    first.append(session(1));
    first.append(session(2, "poison"));
    second.append(session(3));
    submit(first, first.all());
    submit(second, second.all());
    run();
    EXPECT_EQ(sink_.sessions, 3U);
    EXPECT_EQ(sink_.events, 2U);
    EXPECT_EQ(sink_.reasons, "5 no rows can be made of it: nobody foresaw \\xff\n");
    EXPECT_EQ(peer_->acknowledged_.back(), 3);
    EXPECT_EQ((sink_.ledger[{first.id(), 0}]), 6);
}

TEST_F(IngestHubTest, WritesWhatOthersSendWhileItSearchesTheRecordsOfOne) {
    TestSpool bad(1);
    TestSpool good(2);
    for (std::uint64_t i = 1; i <= 4; ++i) {
        bad.append(session(i, "unfit"));
    }
    good.append(session(9));
    const auto other = std::make_shared<Peer>();
    submit(bad, bad.all());
    hub_.submit(other, {.sensorId = 2, .stream = good.id(), .positions = {}}, 0,
                std::make_unique<v1::Batch>(good.all()));
    sink_.sensors = {{good.id(), 2}};
    int before = 0;
    other->onCommitted_ = [&] { before = sink_.transactions; };
    run();
    EXPECT_LE(before, 3);  // of both, of the one, of the other
    EXPECT_GT(sink_.transactions, 6);
    EXPECT_EQ(sink_.sessions, 5U);
    EXPECT_EQ(sink_.events, 1U);
    EXPECT_EQ(sink_.quarantined, 4U);
    EXPECT_EQ(peer_->acknowledged_.back(), static_cast<std::int64_t>(bad.last()));
}

TEST_F(IngestHubTest, WaitsForADatabaseThatIsAway) {
    TestSpool spool(1);
    spool.append(session(1));
    sink_.failures = 5;
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.sessions, 1U);
    EXPECT_EQ(peer_->acknowledged_, std::vector<std::int64_t>{3});
    EXPECT_TRUE(hub_.databaseAnswers());
}

TEST_F(IngestHubTest, AsksTheLedgerAfterACommitInDoubt) {
    TestSpool spool(1);
    spool.append(session(1));
    sink_.failAfterCommits = 1;
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.sessions, 1U);
    EXPECT_EQ(peer_->acknowledged_, std::vector<std::int64_t>{3});
}

TEST_F(IngestHubTest, FollowsALedgerThatAnotherCollectorMoved) {
    TestSpool spool(1);
    spool.append(session(1));
    hub_.hello(peer_, TestSpool(2).id(), spool.id(), {0});
    submit(spool, spool.batch(1, 1));
    submit(spool, spool.batch(2, 3));
    run();
    EXPECT_EQ(sink_.sessions, 1U);
    IngestHub other(sink_, feed_, [] { return kNow; }, {});
    other.submit(peer_, {.sensorId = 1, .stream = spool.id(), .positions = {}}, 0,
                 std::make_unique<v1::Batch>(spool.all()));
    other.stop();
    other.run();
    EXPECT_EQ(sink_.sessions, 1U);
}

TEST_F(IngestHubTest, GivesUpWhenTheTimeToStopIsOver) {
    TestSpool spool(1);
    spool.append(session(1));
    sink_.failures = 1'000'000;
    submit(spool, spool.all());
    run();
    EXPECT_TRUE(peer_->acknowledged_.empty());
    EXPECT_FALSE(hub_.databaseAnswers());
}

TEST_F(IngestHubTest, StopsAReaderWhileTheQueueIsFullAndCallsItBack) {
    TestSpool spool(1);
    spool.append(session(1, std::string(16384, 'x')));
    bool room = true;
    int batches = 0;
    for (; room && batches < 100; ++batches) {
        room = submit(spool, spool.all());
    }
    EXPECT_FALSE(room);
    EXPECT_LT(batches, 10);
    run();
    EXPECT_EQ(peer_->room_, 1);
}

TEST_F(IngestHubTest, PutsAsideASessionThatHasEndedBefore) {
    TestSpool spool(1);
    const RecordedSession again = session(1);
    spool.append(again);
    sink_.ended = {again.id()};
    submit(spool, spool.batch(1, 2));  // what comes whole is refused by the key of its row
    run();
    EXPECT_EQ(sink_.sessions + sink_.events, 0U);
    EXPECT_EQ(sink_.reasons, "1 the session has ended already\n2 its session is not open\n");
}

TEST_F(IngestHubTest, CountsWhatWasOpenBeforeItCame) {
    TestSpool spool(1);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        spool.append(RecordedSession({.start = kNow - 1h, .random = i}));
    }
    sink_.openBefore = {{1, 99'998}};
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.reasons, "3 more than 100000 sessions of this sensor are open\n");
}

TEST_F(IngestHubTest, ShowsThoseWhoWatchWhatIsCommitted) {
    TestSpool spool(1);
    spool.append(session(1));
    spool.append(RecordedSession({.start = kNow - 1h, .random = 2}));
    const auto watching = feed_.subscribe(100, {});
    submit(spool, spool.all());
    run();
    const LiveUpdate update = watching->take();
    ASSERT_EQ(update.batches.size(), 1U);
    EXPECT_EQ(update.batches[0]->opened.size(), 1U);
    EXPECT_EQ(update.batches[0]->ended.size(), 1U);
}

TEST_F(IngestHubTest, BelievesNothingToBeOpenThatMayHaveBeenClosedAsStale) {
    TestSpool spool(1);
    const RecordedSession whole = session(1);
    spool.append(whole);
    peer_->onCommitted_ = [&] {
        if (sink_.closedAsStale.empty()) {
            hub_.closeStale(1, kNow, "its sensor has nothing to send");
        }
    };
    sink_.onCloseStale = [&] {
        submit(spool, spool.batch(spool.last(), spool.last()));
        hub_.stop();
        return std::size_t{1};
    };
    submit(spool, spool.batch(1, spool.last() - 1));
    hub_.run();
    EXPECT_EQ(sink_.closedAsStale, "1 its sensor has nothing to send\n") << "once";
    EXPECT_EQ(sink_.asked, std::vector<Uuid>{whole.id()}) << "its end is looked up";
}

TEST_F(IngestHubTest, ClosesStaleSessionsAgainAfterTheDatabaseFailed) {
    sink_.failures = 1;
    sink_.onCloseStale = [&] {
        hub_.stop();
        return std::size_t{0};
    };
    hub_.closeStale(1, kNow, "why");
    hub_.run();
    EXPECT_EQ(sink_.closedAsStale, "1 why\n");
}

TEST_F(IngestHubTest, WhatIsSentAgainIsAnsweredIfItIsKnown) {
    TestSpool spool(1);
    spool.append(session(1));
    spool.append(session(2));
    sink_.ledger[{spool.id(), 0}] = static_cast<std::int64_t>(spool.last());
    submit(spool, spool.all());
    run();
    EXPECT_EQ(sink_.endingsAsked, "3 6 ") << "where the sessions end";
    EXPECT_EQ(peer_->acknowledged_, std::vector<std::int64_t>{6});
}

TEST_F(IngestHubTest, AStreamThatGivesNumbersOutTwiceEndsAndIsKnownWhenItComesAgain) {
    TestSpool spool(1);
    spool.append(session(1));
    spool.append(session(2));
    sink_.ledger[{spool.id(), 0}] = 3;
    sink_.unheardOf = {session(1).id()};
    const auto again = std::make_shared<Peer>();
    peer_->onOutOfOrder_ = [&] {
        hub_.hello(again, TestSpool(9).id(), spool.id(), {0});
        hub_.stop();
    };
    submit(spool, spool.batch(1, 3));
    submit(spool, spool.batch(4, 6));
    hub_.run();
    EXPECT_NE(peer_->outOfOrder_.find("was set back to an older state"), std::string::npos) << peer_->outOfOrder_;
    EXPECT_TRUE(peer_->acknowledged_.empty());
    EXPECT_EQ(sink_.sessions, 0U) << "what comes behind is not written under numbers that are no good";
    ASSERT_TRUE(again->admission_);
    EXPECT_TRUE(again->admission_->setBack);
}

}  // namespace
}  // namespace apiary::collector
