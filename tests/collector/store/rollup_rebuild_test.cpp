#include "collector/store/known_repository.hpp"
#include "collector/store/rollup_repository.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using test::RecordedSession;
using test::TestSpool;

class RollupRebuildTest : public SessionStoreTest {
protected:
    /// What differed on any day, in words.
    std::string rebuildAll() {
        RollupRepository repository(owner_);
        std::string words;
        for (const sys_days day : repository.days()) {
            const auto rebuilt = repository.rebuild(day, "tester");
            EXPECT_TRUE(rebuilt);
            sessions_ += rebuilt->sessions;
            for (const RollupDifference& difference : rebuilt->differences) {
                words += difference.rollup + " " + std::to_string(difference.rows) + "; ";
            }
        }
        return words;
    }

    void retag() { KnownRepository(owner_).retag({}, "tester"); }

    std::uint64_t sessions_ = 0;
    Connection owner_{database_.owner()};
};

/// Sessions and probes of several days come in any order, days late, some begin before midnight and end after it; rules
/// for known traffic are added and removed in between, and what is stored is tagged by them.
TEST_F(RollupRebuildTest, ChangesNothingAfterRandomIngest) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        TestSpool spool(seed);
        std::vector<RecordedSession> sessions;
        for (int i = 0; i < 60; ++i) {
            sessions.push_back(test::randomSession(random, now() - 96h, now() - 2h));
        }
        for (int i = 0; i < 10; ++i) {
            const auto midnight = std::chrono::floor<days>(now()) - days{i % 3};
            sessions.push_back(RecordedSession({.start = midnight - 1ms * (1 + i), .random = 1000 * seed + i})
                                   .received("USER a\r\n")
                                   .pass(2s)
                                   .login("late", "b")
                                   .command("RETR", "x")
                                   .close());
        }
        std::ranges::shuffle(sessions, random);
        for (const auto& session : sessions) {
            spool.append(session);
            spool.append(test::randomProbe(random, now() - 96h, now() - 2h));
        }
        KnownRepository rules(owner_);
        for (std::uint64_t first = 1; first <= spool.last(); first += 97) {
            send(spool, {spool.batch(first, std::min(first + 96, spool.last()))});
            if (random() % 3 == 0) {
                KnownWish wish;
                wish.port = random() % 2 == 0 ? 21 : 23;
                wish.tag = random() % 2 == 0 ? "known-scanner" : "self-test";
                wish.owner = "us";
                wish.reason = "a test";
                ASSERT_TRUE(rules.add(wish, "tester"));
            } else if (random() % 3 == 0) {
                retag();
            }
        }
        EXPECT_EQ(rebuildAll(), "");
        retag();
        EXPECT_EQ(rebuildAll(), "");
    }
    EXPECT_EQ(count("quarantine"), "0");
    EXPECT_EQ(sessions_, 2 * (70 + 140 + 210));
    EXPECT_EQ(database_.ask("SELECT count(*) > 0 FROM apiary.session WHERE traffic <> 'attack'"), "t");
    EXPECT_EQ(database_.ask("SELECT sum(probes) FROM apiary.rollup_hour_probe"), "210");
    EXPECT_EQ(database_.ask("SELECT count(DISTINCT tool) || ' ' || min(probes) || ' ' || bool_or(traffic <> 'attack') "
                            "FROM apiary.rollup_hour_probe"),
              "3 1 true");
}

TEST_F(RollupRebuildTest, ChangesNothingWhileIngestCounts) {
    std::mt19937_64 random(17);
    TestSpool spool(1);
    while (spool.last() < 3000) {
        spool.append(test::randomSession(random, now() - 48h, now() - 2h));
        spool.append(test::randomProbe(random, now() - 48h, now() - 2h));
    }
    IngestHub hub(store_, feed_, now, {});
    auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, spool.id(), {0});
    for (std::uint64_t first = 1; first <= spool.last(); first += 50) {
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool.batch(first, std::min(first + 49, spool.last()))));
    }
    hub.stop();
    std::jthread ingest([&] { hub.run(); });
    std::string differed;
    for (int round = 0; round < 5; ++round) {
        differed += rebuildAll();
    }
    ingest.join();
    EXPECT_EQ(differed + rebuildAll(), "");
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(database_.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "0");
}

TEST_F(RollupRebuildTest, SaysWhatDifferedAndMendsIt) {
    std::mt19937_64 random(1);
    const auto noon = std::chrono::floor<days>(now()) - 12h;  // days are rebuilt one after the other
    TestSpool spool(1);
    spool.append(RecordedSession({.start = noon}).received("USER a\r\n").login("a", "b").close());
    spool.append(test::randomProbe(random, noon, noon + 1h));
    send(spool, {spool.all()});
    database_.ask("UPDATE apiary.rollup_hour_protocol SET sessions = 7");
    database_.ask("DELETE FROM apiary.source_day");
    database_.ask("UPDATE apiary.rollup_hour_probe SET probes = 0");
    EXPECT_EQ(rebuildAll(), "rollup_hour_protocol 1; source_day 1; rollup_hour_probe 1; ");
    EXPECT_EQ(rebuildAll(), "");
    EXPECT_EQ(database_.ask("SELECT probes FROM apiary.rollup_hour_probe"), "1");
    EXPECT_EQ(database_.ask("SELECT sessions FROM apiary.rollup_hour_protocol"), "1");
    EXPECT_EQ(database_.ask("SELECT new_value->>'differed' FROM apiary.audit_log WHERE action = 'rollup_rebuild'"),
              "rollup_hour_protocol 1, source_day 1, rollup_hour_probe 1");
}

TEST_F(RollupRebuildTest, LeavesADayWhoseRowsAreGone) {
    TestSpool spool(1);
    spool.append(RecordedSession({.start = now() - 72h}).received("A\r\n").close());
    send(spool, {spool.all()});
    database_.ask("UPDATE apiary.retained SET rows_from = (now() AT TIME ZONE 'UTC')::date - 2");
    RollupRepository repository(owner_);
    EXPECT_TRUE(repository.days().empty());
    EXPECT_FALSE(repository.rebuild(std::chrono::floor<days>(now() - 72h), "tester"));
    EXPECT_EQ(database_.ask("SELECT sessions FROM apiary.rollup_hour_protocol"), "1");
}

}  // namespace
}  // namespace apiary::collector
