#include "collector/store/report_search.hpp"

#include "collector/store/column_values.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace apiary::collector {

namespace {

using namespace std::chrono_literals;
using Parameters = std::vector<std::optional<std::string>>;

constexpr std::size_t kMostParts = 50;  // each is a question of its own

constexpr std::uint64_t kReadMore = 4;
constexpr auto kLongestByHours = 400 * 24h;  // of longer ranges each hour is not asked for

constexpr FilterSearch kRows{.oneByOne = true};

/// What a statement does not need of the list's parameters, it names here.
const std::string kEveryParameter =
    " WHERE num_nulls($1::timestamptz, $2::timestamptz, $3::int[], $4::text[], $5::text[], $6::inet, $7::uuid, "
    "$8::uuid, "
    "$9::int) >= 0 AND " +
    everyParameter();

/// Questions about what the filter names in the scope.
class Survey {
public:
    Survey(pqxx::transaction_base& transaction, ReportScope scope, const SessionFilter& filter,
           const SearchLimits& limits)
        : transaction_(transaction),
          scope_(std::move(scope)),
          filter_(filter),
          limits_(limits),
          parameters_(parametersOf(filter, scope_.from)) {}

    bool names(Deeds kind) const { return !deedRows(filter_, kind).empty(); }

    /// What it names of the sessions themselves.
    SessionFilter columns() const {
        SessionFilter columns = filter_;
        columns.without = {};
        columns.username.reset();
        columns.secret.reset();
        columns.commandText.clear();
        columns.command.clear();
        columns.artifact.clear();
        columns.sourceIsNew.reset();
        columns.weekHours.clear();
        return columns;
    }

    /// Whether sessions that have what it names of themselves are few.
    bool fewRows() const {
        const SessionFilter named = columns();
        return !named.empty() &&
               countOf(ask("SELECT count(*) FROM (SELECT" + kListed + columnConditionsOf(named) + " LIMIT $9::int) x",
                           limits_.rows)[0][0]) < static_cast<std::uint64_t>(limits_.rows);
    }

    bool fewDeeds(Deeds kind) const {
        const bool pairs = kind == Deeds::Logins && filter_.username && filter_.secret && !columns().empty();
        const std::int64_t limit = pairs ? limits_.pairs : limits_.deeds;
        return countOf(ask(
                   "SELECT count(*) FROM (SELECT " + deedRows(filter_, kind) + " LIMIT $9::int) x" + kEveryParameter,
                   limit)[0][0]) < static_cast<std::uint64_t>(limit);
    }

    /// The start of the session of the newest but so many of them.
    std::optional<ReportMoment> startOfFew(Deeds kind) const {
        return startIn("SELECT c.started_at " + deedRows(filter_, kind) +
                       " ORDER BY c.started_at DESC OFFSET $9::int - 1 LIMIT 1");
    }

    /// Likewise of sessions.
    std::optional<ReportMoment> startOfFewRows() const {
        return startIn(
            "SELECT s.started_at FROM apiary.session s WHERE s.started_at >= $1::timestamptz AND s.started_at "
            "< $2::timestamptz AND s.session_id >= $7::uuid AND s.session_id < $8::uuid ORDER BY s.session_id "
            "DESC OFFSET $9::int - 1 LIMIT 1");
    }

    std::optional<FilterSearch> sources() const {
        const auto found = ask("SELECT count(*), coalesce(sum(sessions), 0)::bigint FROM (SELECT c.sessions " +
                                   deedRows(filter_, Deeds::Sources) + " LIMIT $9::int) x" + kEveryParameter,
                               limits_.hashed);
        const auto count = static_cast<std::int64_t>(countOf(found[0][0]));
        if (count >= limits_.hashed) {
            return std::nullopt;
        }
        // All sessions of a known source came not in the range, so these say nothing of how many did.
        const bool few = count < limits_.sources && (!*filter_.sourceIsNew || countOf(found[0][1]) < limits_.ofSources);
        return FilterSearch{.first = Deeds::Sources, .sourcesHashed = !few, .oneByOne = true};
    }

    /// Stretches of the scope by their starts, newest first, and how many logins or commands came in each: five minutes
    /// of the last day, hours before it.
    std::vector<std::pair<ReportMoment, std::uint64_t>> course(Deeds kind) const {
        const std::string column = kind == Deeds::Logins ? "credentials" : "commands";
        const auto from = [&](const std::string& table, const std::string& range) {
            return "SELECT (extract(epoch FROM bucket_at) * 1000000)::bigint, sum(" + column +
                   ")::bigint FROM apiary." + table + " WHERE traffic = ANY ($3::text[]) AND " + range + " GROUP BY 1";
        };
        const std::string begin = "date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00')";
        const std::string lastDay =
            "greatest(" + begin + ", date_bin('1 hour', $2::timestamptz - interval '1 day', '1970-01-01 00:00+00'))";
        std::vector<std::pair<ReportMoment, std::uint64_t>> stretches;
        for (const auto& row : transaction_.exec_params(
                 from("rollup_5m_protocol", "bucket_at >= " + lastDay + " AND bucket_at < $2::timestamptz") +
                     " UNION ALL " +
                     from("rollup_hour_protocol", "bucket_at >= " + begin + " AND bucket_at < " + lastDay) +
                     " ORDER BY 1 DESC",
                 momentText(scope_.from), momentText(scope_.to), arrayText(scope_.traffic))) {
            stretches.emplace_back(ReportMoment(std::chrono::microseconds(row[0].as<std::int64_t>())), countOf(row[1]));
        }
        return stretches;
    }

    /// The hours, newest first, in which logins or commands came, if the filter names any, at the sensors and of the
    /// protocols that it or the scope names. Nothing if either names none.
    std::optional<std::vector<ReportMoment>> hours() const {
        const bool logins = names(Deeds::Logins) || filter_.loginTried.value_or(false);
        const bool commands = names(Deeds::Commands) || names(Deeds::Texts);
        const bool sensors = !scope_.sensors.empty() || !filter_.sensors.empty();
        const bool protocols = !scope_.protocols.empty() || !filter_.protocols.empty();
        if ((!logins && !commands) || (!sensors && !protocols) || scope_.to - scope_.from > kLongestByHours) {
            return std::nullopt;
        }
        const auto oneOf = [](const std::string& column, const std::string& values) {
            return " AND (cardinality(" + values + ") = 0 OR " + column + " = ANY (" + values + "))";
        };
        const std::string statement =
            std::string("SELECT DISTINCT (extract(epoch FROM bucket_at) * 1000000)::bigint FROM apiary.") +
            (sensors ? "rollup_hour_sensor" : "rollup_hour_protocol") +
            " WHERE bucket_at = ANY (ARRAY(SELECT generate_series(date_bin('1 hour', $1::timestamptz, '1970-01-01 "
            "00:00+00'), $2::timestamptz - interval '1 us', interval '1 hour'))) AND traffic = ANY ($3::text[])" +
            (sensors ? oneOf("sensor_id", "$4::int[]") + oneOf("sensor_id", "$5::int[]")
                     : " AND cardinality($4::int[]) + cardinality($5::int[]) = 0") +
            oneOf("protocol", "$6::text[]") + oneOf("protocol", "$7::text[]") + (logins ? " AND credentials > 0" : "") +
            (commands ? " AND commands > 0" : "") + " ORDER BY 1 DESC";
        std::vector<ReportMoment> found;
        for (const auto& row :
             transaction_.exec_params(statement, momentText(scope_.from), momentText(scope_.to),
                                      arrayText(scope_.traffic), arrayText(scope_.sensors), arrayText(filter_.sensors),
                                      arrayText(scope_.protocols), arrayText(filter_.protocols))) {
            found.emplace_back(std::chrono::microseconds(row[0].as<std::int64_t>()));
        }
        return found;
    }

private:
    pqxx::result ask(const std::string& statement, std::int64_t limit) const {
        return askListed(transaction_, statement, scope_, firstIdFrom(scope_.to), limit, parameters_);
    }
    std::optional<ReportMoment> startIn(const std::string& statement) const {
        const auto found =
            ask("SELECT (extract(epoch FROM (" + statement + ")) * 1000000)::bigint" + kEveryParameter, limits_.deeds);
        return found[0][0].is_null()
                   ? std::nullopt
                   : std::optional(ReportMoment(std::chrono::microseconds(found[0][0].as<std::int64_t>())));
    }

    pqxx::transaction_base& transaction_;
    const ReportScope scope_;
    const SessionFilter& filter_;
    const SearchLimits& limits_;
    const Parameters parameters_;
};

/// What is looked for first, if anything is rare.
std::optional<FilterSearch> chooseRare(const Survey& survey, const SessionFilter& filter) {
    const bool deeds = std::ranges::any_of(
        std::initializer_list<Deeds>{Deeds::Artifacts, Deeds::Logins, Deeds::Commands, Deeds::Texts, Deeds::Sources},
        [&](Deeds kind) { return survey.names(kind); });
    if (!deeds || survey.fewRows()) {
        return kRows;
    }
    for (const Deeds kind : {Deeds::Artifacts, Deeds::Logins, Deeds::Commands}) {
        if (survey.names(kind) && survey.fewDeeds(kind)) {
            return FilterSearch{.first = kind, .oneByOne = true};
        }
    }
    return filter.sourceIsNew ? survey.sources() : std::nullopt;
}

/// Cuts the part of the scope from `at` on off, to be searched so.
void cutOff(ReportScope& rest, ReportMoment at, FilterSearch search, std::vector<SearchPart>& parts) {
    ReportScope newest = rest;
    newest.from = std::max(rest.from, at);
    rest.to = newest.from;
    parts.push_back({newest, search});
}

/// Reads through all of them, from the newest on: a text is found only so, and a popular login soonest.
std::vector<SearchPart> readThrough(const Survey& survey, Deeds kind, ReportScope rest, std::uint64_t atOnce) {
    const FilterSearch reading{.first = kind, .oneByOne = true};
    std::vector<SearchPart> parts;
    std::uint64_t read = 0;
    for (const auto& [start, count] : survey.course(kind)) {
        read += count;
        if (read >= atOnce && start > rest.from) {
            cutOff(rest, start, reading, parts);
            read = 0;
            atOnce *= kReadMore;
        }
    }
    parts.push_back({rest, reading});
    return parts;
}

/// Of what nothing is rare.
std::vector<SearchPart> searchPopular(const Survey& survey, ReportScope rest, std::uint64_t readAtOnce) {
    std::vector<SearchPart> parts;
    for (const Deeds kind : {Deeds::Artifacts, Deeds::Commands}) {
        if (survey.names(kind)) {
            if (const auto start = survey.startOfFew(kind)) {
                cutOff(rest, *start, {.first = kind, .oneByOne = true}, parts);
            }
            parts.push_back({rest, kRows});
            return parts;
        }
    }
    // Most are read in vain where the sessions themselves must be of some kind.
    if (survey.names(Deeds::Logins) && survey.columns().empty()) {
        return readThrough(survey, Deeds::Logins, rest, readAtOnce);
    }
    return survey.names(Deeds::Texts) && !survey.names(Deeds::Logins)
               ? readThrough(survey, Deeds::Texts, rest, readAtOnce)
               : std::vector<SearchPart>{{rest, kRows}};
}

/// Adds an hour that is older than all before it to the stretches of a scope; the oldest stretch grows when there are
/// many.
void addHour(const ReportScope& scope, ReportMoment hour, std::vector<ReportScope>& stretches) {
    const auto from = std::max(scope.from, hour);
    if (!stretches.empty() && (stretches.back().from == hour + 1h || stretches.size() == kMostParts)) {
        stretches.back().from = from;
        return;
    }
    auto& part = stretches.emplace_back(scope);
    part.from = from;
    part.to = std::min<ReportMoment>(scope.to, hour + 1h);
}

/// What of the parts lies in these stretches; both are newest first.
std::vector<SearchPart> within(const std::vector<SearchPart>& parts, const std::vector<ReportScope>& stretches) {
    std::vector<SearchPart> left;
    for (const SearchPart& part : parts) {
        for (const ReportScope& stretch : stretches) {
            SearchPart both = part;
            both.scope.from = std::max(part.scope.from, stretch.from);
            both.scope.to = std::min(part.scope.to, stretch.to);
            if (both.scope.from < both.scope.to) {
                left.push_back(std::move(both));
            }
        }
    }
    return left;
}

/// The hours of the week that the filter names, newest first; the whole scope if it names none.
std::vector<ReportScope> stretches(const ReportScope& scope, const SessionFilter& filter) {
    if (filter.weekHours.empty()) {
        return {scope};
    }
    std::vector<bool> named(7 * 24);
    for (const std::int32_t hour : filter.weekHours) {
        named.at(static_cast<std::size_t>(hour)) = true;
    }
    std::vector<ReportScope> found;
    for (auto hour = std::chrono::ceil<std::chrono::hours>(scope.to) - 1h; hour + 1h > scope.from; hour -= 1h) {
        const auto day = std::chrono::floor<std::chrono::days>(hour);
        const auto ofWeek =
            (std::chrono::weekday(day).iso_encoding() - 1) * 24 + static_cast<std::size_t>((hour - day).count());
        if (!named.at(ofWeek)) {
            continue;
        }
        addHour(scope, hour, found);
    }
    return found;
}

/// Parts of the whole scope.
std::vector<SearchPart> searchEverywhere(const Survey& survey, ReportScope left, const SessionFilter& filter,
                                         std::uint64_t readAtOnce) {
    const auto rare = chooseRare(survey, filter);
    std::vector<SearchPart> parts;
    if (!filter.weekHours.empty()) {
        for (const auto& stretch : stretches(left, filter)) {
            parts.push_back({stretch, rare.value_or(kRows)});
        }
        return parts;
    }
    if (!rare) {
        return searchPopular(survey, left, readAtOnce);
    }
    // Of few sources that are known, one may have come all the time.
    if (rare->first == Deeds::Sources && !rare->sourcesHashed && !*filter.sourceIsNew) {
        if (const auto start = survey.startOfFewRows()) {
            cutOff(left, *start, kRows, parts);
        }
    }
    parts.push_back({left, *rare});
    return parts;
}

}  // namespace

pqxx::result askListed(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                       const Uuid& before, std::int64_t limit, const Parameters& parameters) {
    std::vector<const char*> more;
    std::ranges::transform(parameters, std::back_inserter(more),
                           [](const auto& value) { return value ? value->c_str() : nullptr; });
    return transaction.exec_params(statement, momentText(scope.from), momentText(scope.to), arrayText(scope.sensors),
                                   arrayText(scope.protocols), arrayText(scope.traffic),
                                   scope.everySource() ? nullptr : scope.source.c_str(), firstIdFrom(scope.from).text(),
                                   before.text(), limit, pqxx::prepare::make_dynamic_params(more));
}

std::vector<SearchPart> searchPage(pqxx::transaction_base& transaction, const ReportScope& scope, const Uuid& before,
                                   const SessionFilter& filter, const SearchLimits& limits) {
    ReportScope left = scope;
    left.to = std::min(scope.to, std::chrono::floor<std::chrono::microseconds>(before.time()) + 1ms);
    const Survey survey(transaction, left, filter, limits);
    const auto hours = survey.hours();
    if (!hours) {
        return searchEverywhere(survey, left, filter, limits.readAtOnce);
    }
    std::vector<ReportScope> there;
    for (const ReportMoment hour : *hours) {
        addHour(left, hour, there);
    }
    return there.empty() ? std::vector<SearchPart>()
                         : within(searchEverywhere(survey, left, filter, limits.readAtOnce), there);
}

std::vector<SearchPart> searchAll(pqxx::transaction_base& transaction, const ReportScope& scope,
                                  const SessionFilter& filter, const SearchLimits& limits) {
    const Survey survey(transaction, scope, filter, limits);
    auto search = chooseRare(survey, filter).value_or(FilterSearch());
    if (search.first == Deeds::Sources && (search.sourcesHashed || !*filter.sourceIsNew)) {
        search = {};
    }
    search.oneByOne = false;
    ReportScope left = scope;
    if (const auto hours = survey.hours()) {
        if (hours->empty()) {
            return {};
        }
        left.from = std::max(left.from, hours->back());
        left.to = std::min<ReportMoment>(left.to, hours->front() + 1h);
    }
    std::vector<SearchPart> parts;
    for (const auto& stretch : stretches(left, filter)) {
        parts.push_back({stretch, search});
    }
    return parts;
}

}  // namespace apiary::collector
