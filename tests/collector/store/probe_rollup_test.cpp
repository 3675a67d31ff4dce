#include "collector/store/migrator.hpp"
#include "collector/store/retention_repository.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

#include <pqxx/except>
#include <pqxx/nontransaction>

#include <random>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

/// How many probes are counted of each day, sensor, tool and kind of traffic, and how many there are.
constexpr const char* kCounted =
    "SELECT string_agg(concat_ws(' ', bucket_at, traffic, tool, sensor_id, collector_id, probes), ', ' ORDER BY 1) "
    "FROM "
    "(SELECT * FROM apiary.rollup_hour_probe ORDER BY 1, 2, 3, 4, 5) x";
constexpr const char* kRows =
    "SELECT string_agg(concat_ws(' ', hour, traffic, tool, sensor_id, collector_id, n), ', ' ORDER BY 1) FROM (SELECT "
    "date_trunc('hour', started_at, 'UTC') AS hour, traffic, coalesce(tool, '') AS tool, sensor_id, collector_id, "
    "count(*) AS n FROM apiary.probe GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5) x";

/// Forty probes a day of the last nine days.
class ProbeRollupTest : public SessionStoreTest {
protected:
    ProbeRollupTest() {
        std::mt19937_64 random(1);
        test::TestSpool spool(1);
        for (int back = 8; back >= 0; --back) {
            for (int i = 0; i < 40; ++i) {
                spool.append(test::randomProbe(random, now() - back * 24h - 1h, now() - back * 24h - 30min));
            }
        }
        send(spool, {spool.batch(1, 100), spool.batch(101, spool.last())});
    }

    std::uint64_t retain() {
        Connection writer(database_.writer());
        RetentionRepository repository(writer);
        const auto plan = planRetention(repository.look(), {});
        return repository.carryOut(*plan, "tester", [](int) { return false; }).rollups;
    }

    std::string counted() { return database_.ask("SELECT sum(probes) FROM apiary.rollup_hour_probe"); }
};

TEST_F(ProbeRollupTest, CountsWhatATransactionWrites) {
    EXPECT_EQ(count("probe") + " " + count("quarantine"), "360 0");
    EXPECT_EQ(database_.ask(kCounted), database_.ask(kRows));
}

TEST_F(ProbeRollupTest, OutlivesTheRowsAsLongAsThePolicySays) {
    database_.ask("UPDATE apiary.policy SET retention_days = 3");
    EXPECT_EQ(retain(), 0U);
    EXPECT_LT(std::stoi(count("probe")), 200);
    EXPECT_EQ(counted(), "360");
    database_.ask("UPDATE apiary.policy SET rollup_days = 6");
    EXPECT_GT(retain(), 0U);
    EXPECT_EQ(
        database_.ask("SELECT min(bucket_at) >= date_trunc('day', now(), 'UTC') - interval '6 days' AND min(bucket_at) "
                      "< date_trunc('day', now(), 'UTC') - interval '3 days' FROM apiary.rollup_hour_probe"),
        "t");
    EXPECT_EQ(database_.ask("SELECT new_value->'rows' IS NOT NULL FROM apiary.audit_log WHERE target = 'rollups of "
                            "probes'"),
              "t");
}

TEST_F(ProbeRollupTest, CountsThoseThatWereThereBefore) {
    database_.ask("UPDATE apiary.policy SET retention_days = 5");
    retain();
    const std::string rows = database_.ask(kRows);
    database_.ask(
        "DROP TABLE apiary.rollup_hour_probe; ALTER TABLE apiary.retained DROP COLUMN probes_from; "
        "DROP FUNCTION apiary.rollup_write_probes, apiary.rollup_add_probes, apiary.rollup_rebuild, "
        "apiary.retention_rollups; "
        "ALTER FUNCTION apiary.rollup_rebuild_sessions RENAME TO rollup_rebuild; "
        "ALTER FUNCTION apiary.retention_session_rollups RENAME TO retention_rollups; "
        "DELETE FROM apiary.schema_version WHERE number = 25");
    EXPECT_EQ(*migrate(database_.owner()), 1);
    EXPECT_EQ(database_.ask(kCounted), rows);
    EXPECT_EQ(database_.ask("SELECT probes_from = rows_from FROM apiary.retained"), "t");
}

TEST_F(ProbeRollupTest, TheWriterCountsNoneThatAreNotThere) {
    Connection writer(database_.writer());
    pqxx::nontransaction work(writer.session());
    EXPECT_THROW(work.exec("SELECT apiary.rollup_write_probes(NULL, now() - interval '1 day', now(), 1)"),
                 pqxx::insufficient_privilege);
    EXPECT_THROW(work.exec("UPDATE apiary.rollup_hour_probe SET probes = 0"), pqxx::insufficient_privilege);
    EXPECT_THROW(work.exec("SELECT apiary.rollup_add_probes(ARRAY[gen_random_uuid()])"), pqxx::sql_error);
    EXPECT_EQ(counted(), "360");
}

}  // namespace
}  // namespace apiary::collector
