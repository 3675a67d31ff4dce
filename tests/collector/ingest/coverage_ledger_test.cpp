#include "collector/ingest/coverage_ledger.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <chrono>
#include <sstream>
#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class CoverageLedgerTest : public testing::Test {
protected:
    using Time = CoverageLedger::Time;

    v1::ServiceStatus& service(SensorReport& report, const std::string& protocol, std::uint16_t port, bool on = true) {
        auto& service = *report.status.add_services();
        service.set_name(protocol);
        service.set_protocol(protocol);
        service.set_actual(on ? v1::ACTUAL_STATE_ON : v1::ACTUAL_STATE_OFF);
        auto& listen = *service.add_listens();
        listen.set_address(std::string("\x7f\x00\x00\x01", 4));
        listen.set_port(port);
        return service;
    }

    void visited(v1::ServiceStatus& service, Time::duration after, const std::string& failedStep = {}) {
        auto& test = *service.mutable_self_test();
        test.set_at_us(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>((hour_ + after).time_since_epoch()).count()));
        test.set_passed(failedStep.empty());
        test.set_step(failedStep);
    }

    SensorReport at(Time::duration after) const {
        return {.sensorId = 1, .arrivedAt = hour_ + after, .agentVersion = {}, .status = {}};
    }
    void says(Time::duration after, bool on = true) {
        SensorReport report = at(after);
        service(report, "ftp", 21, on);
        ledger_.add(report);
    }
    void saysVisited(Time::duration after, Time::duration visit, const std::string& failedStep = {}) {
        SensorReport report = at(after);
        visited(service(report, "ftp", 21), visit, failedStep);
        ledger_.add(report);
    }

    /// "0 ftp tcp 21: 0-2 5, ...": hours behind the first, and the minutes.
    static std::string minutesOf(std::uint64_t minutes) {
        const std::bitset<60> bits(minutes);
        std::string text;
        for (int minute = 0; minute < 60; ++minute) {
            int last = minute;
            while (last < 60 && bits[static_cast<std::size_t>(59 - last)]) {
                ++last;
            }
            if (last > minute) {
                text += ' ' + std::to_string(minute) + (last - 1 > minute ? '-' + std::to_string(last - 1) : "");
                minute = last;
            }
        }
        return text;
    }
    std::string taken() {
        std::ostringstream text;
        const CoverageNews news = ledger_.take();
        for (const CoverageRow& row : news.rows) {
            text << (text.tellp() > 0 ? ", " : "") << (row.hour - hour_).count() << ' ' << row.protocol << ' '
                 << row.transport << ' ' << row.target.port << ':' << minutesOf(row.minutes);
        }
        for (const FailedVisit& visit : news.failed) {
            text << " failed " << visit.service << " at " << (visit.at - hour_) / 1s << " s";
        }
        return text.str();
    }

    const std::chrono::sys_time<std::chrono::hours> hour_ = std::chrono::sys_days{2026y / 11 / 26} + 12h;
    CoverageLedger ledger_;
};

TEST_F(CoverageLedgerTest, CountsTheMinutesBetweenTwoReportsOnce) {
    says(50s);
    EXPECT_EQ(taken(), "");
    says(65s);
    says(80s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 0-1");
    says(85s);
    EXPECT_EQ(taken(), "");
    says(115s);
    says(121s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 2");
}

TEST_F(CoverageLedgerTest, SplitsAtTheHour) {
    says(59min + 55s);
    says(60min + 5s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 59, 1 ftp tcp 21: 0");
}

TEST_F(CoverageLedgerTest, CountsAServiceThatIsOnInBothReports) {
    says(0s);
    says(30s, false);
    says(60s);
    EXPECT_EQ(taken(), "");
    says(90s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 1");
}

TEST_F(CoverageLedgerTest, ClaimsNothingOfASilenceNorOfTheTimeBetweenStreams) {
    says(0s);
    says(31s);
    EXPECT_EQ(taken(), "");
    ledger_.gone(1);
    says(33s);
    EXPECT_EQ(taken(), "");
}

TEST_F(CoverageLedgerTest, GoesBackToTheLastVisitWhenASensorComesAgain) {
    says(0s);
    says(10s);
    ledger_.gone(1);
    saysVisited(50min, 20min);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 0 20-50");
    ledger_.gone(1);
    saysVisited(58min, 55min, "acknowledge");
    EXPECT_EQ(taken(), "0 ftp tcp 21: 55-58");
}

TEST_F(CoverageLedgerTest, BelievesNoVisitOfLongAgoOrOfTheFuture) {
    saysVisited(0s, 1min);
    EXPECT_EQ(taken(), "");
    ledger_.gone(1);
    saysVisited(0s, -26h);
    EXPECT_EQ(taken(), "");
}

TEST_F(CoverageLedgerTest, EndsWithAVisitThatFailedAndGoesOnWithOneThatIsAnswered) {
    saysVisited(0s, -1min);
    saysVisited(20s, -1min);
    EXPECT_EQ(taken(), "-1 ftp tcp 21: 59, 0 ftp tcp 21: 0");
    saysVisited(60s, 40s, "answer");
    saysVisited(80s, 40s, "answer");
    EXPECT_EQ(taken(), " failed ftp at 40 s");
    saysVisited(5min, 4min + 50s);
    saysVisited(5min + 5s, 4min + 50s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 4-5");
}

TEST_F(CoverageLedgerTest, IsByTheSensorsClock) {
    for (const auto after : {0s, 5s}) {
        SensorReport report = at(after);
        report.clockOffsetMs = -600'000;
        service(report, "ftp", 21);
        ledger_.add(report);
    }
    EXPECT_EQ(taken(), "-1 ftp tcp 21: 50");
    for (const auto after : {10s, 15s}) {
        SensorReport report = at(after);
        report.clockOffsetMs = 100'000'000;
        service(report, "ftp", 21);
        ledger_.add(report);
    }
    EXPECT_EQ(taken(), "");
}

TEST_F(CoverageLedgerTest, TellsTransportsAndSensorsApart) {
    for (const auto after : {0s, 2s}) {
        SensorReport report = at(after);
        service(report, "catchall", 53);
        service(report, "catchall-udp", 53);
        ledger_.add(report);
        report.sensorId = 2;
        report.status.mutable_services()->RemoveLast();
        ledger_.add(report);
    }
    EXPECT_EQ(taken(), "0 catchall tcp 53: 0, 0 catchall-udp udp 53: 0, 0 catchall tcp 53: 0");
}

TEST_F(CoverageLedgerTest, TakesAgainWhatWasGivenBack) {
    says(0s);
    says(2s);
    ledger_.giveBack(ledger_.take());
    saysVisited(4s, 3s, "connect");
    const CoverageNews news = ledger_.take();
    EXPECT_EQ(news.rows.size(), 1U);
    EXPECT_EQ(news.failed.size(), 1U);
    ledger_.giveBack(news);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 0 failed ftp at 3 s");
    EXPECT_TRUE(ledger_.take().empty());
}

TEST_F(CoverageLedgerTest, KeepsABoundedNumberOfRowsOfASensor) {
    const auto floods = [&](Time::duration after, int from) {
        SensorReport report = at(after);
        for (int i = 0; i < 1000; ++i) {
            const auto port = static_cast<std::uint16_t>(from + i);
            visited(service(report, "catchall", port), after - 24h);
        }
        ledger_.add(report);
        return ledger_.take().rows.size();
    };
    std::size_t kept = 0;
    for (int second = 0; second < 20; ++second) {
        kept += floods(std::chrono::seconds(second), 1000 * second);
    }
    EXPECT_EQ(kept, CoverageLedger::kRowsAnHour);
    for (const auto after : {30s, 40s}) {
        SensorReport report = at(after);
        report.sensorId = 2;
        service(report, "ftp", 21);
        ledger_.add(report);
    }
    EXPECT_EQ(taken(), "0 ftp tcp 21: 0") << "another sensor has its own";
    EXPECT_EQ(floods(60min, 30'000), 25U * 1000) << "and so has the next hour";
}

TEST_F(CoverageLedgerTest, KeepsABoundedNumberOfFailuresOfASensor) {
    for (int second = 0; second < 20; ++second) {
        SensorReport report = at(std::chrono::seconds(second));
        for (int i = 0; i < 200; ++i) {
            auto& failing = service(report, "ftp", 21);
            failing.set_name(std::to_string(second) + "." + std::to_string(i));
            visited(failing, std::chrono::seconds(second), "answer");
        }
        ledger_.add(report);
    }
    SensorReport other = at(30s);
    other.sensorId = 2;
    visited(service(other, "ftp", 21), 30s, "answer");
    ledger_.add(other);
    const CoverageNews news = ledger_.take();
    EXPECT_EQ(news.failed.size(), CoverageLedger::kFailuresOfOne + 1);
    EXPECT_EQ(news.failed.back().sensorId, 2);
}

TEST_F(CoverageLedgerTest, PassesOverReportsThatComeInAFlood) {
    says(0s);
    for (int i = 1; i < 100; ++i) {
        says(i * 4ms, i % 2 == 0);
    }
    says(2s);
    EXPECT_EQ(taken(), "0 ftp tcp 21: 0");
}

}  // namespace
}  // namespace apiary::collector
