#include "tests/collector/store/report_fixture.hpp"

#include <pqxx/transaction>

#include <numeric>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class SourceSeriesTest : public ReportReaderTest {
protected:
    // By hand: different sources of each bucket, or those that came first in it.
    std::vector<std::uint64_t> byHand(const ReportScope& wanted, std::chrono::seconds step, bool fresh) {
        const auto first = bucketOf(wanted.from, step);
        std::vector<std::set<std::string>> buckets(static_cast<std::size_t>((wanted.to - first + step - 1us) / step));
        auto seen = fresh ? knownBefore(wanted) : std::set<std::string>();
        auto sessions = data_.in(wanted);
        std::ranges::reverse(sessions);
        for (const auto* session : sessions) {
            if (!fresh || seen.insert(session->source).second) {
                buckets[static_cast<std::size_t>((session->start() - first) / step)].insert(session->source);
            }
        }
        std::vector<std::uint64_t> counts;
        std::ranges::transform(buckets, std::back_inserter(counts), [](const auto& of) { return of.size(); });
        return counts;
    }

    void expectAsByHand(const ReportScope& wanted, std::chrono::seconds step) {
        for (const bool fresh : {false, true}) {
            const auto reply =
                reader_->series(wanted, step, fresh ? v1::SERIES_FIELD_NEW_SOURCES : v1::SERIES_FIELD_SOURCES);
            ASSERT_EQ(reply.series_size(), 1);
            EXPECT_EQ(reply.series(0).protocol(), "");
            const std::vector<std::uint64_t> counts(reply.series(0).sessions().begin(),
                                                    reply.series(0).sessions().end());
            EXPECT_EQ(counts, byHand(wanted, step, fresh)) << "fresh " << fresh << ", step " << step.count();
            const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
            EXPECT_EQ(reply.series(0).total(), total);
            if (fresh) {
                EXPECT_EQ(total, reader_->totals(wanted).new_sources());
            }
        }
    }

    void expectEveryScope(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            SCOPED_TRACE(round);
            auto wanted = randomScope();
            if (round % 2 == 0) {
                wanted.protocols.clear();
                wanted.source.clear();
            }
            if (round % 4 == 0) {
                wanted.sensors.clear();
            }
            if (wanted.from == wanted.to) {
                continue;
            }
            for (const auto step :
                 {std::chrono::seconds(900), std::chrono::seconds(3600), std::chrono::seconds(10800)}) {
                expectAsByHand(wanted, step);
            }
        }
    }
};

// Two collectors: a source has several rows.
TEST_F(SourceSeriesTest, CountsTheSourcesOfEachBucket) {
    expectEveryScope(24);
}

class OneCollectorTest : public SourceSeriesTest {
protected:
    OneCollectorTest() {
        database_.ask(
            "SET default_transaction_read_only = off; UPDATE apiary.session SET collector_id = 1; "
            "DELETE FROM apiary.source; TRUNCATE apiary.counted_collector; "
            "SELECT apiary.rollup_rebuild(date_trunc('day', now(), 'UTC') - interval '5 days', "
            "date_trunc('day', now(), 'UTC') + interval '1 day'); "
            "INSERT INTO apiary.source SELECT source, traffic, 1, min(started_at), max(started_at), count(*), "
            "sum(credentials), 0, NULL, NULL, 'internet' FROM apiary.session GROUP BY source, traffic; "
            "DELETE FROM apiary.source_hour WHERE collector_id <> 1; "
            "DELETE FROM apiary.source_5m WHERE collector_id <> 1; "
            "DELETE FROM apiary.counted_collector WHERE collector_id <> 1");
    }
    // What the triggers keep is what there is.
    std::string difference() {
        return database_.ask(
            "WITH k AS (SELECT bucket_at, traffic, sum(seen)::bigint AS seen, sum(fresh)::bigint AS fresh, "
            "sum(last)::bigint AS last FROM ("
            "SELECT bucket_at, traffic, count(*) AS seen, 0 AS fresh, 0 AS last FROM apiary.rollup_hour_source GROUP "
            "BY 1, 2 UNION ALL SELECT date_trunc('hour', first_seen_at, 'UTC'), traffic, 0, count(*), 0 FROM "
            "apiary.source GROUP BY 1, 2 UNION ALL SELECT date_trunc('hour', last_seen_at, 'UTC'), traffic, 0, 0, "
            "count(*) FROM apiary.source GROUP BY 1, 2) x GROUP BY 1, 2) SELECT count(*) FROM k FULL JOIN (SELECT * "
            "FROM apiary.source_hour WHERE seen > 0 OR fresh > 0 OR last > 0) h USING (bucket_at, traffic) WHERE "
            "(k.seen, k.fresh, k.last) IS DISTINCT FROM (h.seen, h.fresh, h.last)");
    }
    std::string differenceByFive() {
        return database_.ask(
            "SELECT count(*) FROM (SELECT date_bin('5 min', first_seen_at, '2000-01-01 00:00+00') AS bucket_at, "
            "traffic, collector_id, count(*) AS fresh FROM apiary.source GROUP BY 1, 2, 3) k FULL JOIN (SELECT * FROM "
            "apiary.source_5m WHERE fresh <> 0) h USING (bucket_at, traffic, collector_id) WHERE k.fresh IS DISTINCT "
            "FROM h.fresh");
    }
};

TEST_F(OneCollectorTest, CountsTheSourcesOfEachBucket) {
    ASSERT_EQ(database_.ask("SELECT count(*) FROM apiary.counted_collector"), "1");
    expectEveryScope(24);
}

TEST_F(OneCollectorTest, CountsAtBothEndsOnlyTheTrafficThatIsAskedFor) {
    for (const char* traffic : {"attack", "known-scanner", "self-test"}) {
        SCOPED_TRACE(traffic);
        auto wanted = scope(begin_ + 90min, begin_ + 50h + 7min);
        wanted.traffic = {traffic};
        expectAsByHand(wanted, 1h);
    }
}

TEST_F(OneCollectorTest, AnswersHoursFromTheirCounts) {
    const auto wanted = scope(begin_ + 90min, begin_ + 50h + 7min);
    database_.ask(
        "SET default_transaction_read_only = off; UPDATE apiary.source_hour SET seen = seen + 1000, fresh = "
        "fresh + 1000");
    const auto seen = reader_->series(wanted, 3600s, v1::SERIES_FIELD_SOURCES);
    EXPECT_GE(seen.series(0).total(), 47'000U);
    EXPECT_GE(reader_->series(wanted, 3600s, v1::SERIES_FIELD_NEW_SOURCES).series(0).total(), 47'000U);
}

TEST_F(OneCollectorTest, KeepsCountingWhatComesMovesAndGoes) {
    EXPECT_EQ(difference(), "0");
    EXPECT_EQ(differenceByFive(), "0");
    database_.ask(
        "SET default_transaction_read_only = off; UPDATE apiary.source SET first_seen_at = first_seen_at - "
        "interval '150 min' WHERE host(address) LIKE '%2'; UPDATE apiary.source SET last_seen_at = last_seen_at + "
        "interval '70 min' WHERE host(address) LIKE '%5'");
    EXPECT_EQ(difference(), "0");
    EXPECT_EQ(differenceByFive(), "0");
    database_.ask(
        "SET default_transaction_read_only = off; DELETE FROM apiary.source WHERE host(address) LIKE '%3'; "
        "DELETE FROM apiary.rollup_hour_source WHERE host(source) LIKE '%4'");
    EXPECT_EQ(difference(), "0");
    EXPECT_EQ(differenceByFive(), "0");
}

TEST_F(OneCollectorTest, KeepsTheCountOfHoursThatAreFoldedAway) {
    const auto before = database_.ask("SELECT sum(seen) FROM apiary.source_hour");
    database_.ask(
        "SET default_transaction_read_only = off; UPDATE apiary.rollup_hour_source SET bucket_at = bucket_at - "
        "interval '30 days'; SELECT apiary.rollup_fold()");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.rollup_hour_source"), "0");
    EXPECT_EQ(database_.ask("SELECT sum(seen) FROM apiary.source_hour"), before);
}

}  // namespace
}  // namespace apiary::collector
