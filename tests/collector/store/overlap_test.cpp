#include "collector/ingest/row_builder.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <random>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

/// Transactions of which two overlap.
class OverlapTest : public SessionStoreTest {
protected:
    OverlapTest() {
        const std::vector<std::int16_t> lanes{0};
        store_.admit(sensor_, spool_.id(), lanes);
    }

    /// The rows of some records of the spool, for sessions of which `open` are open.
    IngestRows rows(std::uint64_t first, std::uint64_t last, const SessionOwners& open = {}) {
        const v1::Batch batch = spool_.batch(first, last);
        RowBuilder builder(open, store_.window(now()));
        builder.add({.stream = spool_.id(),
                     .sensorId = sensorId_,
                     .clockOffsetMs = 0,
                     .batch = &batch,
                     .from = 0,
                     .to = batch.entries_size(),
                     .first = static_cast<std::int64_t>(first)});
        return builder.build();
    }
    std::string position() { return database_.ask("SELECT last_seq FROM apiary.ingest_stream"); }

    TestSpool spool_{1};
};

TEST_F(OverlapTest, CommitsTheOneWhileTheRowsOfTheOtherTravel) {
    spool_.append(shortSession(1).close());
    const std::uint64_t half = spool_.last();
    spool_.append(shortSession(2).close());
    IngestRows one = rows(1, half);
    IngestRows two = rows(half + 1, spool_.last());
    ASSERT_TRUE(store_.begin(one));
    ASSERT_TRUE(store_.conclude(false));
    ASSERT_TRUE(store_.begin(two));
    ASSERT_TRUE(store_.settle());
    EXPECT_EQ(count("session"), "1");
    ASSERT_TRUE(store_.conclude(true));
    ASSERT_TRUE(store_.settle());
    EXPECT_TRUE(store_.harden());
    EXPECT_EQ(count("session"), "2");
    EXPECT_EQ(position(), std::to_string(spool_.last()));
}

TEST_F(OverlapTest, WritesNothingThatTheLedgerDoesNotExpect) {
    spool_.append(shortSession(1).close());
    spool_.append(shortSession(2).close());
    IngestRows late = rows(spool_.last() / 2 + 1, spool_.last());
    ASSERT_TRUE(store_.begin(late));
    EXPECT_FALSE(store_.conclude(true) && store_.settle());
    EXPECT_EQ(count("session") + count("event"), "00");
    EXPECT_EQ(position(), "0");
    IngestRows all = rows(1, spool_.last());
    EXPECT_TRUE(std::holds_alternative<Committed>(store_.write(all)));
}

TEST_F(OverlapTest, GivesUpRowsThatTheDatabaseRefuses) {
    const RecordedSession session = shortSession();
    spool_.append(session);
    spool_.append(session.records()[1]);  // the same number in the session once more
    IngestRows bad = rows(1, spool_.last());
    EXPECT_FALSE(store_.begin(bad) && store_.conclude(true) && store_.settle());
    EXPECT_EQ(count("session_open"), "0");
    EXPECT_TRUE(std::holds_alternative<Unfit>(store_.write(bad)));
}

TEST_F(OverlapTest, GivesUpBothWhenAConnectionBreaks) {
    spool_.append(shortSession(1).close());
    const std::uint64_t half = spool_.last();
    spool_.append(shortSession(2).close());
    IngestRows one = rows(1, half);
    IngestRows two = rows(half + 1, spool_.last());
    ASSERT_TRUE(store_.begin(one));
    ASSERT_TRUE(store_.conclude(true));
    ASSERT_TRUE(store_.settle());
    ASSERT_TRUE(store_.begin(two));
    database_.ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'apiary-collector' AND pid <> pg_backend_pid()");
    EXPECT_FALSE(store_.conclude(true) && store_.settle());
    EXPECT_FALSE(store_.harden());
    EXPECT_EQ(position(), std::to_string(half));
}

TEST_F(OverlapTest, GivesWhatOneTransactionAfterTheOtherWouldGive) {
    std::mt19937_64 random(11);
    for (std::uint64_t i = 0; i < 100; ++i) {
        spool_.append(test::randomSession(random, now() - 48h, now() - 2h));
        const std::string bytes(20 + i, static_cast<char>('a' + i % 26));
        spool_.append(shortSession(1000 + i).piece(bytes).piece(bytes).uploaded("file", bytes + bytes).close());
    }
    IngestHub hub(store_, feed_, now, {.groupEntries = 60});
    const auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, spool_.id(), {0});
    for (std::uint64_t first = 1; first <= spool_.last(); first += 17) {
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool_.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool_.batch(first, std::min(first + 16, spool_.last()))));
    }
    hub.stop();
    hub.run();
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool_.last()));
    EXPECT_EQ(count("quarantine") + count("session_open") + count("artifact_piece"), "000");
    EXPECT_EQ(
        database_.ask("SELECT count(*) FILTER (WHERE transcript_digest(session_id) = journal_sha256) || ' of ' || "
                      "count(*) || ', digests ' || count(*) FILTER (WHERE commands > 0 AND command_digest IS NULL) "
                      "FROM apiary.session"),
        "200 of 200, digests 0");
    EXPECT_EQ(database_.ask("SELECT count(*) FILTER (WHERE stored) FROM apiary.artifact"), "100");
    EXPECT_EQ(database_.ask("SELECT (SELECT sum(sessions) FROM apiary.rollup_hour_protocol) = (SELECT count(*) FROM "
                            "apiary.session)"),
              "t");
    EXPECT_GT(std::stoi(database_.ask("SELECT count(DISTINCT xmin::text) FROM apiary.session")), 5);
}

}  // namespace
}  // namespace apiary::collector
