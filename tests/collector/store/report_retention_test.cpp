#include "collector/store/retention_repository.hpp"
#include "tests/collector/store/report_fixture.hpp"

#include <numeric>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

/// The random sessions, of which retention has dropped the rows of the first days: today and the two days before are
/// left.
class ReportRetentionTest : public ReportReaderTest {
protected:
    ReportRetentionTest() {
        database_.ask("UPDATE apiary.policy SET retention_days = 2");
        Connection writer(database_.writer());
        RetentionRepository repository(writer);
        const auto plan = planRetention(repository.look(), {});
        EXPECT_GT(repository.carryOut(*plan, "tester", [](int) { return false; }).partitions, 0U);
    }

    /// Widened to the buckets that its ends lie in, if they are in days that went.
    ReportScope widened(ReportScope wanted, std::chrono::seconds bucket) const {
        if (wanted.from < kept_) {
            wanted.from = bucketOf(wanted.from, bucket);
        }
        if (wanted.to < kept_) {
            wanted.to = bucketOf(wanted.to + bucket - 1us, bucket);
        }
        return wanted;
    }

    std::uint64_t charted(const ReportScope& wanted, std::chrono::seconds step) {
        const auto reply = reader_->series(wanted, step);
        return std::accumulate(reply.series().begin(), reply.series().end(), std::uint64_t{0},
                               [](std::uint64_t sum, const auto& series) { return sum + series.total(); });
    }

    const ReportMoment kept_ = today() - std::chrono::hours(48);
};

TEST_F(ReportRetentionTest, ARangeThatBeginsInADayThatWentCountsItsFirstBucketWhole) {
    for (int round = 0; round < 60; ++round) {
        auto wanted = randomScope();
        wanted.sensors.clear();
        wanted.source.clear();
        SCOPED_TRACE(round);
        if (wanted.protocols.empty()) {  // sources by protocol are in rows alone
            EXPECT_EQ(reader_->totals(wanted).sessions(), data_.in(widened(wanted, 300s)).size());
        }
        EXPECT_EQ(charted(wanted, 600s), data_.in(widened(wanted, 300s)).size());
        EXPECT_EQ(charted(wanted, 7200s), data_.in(widened(wanted, 3600s)).size());
        const auto activity = reader_->activity(wanted);
        EXPECT_EQ(std::accumulate(activity.sessions().begin(), activity.sessions().end(), std::uint64_t{0}),
                  data_.in(widened(wanted, 300s)).size());
    }
}

TEST_F(ReportRetentionTest, LeadersAreThoseOfTheWholeBuckets) {
    for (int round = 0; round < 20; ++round) {
        auto wanted = scope(randomTime(), today() + 24h);
        std::map<std::string, std::uint64_t> known;
        for (const auto* session : data_.in(widened(wanted, 3600s))) {
            ++known[session->source];
        }
        std::map<std::string, std::uint64_t> leading;
        for (const auto& [key, count] : leaders(wanted, v1::TOP_FIELD_SOURCE)) {
            leading[key] = count;
        }
        for (const auto& [key, count] : leading) {
            EXPECT_EQ(count, known[key]) << key;
        }
    }
}

TEST_F(ReportRetentionTest, SaysSoWhereOnlyRowsCouldAnswer) {
    auto wanted = scope(kept_ - 1h, today());
    wanted.source = data_.all().front().source;
    EXPECT_THROW(reader_->totals(wanted), RowsGone);
    EXPECT_THROW(reader_->series(wanted, 3600s), RowsGone);
    EXPECT_THROW(reader_->activity(wanted), RowsGone);
    EXPECT_THROW(reader_->top(wanted, v1::TOP_FIELD_PORT, 10), RowsGone);
    try {
        reader_->top(scope(kept_ - 1h, today()), v1::TOP_FIELD_ARTIFACT, 10);
        ADD_FAILURE();
    } catch (const RowsGone& gone) {
        EXPECT_NE(std::string(gone.what()).find("the rows of days before 20"), std::string::npos) << gone.what();
    }
    wanted.from = kept_;
    EXPECT_EQ(reader_->totals(wanted).sessions(), data_.in(wanted).size());
}

TEST_F(ReportRetentionTest, LeavesOutAComparisonThatTakesRowsThatAreGone) {
    auto wanted = scope(kept_ + 1h, today());
    EXPECT_TRUE(reader_->totals(wanted, true).has_previous());
    wanted.source = data_.all().front().source;
    EXPECT_FALSE(reader_->totals(wanted, true).has_previous());
    EXPECT_NO_THROW(reader_->top(wanted, v1::TOP_FIELD_PORT, 10, true));
}

TEST_F(ReportRetentionTest, TheFunctionForPeopleCountsTheSame) {
    for (int round = 0; round < 20; ++round) {
        auto wanted = scope(randomTime(), randomTime());
        if (wanted.from > wanted.to) {
            std::swap(wanted.from, wanted.to);
        }
        EXPECT_EQ(database_.ask("SELECT coalesce(sum(sessions), 0) FROM apiary.sessions_5m('epoch'::timestamptz + " +
                                std::to_string(wanted.from.time_since_epoch().count()) +
                                " * interval '1 us', 'epoch'::timestamptz + " +
                                std::to_string(wanted.to.time_since_epoch().count()) + " * interval '1 us')"),
                  std::to_string(data_.in(widened(wanted, 300s)).size()));
    }
}

}  // namespace
}  // namespace apiary::collector
