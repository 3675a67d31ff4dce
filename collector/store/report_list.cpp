#include "collector/store/column_values.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/report_row.hpp"
#include "collector/store/report_sql.hpp"
#include "collector/store/report_totals.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace apiary::collector {
namespace {

using Parameters = std::vector<std::optional<std::string>>;

// The id begins with the start, so the primary key is the index of time: one range of it, walked backwards.
const std::string kListed =
    " FROM apiary.session s WHERE started_at >= $1::timestamptz AND started_at < $2::timestamptz AND session_id >= "
    "$7::uuid AND session_id < $8::uuid" +
    kFilter;
const std::string kPageBegin = kEndedRow + " FROM (SELECT s.*" + kListed;
const std::string kPageEnd = " ORDER BY session_id DESC LIMIT $9::int)" +
                             endedJoins("c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz") +
                             "ORDER BY s.session_id DESC";

// Each part is a question of its own.
constexpr std::size_t kMostParts = 50;
const std::string kPortHours =
    "SELECT DISTINCT (extract(epoch FROM bucket_at) * 1000000)::bigint FROM apiary.rollup_hour_port WHERE bucket_at >= "
    "date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00') AND bucket_at < $2::timestamptz AND traffic = ANY "
    "($3::text[]) AND target_port = ANY ($4::int[]) ORDER BY 1 DESC";

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

/// Executes a statement about the rows of the list that come before `before`.
pqxx::result askListed(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                       const Uuid& before, std::int64_t limit, const Parameters& filter) {
    std::vector<const char*> more;
    std::ranges::transform(filter, std::back_inserter(more),
                           [](const auto& value) { return value ? value->c_str() : nullptr; });
    return transaction.exec_params(statement, momentText(scope.from), momentText(scope.to), arrayText(scope.sensors),
                                   arrayText(scope.protocols), arrayText(scope.traffic),
                                   scope.everySource() ? nullptr : scope.source.c_str(), firstIdFrom(scope.from).text(),
                                   before.text(), limit, pqxx::prepare::make_dynamic_params(more));
}

constexpr std::uint64_t kManyLogins = 2000;
const std::string kLogins =
    "SELECT count(*) FROM (SELECT FROM apiary.credential WHERE username_text = $1::text AND secret_text = $2::text AND "
    "started_at >= $3::timestamptz AND started_at < $4::timestamptz LIMIT " +
    std::to_string(kManyLogins) + ") x";

bool manyLogins(pqxx::transaction_base& transaction, const SessionFilter& filter, ReportMoment from, ReportMoment to) {
    return countOf(transaction.exec_params1(kLogins, *filter.username, *filter.secret, momentText(from),
                                            momentText(to))[0]) == kManyLogins;
}

constexpr std::uint64_t kManyOfNew = 4000;
constexpr std::uint64_t kManyNew = 2000;
const std::string kNewOnes =
    "SELECT count(*), coalesce(sum(sessions), 0)::bigint FROM (SELECT sessions FROM apiary.source WHERE first_seen_at "
    ">= "
    "$1::timestamptz AND first_seen_at < $2::timestamptz AND traffic = ANY ($3::text[]) LIMIT " +
    std::to_string(kManyNew) + ") x";

/// Whether the sources that are new in the scope are so few that their sessions can be looked up.
bool fewNewSources(pqxx::transaction_base& transaction, const ReportScope& scope) {
    const auto row =
        transaction.exec_params1(kNewOnes, momentText(scope.from), momentText(scope.to), arrayText(scope.traffic));
    return countOf(row[0]) < kManyNew && countOf(row[1]) < kManyOfNew;
}

/// How to find the sessions that began before `end` with what the filter names: a login by user and secret, or that
/// their source is new. The list is walked for what is popular at its beginning: who was so long ago would be looked
/// for in all since then.
FilterSearch chooseSearch(pqxx::transaction_base& transaction, const ReportScope& scope, const SessionFilter& filter,
                          ReportMoment end) {
    if (filter.sourceIsNew) {
        return *filter.sourceIsNew && fewNewSources(transaction, scope) ? FilterSearch::ByDeed : FilterSearch::InOrder;
    }
    if (!filter.username || !filter.secret) {
        return FilterSearch::Planned;
    }
    if (manyLogins(transaction, filter, std::max(scope.from, end - std::chrono::hours(24)), end)) {
        return FilterSearch::InOrder;
    }
    return manyLogins(transaction, filter, scope.from, scope.to) ? FilterSearch::Planned : FilterSearch::ByDeed;
}

/// The parts of the scope that may hold what the filter lets through, newest first: hours in which its ports were not
/// met are left out.
std::vector<ReportScope> partsOf(pqxx::transaction_base& transaction, const ReportScope& scope,
                                 const SessionFilter& filter) {
    if (filter.ports.empty()) {
        return {scope};
    }
    std::vector<ReportScope> parts;
    for (const auto& row : transaction.exec_params(kPortHours, momentText(scope.from), momentText(scope.to),
                                                   arrayText(scope.traffic), arrayText(filter.ports))) {
        const ReportMoment hour{std::chrono::microseconds(row[0].as<std::int64_t>())};
        const auto from = std::max(scope.from, hour);
        const auto to = std::min(scope.to, hour + std::chrono::hours(1));
        if (!parts.empty() && (parts.back().from == to || parts.size() == kMostParts)) {
            parts.back().from = from;
            continue;
        }
        auto& part = parts.emplace_back(scope);
        part.from = from;
        part.to = to;
    }
    return parts;
}

}  // namespace

v1::ListSessionsReply ReportReader::listSessions(const ReportScope& scope, const PageKey& page, std::uint32_t limit,
                                                 const SessionFilter& filter) {
    ReportTransaction transaction(connection_.session());
    v1::ListSessionsReply reply;
    const auto last = firstIdFrom(scope.to);
    const auto before = page.before ? std::min(*page.before, last) : last;
    const auto search =
        chooseSearch(transaction, scope, filter, std::chrono::floor<std::chrono::microseconds>(before.time()));
    const auto statement = kPageBegin + conditionsOf(filter, search, FilterSearch::InOrder) + kPageEnd;
    const auto parameters = parametersOf(filter, scope.from);
    for (const auto& part : partsOf(transaction, scope, filter)) {
        const auto missing = static_cast<std::int64_t>(limit) - reply.rows_size();
        const auto rows =
            askListed(transaction, statement, part, std::min(before, firstIdFrom(part.to)), missing + 1, parameters);
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
    // All are wanted, so those with a popular login are not looked for one by one.
    const bool byDeed = chooseSearch(transaction, scope, filter, scope.to) == FilterSearch::ByDeed;
    const auto search = byDeed ? FilterSearch::ByDeed : FilterSearch::Planned;
    const auto bySource = "SELECT source, count(*) AS sessions, sum(n) AS times FROM (SELECT source, " +
                          timesOf(filter) + " AS n" + kListed + conditionsOf(filter, search) +
                          " ORDER BY session_id DESC LIMIT $9::bigint) x GROUP BY source";
    const auto parts = partsOf(transaction, scope, filter);
    // A source may have come in several parts.
    const auto statement = parts.size() > 1
                               ? bySource
                               : "SELECT count(*), coalesce(sum(sessions), 0)::bigint, coalesce(sum(times), 0)::bigint "
                                 "FROM (" +
                                     bySource + ") y";
    const auto parameters = parametersOf(filter, scope.from);
    std::unordered_set<std::string> sources;
    for (const auto& part : parts) {
        const auto left = kMostCounted - static_cast<std::int64_t>(reply.sessions());
        for (const auto& row : askListed(transaction, statement, part, firstIdFrom(part.to), left, parameters)) {
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
