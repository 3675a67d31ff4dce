#include "collector/store/report_totals.hpp"

#include "collector/store/report_probes.hpp"
#include "collector/store/report_sources.hpp"
#include "collector/store/report_sql.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

// Where a count may be taken from: a statement that reads some rollup for whole buckets and rows for the ends.
struct SumsPlan {
    const std::string& statement;
    RangeCut cut;
};

std::string sumsOf(const std::string& rollup) {
    return "SELECT coalesce(sum(n), 0)::bigint, coalesce(sum(credentials), 0)::bigint, coalesce(sum(bytes_in), "
           "0)::bigint, "
           "coalesce(sum(bytes_out), 0)::bigint FROM (" +
           rollup + fromEnds("1, credentials, bytes_in, bytes_out") + ") x(n, credentials, bytes_in, bytes_out)";
}

const std::string kSummed = "SELECT sessions, credentials, bytes_in, bytes_out";
const std::string kSumsFive = sumsOf(kSummed + kFromFive);
const std::string kSumsHourSensor = sumsOf(kSummed + kFromHourSensor);
const std::string kSumsRows = sumsOf("");

SumsPlan planSums(const ReportScope& scope) {
    if (!scope.everySource()) {
        return {kSumsRows, rowsOnly(scope)};
    }
    return scope.sensors.empty() ? SumsPlan{kSumsFive, cutRange(scope, 5min)}
                                 : SumsPlan{kSumsHourSensor, cutRange(scope, 1h)};
}

// What counts no ended sessions has the same parameters, so it mentions those that it does not need.
const std::string kOpen =
    "SELECT count(*) FROM apiary.session_open WHERE $1::timestamptz <= $2::timestamptz AND $7::timestamptz <= "
    "$8::timestamptz AND $9::uuid <= $10::uuid AND $11::uuid <= $12::uuid" +
    kFilter;

}  // namespace

v1::TotalsReply countTotals(pqxx::transaction_base& transaction, const ReportScope& scope) {
    v1::TotalsReply reply;
    const auto sums = planSums(scope);
    const auto summed = ask(transaction, sums.statement, scope, sums.cut)[0];
    reply.set_sessions(countOf(summed[0]));
    reply.set_credentials(countOf(summed[1]));
    reply.set_bytes_in(countOf(summed[2]));
    reply.set_bytes_out(countOf(summed[3]));
    const auto sources = countSources(transaction, scope);
    reply.set_sources(sources.seen);
    reply.set_new_sources(sources.fresh);
    reply.set_probes(countProbes(transaction, scope));
    reply.set_open_sessions(countOf(ask(transaction, kOpen, scope, noBuckets(scope))[0][0]));
    return reply;
}

}  // namespace apiary::collector
