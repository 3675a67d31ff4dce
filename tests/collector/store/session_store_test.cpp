#include "tests/collector/store/session_store_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

TEST_F(SessionStoreTest, StoresASessionWithItsEvidence) {
    TestSpool spool(1);
    spool.append(shortSession().close());
    const auto peer = send(spool, {spool.all()});
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session") + count("event") + count("credential") + count("command"), "1211");
    EXPECT_EQ(count("session_open"), "0");
    EXPECT_EQ(database_.ask("SELECT transcript_digest(session_id) = journal_sha256 FROM apiary.session"), "t");
    EXPECT_EQ(database_.ask("SELECT sessions FROM apiary.rollup_hour_protocol"), "1");
}

TEST_F(SessionStoreTest, ShowsASessionAsOpenUntilItEnds) {
    TestSpool spool(1);
    RecordedSession session = shortSession();
    spool.append(session);
    const std::uint64_t half = spool.last();
    send(spool, {spool.all()});
    EXPECT_EQ(count("session_open"), "1");
    spool.append(session.close().records().back());
    send(spool, {spool.batch(half + 1, spool.last())});
    EXPECT_EQ(count("session_open") + count("session"), "01");
    EXPECT_EQ(database_.ask("SELECT transcript_digest(session_id) = journal_sha256 FROM apiary.session"), "t");
}

TEST_F(SessionStoreTest, DigestsTheCommandsAlikeWhetherTheyCameAtOnceOrNot) {
    TestSpool spool(1);
    RecordedSession whole = shortSession(1).command("SYST", "");
    RecordedSession parted = shortSession(2).command("SYST", "");
    spool.append(whole.close());
    spool.append(parted);
    const std::uint64_t half = spool.last();
    send(spool, {spool.all()});
    spool.append(parted.close().records().back());
    send(spool, {spool.batch(half + 1, spool.last())});
    EXPECT_EQ(
        database_.ask("SELECT count(command_digest) || ' ' || count(DISTINCT command_digest) FROM apiary.session"),
        "2 1");
}

TEST_F(SessionStoreTest, TakesABatchOnceHoweverOftenItComes) {
    TestSpool spool(1);
    spool.append(shortSession().close());
    send(spool, {spool.all(), spool.all()});
    const auto peer = send(spool, {spool.all()});
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session"), "1");
    EXPECT_EQ(count("quarantine"), "0");
}

TEST_F(SessionStoreTest, TakesOnlyWhatIsNewOfABatchThatOverlaps) {
    TestSpool spool(1);
    spool.append(shortSession().close());
    send(spool, {spool.batch(1, 3)});
    const auto peer = send(spool, {spool.batch(2, spool.last())});
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session") + count("event"), "12");
}

TEST_F(SessionStoreTest, RefusesABatchThatLeavesAHole) {
    TestSpool spool(1);
    spool.append(shortSession().close());
    const auto peer = send(spool, {spool.batch(3, spool.last())});
    EXPECT_EQ(peer->outOfOrder_, "records 3..6 of lane 0 where 1 was due");
    EXPECT_TRUE(peer->acknowledged_.empty());
    EXPECT_EQ(count("event"), "0");
}

TEST_F(SessionStoreTest, AssemblesAnUploadFromItsPieces) {
    TestSpool spool(1);
    const std::string first(1000, 'a');
    RecordedSession session = shortSession().piece(first);
    spool.append(session);
    const std::uint64_t half = spool.last();
    send(spool, {spool.all()});
    EXPECT_EQ(count("artifact_piece"), "1");
    session.piece("tail")
        .uploaded(
            "mal\xff"
            "ware",
            first + "tail")
        .close();
    for (std::size_t i = half; i < session.records().size(); ++i) {
        spool.append(session.records()[i]);
    }
    send(spool, {spool.batch(half + 1, spool.last())});
    EXPECT_EQ(database_.ask("SELECT stored AND sha256(content) = sha256 AND size = 1004 FROM apiary.artifact"), "t");
    EXPECT_EQ(database_.ask("SELECT encode(offered_name, 'escape') FROM apiary.artifact_sighting"), "mal\\377ware");
    EXPECT_EQ(count("artifact_piece"), "0");
}

TEST_F(SessionStoreTest, KeepsOnlyTheDigestOfAnUploadWithAPieceMissing) {
    TestSpool spool(1);
    spool.append(shortSession().piece("half").uploaded("name", "half and half").close());
    send(spool, {spool.all()});
    EXPECT_EQ(
        database_.ask("SELECT stored::text || ' ' || size || ' ' || (content IS NULL)::text FROM apiary.artifact"),
        "false 13 true");
}

TEST_F(SessionStoreTest, AdmitsOnlySensorsThatAreKnownAndNotRevoked) {
    TestSpool spool(1);
    EXPECT_NE(send(spool, {}, TestSpool(99).id())->refusal_.find("not in the table sensor"), std::string::npos);
    database_.ask("UPDATE apiary.sensor SET revoked_at = now()");
    EXPECT_NE(send(spool, {})->refusal_.find("is revoked"), std::string::npos);
}

TEST_F(SessionStoreTest, RefusesASpoolThatIsAnotherSensors) {
    const Uuid other = TestSpool(78).id();
    addSensor(other, "second");
    TestSpool spool(1);
    send(spool, {});
    EXPECT_NE(send(spool, {}, other)->refusal_.find("another sensor's"), std::string::npos);
}

TEST_F(SessionStoreTest, FilesALateSessionUnderItsOwnDay) {
    TestSpool spool(1);
    spool.append(RecordedSession({.start = now() - 30 * 24h, .random = 1}).received("late").close());
    send(spool, {spool.all()});
    EXPECT_EQ(
        database_.ask("SELECT tableoid::regclass::text = 'apiary_part.session_' || to_char(started_at, 'YYYYMMDD') "
                      "FROM apiary.session"),
        "t");
    EXPECT_EQ(database_.ask("SELECT bucket_at <= started_at AND started_at < bucket_at + interval '1 h' "
                            "FROM apiary.rollup_hour_protocol, apiary.session"),
              "t");
}

TEST_F(SessionStoreTest, MakesAPartitionAgainThatWasDropped) {
    TestSpool spool(1);
    spool.append(shortSession(1).close());
    send(spool, {spool.all()});
    database_.ask(
        "DO $$ DECLARE r text; BEGIN FOR r IN SELECT relname FROM pg_class WHERE relnamespace = "
        "'apiary_part'::regnamespace AND relkind = 'r' LOOP EXECUTE format('DROP TABLE apiary_part.%I', r); "
        "END LOOP; END $$");
    TestSpool later(2);
    later.append(shortSession(2).close());
    IngestHub hub(store_, feed_, now, {.firstPause = 1ms});
    auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, later.id(), {0});
    hub.submit(peer, {.sensorId = sensorId_, .stream = later.id(), .positions = {}}, 0,
               std::make_unique<v1::Batch>(later.all()));
    hub.stop();
    hub.run();
    EXPECT_EQ(count("session") + count("quarantine"), "10");
}

TEST_F(SessionStoreTest, RendersEveryTranscriptAsTheAgentsLog) {
    std::mt19937_64 random(20170418);
    TestSpool spool(1);
    RecordedSession::Plan special{.start = std::chrono::floor<std::chrono::days>(now()) - 300ms};  // over midnight
    std::string every(256, '\0');
    std::iota(every.begin(), every.end(), '\0');
    spool.append(RecordedSession(special)
                     .received(every)
                     .sent(std::string(16384, '\\'))
                     .sent("\\200 \\x41")
                     .pass(1s)
                     .received("")
                     .close(v1::OUTCOME_TIMED_OUT));
    for (int i = 0; i < 200; ++i) {
        spool.append(test::randomSession(random, now() - 48h, now() - 2h));
    }
    for (std::uint64_t first = 1; first <= spool.last(); first += 100) {
        send(spool, {spool.batch(first, std::min(first + 99, spool.last()))});
    }
    EXPECT_EQ(count("quarantine"), "0");
    EXPECT_EQ(
        database_.ask("SELECT count(*) FILTER (WHERE transcript_digest(session_id) = journal_sha256) || ' of ' || "
                      "count(*) || ', outcomes ' || count(DISTINCT outcome) FROM apiary.session"),
        "201 of 201, outcomes 8");
}

TEST_F(SessionStoreTest, ShowsPacketsOfADataChannelWithItsOwnPorts) {
    TestSpool spool(1);
    spool.append(shortSession().channel(1, 50123, 2121).received("bytes of a file", 1).close());
    send(spool, {spool.all()});
    EXPECT_EQ(database_.ask("SELECT split_part(line, ',', 2) || ' ' || split_part(line, ',', 3) FROM apiary.session, "
                            "apiary.transcript(session_id) line WHERE line LIKE '%bytes of a file'"),
              "192.0.2.1:50123 198.51.100.1:2121");
}

TEST_F(SessionStoreTest, CountsInRollupsWhatARebuildCounts) {
    std::mt19937_64 random(7);
    TestSpool spool(1);
    for (int i = 0; i < 100; ++i) {
        spool.append(test::randomSession(random, now() - 72h, now() - 2h));
    }
    for (std::uint64_t first = 1; first <= spool.last(); first += 70) {
        send(spool, {spool.batch(first, std::min(first + 69, spool.last()))});
    }
    const std::string state =
        "SELECT string_agg(md5, ' ') FROM (SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
        "apiary.rollup_5m_protocol t UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
        "apiary.rollup_hour_sensor t UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
        "apiary.rollup_hour_credential t UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
        "apiary.source_day t UNION ALL SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
        "apiary.rollup_day_port t) x";
    const std::string before = database_.ask(state);
    EXPECT_EQ(database_.ask("SELECT apiary.rollup_rebuild(date_trunc('day', now()) - interval '5 days', "
                            "date_trunc('day', now()) + interval '1 day')"),
              "100");
    EXPECT_EQ(database_.ask(state), before);
}

TEST_F(SessionStoreTest, TakesNothingWhileThereIsNoRoomAndGoesOnWhenThereIs) {
    std::optional<std::string> lack = "the disk is full";
    SessionStore store(database_.writer(), 1, {}, [&] { return lack; });
    TestSpool spool(1);
    spool.append(shortSession().close());
    IngestHub hub(store, feed_, now, {.firstPause = 1ms, .longestPause = 1ms, .stopWithin = 0ms});
    const auto peer = std::make_shared<StorePeer>();
    const Admission admission{.sensorId = sensorId_, .stream = spool.id(), .positions = {}};
    hub.hello(peer, sensor_, spool.id(), {0});
    hub.submit(peer, admission, 0, std::make_unique<v1::Batch>(spool.all()));
    hub.stop();
    hub.run();
    EXPECT_FALSE(hub.databaseAnswers());
    EXPECT_TRUE(peer->acknowledged_.empty());
    EXPECT_EQ(count("session"), "0");
    lack.reset();
    IngestHub next(store, feed_, now, {});
    next.hello(peer, sensor_, spool.id(), {0});
    next.submit(peer, admission, 0, std::make_unique<v1::Batch>(spool.all()));
    next.stop();
    next.run();
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(count("session"), "1");
}

TEST_F(SessionStoreTest, LosesAndDoublesNothingWhenTheServerKillsTheConnection) {
    std::mt19937_64 random(3);
    TestSpool spool(1);
    while (spool.last() < 3000) {
        spool.append(test::randomSession(random, now() - 48h, now() - 2h));
    }
    IngestHub hub(store_, feed_, now, {.groupEntries = 100, .firstPause = 1ms, .longestPause = 1ms, .stopWithin = 60s});
    auto peer = std::make_shared<StorePeer>();
    const Admission admission{.sensorId = sensorId_, .stream = spool.id(), .positions = {}};
    hub.hello(peer, sensor_, spool.id(), {0});
    std::jthread worker([&] { hub.run(); });
    int kills = 0;
    for (std::uint64_t first = 1; first <= spool.last(); first += 50) {
        hub.submit(peer, admission, 0,
                   std::make_unique<v1::Batch>(spool.batch(first, std::min(first + 49, spool.last()))));
        kills +=
            std::stoi(database_.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                                    "current_database() AND application_name = 'apiary-collector' AND pid <> "
                                    "pg_backend_pid()"));
    }
    hub.stop();
    worker.join();
    EXPECT_GT(kills, 5);
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(spool.last()));
    EXPECT_EQ(database_.ask("SELECT last_seq FROM apiary.ingest_stream"), std::to_string(spool.last()));
    EXPECT_EQ(count("quarantine"), "0");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE transcript_digest(session_id) IS DISTINCT FROM "
                            "journal_sha256"),
              "0");
    EXPECT_EQ(database_.ask("SELECT (SELECT sum(sessions) FROM apiary.rollup_hour_protocol) = (SELECT count(*) FROM "
                            "apiary.session)"),
              "t");
}

TEST_F(SessionStoreTest, KnowsWhichEndsItHasNeverHeardOf) {
    TestSpool spool(1);
    spool.append(shortSession(1).close());
    const auto ended = static_cast<std::int64_t>(spool.last());
    spool.append(shortSession(2));
    spool.appendRaw("\xff");  // put aside
    const auto aside = static_cast<std::int64_t>(spool.last());
    send(spool, {spool.all()});
    const auto unheard = [&](std::int64_t seq, const Uuid& session) {
        const std::array endings{SessionSink::Ending{.seq = seq, .session = session}};
        return !store_.findUnheardOf(spool.id(), 0, endings).empty();
    };
    const Uuid one = *Uuid::parse(database_.ask("SELECT session_id FROM apiary.session"));
    const Uuid open = *Uuid::parse(database_.ask("SELECT session_id FROM apiary.session_open"));
    const Uuid other = shortSession(3).id();
    EXPECT_FALSE(unheard(ended, one));
    EXPECT_FALSE(unheard(ended + 1, open));
    EXPECT_FALSE(unheard(aside, other)) << "its record is in quarantine";
    EXPECT_TRUE(unheard(ended, other));
    database_.ask("UPDATE apiary.quarantine_use SET dropped_records = 1");
    EXPECT_FALSE(unheard(ended, other)) << "it may have been put aside, and not kept";
}

}  // namespace
}  // namespace apiary::collector
