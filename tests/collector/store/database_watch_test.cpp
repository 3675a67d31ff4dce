#include "collector/store/database_watch.hpp"

#include "common/log/log.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace apiary::test {
namespace {

using collector::DatabaseWatch;

TEST(DatabaseWatchTest, KnowsNothingBeforeItHasLooked) {
    EXPECT_FALSE(DatabaseWatch("host=/nonexistent").answers());
}

TEST(DatabaseWatchTest, FindsTheSensorsAndHowFarTheirSpoolsAre) {
    const TestDatabase database;
    database.ask(
        "INSERT INTO apiary.sensor(sensor_uuid, name, revoked_at) VALUES "
        "(gen_random_uuid(), 'roof', NULL), (gen_random_uuid(), 'cellar', NULL), (gen_random_uuid(), 'gone', now())");
    database.ask(
        "INSERT INTO apiary.ingest_stream(stream_id, lane, sensor_id, last_seq) "
        "SELECT gen_random_uuid(), lane, sensor_id, 100 FROM apiary.sensor, generate_series(0, 1) AS lane WHERE name = "
        "'roof'");
    DatabaseWatch watch(database.writer());
    watch.look();
    EXPECT_TRUE(watch.answers());
    const auto sensors = watch.sensors();
    ASSERT_EQ(sensors.size(), 2U);
    EXPECT_EQ(sensors[0].name, "cellar");
    EXPECT_EQ(sensors[0].records, 0);
    EXPECT_EQ(sensors[1].name, "roof");
    EXPECT_EQ(sensors[1].records, 200);
}

TEST(DatabaseWatchTest, SeesThatTheDatabaseGoesAndComesBackAndKeepsTheSensors) {
    const TestDatabase database;
    database.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 'roof')");
    DatabaseWatch watch(database.writer());
    watch.look();
    ASSERT_TRUE(watch.answers());
    database.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'apiary-collector watch'");
    watch.look();
    EXPECT_FALSE(watch.answers());
    EXPECT_EQ(watch.sensors().size(), 1U);
    watch.look();
    EXPECT_TRUE(watch.answers());
}

/// What of the watch is in the log.
template <typename Work>
std::string said(Work work) {
    testing::internal::CaptureStderr();
    log::start("watch");
    work();
    return testing::internal::GetCapturedStderr();
}

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(DatabaseWatchTest, SaysOnceThatThereIsNone) {
    DatabaseWatch watch("host=/nonexistent");
    const auto log = said([&] {
        watch.look();
        watch.missed("no database");
        watch.look();
    });
    EXPECT_EQ(lines(log), 1U) << log;
    EXPECT_NE(log.find("error database: the database does not answer, records wait at the sensors meanwhile: "),
              std::string::npos)
        << log;
}

TEST(DatabaseWatchTest, SaysWhatOthersMissedOnlyIfItAnswers) {
    const TestDatabase database;
    DatabaseWatch watch(database.writer());
    watch.look();
    const auto log = said([&] {
        watch.missed("too many connections\n\tfor the role\n");
        watch.look();
        watch.missed("too many connections");
        watch.look();
    });
    EXPECT_EQ(lines(log), 1U) << log;
    EXPECT_NE(log.find("a part of the collector lost it: too many connections; for the role\n"), std::string::npos)
        << log;
}

}  // namespace
}  // namespace apiary::test
