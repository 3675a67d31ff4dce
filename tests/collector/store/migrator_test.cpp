#include "collector/store/migrator.hpp"

#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

TEST(MigratorTest, MakesADatabaseOnceAndThenChangesNothing) {
    const test::TestDatabase database;
    ASSERT_TRUE(prepareDatabase(database.maker(), database.emptyOwner()));
    ASSERT_TRUE(prepareDatabase(database.maker(), database.emptyOwner()));
    EXPECT_FALSE(checkSchema(database.emptyOwner()));
    // All steps but the first, which is prepareDatabase().
    EXPECT_EQ(*migrate(database.emptyOwner()), static_cast<int>(embeddedMigrations().size()) - 1);
    EXPECT_EQ(*migrate(database.emptyOwner()), 0);
    EXPECT_TRUE(checkSchema(database.emptyOwner()));
}

TEST(MigratorTest, SaysWhatToRunWhenTheSchemaIsOld) {
    const test::TestDatabase database;
    database.ask("DELETE FROM apiary.schema_version WHERE number > 1");
    EXPECT_EQ(checkSchema(database.writer()).error(), "the database has schema version 1, this program needs " +
                                                          std::to_string(schemaVersion()) +
                                                          ": run apiary-collector migrate");
}

TEST(MigratorTest, RefusesADatabaseThatIsNewer) {
    const test::TestDatabase database;
    database.ask("INSERT INTO apiary.schema_version(number, name, sha256) VALUES (99, 'later', '')");
    EXPECT_NE(checkSchema(database.writer()).error().find("install a newer apiary-collector"), std::string::npos);
    EXPECT_NE(migrate(database.owner()).error().find("install a newer apiary-collector"), std::string::npos);
}

TEST(MigratorTest, RefusesAStepThatWasAppliedFromAnotherText) {
    const test::TestDatabase database;
    database.ask("UPDATE apiary.schema_version SET sha256 = 'x' WHERE number = 1");
    EXPECT_NE(migrate(database.owner()).error().find("another text"), std::string::npos);
}

TEST(MigratorTest, KnowsTheCollectorsThatHaveCountedBefore) {
    const test::TestDatabase database;
    database.ask(
        "DROP TABLE apiary.counted_collector; DROP FUNCTION apiary.counted_collector_add() CASCADE; "
        "DELETE FROM apiary.schema_version WHERE number = 5; "
        "INSERT INTO apiary.source(address, traffic, collector_id, first_seen_at, last_seen_at, sessions, credentials, "
        "logins_accepted, source_scope) SELECT '192.0.2.1', 'attack', c, now(), now(), 1, 0, 0, 'internet' "
        "FROM generate_series(1, 3) c");
    EXPECT_EQ(*migrate(database.owner()), 1);
    EXPECT_EQ(database.ask("SELECT count(*) FROM apiary.counted_collector"), "3");
}

TEST(MigratorTest, ReadsTheTimeOfAnIdAsItsFirstTwelveDigits) {
    const test::TestDatabase database;
    EXPECT_EQ(database.ask("SELECT apiary.uuid_time('01a217cc-fd8f-7635-b2b4-fe7e479166c1') AT TIME ZONE 'UTC'"),
              "2026-11-26 12:20:39.951");
    EXPECT_EQ(database.ask("SELECT count(*) FROM (SELECT gen_random_uuid() AS u FROM generate_series(1, 1000)) x WHERE "
                           "apiary.uuid_time(u) IS DISTINCT FROM to_timestamp(('x' || left(replace(u::text, '-', ''), "
                           "12))::bit(48)::bigint::float8 / 1000)"),
              "0");
}

TEST(MigratorTest, GivesEveryRelationAndColumnAComment) {
    const test::TestDatabase database;
    EXPECT_EQ(database.ask("SELECT count(*) FROM apiary.dictionary WHERE meaning IS NULL"), "0");
}

TEST(MigratorTest, LeavesTheWriterNoWayToChangeEvidence) {
    const test::TestDatabase database;
    for (const char* table :
         {"session", "event", "credential", "command", "artifact", "gap", "quarantine", "audit_log", "manifest_piece"}) {
        EXPECT_EQ(database.ask("SELECT has_table_privilege('apiary_writer', 'apiary." + std::string(table) +
                               "', 'UPDATE, DELETE, TRUNCATE')"),
                  "f")
            << table;
    }
    EXPECT_EQ(database.ask("SELECT has_function_privilege('apiary_writer', "
                           "'apiary.rollup_write(uuid[], timestamptz, timestamptz, boolean)', 'EXECUTE')"),
              "f");
}

}  // namespace
}  // namespace apiary::collector
