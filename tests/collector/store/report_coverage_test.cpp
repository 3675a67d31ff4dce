#include "collector/store/report_coverage.hpp"

#include "collector/store/report_sql.hpp"
#include "tests/collector/store/report_fixture.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Covered = std::vector<std::uint32_t>;

/// The sensors of the fixture are enrolled today, its sessions and these hours are of the days before.
class ReportCoverageTest : public ReportReaderTest {
protected:
    /// Minutes [from, to] of a sensor's service, counted from begin_.
    void listened(std::chrono::minutes from, std::chrono::minutes to, std::size_t sensor = 0,
                  const std::string& protocol = "ftp") {
        for (auto hour = std::chrono::floor<std::chrono::hours>(from); hour <= to; hour += 1h) {
            const auto text = [&](auto after) { return "'" + momentText(begin_ + after) + "'::timestamptz"; };
            database_.ask("SELECT apiary.coverage_add(ARRAY[" + text(hour) + "], ARRAY[" +
                          std::to_string(sensors_[sensor]) +
                          "], ARRAY['127.0.0.1'::inet], ARRAY[21], ARRAY['tcp'], ARRAY['" + protocol +
                          "'], ARRAY[apiary.coverage_minutes(" + text(hour) + ", " + text(from) + ", " + text(to) +
                          ")], ARRAY[0], ARRAY[0])");
        }
    }

    /// Of the hours of the week from that of begin_ on, of a scope without a session, as of `now`.
    Covered coveredOfWeek(const ReportScope& wanted, int count, ReportMoment now = today()) {
        v1::ActivityReply reply;
        reply.mutable_sessions()->Resize(7 * 24, 0);
        ReportTransaction transaction(connection_->session());
        tellCoverage(transaction, wanted, now, reply);
        EXPECT_EQ(reply.covered_size(), 7 * 24);
        const auto day =
            static_cast<int>(std::chrono::weekday(std::chrono::floor<std::chrono::days>(begin_)).iso_encoding());
        Covered covered;
        for (int i = 0; i < count; ++i) {
            covered.push_back(reply.covered(((day - 1) * 24 + i) % (7 * 24)));
        }
        return covered;
    }

    /// Of a chart without a session, as of `now`.
    Covered covered(const ReportScope& wanted, std::chrono::seconds step, ReportMoment now = today()) {
        v1::SeriesReply reply;
        reply.set_step_us(static_cast<std::uint64_t>(std::chrono::microseconds(step).count()));
        for (auto at = bucketOf(wanted.from, step); at < wanted.to; at += step) {
            reply.add_bucket_us(static_cast<std::uint64_t>(at.time_since_epoch().count()));
        }
        ReportTransaction transaction(connection_->session());
        tellCoverage(transaction, wanted, now, reply);
        return {reply.covered().begin(), reply.covered().end()};
    }
};

TEST_F(ReportCoverageTest, SaysNothingWhereNothingIsKnown) {
    EXPECT_EQ(covered(scope(begin_, begin_ + 3h), 3600s), Covered{});
    EXPECT_EQ(reader_->activity(scope(begin_, begin_ + 96h)).covered_size(), 0);
}

TEST_F(ReportCoverageTest, IsTheShareOfEachBucketOfAnyWidth) {
    listened(0min, 74min);
    EXPECT_EQ(covered(scope(begin_, begin_ + 3h), 3600s), (Covered{1000, 250, 0}));
    EXPECT_EQ(covered(scope(begin_ + 1h, begin_ + 90min), 300s), (Covered{1000, 1000, 1000, 0, 0, 0}));
    EXPECT_EQ(covered(scope(begin_, begin_ + 4h), 7200s), (Covered{625, 0}));
    EXPECT_EQ(covered(scope(begin_, begin_ + 24h), 86400s), (Covered{52}));
}

TEST_F(ReportCoverageTest, CountsOfTheEndsOnlyWhatIsInTheRange) {
    listened(0min, 29min);
    EXPECT_EQ(covered(scope(begin_ + 10min + 30s, begin_ + 80min), 3600s), (Covered{393, 0}));
    EXPECT_EQ(covered(scope(begin_ + 40min, begin_ + 61min), 3600s), (Covered{0, 0}));
    EXPECT_EQ(covered(scope(begin_ + 29min + 59s, begin_ + 24h), 86400s), (Covered{1}));
}

TEST_F(ReportCoverageTest, JudgesOnlyWhatHasPassedAndIsStored) {
    listened(0min, 17min);
    EXPECT_EQ(covered(scope(begin_, begin_ + 2h), 3600s, begin_ + 20min), (Covered{1000, 1}));
    EXPECT_EQ(covered(scope(begin_ + 1h, begin_ + 2h), 300s, begin_ + 66min),
              (Covered{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST_F(ReportCoverageTest, LeavesOpenWhatWasBetweenEnrolmentAndTheFirstHour) {
    database_.ask("UPDATE apiary.sensor SET enrolled_at = '" + momentText(begin_ + 2h) + "'");
    listened(240min, 299min);
    EXPECT_EQ(covered(scope(begin_, begin_ + 6h), 3600s), (Covered{0, 0, 1, 1, 1000, 0}));
    database_.ask("UPDATE apiary.sensor SET enrolled_at = '" + momentText(begin_ + 3h) +
                  "' WHERE sensor_id = " + std::to_string(sensors_[1]));
    auto ours = scope(begin_, begin_ + 6h);
    ours.sensors = {sensors_[1]};
    EXPECT_EQ(covered(ours, 3600s), (Covered{0, 0, 0, 1, 0, 0}));
}

TEST_F(ReportCoverageTest, KeepsToTheScopeAndAddsUpWhatIsInIt) {
    listened(0min, 59min, 0, "ftp");
    listened(60min, 89min, 1, "smtp");
    listened(75min, 104min, 2, "ftp");
    auto ours = scope(begin_, begin_ + 2h);
    EXPECT_EQ(covered(ours, 3600s), (Covered{1000, 750}));
    ours.sensors = {sensors_[1]};
    EXPECT_EQ(covered(ours, 3600s), (Covered{0, 500}));
    ours.sensors = {sensors_[1], sensors_[2]};
    EXPECT_EQ(covered(ours, 3600s), (Covered{0, 750}));
    ours.sensors.clear();
    ours.protocols = {"ftp"};
    EXPECT_EQ(covered(ours, 3600s), (Covered{1000, 500}));
    ours.sensors = {sensors_[0], sensors_[1]};
    EXPECT_EQ(covered(ours, 3600s), (Covered{1000, 0}));
}

TEST_F(ReportCoverageTest, IsTheShareOfAnHourOfTheWeekInAllItsWeeks) {
    listened(0min, 74min);
    EXPECT_EQ(coveredOfWeek(scope(begin_, begin_ + 3h), 4), (Covered{1000, 250, 0, 0}));
    EXPECT_EQ(coveredOfWeek(scope(begin_ + 45min, begin_ + 74min), 3), (Covered{1000, 1000, 0}));
    const auto later = begin_ + 7 * 24h;
    EXPECT_EQ(coveredOfWeek(scope(begin_, later + 2h), 3, later + 70min), (Covered{500, 220, 0}));
    auto others = scope(begin_, begin_ + 3h);
    others.protocols = {"smtp"};
    EXPECT_EQ(coveredOfWeek(others, 3), (Covered{0, 0, 0}));
}

TEST_F(ReportCoverageTest, JudgesHoursOfTheWeekByWhatIsKnownOfThem) {
    database_.ask("UPDATE apiary.sensor SET enrolled_at = '" + momentText(begin_ + 2h) + "'");
    listened(240min, 299min);
    EXPECT_EQ(coveredOfWeek(scope(begin_ - 48h, begin_ + 6h), 7), (Covered{0, 0, 1, 1, 1000, 0, 0}));
    // Not yet come, and stored within two minutes.
    EXPECT_EQ(coveredOfWeek(scope(begin_ + 4h, begin_ + 8h), 8, begin_ + 5h + 1min),
              (Covered{0, 0, 0, 0, 1000, 1, 1, 1}));
}

TEST_F(ReportCoverageTest, IsNeverNothingForAnHourOfTheWeekInWhichSomethingWasCounted) {
    listened(0min, 59min);
    const auto reply = reader_->activity(scope(begin_, begin_ + 96h));
    ASSERT_EQ(reply.covered_size(), reply.sessions_size());
    for (int i = 0; i < reply.covered_size(); ++i) {
        EXPECT_TRUE(reply.covered(i) > 0 || reply.sessions(i) == 0) << i;
    }
    EXPECT_TRUE(std::ranges::count(reply.covered(), 0U) >= 3 * 24);
}

TEST_F(ReportCoverageTest, IsInEveryChartAndNeverNothingWhereSomethingWasCounted) {
    listened(0min, 59min);
    for (const auto field : {v1::SERIES_FIELD_SESSIONS, v1::SERIES_FIELD_CREDENTIALS, v1::SERIES_FIELD_SOURCES}) {
        const auto reply = reader_->series(scope(begin_, begin_ + 96h), 3600s, field);
        ASSERT_EQ(reply.covered_size(), reply.bucket_us_size());
        for (int i = 1; i < reply.covered_size(); ++i) {
            std::uint64_t counted = 0;
            for (const auto& series : reply.series()) {
                counted += series.sessions(i);
            }
            EXPECT_EQ(reply.covered(i) == 0, counted == 0) << i;
        }
    }
}

}  // namespace
}  // namespace apiary::collector
