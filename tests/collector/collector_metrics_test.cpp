#include "collector/collector_metrics.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

void expectLine(const std::string& text, const std::string& line) {
    EXPECT_NE(('\n' + text).find('\n' + line + '\n'), std::string::npos) << "no line " << line << " in\n" << text;
}

TEST(CollectorMetricsTest, TellsOfEachSensorByItsName) {
    CollectorSample sample;
    sample.sensors = {{.id = 1, .name = "roof", .records = 70}, {.id = 2, .name = "cellar", .records = 0}};
    sample.presences[1].streams = 2;
    sample.presences[1].report =
        SensorReport{.sensorId = 1, .arrivedAt = {}, .clockOffsetMs = -250, .agentVersion = {}, .status = {}};
    const std::string text = collectorMetrics(sample);
    expectLine(text, "apiary_collector_sensors 2");
    expectLine(text, "apiary_collector_sensors_connected 1");
    expectLine(text, "apiary_collector_streams 2");
    expectLine(text, R"(apiary_collector_sensor_connected{sensor="roof"} 1)");
    expectLine(text, R"(apiary_collector_sensor_connected{sensor="cellar"} 0)");
    expectLine(text, R"(apiary_collector_sensor_records_total{sensor="roof"} 70)");
    expectLine(text, R"(apiary_collector_sensor_clock_offset_seconds{sensor="roof"} -0.25)");
    EXPECT_EQ(text.find(R"(clock_offset_seconds{sensor="cellar")"), std::string::npos);
}

TEST(CollectorMetricsTest, TellsWhatIngestDidAndWhetherThereIsADatabase) {
    CollectorSample sample;
    sample.databaseUp = true;
    sample.ingest.records = 12;
    sample.ingest.duplicates = 3;
    sample.ingest.aside[static_cast<std::size_t>(AsideClass::Session)] = 4;
    sample.queuedBytes = 1000;
    std::string text = collectorMetrics(sample);
    expectLine(text, "apiary_collector_database_up 1");
    expectLine(text, "apiary_collector_records_committed_total 12");
    expectLine(text, "apiary_collector_batches_duplicate_total 3");
    expectLine(text, R"(apiary_collector_records_quarantined_total{reason="session"} 4)");
    expectLine(text, R"(apiary_collector_records_quarantined_total{reason="database"} 0)");
    expectLine(text, "apiary_collector_queue_bytes 1000");
    expectLine(text, "apiary_collector_transaction_seconds_count 0");
    sample.databaseUp = false;
    expectLine(collectorMetrics(sample), "apiary_collector_database_up 0");
}

TEST(CollectorMetricsTest, TellsOfTroublesByKindAndOfNotices) {
    CollectorSample sample;
    sample.sensors = {{.id = 1, .name = "roof", .records = 0}, {.id = 2, .name = "cellar", .records = 0}};
    const auto trouble = [](std::int32_t sensor, TroubleKind kind, const std::string& service) {
        return Trouble{
            .key = {.sensorId = sensor, .kind = kind, .service = service, .subject = {}}, .sensor = {}, .since = {}};
    };
    sample.troubles[1] = {trouble(1, TroubleKind::SelfTest, "ftp"), trouble(1, TroubleKind::SelfTest, "http")};
    sample.troubles[kOfTheCollector] = {trouble(kOfTheCollector, TroubleKind::Database, "")};
    sample.notices["webhook"] = {.sent = 5, .failed = 2, .dropped = 1};
    sample.noticesHeld = 3;
    const std::string text = collectorMetrics(sample);
    expectLine(text, R"(apiary_collector_troubles{kind="self-test"} 2)");
    expectLine(text, R"(apiary_collector_troubles{kind="database"} 1)");
    expectLine(text, R"(apiary_collector_troubles{kind="egress"} 0)");
    expectLine(text, R"(apiary_collector_sensor_troubles{sensor="roof"} 2)");
    expectLine(text, R"(apiary_collector_sensor_troubles{sensor="cellar"} 0)");
    expectLine(text, R"(apiary_collector_notices_total{channel="webhook",outcome="sent"} 5)");
    expectLine(text, R"(apiary_collector_notices_total{channel="webhook",outcome="failed"} 2)");
    expectLine(text, R"(apiary_collector_notices_total{channel="webhook",outcome="dropped"} 1)");
    expectLine(text, R"(apiary_collector_notices_unsent_total{reason="too_many_an_hour"} 3)");
    EXPECT_EQ(text.find("ftp"), std::string::npos) << "a sensor may say any service";
}

TEST(CollectorMetricsTest, TellsHowTheCallsOfAMethodEnded) {
    CollectorSample sample;
    sample.calls.push_back({.service = "Report", .method = "Totals", .ended = {}, .seconds = {}});
    sample.calls[0].ended[0] = 5;
    sample.calls[0].ended[4] = 1;
    sample.calls[0].seconds.count = 6;
    const std::string text = collectorMetrics(sample);
    expectLine(text, R"(apiary_collector_calls_total{service="Report",method="Totals",outcome="ok"} 5)");
    expectLine(text, R"(apiary_collector_calls_total{service="Report",method="Totals",outcome="deadline_exceeded"} 1)");
    EXPECT_EQ(text.find("outcome=\"cancelled\""), std::string::npos);
    expectLine(text, R"(apiary_collector_call_seconds_count{service="Report",method="Totals"} 6)");
}

}  // namespace
}  // namespace apiary::collector
