#include "collector/store/column_values.hpp"
#include "collector/store/migrator.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/retention_repository.hpp"
#include "tests/collector/store/report_data.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

ReportMoment today() {
    return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

// Hours that a source's bits tell wrongly, told by the rows.
constexpr const char* kWrong = R"(
    WITH told AS (SELECT address, traffic, collector_id, h FROM apiary.source r, generate_series(last_hour - 191, last_hour) h
        WHERE get_bit(hours, last_hour - h) = 1),
      came AS (SELECT DISTINCT source AS address, traffic, collector_id, apiary.hour_number(started_at) AS h
        FROM apiary.session)
    SELECT (SELECT count(*) FROM (TABLE told EXCEPT TABLE came) x) + (SELECT count(*)
      FROM (TABLE came EXCEPT TABLE told) x JOIN apiary.source r USING (address, traffic, collector_id)
      WHERE h >= greatest(r.hours_from, r.last_hour - 191)))";

/// Three weeks, in which most sources come every few days: longer than their bits reach. Counted in batches that each
/// go through all days.
class SourceHoursTest : public testing::Test {
protected:
    explicit SourceHoursTest(int sensors = 5) {
        sensors_ = data_.addSensors(sensors);
        for (int batch = 0; batch < 3; ++batch) {
            data_.addRandom(400, begin_, today() - 1h, random_);
        }
        connection_ = openForReports(database_.writer(), 20s);
        reader_ = std::make_unique<ReportReader>(*connection_);
    }

    std::string wrong() const { return database_.ask(kWrong); }

    ReportScope range(ReportMoment from, ReportMoment to, std::vector<std::string> traffic) const {
        ReportScope made;
        made.from = from;
        made.to = to;
        made.traffic = std::move(traffic);
        return made;
    }

    // An hour to three weeks long; ends on no edge of anything, now and then on one.
    ReportScope anyRange() {
        const auto within = [&](auto span) {
            return std::chrono::microseconds(random_() % static_cast<std::uint64_t>(span / 1us));
        };
        const auto length = 1h + (random_() % 2 == 0 ? within(30h) : within(21 * 24h));
        const auto to = today() - within(24h * (random_() % 3 == 0 ? 18 : 2));
        auto made = range(to - length, to, {"attack"});
        if (random_() % 4 == 0) {
            made.from = bucketOf(made.from, 1h);
        }
        if (random_() % 4 == 0) {
            made.to = bucketOf(made.to, 24h);
        }
        if (random_() % 3 == 0) {
            made.traffic = {"attack", "self-test"};
        } else if (random_() % 3 == 0) {
            made.traffic = {"known-scanner"};
        }
        made.from = std::min(made.from, made.to);
        return made;
    }

    // From the rows that are there.
    std::uint64_t inRows(const ReportScope& wanted) const {
        const auto text = [](ReportMoment at) { return "'" + momentText(at) + "'::timestamptz"; };
        return std::stoull(database_.ask(
            "SELECT count(DISTINCT source) FROM apiary.session WHERE started_at >= " + text(wanted.from) +
            " AND started_at < " + text(wanted.to) + " AND traffic = ANY ('" + arrayText(wanted.traffic) + "') AND ('" +
            arrayText(wanted.sensors) + "' = '{}' OR sensor_id = ANY ('" + arrayText(wanted.sensors) + "'))"));
    }

    void expectRangesAsRows() {
        EXPECT_EQ(wrong(), "0");
        for (int round = 0; round < 60; ++round) {
            SCOPED_TRACE(round);
            auto wanted = anyRange();
            for (const std::size_t named : {std::size_t{0}, std::size_t{1}, sensors_.size()}) {
                wanted.sensors.assign(sensors_.begin(), sensors_.begin() + static_cast<std::ptrdiff_t>(named));
                EXPECT_EQ(reader_->totals(wanted).sources(), inRows(wanted)) << named << " sensors";
            }
        }
    }

    // Among them the last sessions of many sources.
    void retagSome() {
        database_.ask(
            "SET default_transaction_read_only = off; SELECT apiary.retag_sessions(array_agg(session_id), "
            "array_agg(CASE WHEN traffic = 'attack' THEN 'known-scanner' ELSE '' END)) FROM apiary.session "
            "WHERE session_id::text ~ '[0-5]$' OR started_at > now() - interval '3 days' AND host(source) ~ '[0-4]$'");
    }

    const ReportMoment begin_ = today() - 21 * 24h;
    test::TestDatabase database_;
    test::ReportData data_{database_};
    std::mt19937_64 random_{18};
    std::vector<std::int32_t> sensors_;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<ReportReader> reader_;
};

/// Each kind of traffic of a source has one row.
class SourceHoursAloneTest : public SourceHoursTest {
protected:
    SourceHoursAloneTest() : SourceHoursTest(1) {}
};

TEST_F(SourceHoursTest, CountsTheSourcesOfEveryRange) {
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.source WHERE hours_from > 0"), "0");
    expectRangesAsRows();
}

TEST_F(SourceHoursAloneTest, CountsTheSourcesOfEveryRange) {
    ASSERT_EQ(database_.ask("SELECT count(*) FROM apiary.counted_collector"), "1");
    expectRangesAsRows();
}

TEST_F(SourceHoursTest, CountsThemWhenTheyHaveBeenRetagged) {
    retagSome();
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.source WHERE hours_from > 0"), "0");
    expectRangesAsRows();
}

TEST_F(SourceHoursAloneTest, CountsThemWhenTheyHaveBeenRetaggedAndCameAgain) {
    retagSome();
    data_.addRandom(200, begin_, today() - 1h, random_);
    retagSome();
    expectRangesAsRows();
}

TEST_F(SourceHoursAloneTest, CountsThemWhenDaysHaveBeenRebuilt) {
    database_.ask(
        "SET default_transaction_read_only = off; SELECT apiary.rollup_fold(); SELECT "
        "apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - interval '21 days', date_trunc('day', now(), 'UTC'))");
    expectRangesAsRows();
}

// An end in a day whose rows are gone is known by the hour as long as bits reach, and then by the day.
TEST_F(SourceHoursAloneTest, CountsThemWhenRowsAreGone) {
    std::vector<std::pair<ReportScope, std::uint64_t>> ranges;
    std::vector<std::uint64_t> most;
    for (int round = 0; round < 60; ++round) {
        auto wanted = anyRange();
        ranges.emplace_back(wanted, inRows(wanted));
        wanted.from = bucketOf(wanted.from, 24h);
        wanted.to = bucketOf(wanted.to, 24h) + 24h;
        most.push_back(inRows(wanted));
    }
    database_.ask("UPDATE apiary.policy SET retention_days = 5");
    Connection writer(database_.writer());
    RetentionRepository repository(writer);
    ASSERT_GT(
        repository.carryOut(*planRetention(repository.look(), {}), "tester", [](int) { return false; }).partitions, 0U);
    int exact = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        SCOPED_TRACE(i);
        const auto& [wanted, rows] = ranges[i];
        const auto counted = reader_->totals(wanted).sources();
        if (wanted.from >= today() - 5 * 24h) {
            EXPECT_EQ(counted, rows);
            ++exact;
        } else {
            EXPECT_GE(counted, rows);
            EXPECT_LE(counted, most[i]);
        }
    }
    EXPECT_GT(exact, 10);
}

TEST_F(SourceHoursAloneTest, AnOlderDatabaseLearnsTheHoursFromItsRollups) {
    database_.ask(
        "SET default_transaction_read_only = off; ALTER TABLE apiary.source DROP COLUMN last_hour, DROP COLUMN "
        "hours_from, DROP COLUMN hours; CREATE INDEX source_last_seen_at_idx ON apiary.source (last_seen_at); "
        "DROP FUNCTION apiary.hour_number, apiary.hours_ago; SELECT apiary.rollup_fold(); "
        "DELETE FROM apiary.schema_version WHERE number = 18");
    ASSERT_EQ(*migrate(database_.owner()), 1);
    EXPECT_NE(database_.ask("SELECT count(*) FROM apiary.source WHERE bit_count(hours) > 1"), "0");
    expectRangesAsRows();
    data_.addRandom(200, begin_, today() - 1h, random_);
    expectRangesAsRows();
}

}  // namespace
}  // namespace apiary::collector
