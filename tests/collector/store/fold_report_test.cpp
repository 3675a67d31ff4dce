#include "collector/store/fold_repository.hpp"
#include "tests/collector/store/report_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

/// Sessions that are alike, among others.
class FoldReportTest : public ReportReaderTest {
protected:
    FoldReportTest() {
        std::vector<test::KnownSession> alike;
        for (int i = 0; i < 400; ++i) {
            test::KnownSession session;
            std::array<std::uint8_t, 10> bits{};
            std::ranges::generate(bits, [&] { return static_cast<std::uint8_t>(random_()); });
            session.id = Uuid::v7(
                begin_ + std::chrono::hours(random_() % 4 * 23) + std::chrono::seconds(random_() % 3600), bits);
            session.sensor = sensors_[random_() % 2];
            session.protocol = random_() % 2 == 0 ? "ftp" : "http";
            session.traffic = random_() % 4 == 0 ? "known-scanner" : "attack";
            session.source = "192.0.2." + std::to_string(random_() % 2 + 1);
            session.port = 21;
            session.country = "CA";
            alike.push_back(session);
        }
        data_.add(alike);
        database_.ask(
            "SET default_transaction_read_only = off; SET statement_timeout = 0; INSERT INTO "
            "apiary.fold_service(sensor_id, service) SELECT "
            "sensor_id, 'x' FROM apiary.sensor; UPDATE apiary.session SET service = 'x', clock_offset_ms = 0, "
            "received_at = ended_at, journal_sha256 = apiary.transcript_digest(session_id)");
    }

    std::uint64_t fold() {
        Connection connection(database_.writer());
        FoldRepository repository(connection);
        std::uint64_t sessions = 0;
        for (const std::int16_t collector : std::initializer_list<std::int16_t>{1, 2}) {
            sessions +=
                repository.fold(collector, begin_, begin_ + std::chrono::hours(96), [] { return true; }).sessions;
        }
        return sessions;
    }

    /// All that is said of a scope.
    std::string answers(const ReportScope& wanted) {
        std::string text =
            reader_->totals(wanted, true).ShortDebugString() + reader_->activity(wanted).ShortDebugString();
        for (const auto field : {v1::SERIES_FIELD_SESSIONS, v1::SERIES_FIELD_SOURCES, v1::SERIES_FIELD_NEW_SOURCES}) {
            text += reader_->series(wanted, std::chrono::hours(1), field).ShortDebugString();
        }
        for (const auto field :
             {v1::TOP_FIELD_SOURCE, v1::TOP_FIELD_PORT, v1::TOP_FIELD_PROTOCOL, v1::TOP_FIELD_SENSOR}) {
            text += reader_->top(wanted, field, 20, true).ShortDebugString();
        }
        SessionFilter finished;
        finished.outcomes = {"finished"};
        finished.loginTried = false;
        for (const SessionFilter& filter : {SessionFilter(), finished}) {
            text += reader_->count(wanted, filter).ShortDebugString();
            for (const auto& row : pages(wanted, 37, filter)) {
                text += row.ShortDebugString();
            }
        }
        return text;
    }
};

TEST_F(FoldReportTest, SaysOfFoldedSessionsWhatItSaidOfRows) {
    std::vector<ReportScope> scopes;
    std::vector<std::string> before;
    for (int i = 0; i < 12; ++i) {
        scopes.push_back(randomScope());
        before.push_back(answers(scopes.back()));
    }
    ASSERT_GT(fold(), 200U);
    for (std::size_t i = 0; i < scopes.size(); ++i) {
        EXPECT_EQ(answers(scopes[i]), before[i]);
    }
}

TEST_F(FoldReportTest, ShowsOneSessionAsBefore) {
    std::vector<std::string> before;
    const auto tell = [&] {
        std::vector<std::string> all;
        for (std::size_t i = 1200; i < 1240; ++i) {
            all.push_back(reader_->session(data_.all()[i].id)->ShortDebugString());
        }
        return all;
    };
    before = tell();
    ASSERT_GT(fold(), 200U);
    EXPECT_EQ(tell(), before);
    EXPECT_FALSE(reader_->session(Uuid{}));
}

}  // namespace
}  // namespace apiary::collector
