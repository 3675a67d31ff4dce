#include "collector/rpc/report_service.hpp"
#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/bench/load.hpp"
#include "tests/bench/million_sessions.hpp"
#include "tests/bench/session_pages.hpp"
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
// range that ends on no edge of a bucket. Argument: of the pages of sessions just those whose name holds it, and
// nothing else.
namespace apiary::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSessions = 1'000'000;

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
constexpr std::array<Leader, 9> kLeaders{{{"sources", v1::TOP_FIELD_SOURCE},
                                          {"credentials", v1::TOP_FIELD_CREDENTIAL},
                                          {"protocols", v1::TOP_FIELD_PROTOCOL},
                                          {"ports", v1::TOP_FIELD_PORT},
                                          {"sensors", v1::TOP_FIELD_SENSOR},
                                          {"countries", v1::TOP_FIELD_COUNTRY},
                                          {"commands", v1::TOP_FIELD_COMMAND},
                                          {"artifacts", v1::TOP_FIELD_ARTIFACT},
                                          {"tools", v1::TOP_FIELD_TOOL}}};

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
    for (const char* tool : {"masscan", "unicornscan", "nmap"}) {
        v1::ListProbesRequest request;
        *request.mutable_scope() = day;
        request.set_tool(tool);
        request.set_limit(200);
        v1::ListProbesReply probes;
        report(std::string("report.first-200-probes-") + tool,
               medianMillis([&] { return stub.ListProbes(server.context().get(), request, &probes); }), "ms", 50, true);
    }
    v1::ActivityRequest request;
    *request.mutable_scope() = day;
    v1::ActivityReply activity;
    report("report.activity-24h",
           medianMillis([&] { return stub.Activity(server.context().get(), request, &activity); }), "ms", 20, true);
}

// Everything that the page asks, all at once, as the console does, with two choices of its third list; answered by as
// many threads as the program has for it.
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
               for (const auto field : {v1::SERIES_FIELD_SESSIONS, v1::SERIES_FIELD_CREDENTIALS,
                                        v1::SERIES_FIELD_SOURCES, v1::SERIES_FIELD_NEW_SOURCES}) {
                   ask([&, field] {
                       v1::SeriesRequest request;
                       *request.mutable_scope() = day;
                       request.set_field(field);
                       if (field == v1::SERIES_FIELD_SOURCES || field == v1::SERIES_FIELD_NEW_SOURCES) {
                           request.set_step_us(3'600'000'000);
                       }
                       v1::SeriesReply reply;
                       return stub.Series(server.context().get(), request, &reply);
                   });
               }
               for (const auto field : {v1::TOP_FIELD_SOURCE, v1::TOP_FIELD_CREDENTIAL, v1::TOP_FIELD_COUNTRY,
                                        v1::TOP_FIELD_COMMAND, v1::TOP_FIELD_TOOL}) {
                   ask([&, field] {
                       auto request = leadersRequest(day, field);
                       request.set_limit(field == v1::TOP_FIELD_COUNTRY ? 300 : 20);
                       request.set_compare(true);
                       v1::TopNReply reply;
                       return stub.TopN(server.context().get(), request, &reply);
                   });
               }
               ask([&] {
                   v1::ActivityRequest request;
                   *request.mutable_scope() = day;
                   request.mutable_scope()->set_from_us(day.to_us() - 28 * 86'400'000'000);
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

void measure(test::PeopleServer& server, const std::string& only) {
    const auto stub = v1::Report::NewStub(server.channel(test::Caller::Viewer));
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        (std::chrono::system_clock::now() - 1h).time_since_epoch());
    v1::Scope day;
    day.set_to_us(static_cast<std::uint64_t>(now.count() | 1));
    day.set_from_us(day.to_us() - 86'400'000'000);
    if (!only.empty()) {
        measurePages(server, *stub, day, only);
        return;
    }

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
    measurePages(server, *stub, day, only);
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

int main(int argc, char** argv) {
    try {
        apiary::test::PeopleServer server(64, apiary::collector::kReportThreads);
        apiary::bench::loadMillion(server.database);
        apiary::bench::measure(server, argc > 1 ? argv[1] : "");
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "report_bench: %s\n", error.what());
        return 1;
    }
}
