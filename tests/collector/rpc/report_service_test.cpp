#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>
#include <pqxx/transaction>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using collector::Moment;
using grpc::StatusCode;

class ReportServiceTest : public testing::Test {
protected:
    explicit ReportServiceTest(std::size_t bound = 64)
        : server_(bound), stub_(v1::Report::NewStub(server_.channel(Caller::Viewer))) {}

    static v1::Scope day() {
        v1::Scope scope;
        scope.set_from_us(1'700'000'000'000'000);
        scope.set_to_us(1'700'086'400'000'000);
        return scope;
    }
    grpc::Status list(std::uint32_t limit, std::uint64_t beforeUs = 0, const std::string& beforeId = {}) {
        v1::ListSessionsRequest request;
        *request.mutable_scope() = day();
        request.set_limit(limit);
        request.set_before_us(beforeUs);
        request.set_before_id(beforeId);
        v1::ListSessionsReply reply;
        return stub_->ListSessions(server_.context().get(), request, &reply);
    }
    grpc::Status totals(const v1::Scope& scope, std::chrono::milliseconds longest = 20s) {
        v1::TotalsRequest request;
        *request.mutable_scope() = scope;
        v1::TotalsReply reply;
        return stub_->Totals(server_.context(longest).get(), request, &reply);
    }
    static collector::OpenRow open(std::int32_t sensor, const std::string& protocol) {
        collector::OpenRow row;
        row.session = Uuid::v7(std::chrono::sys_days{2026y / 11 / 25}, {});
        row.startedAt = Moment(std::chrono::sys_days{2026y / 11 / 25});
        row.sensorId = sensor;
        row.source = Endpoint::of({192, 0, 2, 7}, 4000);
        row.target = Endpoint::of({198, 51, 100, 1}, 21);
        row.transport = "tcp";
        row.protocol = protocol;
        return row;
    }

    PeopleServer server_;
    std::unique_ptr<v1::Report::Stub> stub_;
};

TEST_F(ReportServiceTest, SaysWhatIsWrongWithAQuestion) {
    auto traffic = day();
    traffic.add_traffic("friendly");
    const auto status = totals(traffic);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), "traffic is attack, known-scanner or self-test");
    EXPECT_EQ(totals({}).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ReportServiceTest, SaysSinceWhenThereAreRowsWhereOnlyTheyCouldAnswer) {
    server_.database.ask("UPDATE apiary.retained SET rows_from = '2023-11-15'");
    EXPECT_TRUE(totals(day()).ok());
    auto source = day();
    source.set_source(std::string("\xC0\x00\x02\x01", 4));
    const auto status = totals(source);
    EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(status.error_message().find("the rows of days before 2023-11-15 are gone"), std::string::npos)
        << status.error_message();
}

TEST_F(ReportServiceTest, SaysWhatIsWrongWithAFilter) {
    v1::ListSessionsRequest request;
    *request.mutable_scope() = day();
    request.set_limit(10);
    const auto refusal = [&](const v1::SessionFilter& filter) {
        *request.mutable_filter() = filter;
        v1::ListSessionsReply reply;
        const auto status = stub_->ListSessions(server_.context().get(), request, &reply);
        EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
        return status.error_message();
    };
    v1::SessionFilter filter;
    filter.set_source_network("192.0.2.1/24");
    EXPECT_EQ(refusal(filter), "'192.0.2.1/24' is not a network: bits are set behind the prefix, write 192.0.2.0/24");
    filter.Clear();
    filter.add_outcomes("lost");
    EXPECT_EQ(refusal(filter), "there is no such outcome: see the table outcome");
    filter.Clear();
    filter.set_secret(std::string("a\0b", 3));
    EXPECT_EQ(refusal(filter), "a text to search for is as the list shows it: printable ASCII, 256 bytes at most");
    filter.Clear();
    filter.add_target_ports(65536);
    EXPECT_EQ(refusal(filter), "a port is 0 to 65535");
    filter.Clear();
    filter.set_artifact("short");
    EXPECT_EQ(refusal(filter), "an artifact is named by its SHA-256, 32 bytes");
    filter.Clear();
    filter.add_week_hours(168);
    EXPECT_EQ(refusal(filter), "an hour of the week is 0, Monday 00 to 01 h, to 167");
    filter.Clear();
    filter.add_transports(v1::TRANSPORT_UNSPECIFIED);
    EXPECT_EQ(refusal(filter), "a transport is TCP or UDP");
}

TEST_F(ReportServiceTest, SaysWhatIsWrongWithAQuestionForProbes) {
    const auto asked = [&](const std::string& tool, std::uint32_t limit, std::uint64_t beforeUs) {
        v1::ListProbesRequest request;
        *request.mutable_scope() = day();
        request.set_tool(tool);
        request.set_limit(limit);
        request.set_before_us(beforeUs);
        request.set_before_id(beforeUs == 0 ? "" : std::string(16, '\1'));
        v1::ListProbesReply reply;
        const auto status = stub_->ListProbes(server_.context().get(), request, &reply);
        return status.ok() ? "fine" : status.error_message();
    };
    EXPECT_EQ(asked("masscan", 1000, 0), "fine");
    const std::string nameless = "name the tool whose probes are meant, as the list of scan tools does";
    EXPECT_EQ(asked("", 10, 0), nameless);
    EXPECT_EQ(asked(std::string("nmap\0", 5), 10, 0), nameless);
    EXPECT_EQ(asked(std::string(257, 'x'), 10, 0), nameless);
    EXPECT_EQ(asked("nmap", 1001, 0), "ask for 1 to 1,000 rows");
    EXPECT_EQ(asked("nmap", 10, 7), "the key of a page is the start and the id of the last row of the page before");
}

TEST_F(ReportServiceTest, BoundsPages) {
    EXPECT_EQ(list(0).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(list(1001).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(list(1000).ok());
}

TEST_F(ReportServiceTest, TakesAPageKeyOnlyAsARowGivesIt) {
    const auto id = Uuid::v7(std::chrono::system_clock::time_point(1'700'000'000'123ms), {});
    const std::string bytes(id.view());
    EXPECT_TRUE(list(10, 1'700'000'000'123'000, bytes).ok());
    EXPECT_EQ(list(10, 1'700'000'000'124'000, bytes).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(list(10, 0, "short").error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ReportServiceTest, SaysThatASessionIsNotThere) {
    v1::GetSessionRequest request;
    v1::SessionDetail detail;
    EXPECT_EQ(stub_->GetSession(server_.context().get(), request, &detail).error_code(), StatusCode::INVALID_ARGUMENT);
    request.set_session_id(std::string(16, '\1'));
    EXPECT_EQ(stub_->GetSession(server_.context().get(), request, &detail).error_code(), StatusCode::NOT_FOUND);
}

// A statement that waits for a lock stands for one that takes long.
TEST_F(ReportServiceTest, StopsTheDatabaseWhenTheCallersTimeIsOver) {
    collector::Connection locker(server_.database.owner());
    pqxx::work lock(locker.session());
    lock.exec0("LOCK TABLE apiary.rollup_5m_protocol IN ACCESS EXCLUSIVE MODE");
    EXPECT_EQ(totals(day(), 300ms).error_code(), StatusCode::DEADLINE_EXCEEDED);
    std::string running = "1";
    for (int i = 0; i < 200 && running != "0"; ++i) {  // the statement itself would wait for a minute
        running = server_.database.ask(
            "SELECT count(*) FROM pg_sleep(0.02), pg_stat_activity WHERE datname = current_database() AND "
            "application_name "
            "LIKE '%reports' AND state = 'active'");
    }
    EXPECT_EQ(running, "0");
    lock.abort();
    EXPECT_TRUE(totals(day()).ok());
}

TEST_F(ReportServiceTest, StopsTheDatabaseWhenTheCallerCancels) {
    collector::Connection locker(server_.database.owner());
    pqxx::work lock(locker.session());
    lock.exec0("LOCK TABLE apiary.rollup_5m_protocol IN ACCESS EXCLUSIVE MODE");
    const auto running = [&](const std::string& until) {
        std::string active;
        for (int i = 0; i < 400 && active != until; ++i) {
            active = server_.database.ask(
                "SELECT count(*) FROM pg_sleep(0.02), pg_stat_activity WHERE datname = current_database() AND "
                "application_name LIKE '%reports' AND state = 'active'");
        }
        return active;
    };
    const auto context = server_.context();
    grpc::Status status;
    std::thread asking([&] {
        v1::TotalsRequest request;
        *request.mutable_scope() = day();
        v1::TotalsReply reply;
        status = stub_->Totals(context.get(), request, &reply);
    });
    EXPECT_EQ(running("1"), "1");
    context->TryCancel();
    asking.join();
    EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
    EXPECT_EQ(running("0"), "0");
}

TEST_F(ReportServiceTest, ShowsKnownTrafficToWhoWatchesIt) {
    const auto roof = server_.addSensor("roof");
    const auto context = server_.context();
    v1::WatchRequest request;
    request.mutable_scope()->add_traffic("known-scanner");
    const auto reader = stub_->Watch(context.get(), request);
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));
    collector::LiveRows rows;
    rows.opened = {open(roof, "ftp"), open(roof, "telnet")};
    rows.opened[1].tags = {"known-scanner"};
    server_.feed.publish(std::move(rows));
    ASSERT_TRUE(reader->Read(&batch));
    ASSERT_EQ(batch.opened_size(), 1);
    EXPECT_EQ(batch.opened(0).protocol(), "telnet");
    EXPECT_EQ(batch.opened(0).traffic(), "known-scanner");
    EXPECT_EQ(batch.opened(0).tags(0), "known-scanner");
    context->TryCancel();
}

TEST_F(ReportServiceTest, ShowsSessionsAsTheyAreCommitted) {
    const auto roof = server_.addSensor("roof");
    const auto context = server_.context();
    v1::WatchRequest request;
    request.mutable_scope()->add_protocols("ftp");
    const auto reader = stub_->Watch(context.get(), request);
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));  // it is there now
    EXPECT_EQ(batch.opened_size(), 0);
    collector::LiveRows rows;
    rows.opened = {open(roof, "ftp"), open(roof, "telnet")};
    collector::ClosedRow closed;
    closed.head = open(roof, "ftp");
    closed.outcome = "timed_out";
    closed.bytesIn = 5;
    rows.ended = {closed};
    server_.feed.publish(std::move(rows));
    ASSERT_TRUE(reader->Read(&batch));
    ASSERT_EQ(batch.opened_size(), 1);
    EXPECT_EQ(batch.opened(0).sensor(), "roof");
    EXPECT_EQ(batch.opened(0).outcome(), "open");
    EXPECT_EQ(batch.opened(0).source().address(), std::string("\xc0\x00\x02\x07", 4));
    ASSERT_EQ(batch.ended_size(), 1);
    EXPECT_EQ(batch.ended(0).outcome(), "timed_out");
    EXPECT_EQ(batch.ended(0).bytes_in(), 5U);
    context->TryCancel();
}

TEST_F(ReportServiceTest, CountsWhatALiveFeedDoesNotShow) {
    const auto roof = server_.addSensor("roof");
    const auto context = server_.context();
    const auto reader = stub_->Watch(context.get(), {});
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));
    std::uint64_t shown = 0;
    std::uint64_t counted = 0;
    for (const std::size_t size : {300U, 5000U}) {
        collector::LiveRows rows;
        collector::ClosedRow row;
        row.head = open(roof, "ftp");
        rows.opened.assign(size, row.head);
        rows.ended.assign(size, row);
        server_.feed.publish(std::move(rows));
    }
    while (shown + counted < 5300) {
        ASSERT_TRUE(reader->Read(&batch));
        EXPECT_LE(batch.opened_size() + batch.ended_size(), 200);
        shown += static_cast<std::uint64_t>(batch.ended_size());
        counted += batch.not_shown();
    }
    EXPECT_EQ(shown + counted, 5300U);
    context->TryCancel();
}

TEST_F(ReportServiceTest, ShowsNoAttackWhereOnlySelfTestsAreWatched) {
    const auto context = server_.context();
    v1::WatchRequest request;
    request.mutable_scope()->add_traffic("self-test");
    const auto reader = stub_->Watch(context.get(), request);
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));
    collector::LiveRows rows;
    rows.opened = {open(1, "ftp")};
    server_.feed.publish(std::move(rows));
    for (int i = 0; i < collector::Ticker::kHeartbeat; ++i) {
        server_.ticker.tick(std::chrono::system_clock::now());
    }
    ASSERT_TRUE(reader->Read(&batch));
    EXPECT_EQ(batch.opened_size(), 0);
    context->TryCancel();
}

class BusyReportServiceTest : public ReportServiceTest {
protected:
    BusyReportServiceTest() : ReportServiceTest(0) {}
};

TEST_F(BusyReportServiceTest, RefusesWhatItCannotQueue) {
    EXPECT_EQ(totals(day()).error_code(), StatusCode::RESOURCE_EXHAUSTED);
    const auto context = server_.context();
    const auto reader = stub_->Watch(context.get(), {});
    v1::LiveBatch batch;
    EXPECT_FALSE(reader->Read(&batch));
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace apiary::test
