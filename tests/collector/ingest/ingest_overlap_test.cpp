#include "collector/ingest/ingest_hub.hpp"
#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

constexpr Moment kNow{1'800'000'000s};

/// What a database holds of it.
struct Contents {
    std::map<std::pair<Uuid, std::int16_t>, std::int64_t> ledger;
    std::multiset<std::string> sessions;
    SessionOwners open;
};

/// A database in memory with two transactions that overlap. A commit reaches the disk at once or with a later one; a
/// crash undoes what has not.
class OverlappingSink final : public SessionSink {
public:
    explicit OverlappingSink(std::uint64_t seed) : random_(seed) {}

    std::variant<Admission, Refusal> admit(const Uuid&, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override {
        failNowAndThen();
        disk_ = memory_;
        Admission admission{.sensorId = 1, .stream = stream, .positions = {}};
        for (const std::int16_t lane : lanes) {
            admission.positions[lane] = memory_.ledger[{stream, lane}];
        }
        return admission;
    }
    std::optional<std::int64_t> position(std::int32_t, const Uuid& stream, std::int16_t lane) override {
        failNowAndThen();
        disk_ = memory_;
        return memory_.ledger[{stream, lane}];
    }
    SessionOwners findOpen(std::span<const Uuid>) override { return memory_.open; }
    std::vector<Uuid> findEnded(std::span<const Uuid>) override { return {}; }
    OpenCounts countOpen(std::span<const std::int32_t>) override { return {}; }
    Window window(Moment now) override { return {.from = now - 24h * 90, .to = now + 24h}; }

    WriteOutcome write(IngestRows& rows) override {
        EXPECT_FALSE(begun_ || concluded_) << "write() beside transactions that overlap";
        failNowAndThen();
        if (!commit(rows)) {
            return Stale{};
        }
        disk_ = memory_;
        failNowAndThen();
        return Committed{};
    }

    bool begin(IngestRows& rows) override {
        EXPECT_EQ(begun_, nullptr);
        if (oneIn(20)) {
            return giveUp();
        }
        begun_ = &rows;
        return true;
    }
    bool conclude(bool durable) override {
        EXPECT_NE(begun_, nullptr);
        EXPECT_EQ(concluded_, nullptr);
        if (oneIn(20) || !commit(*begun_)) {
            return giveUp();
        }
        if (durable) {
            disk_ = memory_;
        }
        concluded_ = std::exchange(begun_, nullptr);
        ++overlapped;
        return true;
    }
    bool settle() override {
        EXPECT_NE(concluded_, nullptr);
        if (oneIn(20)) {
            return giveUp();
        }
        concluded_ = nullptr;
        return true;
    }
    bool harden() override {
        if (oneIn(10)) {
            return giveUp();
        }
        disk_ = memory_;
        return true;
    }
    void abandon() override { begun_ = concluded_ = nullptr; }

    const Contents& disk() const { return disk_; }

    int overlapped = 0;
    bool calm = false;  // nothing fails

private:
    bool oneIn(unsigned times) { return !calm && random_() % times == 0; }

    bool giveUp() {
        if (random_() % 2 == 0) {
            memory_ = disk_;
        }
        abandon();
        return false;
    }
    void failNowAndThen() {
        if (oneIn(20)) {
            giveUp();
            throw SinkUnavailable("away");
        }
    }
    bool commit(const IngestRows& rows) {
        for (const LedgerStep& step : rows.ledger) {
            if (memory_.ledger[{step.stream, step.lane}] != step.first - 1) {
                return false;
            }
        }
        for (const LedgerStep& step : rows.ledger) {
            memory_.ledger[{step.stream, step.lane}] = step.last;
        }
        for (const OpenRow& row : rows.opened) {
            memory_.open[row.session] = {.sensorId = row.sensorId, .source = row.source, .protocol = row.protocol};
        }
        for (const Uuid& session : rows.openBefore) {
            memory_.open.erase(session);
        }
        for (const ClosedRow& row : rows.closed) {
            memory_.sessions.insert(row.head.session.text());
        }
        return true;
    }

    std::mt19937_64 random_;
    Contents memory_;
    Contents disk_;
    IngestRows* begun_ = nullptr;
    IngestRows* concluded_ = nullptr;
};

/// A sensor that looks, whenever it is told that records are safe, whether they are.
class WatchfulPeer final : public IngestPeer {
public:
    WatchfulPeer(const OverlappingSink& sink, const Uuid& stream) : sink_(sink), stream_(stream) {}

    void admitted(const Admission&) override {}
    void refused(const std::string&) override {}
    void committed(std::int16_t lane, std::int64_t seq) override {
        const auto at = sink_.disk().ledger.find({stream_, lane});
        EXPECT_TRUE(at != sink_.disk().ledger.end() && at->second >= seq) << "acknowledged before it was on disk";
        acknowledged_ = std::max(acknowledged_, seq);
    }
    void outOfOrder(const std::string& reason) override { ADD_FAILURE() << reason; }
    void comeAgain(const std::string&) override {}
    void roomAgain() override {}

    std::int64_t acknowledged_ = 0;

private:
    const OverlappingSink& sink_;
    const Uuid stream_;
};

/// Three sensors send a hundred sessions each, in batches of one or two, which the hub finds waiting all at once.
void play(OverlappingSink& sink, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    LiveFeed feed;
    IngestHub hub(sink, feed, [] { return kNow; },
                  {.groupEntries = 12, .firstPause = 0ms, .longestPause = 0ms, .stopWithin = 10s});
    std::vector<TestSpool> spools;
    std::vector<std::shared_ptr<WatchfulPeer>> peers;
    for (std::uint64_t sensor = 1; sensor <= 3; ++sensor) {
        TestSpool& spool = spools.emplace_back(sensor);
        peers.push_back(std::make_shared<WatchfulPeer>(sink, spool.id()));
        hub.hello(peers.back(), spool.id(), spool.id(), {0});
        for (std::uint64_t i = 0; i < 100; ++i) {
            spool.append(RecordedSession({.start = kNow - 1h, .random = sensor * 1000 + i}).received("x").close());
        }
    }
    std::vector<std::uint64_t> sent(spools.size(), 0);
    for (std::size_t left = spools.size(); left > 0;) {
        const std::size_t which = random() % spools.size();
        const TestSpool& spool = spools[which];
        if (sent[which] == spool.last()) {
            continue;
        }
        const std::uint64_t last = std::min(spool.last(), sent[which] + 1 + random() % 6);
        const auto send = [&](std::uint64_t first) {
            hub.submit(peers[which], {.sensorId = 1, .stream = spool.id(), .positions = {}}, 0,
                       std::make_unique<v1::Batch>(spool.batch(first, last)));
        };
        send(sent[which] + 1);
        if (random() % 10 == 0) {
            send(sent[which] + 1);  // once more, as behind a new connection
        }
        sent[which] = last;
        left -= last == spool.last() ? 1 : 0;
    }
    hub.stop();
    hub.run();
    for (std::size_t i = 0; i < spools.size(); ++i) {
        EXPECT_EQ(peers[i]->acknowledged_, static_cast<std::int64_t>(spools[i].last()));
    }
    EXPECT_EQ(sink.disk().sessions.size(), 300U);
    EXPECT_EQ(std::set<std::string>(sink.disk().sessions.begin(), sink.disk().sessions.end()).size(), 300U);
}

TEST(IngestOverlapTest, LetsTheRowsOfATransactionTravelWhileTheOneBeforeIsCommitted) {
    OverlappingSink sink(1);
    sink.calm = true;
    play(sink, 1);
    EXPECT_GT(sink.overlapped, 20);
}

TEST(IngestOverlapTest, WritesAllOnceAndAcknowledgesWhatIsOnDiskWhateverFails) {
    for (std::uint64_t seed = 1; seed <= 30 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        OverlappingSink sink(seed);
        play(sink, seed);
        EXPECT_GT(sink.overlapped, 0);
    }
}

}  // namespace
}  // namespace apiary::collector
