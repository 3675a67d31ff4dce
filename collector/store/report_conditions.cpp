#include "collector/store/report_conditions.hpp"

#include "collector/store/column_values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace apiary::collector {
namespace {

constexpr std::string_view kUnknownCountry = "\?\?";
constexpr std::string_view kUnknownNetwork = "0";

// Where the parameters of conditions stand, after $9 of the list; those of what must not be so follow.
enum Place : std::size_t {
    kNetwork,
    kPorts,
    kUsername,
    kSecret,
    kOutcomes,
    kCommandText,
    kCommand,
    kArtifact,
    kWeekHours,
    kTransports,
    kLoginAccepted,
    kCountries,
    kNetworks,
    kProtocols,
    kSensors,
    kSince,
    kPlaces
};
constexpr std::size_t kFirstParameter = 10;
constexpr std::array<const char*, kPlaces> kTypes{"inet",     "int[]",  "text",  "text",       "text[]",  "text",
                                                  "text",     "text",   "int[]", "text[]",     "boolean", "text[]",
                                                  "bigint[]", "text[]", "int[]", "timestamptz"};
using Values = std::array<std::optional<std::string>, kPlaces>;

std::optional<std::string> unlessEmpty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}
template <typename T>
std::optional<std::string> unlessEmpty(const std::vector<T>& values) {
    return values.empty() ? std::nullopt : std::optional(arrayText(values));
}

Values valuesOf(const SessionConditions& conditions, ReportMoment since) {
    Values values;
    values[kNetwork] = unlessEmpty(conditions.sourceNetwork);
    values[kPorts] = unlessEmpty(conditions.ports);
    values[kUsername] = conditions.username;
    values[kSecret] = conditions.secret;
    values[kOutcomes] = unlessEmpty(conditions.outcomes);
    values[kCommandText] = unlessEmpty(conditions.commandText);
    values[kCommand] = unlessEmpty(conditions.command);
    values[kArtifact] = unlessEmpty(conditions.artifact);
    values[kWeekHours] = unlessEmpty(conditions.weekHours);
    values[kTransports] = unlessEmpty(conditions.transports);
    if (conditions.loginAccepted) {
        values[kLoginAccepted] = *conditions.loginAccepted ? "true" : "false";
    }
    values[kCountries] = unlessEmpty(conditions.countries);
    values[kNetworks] = unlessEmpty(conditions.networks);
    values[kProtocols] = unlessEmpty(conditions.protocols);
    values[kSensors] = unlessEmpty(conditions.sensors);
    if (conditions.sourceIsNew) {
        values[kSince] = momentText(since);
    }
    return values;
}

// One of those named, or unknown if that is.
std::string oneOf(const std::string& column, const std::string& parameter, const std::vector<std::string>& values,
                  std::string_view unknown) {
    const std::string named = column + " = ANY (" + parameter + ")";
    const bool orUnknown = std::ranges::find(values, unknown) != values.end();
    return orUnknown ? "(" + named + " OR " + column + " IS NULL)" : named;
}

/// What a session did stands in another table.
struct Deed {
    Deeds kind;
    std::string counter;  // of the session's row: says whether it is worth looking
    std::string table;
    std::string conditions;

    /// Within the range, by the index of time as well.
    std::string rows() const {
        return "FROM apiary." + table +
               " c WHERE c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz AND c.session_id >= "
               "$7::uuid "
               "AND c.session_id < $8::uuid AND " +
               conditions;
    }
    /// Those of the session, in the partition that its start finds.
    std::string rowsOfSession() const {
        return rows() + " AND c.session_id = s.session_id AND c.started_at = s.started_at";
    }
};

// A subquery for a value is asked for each row: PostgreSQL makes no join of it.
std::string exists(const std::string& rows, bool oneByOne) {
    return oneByOne ? "coalesce((SELECT true " + rows + " LIMIT 1), false)" : "EXISTS (SELECT " + rows + ")";
}

/// The conditions on a session whose parameters begin at a place.
class Wording {
public:
    Wording(const SessionConditions& conditions, std::size_t first, FilterSearch search)
        : conditions_(conditions), first_(first), search_(search) {}

    /// One after the other, of the fields that say something: those on the columns of a session alone, or the others.
    std::vector<std::string> each(bool ofColumns) const { return ofColumns ? columns() : others(); }

    std::vector<Deed> deeds() const {
        std::vector<Deed> all;
        const auto named = [this](const char* column, Place place) {
            return std::string(column) + " = " + parameter(place);
        };
        const std::string user = conditions_.username ? named("c.username_text", kUsername) : "";
        const std::string secret = conditions_.secret ? named("c.secret_text", kSecret) : "";
        const auto login = [&](const std::string& conditions) {
            all.push_back({Deeds::Logins, "credentials", "credential", conditions});
        };
        if (!user.empty() && !secret.empty() && mustBe()) {
            login(user + " AND " + secret);
        } else {
            for (const auto& one : {user, secret}) {
                if (!one.empty()) {
                    login(one);
                }
            }
        }
        if (!conditions_.commandText.empty()) {
            all.push_back({Deeds::Texts, "commands", "command", typed()});
        }
        if (!conditions_.command.empty()) {
            all.push_back({Deeds::Commands, "commands", "command", named("c.normalized", kCommand)});
        }
        if (!conditions_.artifact.empty()) {
            all.push_back({Deeds::Artifacts, "artifacts", "artifact_sighting",
                           "c.sha256 = decode(" + parameter(kArtifact) + ", 'hex')"});
        }
        return all;
    }

    /// That the source is in no such network, as ranges of the index of sources: a network is before all that is in it.
    std::string elsewhere() const {
        return "(s.source < " + parameter(kNetwork) + " OR s.source > host(broadcast(" + parameter(kNetwork) +
               "))::inet)";
    }

    /// Sources that are new, or that were there before and came again since.
    std::string sources() const {
        const std::string known =
            conditions_.sourceIsNew.value_or(false)
                ? "c.first_seen_at >= " + parameter(kSince) + " AND c.first_seen_at < $2::timestamptz"
                : "c.last_hour >= apiary.hour_number(" + parameter(kSince) + ") AND c.first_seen_at < " +
                      parameter(kSince);
        return "FROM apiary.source c WHERE c.traffic = ANY ($5::text[]) AND " + known;
    }

private:
    std::vector<std::string> columns() const {
        std::vector<std::string> all;
        const auto add = [&](bool wanted, const std::string& text) {
            if (wanted) {
                all.push_back(text);
            }
        };
        const auto any = [this](const char* column, Place place) {
            return std::string(column) + " = ANY (" + parameter(place) + ")";
        };
        const SessionConditions& of = conditions_;
        add(!of.sourceNetwork.empty(), "s.source <<= " + parameter(kNetwork));
        add(!of.ports.empty(), any("s.target_port", kPorts));
        add(!of.outcomes.empty(), any("s.outcome", kOutcomes));
        add(!of.transports.empty(), any("s.transport", kTransports));
        add(of.loginAccepted.has_value(), "s.login_accepted = " + parameter(kLoginAccepted));
        add(!of.countries.empty(), oneOf("s.country", parameter(kCountries), of.countries, kUnknownCountry));
        add(!of.networks.empty(), oneOf("s.asn", parameter(kNetworks), of.networks, kUnknownNetwork));
        add(!of.protocols.empty(), any("s.protocol", kProtocols));
        add(!of.sensors.empty(), any("s.sensor_id", kSensors));
        add(of.loginTried.has_value(), of.loginTried.value_or(false) ? "s.credentials > 0" : "s.credentials = 0");
        for (const Deed& one : deeds()) {
            const std::string some = "s." + one.counter + " > 0";
            add(mustBe(), search_.first == one.kind
                              ? some + " AND s.session_id = ANY (ARRAY(SELECT c.session_id " + one.rows() + "))"
                              : some);
        }
        // As a value it is no join: PostgreSQL keeps a table of the addresses.
        add(mustBe() && of.sourceIsNew && search_.first == Deeds::Sources,
            search_.sourcesHashed ? "(s.source IN (SELECT c.address " + sources() + ")) IS TRUE"
                                  : "s.source = ANY (ARRAY(SELECT c.address " + sources() + "))");
        return all;
    }

    std::vector<std::string> others() const {
        std::vector<std::string> all;
        for (const Deed& one : deeds()) {
            if (!mustBe() || search_.first != one.kind) {
                all.push_back("s." + one.counter + " > 0 AND " + exists(one.rowsOfSession(), search_.oneByOne));
            }
        }
        if (!conditions_.weekHours.empty()) {
            all.push_back(std::string(kWeekHour) + " = ANY (" + parameter(kWeekHours) + ")");
        }
        if (conditions_.sourceIsNew) {
            const std::string earlier = exists(
                "FROM apiary.source o WHERE o.address = s.source AND o.traffic = ANY ($5::text[]) AND "
                "o.first_seen_at < " +
                    parameter(kSince),
                search_.oneByOne);
            all.push_back(*conditions_.sourceIsNew ? "NOT " + earlier : earlier);
        }
        return all;
    }

    static constexpr const char* kWeekHour =
        "((extract(isodow FROM s.started_at AT TIME ZONE 'UTC') - 1) * 24 + extract(hour FROM s.started_at AT TIME "
        "ZONE 'UTC'))::int";

    std::string parameter(Place place) const { return "$" + std::to_string(first_ + place) + "::" + kTypes[place]; }
    /// What must be so names user and secret of one login, and may be looked for first; what must not, each for itself.
    bool mustBe() const { return first_ == kFirstParameter; }

    /// Verb and argument are one text, with a blank between them.
    std::string typed() const {
        const auto holds = [this](const std::string& text) {
            return "strpos(" + text + ", " + parameter(kCommandText) + ") > 0";
        };
        return conditions_.commandText.find(' ') == std::string::npos
                   ? "(" + holds("c.argument_text") + " OR " + holds("c.verb") + ")"
                   : holds("c.verb || CASE WHEN c.argument_text = '' THEN '' ELSE ' ' || c.argument_text END");
    }

    const SessionConditions& conditions_;
    const std::size_t first_;
    const FilterSearch search_;
};

}  // namespace

std::string everyParameter() {
    std::string text;
    for (std::size_t place = 0; place < 2 * kPlaces; ++place) {
        text += (place == 0 ? "num_nulls($" : ", $") + std::to_string(kFirstParameter + place) +
                "::" + kTypes[place % kPlaces];
    }
    return text + ") >= 0";
}

std::string columnConditionsOf(const SessionFilter& filter, FilterSearch search) {
    std::string text;
    for (const auto& condition : Wording(filter, kFirstParameter, search).each(true)) {
        text += " AND " + condition;
    }
    SessionConditions without = filter.without;
    const Wording wording(without, kFirstParameter + kPlaces, search);
    if (!without.sourceNetwork.empty()) {
        text += " AND " + wording.elsewhere();
        without.sourceNetwork.clear();
    }
    // What is not known is not so.
    for (const auto& condition : wording.each(true)) {
        text += " AND (" + condition + ") IS NOT TRUE";
    }
    return text + " AND " + everyParameter();
}

std::string otherConditionsOf(const SessionFilter& filter, FilterSearch search) {
    std::string text;
    for (const auto& condition : Wording(filter, kFirstParameter, search).each(false)) {
        text += " AND " + condition;
    }
    for (const auto& condition : Wording(filter.without, kFirstParameter + kPlaces, search).each(false)) {
        text += " AND (" + condition + ") IS NOT TRUE";
    }
    return text;
}

std::string deedRows(const SessionFilter& filter, Deeds kind) {
    const Wording wording(filter, kFirstParameter, {});
    if (kind == Deeds::Sources) {
        return filter.sourceIsNew ? wording.sources() : "";
    }
    const auto all = wording.deeds();
    const auto deed = std::ranges::find(all, kind, &Deed::kind);
    return deed == all.end() ? "" : deed->rows();
}

std::vector<std::optional<std::string>> parametersOf(const SessionFilter& filter, ReportMoment since) {
    const auto with = valuesOf(filter, since);
    const auto without = valuesOf(filter.without, since);
    std::vector<std::optional<std::string>> all(with.begin(), with.end());
    all.insert(all.end(), without.begin(), without.end());
    return all;
}

std::string timesOf(const SessionFilter& filter) {
    const auto all = Wording(filter, kFirstParameter, {}).deeds();
    if (all.empty()) {
        return filter.loginTried.value_or(false) ? "s.credentials" : "0";
    }
    return all.size() == 1 ? "(SELECT count(*) " + all.front().rowsOfSession() + ")" : "0";
}

}  // namespace apiary::collector
