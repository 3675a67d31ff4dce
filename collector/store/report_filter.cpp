#include "collector/store/report_filter.hpp"

#include "collector/enrich/known_rules.hpp"
#include "collector/ingest/text_values.hpp"
#include "collector/store/column_values.hpp"
#include "common/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace apiary::collector {
namespace {

constexpr std::array<std::string_view, 11> kOutcomeNames{"finished", "peer_closed", "reset",         "timed_out",
                                                         "limit",    "tls_failed",  "agent_stopped", "interrupted",
                                                         "refused",  "unfinished",  "open"};
constexpr int kMostValues = 1000;
constexpr std::size_t kMostText = 256;
constexpr std::uint32_t kMostPort = 65535;
constexpr int kHoursOfWeek = 7 * 24;
constexpr int kMostTransports = 2;
constexpr std::size_t kDigestBytes = 32;
constexpr std::string_view kUnknownCountry = "\?\?";
constexpr std::string_view kUnknownNetwork = "0";

// What the columns of escaped text hold; a NUL in particular would cut the parameter.
bool visible(std::string_view text) {
    return text.size() <= kMostText && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

constexpr const char* kInvisible = "a text to search for is as the list shows it: printable ASCII, 256 bytes at most";

bool isCountry(std::string_view text) {
    return text == kUnknownCountry ||
           (text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; }));
}

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

// What a session did stands in another table, in the partition that `started_at` finds.
std::string deed(const std::string& table, const std::string& conditions) {
    return "FROM apiary." + table +
           " c WHERE c.session_id = s.session_id AND c.started_at = s.started_at AND c.started_at >= $1::timestamptz "
           "AND c.started_at < $2::timestamptz AND " +
           conditions;
}

// Each with the counter of the session's row that says whether it is worth looking.
struct Deed {
    std::string counter;
    std::string rows;
};
constexpr const char* kLogins = "credentials";

// A subquery for a value is asked for each row: PostgreSQL makes no join of it.
std::string exists(const std::string& rows, FilterSearch search) {
    return search == FilterSearch::InOrder ? "coalesce((SELECT true " + rows + " LIMIT 1), false)"
                                           : "EXISTS (SELECT " + rows + ")";
}

/// The conditions on a session whose parameters begin at a place.
class Wording {
public:
    Wording(const SessionConditions& conditions, std::size_t first, FilterSearch search)
        : conditions_(conditions), first_(first), search_(search) {}

    /// One after the other, of the fields that say something.
    std::vector<std::string> each() const {
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
        for (const Deed& one : deeds()) {
            all.push_back("s." + one.counter + " > 0 AND " + found(one));
        }
        add(!of.weekHours.empty(), any(kWeekHour, kWeekHours));
        add(!of.transports.empty(), any("s.transport", kTransports));
        add(of.loginAccepted.has_value(), "s.login_accepted = " + parameter(kLoginAccepted));
        add(!of.countries.empty(), oneOf("s.country", parameter(kCountries), of.countries, kUnknownCountry));
        add(!of.networks.empty(), oneOf("s.asn", parameter(kNetworks), of.networks, kUnknownNetwork));
        add(!of.protocols.empty(), any("s.protocol", kProtocols));
        add(!of.sensors.empty(), any("s.sensor_id", kSensors));
        add(of.loginTried.has_value(), of.loginTried.value_or(false) ? "s.credentials > 0" : "s.credentials = 0");
        add(of.sourceIsNew.has_value(), newness(of.sourceIsNew.value_or(false)));
        return all;
    }

    std::vector<Deed> deeds() const {
        std::vector<Deed> all;
        const auto named = [this](const char* column, Place place) {
            return std::string(column) + " = " + parameter(place);
        };
        const std::string user = conditions_.username ? named("c.username_text", kUsername) : "";
        const std::string secret = conditions_.secret ? named("c.secret_text", kSecret) : "";
        if (!user.empty() && !secret.empty() && pairs()) {
            all.push_back({kLogins, deed("credential", user + " AND " + secret)});
        } else {
            for (const auto& one : {user, secret}) {
                if (!one.empty()) {
                    all.push_back({kLogins, deed("credential", one)});
                }
            }
        }
        if (!conditions_.commandText.empty()) {
            all.push_back({"commands", deed("command", "strpos(" + std::string(kTyped) + ", " +
                                                           parameter(kCommandText) + ") > 0")});
        }
        if (!conditions_.command.empty()) {
            all.push_back({"commands", deed("command", named("c.normalized", kCommand))});
        }
        if (!conditions_.artifact.empty()) {
            all.push_back(
                {"artifacts", deed("artifact_sighting", "c.sha256 = decode(" + parameter(kArtifact) + ", 'hex')")});
        }
        return all;
    }

private:
    static constexpr const char* kTyped =
        "c.verb || CASE WHEN c.argument_text = '' THEN '' ELSE ' ' || c.argument_text END";
    static constexpr const char* kWeekHour =
        "((extract(isodow FROM s.started_at AT TIME ZONE 'UTC') - 1) * 24 + extract(hour FROM s.started_at AT TIME "
        "ZONE 'UTC'))::int";

    std::string parameter(Place place) const { return "$" + std::to_string(first_ + place) + "::" + kTypes[place]; }
    /// What must be so names user and secret of one login; what must not, each for itself.
    bool pairs() const { return first_ == kFirstParameter; }

    std::string found(const Deed& deed) const {
        // A pair of user and secret has an index.
        return search_ == FilterSearch::ByDeed && deed.counter == kLogins && pairs() && conditions_.username &&
                       conditions_.secret
                   ? "s.session_id = ANY (ARRAY(SELECT c.session_id FROM apiary.credential c WHERE c.username_text = " +
                         parameter(kUsername) + " AND c.secret_text = " + parameter(kSecret) +
                         " AND c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz))"
                   : exists(deed.rows, search_);
    }

    std::string newness(bool fresh) const {
        const std::string earlier = exists(
            "FROM apiary.source o WHERE o.address = s.source AND o.traffic = ANY ($5::text[]) AND "
            "o.first_seen_at < " +
                parameter(kSince),
            search_);
        if (!fresh) {
            return earlier;
        }
        return search_ == FilterSearch::ByDeed && pairs()
                   ? "s.source = ANY (ARRAY(SELECT o.address FROM apiary.source o WHERE o.traffic = ANY ($5::text[]) "
                     "AND o.first_seen_at >= " +
                         parameter(kSince) + " AND o.first_seen_at < $2::timestamptz)) AND NOT " + earlier
                   : "NOT " + earlier;
    }

    const SessionConditions& conditions_;
    const std::size_t first_;
    const FilterSearch search_;
};

/// The rest of the filter, into what is parsed of it.
Result<SessionConditions> readDeeds(const v1::SessionFilter& filter, SessionConditions parsed) {
    if (filter.week_hours_size() > kHoursOfWeek || filter.transports_size() > kMostTransports) {
        return Error{"a filter names each hour of the week and each transport once at most"};
    }
    if (!visible(filter.command())) {
        return Error{kInvisible};
    }
    parsed.command = filter.command();
    if (!filter.artifact().empty() && filter.artifact().size() != kDigestBytes) {
        return Error{"an artifact is named by its SHA-256, 32 bytes"};
    }
    parsed.artifact = hexText(filter.artifact());
    for (const std::uint32_t hour : filter.week_hours()) {
        if (hour >= static_cast<std::uint32_t>(kHoursOfWeek)) {
            return Error{"an hour of the week is 0, Monday 00 to 01 h, to 167"};
        }
        parsed.weekHours.push_back(static_cast<std::int32_t>(hour));
    }
    for (const int transport : filter.transports()) {
        if (transport != v1::TRANSPORT_TCP && transport != v1::TRANSPORT_UDP) {
            return Error{"a transport is TCP or UDP"};
        }
        parsed.transports.emplace_back(transport == v1::TRANSPORT_UDP ? "udp" : "tcp");
    }
    if (filter.has_login_accepted()) {
        parsed.loginAccepted = filter.login_accepted();
    }
    if (filter.has_login_tried()) {
        parsed.loginTried = filter.login_tried();
    }
    if (filter.has_source_is_new()) {
        parsed.sourceIsNew = filter.source_is_new();
    }
    return parsed;
}

Result<SessionConditions> readConditions(const v1::SessionFilter& filter) {
    SessionConditions parsed;
    if (std::max({filter.target_ports_size(), filter.outcomes_size(), filter.countries_size(), filter.networks_size(),
                  filter.protocols_size(), filter.sensor_ids_size()}) > kMostValues) {
        return Error{
            "a filter names at most 1,000 ports, outcomes, countries, networks, protocols or sensors: name none for "
            "all"};
    }
    for (const auto& protocol : filter.protocols()) {
        if (!isProtocolName(protocol)) {
            return Error{"a protocol's name has 1 to 32 lower-case letters, digits, dots, hyphens or underscores"};
        }
        parsed.protocols.push_back(protocol);
    }
    parsed.sensors.assign(filter.sensor_ids().begin(), filter.sensor_ids().end());
    for (const auto& country : filter.countries()) {
        if (!isCountry(country)) {
            return Error{"a country is named by its code, such as DE, or \?\? if it is unknown"};
        }
        parsed.countries.push_back(country);
    }
    for (const std::uint32_t network : filter.networks()) {
        parsed.networks.push_back(std::to_string(network));
    }
    if (!filter.source_network().empty()) {
        const auto network = parseNetwork(filter.source_network());
        if (!network) {
            return Error{network.error()};
        }
        parsed.sourceNetwork = networkText(*network);
    }
    for (const std::uint32_t port : filter.target_ports()) {
        if (port > kMostPort) {
            return Error{"a port is 0 to 65535"};
        }
        parsed.ports.push_back(static_cast<std::int32_t>(port));
    }
    for (const auto& outcome : filter.outcomes()) {
        if (std::ranges::find(kOutcomeNames, outcome) == kOutcomeNames.end()) {
            return Error{"there is no such outcome: see the table outcome"};
        }
        parsed.outcomes.push_back(outcome);
    }
    for (const auto& [given, text, to] : {std::tuple(filter.has_username(), &filter.username(), &parsed.username),
                                          std::tuple(filter.has_secret(), &filter.secret(), &parsed.secret)}) {
        if (!visible(*text)) {
            return Error{kInvisible};
        }
        if (given) {
            *to = *text;
        }
    }
    if (!visible(filter.command_text())) {
        return Error{kInvisible};
    }
    parsed.commandText = filter.command_text();
    return readDeeds(filter, parsed);
}

}  // namespace

Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter) {
    const auto with = readConditions(filter);
    if (!with) {
        return Error{with.error()};
    }
    if (filter.without().has_without()) {
        return Error{"what a filter leaves out leaves nothing out itself"};
    }
    const auto without = readConditions(filter.without());
    if (!without) {
        return Error{without.error()};
    }
    return SessionFilter{*with, *without};
}

std::string conditionsOf(const SessionFilter& filter, FilterSearch search, FilterSearch without) {
    std::string text;
    for (const auto& condition : Wording(filter, kFirstParameter, search).each()) {
        text += " AND " + condition;
    }
    // What is not known is not so.
    for (const auto& condition : Wording(filter.without, kFirstParameter + kPlaces, without).each()) {
        text += " AND (" + condition + ") IS NOT TRUE";
    }
    // The statement names every parameter, whether it needs it or not.
    for (std::size_t place = 0; place < 2 * kPlaces; ++place) {
        text += (place == 0 ? " AND num_nulls($" : ", $") + std::to_string(kFirstParameter + place) +
                "::" + kTypes[place % kPlaces];
    }
    return text + ") >= 0";
}

std::vector<std::optional<std::string>> parametersOf(const SessionFilter& filter, ReportMoment since) {
    const auto with = valuesOf(filter, since);
    const auto without = valuesOf(filter.without, since);
    std::vector<std::optional<std::string>> all(with.begin(), with.end());
    all.insert(all.end(), without.begin(), without.end());
    return all;
}

std::string timesOf(const SessionFilter& filter) {
    const auto all = Wording(filter, kFirstParameter, FilterSearch::Planned).deeds();
    if (all.empty()) {
        return filter.loginTried.value_or(false) ? "s.credentials" : "0";
    }
    return all.size() == 1 ? "(SELECT count(*) " + all.front().rows + ")" : "0";
}

}  // namespace apiary::collector
