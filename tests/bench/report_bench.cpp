#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/bench/load.hpp"
#include "tests/collector/rpc/people_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
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
            target_port, transport, protocol, outcome, bytes_in, bytes_out, packets, events, credentials, commands)
        SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '2 s', 1 + g % 10, 1, ('10.' || h / 65536 || '.' || h / 256 % 256 || '.' || h % 256)::inet, 4000, '198.51.100.1', 21 + g % 7, 'tcp',
            (ARRAY['ftp','telnet','http','smtp','irc','pop3','catch-all'])[1 + g % 7], CASE WHEN g % 50 = 0 THEN 'reset' ELSE 'finished' END, 100, 200, 4, 4, (g % 5 = 0)::int, (g % 4 = 0)::int
          FROM (SELECT g, (100000 * power(random(), 4))::int AS h, (lpad(to_hex((extract(epoch FROM now() - interval '26 h') * 1000)::bigint + (g * 93.6)::bigint), 12,
              '0') || '7000a000' || lpad(to_hex(g), 12, '0'))::uuid AS u FROM generate_series(0, 999999) g) x)");
    // Every fifth session tries a login, every fourth types a command; a few are popular, most are rare.
    database.ask(R"(SET statement_timeout = 0;
        INSERT INTO apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, username, secret,
            username_text, secret_text, digest)
        SELECT session_id, started_at, 1, started_at, sensor_id, source, protocol, convert_to(u, 'UTF8'), convert_to(p, 'UTF8'), u, p,
            sha256(convert_to(u || E'\\x01' || p, 'UTF8'))
          FROM (SELECT s.*, 'user' || (200 * power(random(), 4))::int AS u, 'pw' || (2000 * power(random(), 4))::int AS p
            FROM apiary.session s WHERE credentials > 0) x)");
    database.ask(R"(SET statement_timeout = 0;
        INSERT INTO apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument, argument_text,
            normalized)
        SELECT session_id, started_at, 2, started_at, sensor_id, source, protocol, 'GET', convert_to(a, 'UTF8'), a, 'GET ' || a
          FROM (SELECT s.*, 'file' || (1000 * power(random(), 4))::int AS a FROM apiary.session s WHERE commands > 0) x)");
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

struct Leader {
    const char* name;
    v1::TopField field;
};
constexpr std::array<Leader, 8> kLeaders{{{"sources", v1::TOP_FIELD_SOURCE},
                                          {"credentials", v1::TOP_FIELD_CREDENTIAL},
                                          {"protocols", v1::TOP_FIELD_PROTOCOL},
                                          {"ports", v1::TOP_FIELD_PORT},
                                          {"sensors", v1::TOP_FIELD_SENSOR},
                                          {"countries", v1::TOP_FIELD_COUNTRY},
                                          {"commands", v1::TOP_FIELD_COMMAND},
                                          {"artifacts", v1::TOP_FIELD_ARTIFACT}}};

v1::TopNRequest leadersRequest(const v1::Scope& day, v1::TopField field) {
    v1::TopNRequest request;
    *request.mutable_scope() = day;
    request.set_field(field);
    request.set_limit(20);
    return request;
}

void measureLeaders(test::PeopleServer& server, v1::Report::Stub& stub, const v1::Scope& day) {
    for (const Leader& leader : kLeaders) {
        const auto request = leadersRequest(day, leader.field);
        v1::TopNReply top;
        report(std::string("report.top-") + leader.name + "-24h",
               medianMillis([&] { return stub.TopN(server.context(60s).get(), request, &top); }), "ms", 20, true);
    }
    v1::ActivityRequest request;
    *request.mutable_scope() = day;
    v1::ActivityReply activity;
    report("report.activity-24h",
           medianMillis([&] { return stub.Activity(server.context().get(), request, &activity); }), "ms", 20, true);
}

// Everything that the page asks, all at once, as the console does.
void measureOverview(test::PeopleServer& server, v1::Report::Stub& stub, const v1::Scope& day) {
    report("report.overview-24h", medianMillis([&] {
               std::vector<std::future<grpc::Status>> answers;
               const auto ask = [&](auto call) { answers.push_back(std::async(std::launch::async, call)); };
               ask([&] {
                   v1::TotalsRequest request;
                   *request.mutable_scope() = day;
                   request.set_compare(true);
                   v1::TotalsReply reply;
                   return stub.Totals(server.context().get(), request, &reply);
               });
               for (const auto field : {v1::SERIES_FIELD_SESSIONS, v1::SERIES_FIELD_CREDENTIALS}) {
                   ask([&, field] {
                       v1::SeriesRequest request;
                       *request.mutable_scope() = day;
                       request.set_field(field);
                       v1::SeriesReply reply;
                       return stub.Series(server.context().get(), request, &reply);
                   });
               }
               for (const auto field : {v1::TOP_FIELD_SOURCE, v1::TOP_FIELD_CREDENTIAL, v1::TOP_FIELD_COUNTRY}) {
                   ask([&, field] {
                       auto request = leadersRequest(day, field);
                       request.set_limit(5);
                       request.set_compare(true);
                       v1::TopNReply reply;
                       return stub.TopN(server.context().get(), request, &reply);
                   });
               }
               ask([&] {
                   v1::ActivityRequest request;
                   *request.mutable_scope() = day;
                   v1::ActivityReply reply;
                   return stub.Activity(server.context().get(), request, &reply);
               });
               grpc::Status worst;
               for (auto& answer : answers) {
                   const auto status = answer.get();
                   worst = status.ok() ? worst : status;
               }
               return worst;
           }),
           "ms", 150, true);
}

void measurePages(test::PeopleServer& server, v1::Report::Stub& stub, const v1::Scope& day) {
    v1::ListSessionsRequest request;
    *request.mutable_scope() = day;
    request.set_limit(200);
    const auto measured = [&](const std::string& name) {
        v1::ListSessionsReply list;
        report("report.first-200-" + name,
               medianMillis([&] { return stub.ListSessions(server.context(60s).get(), request, &list); }), "ms", 50,
               true);
        std::printf("%d rows\n", list.rows_size());
    };
    const auto filtered = [&](const std::string& name, auto set) {
        request.clear_filter();
        set(*request.mutable_filter());
        measured(name);
    };
    measured("sessions");
    request.mutable_scope()->add_protocols("ftp");
    measured("by-protocol");
    request.mutable_scope()->clear_protocols();
    request.mutable_scope()->add_sensor_ids(3);
    measured("by-sensor");
    request.mutable_scope()->clear_sensor_ids();
    request.mutable_scope()->add_traffic("known-scanner");
    measured("by-traffic-without-rows");
    request.mutable_scope()->clear_traffic();
    filtered("by-network", [](auto& filter) { filter.set_source_network("10.0.1.0/24"); });
    filtered("by-address", [](auto& filter) { filter.set_source_network("10.0.200.7/32"); });
    filtered("by-port", [](auto& filter) { filter.add_target_ports(23); });
    filtered("by-port-without-rows", [](auto& filter) { filter.add_target_ports(9999); });
    filtered("by-outcome", [](auto& filter) { filter.add_outcomes("reset"); });
    filtered("by-popular-login", [](auto& filter) {
        filter.set_username("user0");
        filter.set_secret("pw0");
    });
    filtered("by-rare-login", [](auto& filter) {
        filter.set_username("user180");
        filter.set_secret("pw1800");
    });
    filtered("by-rare-user", [](auto& filter) { filter.set_username("user190"); });
    filtered("by-rare-secret", [](auto& filter) { filter.set_secret("pw1900"); });
    filtered("by-command", [](auto& filter) { filter.set_command_text("file0"); });
    filtered("without-a-port", [](auto& filter) { filter.mutable_without()->add_target_ports(23); });
    filtered("without-a-protocol-and-a-user", [](auto& filter) {
        filter.mutable_without()->add_protocols("ftp");
        filter.mutable_without()->set_username("user0");
    });
    filtered("with-a-login", [](auto& filter) { filter.set_login_tried(true); });
    filtered("of-new-sources", [](auto& filter) { filter.set_source_is_new(true); });
    filtered("of-known-sources", [](auto& filter) { filter.set_source_is_new(false); });
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
    for (const auto& [name, field] :
         {std::pair("sources", v1::SERIES_FIELD_SOURCES), std::pair("new-sources", v1::SERIES_FIELD_NEW_SOURCES)}) {
        auto request = seriesRequest;
        request.set_field(field);
        request.set_step_us(3'600'000'000);
        v1::SeriesReply course;
        report(std::string("report.series-") + name + "-24h",
               medianMillis([&] { return stub->Series(server.context().get(), request, &course); }), "ms", 20, true);
    }
    report("report.totals-24h", medianMillis(askTotals), "ms", 20, true);
    measureLeaders(server, *stub, day);
    measureOverview(server, *stub, day);
    measurePages(server, *stub, day);
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
