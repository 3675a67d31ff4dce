#include "collector/ingest/row_builder.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <pqxx/pqxx>

#include <functional>
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
        return rowsOf(spool_, first, last, open);
    }
    IngestRows rowsOf(const TestSpool& spool, std::uint64_t first, std::uint64_t last, const SessionOwners& open = {}) {
        const v1::Batch batch = spool.batch(first, last);
        RowBuilder builder(open, store_.window(now()));
        builder.add({.stream = spool.id(),
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

/// The transaction of another collector, which has written rows and not yet committed them. The server ends it when
/// nobody has for 20 s: whoever waited for it that long gets its rows in after all.
class Rival {
public:
    Rival(const test::TestDatabase& database, const IngestRows& rows) : connection_(database.writer()) {
        pqxx::nontransaction(connection_.session(), "patience").exec("SET idle_in_transaction_session_timeout = '20s'");
        prepareIngest(connection_.session());
        database.ask("SELECT apiary.ensure_partitions(now() - interval '1 day', now())");
        const std::int64_t rules = std::stoll(database.ask("SELECT apiary.known_rules_version()"));
        IngestTransaction(connection_, rows, {.collectorId = 2, .rules = rules, .rollups = false}).writeAll(false);
    }

    void end(const std::string& how) { pqxx::nontransaction(connection_.session(), "end").exec(how); }

private:
    Connection connection_;
};

TEST_F(OverlapTest, GivesUpAfterASecondWhatWaitsForTheRowsOfAnother) {
    spool_.append(shortSession(1).close());
    const std::uint64_t half = spool_.last();
    spool_.append(shortSession(2).close());
    IngestRows one = rows(1, half);
    ASSERT_TRUE(std::holds_alternative<Committed>(store_.write(one)));
    IngestRows two = rows(half + 1, spool_.last());
    Rival rival(database_, two);
    ASSERT_TRUE(store_.begin(two));
    EXPECT_FALSE(store_.conclude(true) && store_.settle());
    EXPECT_EQ(position(), std::to_string(half));
    rival.end("ROLLBACK");
    EXPECT_TRUE(std::holds_alternative<Committed>(store_.write(two)));
    EXPECT_EQ(count("session") + " " + count("event"), "2 4");
    EXPECT_EQ(position(), std::to_string(spool_.last()));
}

TEST_F(OverlapTest, FindsInTheLedgerWhatAnotherHasCommittedMeanwhile) {
    spool_.append(shortSession(1).close());
    const std::uint64_t half = spool_.last();
    spool_.append(shortSession(2).close());
    IngestRows one = rows(1, half);
    ASSERT_TRUE(std::holds_alternative<Committed>(store_.write(one)));
    IngestRows two = rows(half + 1, spool_.last());
    Rival rival(database_, two);
    ASSERT_TRUE(store_.begin(two));
    EXPECT_FALSE(store_.conclude(true) && store_.settle());
    rival.end("COMMIT");
    EXPECT_TRUE(std::holds_alternative<Stale>(store_.write(two)));
    EXPECT_EQ(count("session") + " " + count("event"), "2 4");
    EXPECT_EQ(position(), std::to_string(spool_.last()));
}

/// A store that tells when what overlaps is given up.
class TellingStore final : public SessionSink {
public:
    TellingStore(SessionStore& store, std::function<void()> whenGivenUp)
        : store_(store), whenGivenUp_(std::move(whenGivenUp)) {}

    std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override {
        return store_.admit(sensor, stream, lanes);
    }
    std::optional<std::int64_t> position(std::int32_t sensor, const Uuid& stream, std::int16_t lane) override {
        return store_.position(sensor, stream, lane);
    }
    SessionOwners findOpen(std::span<const Uuid> sessions) override { return store_.findOpen(sessions); }
    std::vector<Uuid> findEnded(std::span<const Uuid> sessions) override { return store_.findEnded(sessions); }
    OpenCounts countOpen(std::span<const std::int32_t> sensors) override { return store_.countOpen(sensors); }
    Window window(Moment now) override { return store_.window(now); }
    WriteOutcome write(IngestRows& rows) override { return store_.write(rows); }
    bool begin(IngestRows& rows) override { return store_.begin(rows); }
    bool conclude(bool durable) override { return store_.conclude(durable); }
    bool settle() override { return store_.settle(); }
    bool harden() override { return store_.harden(); }
    void abandon() override {
        store_.abandon();
        whenGivenUp_();
    }

private:
    SessionStore& store_;
    const std::function<void()> whenGivenUp_;
};

/// A sensor that sends its third session under two spools at once, as two copies of a machine would, while another
/// collector has the one of them in a transaction that ends as the parameter says.
class OverlapRivalTest : public OverlapTest, public testing::WithParamInterface<const char*> {};

TEST_P(OverlapRivalTest, LosesAndDoublesNothingHoweverTheOtherEnds) {
    TestSpool copy(2);
    const std::vector<std::int16_t> lanes{0};
    store_.admit(sensor_, copy.id(), lanes);
    const RecordedSession third = shortSession(3).close();
    spool_.append(shortSession(1).close());
    spool_.append(shortSession(2).close());
    spool_.append(third);
    copy.append(third);
    const std::uint64_t records = copy.last();
    Rival rival(database_, rowsOf(copy, 1, copy.last()));
    int givenUp = 0;
    TellingStore store(store_, [&] {
        if (++givenUp == 1) {
            rival.end(GetParam());
        }
    });
    IngestHub hub(store, feed_, now, {.groupEntries = static_cast<int>(records)});
    const auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, spool_.id(), {0});
    for (std::uint64_t first = 1; first <= spool_.last(); first += records) {
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool_.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(spool_.batch(first, first + records - 1)));
    }
    hub.stop();
    hub.run();
    EXPECT_EQ(givenUp, 1);
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool_.last()));
    EXPECT_EQ(count("session") + " " + count("event") + " " + count("credential") + " " + count("session_open"),
              "3 6 3 0");
    const bool twice = std::string(GetParam()) == "COMMIT";
    EXPECT_EQ(count("quarantine") != "0", twice);
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), twice ? "2" : "3");
}

INSTANTIATE_TEST_SUITE_P(Ends, OverlapRivalTest, testing::Values("ROLLBACK", "COMMIT"));

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
