#include "collector/store/retention_repository.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <pqxx/pqxx>

#include <random>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using test::RecordedSession;
using test::TestSpool;

/// Two sessions with everything on each of the last nine days, of which the policy keeps five.
class RetentionTest : public SessionStoreTest {
protected:
    RetentionTest() {
        // As written before the policy was shortened.
        for (int back = 8; back >= 0; --back) {
            for (std::uint64_t random = 1; random <= 2; ++random) {
                const std::string upload = "file of day " + std::to_string(back);
                spool_.append(RecordedSession({.start = today() - days{back} + 1h, .random = random})
                                  .received("USER a\r\n")
                                  .login("user" + std::to_string(back), "b")
                                  .command("STOR", "a")
                                  .piece(upload)
                                  .uploaded("a", upload)
                                  .piece("a file of every day")
                                  .uploaded("b", "a file of every day")
                                  .close());
            }
        }
        EXPECT_EQ(send(spool_, {spool_.all()})->acknowledged_[0], static_cast<std::int64_t>(spool_.last()));
        EXPECT_EQ(count("session") + " " + count("quarantine"), "18 0");
        setPolicy("retention_days = 5");
    }

    static sys_days today() { return std::chrono::floor<days>(std::chrono::system_clock::now()); }

    void setPolicy(const std::string& what) {
        database_.ask("UPDATE apiary.policy SET " + what);
        fresh_ = std::make_unique<SessionStore>(database_.writer(), 1);
    }

    Retained carryOut(const RetentionWish& wish = {}) {
        RetentionRepository repository(connection_);
        const auto plan = planRetention(repository.look(), wish);
        EXPECT_TRUE(plan);
        return repository.carryOut(*plan, "tester", [](int) { return false; });
    }

    std::shared_ptr<StorePeer> sendOn(const TestSpool& spool, v1::Batch batch) {
        IngestHub hub(*fresh_, feed_, now, {});
        auto peer = std::make_shared<StorePeer>();
        hub.hello(peer, sensor_, spool.id(), {0});
        hub.submit(peer, {.sensorId = sensorId_, .stream = spool.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(std::move(batch)));
        hub.stop();
        hub.run();
        return peer;
    }

    TestSpool spool_{1};
    std::unique_ptr<SessionStore> fresh_;
    Connection connection_{database_.writer()};
};

TEST_F(RetentionTest, DropsTheDaysBeforeThoseThatThePolicyKeepsAndNotesEachPartition) {
    const Retained done = carryOut();
    EXPECT_EQ(done.partitions, 24U);  // three days of eight tables
    EXPECT_TRUE(done.inUse.empty());
    EXPECT_EQ(database_.ask(
                  "SELECT min(started_at) >= date_trunc('day', now(), 'UTC') - interval '5 days' FROM apiary.session"),
              "t");
    EXPECT_EQ(count("session") + " " + count("event") + " " + count("credential"), "12 12 12");
    EXPECT_EQ(database_.ask("SELECT count(*) || ' ' || count(DISTINCT target) || ' ' || min(operator) FROM "
                            "apiary.audit_log WHERE action = "
                            "'drop_partition' AND (old_value->>'bytes')::bigint > 0"),
              "24 24 tester");
    EXPECT_EQ(database_.ask("SELECT rows_from = (now() AT TIME ZONE 'UTC')::date - 5 FROM apiary.retained"), "t");
    EXPECT_FALSE(carryOut().any());
}

TEST_F(RetentionTest, ByHandItGoesInOneTransaction) {
    pqxx::work direct(connection_.session());
    const std::string listed =
        "SELECT count(*), count(*) FILTER (WHERE done) FROM apiary.drop_partitions(date_trunc('day', now(), "
        "'UTC') - interval '5 days', ";
    EXPECT_EQ(direct.exec1(listed + "true)")[1].as<int>(), 0);
    EXPECT_EQ(direct.exec1(listed + "false)")[1].as<int>(), 24);
    direct.commit();
    EXPECT_EQ(count("session"), "12");
    EXPECT_EQ(database_.ask("SELECT rows_from = (now() AT TIME ZONE 'UTC')::date - 5 FROM apiary.retained"), "t");
}

TEST_F(RetentionTest, LeavesWhatOutlivesTheRows) {
    carryOut();
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), "18");
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.source"), "18");
    EXPECT_EQ(count("credential_seen"), "9");
    EXPECT_EQ(count("gap"), "0");
}

TEST_F(RetentionTest, RemovesFilesWithTheirLastSighting) {
    EXPECT_EQ(count("artifact"), "10");
    EXPECT_EQ(carryOut().artifacts, 3U);
    EXPECT_EQ(count("artifact"), "7");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.artifact_sighting s WHERE NOT EXISTS (SELECT FROM "
                            "apiary.artifact a WHERE a.sha256 = s.sha256)"),
              "0");
}

TEST_F(RetentionTest, ForgetsWhatIsOpenSinceADayThatWent) {
    setPolicy("retention_days = 9");
    TestSpool other(2);
    for (const int back : {7, 1}) {
        RecordedSession session({.start = today() - days{back} + 2h, .random = 7});
        session.received("HELLO\r\n").piece("never ended");
        other.append(session);
    }
    sendOn(other, other.all());
    setPolicy("retention_days = 5");
    EXPECT_EQ(count("session_open") + " " + count("artifact_piece"), "2 2");
    EXPECT_EQ(carryOut().openSessions, 1U);
    EXPECT_EQ(count("session_open") + " " + count("artifact_piece"), "1 1");
}

TEST_F(RetentionTest, ForWantOfSpaceGoesBelowTheDaysOnlyAsFarAsThePolicySays) {
    EXPECT_EQ(carryOut({.days = {}, .bytes = 1}).partitions, 24U);
    setPolicy("minimum_days = 3");
    EXPECT_EQ(carryOut({.days = {}, .bytes = 1}).partitions, 16U);
    EXPECT_EQ(count("session"), "8");
    EXPECT_EQ(database_.ask("SELECT target FROM apiary.audit_log WHERE action = 'retention' ORDER BY audit_id DESC"),
              "rows, for want of space");
}

TEST_F(RetentionTest, TheWriterCannotShortenTheMemory) {
    pqxx::nontransaction direct(connection_.session());
    const auto refused = [&](const std::string& statement) {
        try {
            direct.exec(statement);
            return std::string("allowed");
        } catch (const pqxx::insufficient_privilege&) {
            return std::string("42501");
        } catch (const pqxx::sql_error& error) {
            return error.sqlstate();
        }
    };
    EXPECT_EQ(refused("UPDATE apiary.policy SET retention_days = 1"), "42501");
    EXPECT_EQ(refused("UPDATE apiary.retained SET rows_from = current_date"), "42501");
    EXPECT_EQ(refused("SELECT apiary.retention_begin(current_date, true, 'x')"), "22008");
    EXPECT_EQ(refused("SELECT apiary.retention_drop('session_' || to_char(now(), 'YYYYMMDD'), 'x')"), "22008");
}

TEST_F(RetentionTest, WaitsForAReaderAndHasNobodyWaitLong) {
    RetentionRepository repository(connection_);
    const auto plan = planRetention(repository.look(), {});
    Connection people(database_.superuser());
    auto reading = std::make_unique<pqxx::work>(people.session());
    reading->exec("SELECT count(*) FROM apiary.session");
    int tries = 0;
    const Retained done = repository.carryOut(*plan, "tester", [&](int) {
        if (++tries == 2) {
            reading.reset();
        }
        return true;
    });
    EXPECT_EQ(tries, 2);
    EXPECT_EQ(done.partitions, 24U);
}

TEST_F(RetentionTest, LeavesToTheNextRunWhatIsInUseAllTheTime) {
    Connection people(database_.superuser());
    {
        pqxx::work reading(people.session());
        reading.exec("SELECT count(*) FROM apiary.session");
        const Retained done = carryOut();
        EXPECT_EQ(done.partitions, 21U);
        EXPECT_EQ(done.inUse.size(), 3U);
    }
    EXPECT_EQ(carryOut().partitions, 3U);
}

TEST_F(RetentionTest, DropsWhileIngestWritesAndPeopleRead) {
    std::mt19937_64 random(11);
    TestSpool busy(3);
    while (busy.last() < 4000) {
        busy.append(test::randomSession(random, now() - 72h, now() - 2h));
    }
    IngestHub hub(*fresh_, feed_, now, {});
    auto peer = std::make_shared<StorePeer>();
    hub.hello(peer, sensor_, busy.id(), {0});
    for (std::uint64_t first = 1; first <= busy.last(); first += 100) {
        hub.submit(peer, {.sensorId = sensorId_, .stream = busy.id(), .positions = {}}, 0,
                   std::make_unique<v1::Batch>(busy.batch(first, std::min(first + 99, busy.last()))));
    }
    hub.stop();
    std::jthread ingest([&] { hub.run(); });
    int read = 0;
    std::jthread people([&](const std::stop_token& stop) {
        Connection connection(database_.writer());
        do {
            pqxx::work reading(connection.session());
            reading.exec("SELECT count(*) FROM apiary.event e JOIN apiary.session s USING (session_id, started_at)");
            ++read;
        } while (!stop.stop_requested());
    });
    RetentionRepository repository(connection_);
    const auto plan = planRetention(repository.look(), {});
    const Retained done = repository.carryOut(*plan, "tester", [](int tries) { return tries < 1000; });
    ingest.join();
    people.request_stop();
    people.join();
    EXPECT_EQ(done.partitions, 24U);
    EXPECT_GT(read, 0);
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(busy.last()));
    EXPECT_EQ(count("quarantine"), "0");
    EXPECT_EQ(database_.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "0");
}

TEST_F(RetentionTest, ALateRecordOfADayThatWentIsPutAsideAndTheDayDoesNotComeBack) {
    setPolicy("retention_days = 9, minimum_days = 3");
    TestSpool other(4);
    // The store knows the window, and which partitions there are: one of which it will miss.
    other.append(RecordedSession({.start = today() - days{1} + 3h, .random = 5}).received("first\r\n").close());
    other.append(RecordedSession({.start = today() - days{5} + 3h, .random = 5}).received("first\r\n").close());
    sendOn(other, other.all());
    carryOut({.days = {}, .bytes = 1});
    const auto first = other.last() + 1;
    for (const int back : {4, 5}) {
        other.append(RecordedSession({.start = today() - days{back} + 3h, .random = 6}).received("late\r\n").close());
    }
    other.append(RecordedSession({.start = today() - days{1} + 4h, .random = 7}).received("in time\r\n").close());
    const auto peer = sendOn(other, other.batch(first, other.last()));
    EXPECT_EQ(peer->acknowledged_[0], static_cast<std::int64_t>(other.last()));
    EXPECT_EQ(database_.ask("SELECT string_agg(DISTINCT reason, '; ') FROM apiary.quarantine"),
              "of a day that retention has dropped");
    EXPECT_EQ(count("quarantine"), "6");
    EXPECT_EQ(database_.ask("SELECT to_regclass('apiary_part.session_' || to_char((now() - interval '4 days') AT TIME "
                            "ZONE 'UTC', 'YYYYMMDD'))"),
              "");
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), "21");
}

TEST_F(RetentionTest, ALateRecordOlderThanTheDaysKeptIsPutAsideToo) {
    carryOut();
    TestSpool other(5);
    other.append(RecordedSession({.start = today() - days{6} + 3h, .random = 5}).received("late\r\n").close());
    sendOn(other, other.all());
    EXPECT_EQ(database_.ask("SELECT DISTINCT reason FROM apiary.quarantine"), "of a day that retention has dropped");
    EXPECT_EQ(count("quarantine"), "3");
}

TEST_F(RetentionTest, TheLossOfASpoolIsTakenDownThoughItsSessionsAreTooOldToClose) {
    setPolicy("retention_days = 9");
    TestSpool old(6);
    old.append(RecordedSession({.start = today() - days{7} + 2h, .random = 8}).received("HELLO\r\n"));
    old.append(RecordedSession({.start = today() - days{1} + 2h, .random = 9}).received("HELLO\r\n"));
    sendOn(old, old.all());
    setPolicy("retention_days = 5");
    TestSpool fresh(7);
    v1::Gap gap;
    gap.set_what("spool");
    gap.set_reason("it was lost");
    gap.set_from_us(static_cast<std::uint64_t>(now().time_since_epoch().count()));
    gap.set_to_us(gap.from_us());
    fresh.appendGap(1, gap);
    sendOn(fresh, fresh.all());
    EXPECT_EQ(count("gap") + " " + count("quarantine") + " " + count("session_open"), "1 0 0");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session WHERE outcome = 'unfinished'"), "1");
}

TEST_F(RetentionTest, RollupsGoOnlyWithThePolicyAndNeverBeforeTheirRows) {
    carryOut();
    EXPECT_EQ(carryOut().rollups, 0U);
    setPolicy("rollup_days = 7");
    EXPECT_GT(carryOut().rollups, 0U);
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), "16");
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.source"), "18");
    setPolicy("rollup_days = 1");
    carryOut();
    EXPECT_EQ(database_.ask("SELECT sum(sessions) FROM apiary.rollup_hour_protocol"), "12");
}

TEST_F(RetentionTest, ThePolicyIsTheOwnersToChange) {
    Connection owner(database_.owner());
    const auto changed = changePolicy(owner, {.retentionDays = 30, .minimumDays = 7, .rollupDays = {}}, "tester");
    ASSERT_TRUE(changed);
    EXPECT_EQ(*changed,
              "30 days of rows, for want of space no fewer than 7; rollups for ever; manifests as long as the rows; "
              "which sensor listened of 400 days; quarantine of 64 MB for each sensor");
    EXPECT_EQ(*changePolicy(owner, {.retentionDays = {}, .minimumDays = 0, .rollupDays = 400}, "tester"),
              "30 days of rows, whatever space they take; rollups of 400 days; manifests as long as the rows; "
              "which sensor listened as long as the rollups; quarantine of 64 MB for each sensor");
    EXPECT_FALSE(changePolicy(owner, {.retentionDays = 0, .minimumDays = {}, .rollupDays = {}}, "tester"));
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.audit_log WHERE action = 'policy'"), "2");
}

/// Pieces of the manifests of nine days; whether they hold is not asked here.
void addPieces(test::TestDatabase& database, std::int32_t sensor) {
    database.ask(
        "INSERT INTO apiary.manifest_piece(sensor_id, day, first, entries, chain, signature, certificate, made_at) "
        "SELECT " +
        std::to_string(sensor) +
        ", (now() AT TIME ZONE 'UTC')::date - n, 0, "
        "decode(repeat('00', 48), 'hex'), decode(repeat('00', 32), 'hex'), '', '', now() "
        "FROM generate_series(0, 8) n");
}

TEST_F(RetentionTest, ThePolicySaysHowLongManifestsAndHowMuchQuarantineIsKept) {
    Connection owner(database_.owner());
    EXPECT_EQ(
        *changePolicy(
            owner,
            {.retentionDays = {}, .minimumDays = {}, .rollupDays = {}, .manifestDays = 500, .quarantineBytes = 1 << 20},
            "tester"),
        "5 days of rows, whatever space they take; rollups for ever; manifests as long as the rows, and of at "
        "least 500 days; which sensor listened of 400 days; quarantine of 1024 kB for each sensor");
    EXPECT_NE(
        changePolicy(owner, {.retentionDays = {}, .minimumDays = {}, .rollupDays = {}, .manifestDays = 0}, "tester")
            ->find("manifests as long as the rows;"),
        std::string::npos);
    EXPECT_FALSE(changePolicy(owner, {.retentionDays = {}, .minimumDays = {}, .rollupDays = {}, .manifestDays = 99'999},
                              "tester"));
}

TEST_F(RetentionTest, ManifestsGoWithTheRowsOfTheirDay) {
    addPieces(database_, sensorId_);
    RetentionRepository repository(connection_);
    const auto plan = planRetention(repository.look(), {});
    ASSERT_TRUE(plan);
    const auto going = repository.goesWith(*plan);
    EXPECT_EQ(going.manifests, 3U);
    EXPECT_EQ(going.manifestBytes, 3U * 80);
    EXPECT_EQ(going.manifestsFrom, today() - days{5});
    EXPECT_EQ(count("manifest_piece"), "9") << "it was only asked";
    EXPECT_EQ(carryOut().manifests, 3U);
    EXPECT_EQ(database_.ask("SELECT count(*) || ' ' || (min(day) = (now() AT TIME ZONE 'UTC')::date - 5) FROM "
                            "apiary.manifest_piece"),
              "6 true");
    EXPECT_EQ(database_.ask("SELECT manifests_from = rows_from FROM apiary.retained"), "t");
    EXPECT_EQ(database_.ask("SELECT new_value->>'pieces' FROM apiary.audit_log WHERE target = 'manifests'"), "3");
    EXPECT_EQ(carryOut().manifests, 0U);
}

TEST_F(RetentionTest, ManifestsMayBeKeptLongerThanRows) {
    addPieces(database_, sensorId_);
    setPolicy("manifest_days = 7");
    EXPECT_EQ(carryOut().manifests, 1U);
    EXPECT_EQ(count("manifest_piece") + " " + count("session"), "8 12");
}

TEST_F(RetentionTest, WithoutADayThatGoesNoManifestDoes) {
    addPieces(database_, sensorId_);
    setPolicy("retention_days = 60");
    RetentionRepository repository(connection_);
    const auto going = repository.goesWith(*planRetention(repository.look(), {}));
    EXPECT_EQ(going.manifests, 0U);
    EXPECT_EQ(carryOut().manifests, 0U);
    EXPECT_EQ(count("manifest_piece"), "9");
}

TEST_F(RetentionTest, SaysHowMuchOfTheCoverageOfSensorsGoes) {
    database_.ask(
        "INSERT INTO apiary.coverage_hour(hour_at, sensor_id, target, target_port, transport, protocol, addresses, "
        "up_seconds) SELECT date_trunc('day', now(), 'UTC') - d * interval '24 h', 1, '192.0.2.1', 21, 'tcp', 'ftp', "
        "1, 60 FROM generate_series(6, 9) d");
    Connection owner(database_.owner());
    const auto keep = [&](int coverage) {
        const auto words = changePolicy(
            owner, {.retentionDays = {}, .minimumDays = {}, .rollupDays = {}, .coverageDays = coverage}, "tester");
        return words ? *words : words.error();
    };
    RetentionRepository repository(connection_);
    const auto going = [&] { return repository.goesWith(*planRetention(repository.look(), {})); };
    EXPECT_NE(keep(0).find("which sensor listened as long as the rollups;"), std::string::npos);
    EXPECT_EQ(going().coverage, 0U);
    EXPECT_NE(keep(7).find("which sensor listened of 7 days;"), std::string::npos);
    EXPECT_EQ(going().coverage, 2U);
    EXPECT_EQ(going().coverageFrom, today() - days{7});
    EXPECT_EQ(carryOut().rollups, 2U);
    EXPECT_EQ(going().coverage, 0U);
    EXPECT_NE(keep(1).find("which sensor listened of 5 days;"), std::string::npos) << "no shorter than the rows";
    EXPECT_EQ(going().coverage, 2U);
}

TEST_F(RetentionTest, OldQuarantineGoesAndMakesRoom) {
    TestSpool rubbish(2);
    rubbish.appendRaw("\xff");
    rubbish.appendRaw("\xff\xff");
    send(rubbish, {rubbish.all()});
    database_.ask("UPDATE apiary.quarantine SET received_at = now() - interval '7 days' WHERE seq = 1");
    RetentionRepository repository(connection_);
    EXPECT_EQ(repository.goesWith(*planRetention(repository.look(), {})).quarantine, 1U);
    EXPECT_EQ(carryOut().quarantine, 1U);
    EXPECT_EQ(count("quarantine") + database_.ask("SELECT ' ' || records FROM apiary.quarantine_use"), "1 1");
}

}  // namespace
}  // namespace apiary::collector
