#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/bench/load.hpp"
#include "tests/collector/rpc/people_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

// What a person waits for in front of the console: the report RPCs over mTLS, with a million sessions of a day, on a
// range that ends on no edge of a bucket.
namespace apiary::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSessions = 1'000'000;

// Made by the database itself; ids in the order of their starts, over a day and 2 h more. A few sources come often,
// most of a hundred thousand seldom.
void load(const test::TestDatabase& database) {
    database.ask("SET statement_timeout = 0; SELECT apiary.ensure_partitions(now() - interval '27 h', now())");
    for (int i = 1; i <= 10; ++i) {
        database.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 's" + std::to_string(i) +
                     "')");
    }
    database.ask(R"(SET statement_timeout = 0;
        INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, target,
            target_port, transport, protocol, outcome, bytes_in, bytes_out, packets, events)
        SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '2 s', 1 + g % 10, 1, ('10.' || h / 65536 || '.' || h / 256 % 256 || '.' || h % 256)::inet, 4000, '198.51.100.1', 21 + g % 7, 'tcp',
            (ARRAY['ftp','telnet','http','smtp','irc','pop3','catch-all'])[1 + g % 7], 'finished', 100, 200, 4, 4
          FROM (SELECT g, (100000 * power(random(), 4))::int AS h, (lpad(to_hex((extract(epoch FROM now() - interval '26 h') * 1000)::bigint + (g * 93.6)::bigint), 12,
              '0') || '7000a000' || lpad(to_hex(g), 12, '0'))::uuid AS u FROM generate_series(0, 999999) g) x)");
    database.ask(R"(SET statement_timeout = 0;
        SELECT apiary.rollup_write(NULL, now() - interval '27 h', now(), true))");
    database.ask("SET statement_timeout = 0; ANALYZE");
}

template <typename Call>
double medianMillis(Call call) {
    std::vector<double> times;
    for (int i = 0; i < 31; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        const grpc::Status status = call();
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        if (!status.ok()) {
            throw std::runtime_error(status.error_message());
        }
    }
    std::ranges::nth_element(times, times.begin() + 15);
    return times[15];
}

void measure(test::PeopleServer& server) {
    const auto stub = v1::Report::NewStub(server.channel(test::Caller::Viewer));
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        (std::chrono::system_clock::now() - 1h).time_since_epoch());
    v1::Scope day;
    day.set_to_us(static_cast<std::uint64_t>(now.count() | 1));
    day.set_from_us(day.to_us() - 86'400'000'000);

    v1::TotalsRequest totalsRequest;
    *totalsRequest.mutable_scope() = day;
    v1::TotalsReply totals;
    const auto askTotals = [&] { return stub->Totals(server.context(60s).get(), totalsRequest, &totals); };
    v1::SeriesRequest seriesRequest;
    *seriesRequest.mutable_scope() = day;
    v1::SeriesReply series;
    report("report.series-24h",
           medianMillis([&] { return stub->Series(server.context().get(), seriesRequest, &series); }), "ms", 20, true);
    report("report.totals-24h", medianMillis(askTotals), "ms");
    v1::TopNRequest topRequest;
    *topRequest.mutable_scope() = day;
    topRequest.set_field(v1::TOP_FIELD_SOURCE);
    topRequest.set_limit(20);
    v1::TopNReply top;
    report("report.top-sources-24h", medianMillis([&] { return stub->TopN(server.context().get(), topRequest, &top); }),
           "ms");
    v1::ListSessionsRequest listRequest;
    *listRequest.mutable_scope() = day;
    listRequest.set_limit(200);
    v1::ListSessionsReply list;
    report("report.first-200-sessions",
           medianMillis([&] { return stub->ListSessions(server.context().get(), listRequest, &list); }), "ms");
    std::uint64_t inSeries = 0;
    for (const auto& protocol : series.series()) {
        inSeries += protocol.total();
    }
    if (inSeries != totals.sessions() || inSeries < kSessions * 9 / 10) {
        throw std::runtime_error("the series holds " + std::to_string(inSeries) + " sessions, the totals " +
                                 std::to_string(totals.sessions()));
    }
}

}  // namespace
}  // namespace apiary::bench

int main() {
    try {
        apiary::test::PeopleServer server;
        apiary::bench::load(server.database);
        apiary::bench::measure(server);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "report_bench: %s\n", error.what());
        return 1;
    }
}
