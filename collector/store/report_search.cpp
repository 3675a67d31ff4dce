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
constexpr std::size_t kMostValues = 1000;

constexpr std::uint64_t kReadMore = 4;

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
        const auto from = std::max<ReportMoment>(scope.from, hour);
        if (!found.empty() && (found.back().from == hour + 1h || found.size() == kMostParts)) {
            found.back().from = from;
            continue;
        }
        auto& part = found.emplace_back(scope);
        part.from = from;
        part.to = std::min<ReportMoment>(scope.to, hour + 1h);
    }
    return found;
}

const std::string kKnownIn =
    " WHERE bucket_at >= date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00') AND bucket_at < "
    "$2::timestamptz AND traffic = ANY ($3::text[])";
const std::string kKnownProtocols = "SELECT DISTINCT protocol FROM apiary.rollup_hour_protocol" + kKnownIn;
const std::string kKnownPorts = "SELECT DISTINCT target_port FROM apiary.rollup_hour_port" + kKnownIn;
const std::string kKnownCountries = "SELECT DISTINCT country FROM apiary.rollup_hour_country" + kKnownIn;
const std::string kKnownSensors = "SELECT DISTINCT sensor_id FROM apiary.rollup_hour_sensor" + kKnownIn;

template <typename Value>
std::vector<Value> valuesIn(pqxx::transaction_base& transaction, const std::string& statement,
                            const ReportScope& scope) {
    std::vector<Value> values;
    for (const auto& row :
         transaction.exec_params(statement, momentText(scope.from), momentText(scope.to), arrayText(scope.traffic))) {
        values.push_back(row[0].as<Value>());
    }
    return values;
}

/// False if nothing is left.
template <typename Value, typename Known>
bool turn(std::vector<Value>& wanted, std::vector<Value>& leftOut, Known known) {
    if (leftOut.empty()) {
        return true;
    }
    std::vector<Value> left = wanted.empty() ? known() : wanted;
    std::erase_if(left, [&](const Value& value) { return std::ranges::find(leftOut, value) != leftOut.end(); });
    if (left.size() <= kMostValues) {
        leftOut.clear();
        wanted = std::move(left);
        return !wanted.empty();
    }
    return true;
}

bool turn(std::optional<bool>& wanted, std::optional<bool>& leftOut) {
    if (!leftOut) {
        return true;
    }
    const bool left = !*std::exchange(leftOut, std::nullopt);
    return *(wanted = wanted.value_or(left)) == left;
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

std::optional<SessionFilter> turnedRound(pqxx::transaction_base& transaction, const ReportScope& scope,
                                         SessionFilter filter) {
    SessionConditions& out = filter.without;
    const auto known = [&]<typename Value>(const std::string& statement, Value) {
        return [&transaction, &scope, &statement] { return valuesIn<Value>(transaction, statement, scope); };
    };
    const bool left = turn(filter.protocols, out.protocols, known(kKnownProtocols, std::string())) &&
                      turn(filter.ports, out.ports, known(kKnownPorts, std::int32_t())) &&
                      turn(filter.countries, out.countries, known(kKnownCountries, std::string())) &&
                      turn(filter.sensors, out.sensors, known(kKnownSensors, std::int32_t())) &&
                      turn(filter.outcomes, out.outcomes,
                           [&] {
                               std::vector<std::string> outcomes;
                               for (const auto& row : transaction.exec("SELECT outcome FROM apiary.outcome")) {
                                   outcomes.push_back(textOf(row[0]));
                               }
                               return outcomes;
                           }) &&
                      turn(filter.transports, out.transports,
                           [] {
                               return std::vector<std::string>{"tcp", "udp"};
                           }) &&
                      turn(filter.weekHours, out.weekHours,
                           [] {
                               std::vector<std::int32_t> hours(7 * 24);
                               std::ranges::generate(hours, [hour = 0]() mutable { return hour++; });
                               return hours;
                           }) &&
                      turn(filter.loginAccepted, out.loginAccepted) && turn(filter.loginTried, out.loginTried);
    return left ? std::optional(std::move(filter)) : std::nullopt;
}

std::vector<SearchPart> searchPage(pqxx::transaction_base& transaction, const ReportScope& scope, const Uuid& before,
                                   const SessionFilter& filter, const SearchLimits& limits) {
    ReportScope left = scope;
    left.to = std::min(scope.to, std::chrono::floor<std::chrono::microseconds>(before.time()) + 1ms);
    const Survey survey(transaction, left, filter, limits);
    const auto rare = chooseRare(survey, filter);
    std::vector<SearchPart> parts;
    if (!filter.weekHours.empty()) {
        for (const auto& stretch : stretches(left, filter)) {
            parts.push_back({stretch, rare.value_or(kRows)});
        }
        return parts;
    }
    if (!rare) {
        return searchPopular(survey, left, limits.readAtOnce);
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

std::vector<SearchPart> searchAll(pqxx::transaction_base& transaction, const ReportScope& scope,
                                  const SessionFilter& filter, const SearchLimits& limits) {
    auto search = chooseRare(Survey(transaction, scope, filter, limits), filter).value_or(FilterSearch());
    if (search.first == Deeds::Sources && (search.sourcesHashed || !*filter.sourceIsNew)) {
        search = {};
    }
    search.oneByOne = false;
    std::vector<SearchPart> parts;
    for (const auto& stretch : stretches(scope, filter)) {
        parts.push_back({stretch, search});
    }
    return parts;
}

}  // namespace apiary::collector
