#include "collector/store/column_values.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/report_row.hpp"
#include "collector/store/report_search.hpp"
#include "collector/store/report_sql.hpp"
#include "collector/store/report_totals.hpp"
#include "collector/store/report_turned_filter.hpp"

#include <algorithm>
#include <unordered_set>

namespace apiary::collector {
namespace {

// A limit that none comes to. It keeps what stands around out, and has PostgreSQL think of ways that begin soon.
const std::string kAll = "LIMIT 1000000000";

/// A page of the sessions for which these hold. What is to be looked up comes behind the order: only until the page is
/// full, whatever index finds those that may be on it.
std::string pageOf(const std::string& columns, const std::string& others) {
    const std::string range = "c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz";
    const std::string order = " ORDER BY session_id DESC ";
    const std::string rows =
        others.empty() ? "SELECT s.*" + kListed + columns + order + "LIMIT $9::int"
                       : "SELECT c.* FROM (SELECT session_id, started_at FROM (SELECT session_id, started_at, source, "
                         "credentials, "
                         "commands, artifacts" +
                             kListed + columns + order + kAll + ") s WHERE true" + others + order +
                             "LIMIT $9::int) p JOIN apiary.session c USING (session_id, started_at) WHERE " + range;
    const std::string folded = "SELECT s.*" + kListedOfFolds + columns + others + order + "LIMIT $9::int";
    const std::string both = "SELECT * FROM ((" + rows + ") UNION ALL (" + folded + ")) b" + order + "LIMIT $9::int";
    return kEndedRow + " FROM (" + both + ")" + endedJoins(range) + "ORDER BY s.session_id DESC";
}

constexpr std::int64_t kMostCounted = 100'000;

/// At most `most` of them; true if there are more.
bool addRows(const pqxx::result& rows, std::int64_t most, v1::ListSessionsReply& reply) {
    for (const auto& row : rows) {
        if (most-- == 0) {
            return true;
        }
        readRow(row, *reply.add_rows());
    }
    return false;
}

}  // namespace

v1::ListSessionsReply ReportReader::listSessions(const ReportScope& scope, const PageKey& page, std::uint32_t limit,
                                                 const SessionFilter& filter) {
    ReportTransaction transaction(connection_.session());
    v1::ListSessionsReply reply;
    const auto wanted = turnedRound(transaction, scope, filter);
    if (!wanted) {
        return reply;
    }
    const auto last = firstIdFrom(scope.to);
    const auto before = page.before ? std::min(*page.before, last) : last;
    const auto parameters = parametersOf(*wanted, scope.from);
    for (const auto& part : searchPage(transaction, scope, before, *wanted, limits_)) {
        const auto statement =
            pageOf(columnConditionsOf(*wanted, part.search), otherConditionsOf(*wanted, part.search));
        const auto missing = static_cast<std::int64_t>(limit) - reply.rows_size();
        const auto rows = askListed(transaction, statement, part.scope, std::min(before, firstIdFrom(part.scope.to)),
                                    missing + 1, parameters);
        if (addRows(rows, missing, reply)) {
            reply.set_more(true);
            break;
        }
    }
    return reply;
}

v1::CountSessionsReply ReportReader::count(const ReportScope& scope, const SessionFilter& filter) {
    v1::CountSessionsReply reply;
    ReportTransaction transaction(connection_.session());
    SessionFilter tried;
    tried.loginTried = true;
    SessionFilter fresh;
    fresh.sourceIsNew = true;
    if (filter.empty()) {
        const auto totals = countTotals(transaction, scope);
        reply.set_sessions(totals.sessions());
        reply.set_sources(totals.sources());
        return reply;
    }
    const auto wanted = turnedRound(transaction, scope, filter);
    if (!wanted) {
        return reply;
    }
    const auto parts = searchAll(transaction, scope, *wanted, limits_);
    if (parts.empty()) {
        return reply;
    }
    const FilterSearch search = parts.front().search;
    const auto bySource = "SELECT source, count(*) AS sessions, sum(n) AS times FROM (SELECT * FROM ((SELECT source, " +
                          timesOf(*wanted) + " AS n" + kListed + columnConditionsOf(*wanted, search) +
                          otherConditionsOf(*wanted, search) +
                          " ORDER BY session_id DESC LIMIT $9::bigint) UNION ALL (SELECT source, " + timesOf(*wanted) +
                          kListedOfFolds + columnConditionsOf(*wanted, search) + otherConditionsOf(*wanted, search) +
                          " LIMIT $9::bigint)) b LIMIT $9::bigint) x GROUP BY source";
    // A source may have come in several parts.
    const auto statement = parts.size() > 1
                               ? bySource
                               : "SELECT count(*), coalesce(sum(sessions), 0)::bigint, coalesce(sum(times), 0)::bigint "
                                 "FROM (" +
                                     bySource + ") y";
    const auto parameters = parametersOf(*wanted, scope.from);
    std::unordered_set<std::string> sources;
    for (const auto& part : parts) {
        const auto left = kMostCounted - static_cast<std::int64_t>(reply.sessions());
        for (const auto& row :
             askListed(transaction, statement, part.scope, firstIdFrom(part.scope.to), left, parameters)) {
            reply.set_sessions(reply.sessions() + countOf(row[1]));
            reply.set_times(reply.times() + countOf(row[2]));
            if (parts.size() > 1) {
                sources.insert(textOf(row[0]));
            } else {
                reply.set_sources(countOf(row[0]));
            }
        }
    }
    if (parts.size() > 1) {
        reply.set_sources(sources.size());
    }
    reply.set_more(reply.sessions() == static_cast<std::uint64_t>(kMostCounted));
    if (filter == tried && reply.more()) {
        reply.set_times(countTotals(transaction, scope).credentials());
    } else if (filter == fresh && reply.more()) {
        reply.set_sources(countTotals(transaction, scope).new_sources());
    }
    return reply;
}

}  // namespace apiary::collector
