#include "collector/store/report_filter.hpp"

#include "collector/enrich/known_rules.hpp"
#include "common/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace apiary::collector {
namespace {

constexpr std::array<std::string_view, 11> kOutcomes{"finished", "peer_closed", "reset",         "timed_out",
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

// One of those named, or unknown if that is.
std::string oneOf(const std::string& column, const std::string& parameter, const std::vector<std::string>& values,
                  std::string_view unknown) {
    const std::string named = column + " = ANY (" + parameter + ")";
    const bool orUnknown = std::ranges::find(values, unknown) != values.end();
    return " AND " + (orUnknown ? "(" + named + " OR " + column + " IS NULL)" : named);
}

// A condition that is there only to name the parameter.
std::string unused(const char* parameter) {
    return std::string(" AND ") + parameter + " IS NULL";
}

// What a session did stands in another table, in the partition that `started_at` finds.
std::string deed(const std::string& table, const std::string& conditions) {
    return "FROM apiary." + table +
           " c WHERE c.session_id = s.session_id AND c.started_at = s.started_at AND c.started_at >= $1::timestamptz "
           "AND c.started_at < $2::timestamptz AND " +
           conditions;
}

constexpr const char* kHasText =
    "strpos(c.verb || CASE WHEN c.argument_text = '' THEN '' ELSE ' ' || c.argument_text END, $15::text) > 0";

constexpr const char* kLogins = "credentials";

// Each with the counter of the session's row that says whether it is worth looking.
struct Deed {
    std::string counter;
    std::string rows;
};

std::vector<Deed> deeds(const SessionFilter& filter) {
    std::vector<Deed> all;
    if (filter.username || filter.secret) {
        const std::string user = filter.username ? "c.username_text = $12::text" : "$12::text IS NULL";
        const std::string secret = filter.secret ? "c.secret_text = $13::text" : "$13::text IS NULL";
        all.push_back({kLogins, deed("credential", user + " AND " + secret)});
    }
    if (!filter.commandText.empty()) {
        all.push_back({"commands", deed("command", kHasText)});
    }
    if (!filter.command.empty()) {
        all.push_back({"commands", deed("command", "c.normalized = $16::text")});
    }
    if (!filter.artifact.empty()) {
        all.push_back({"artifacts", deed("artifact_sighting", "c.sha256 = decode($17::text, 'hex')")});
    }
    return all;
}

// A pair of user and secret has an index.
const std::string kPairs =
    "SELECT c.session_id FROM apiary.credential c WHERE c.username_text = $12::text AND c.secret_text = $13::text AND "
    "c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz";

std::string found(const Deed& deed, LoginSearch search) {
    if (search == LoginSearch::ByLogin && deed.counter == kLogins) {
        return "s.session_id = ANY (ARRAY(" + kPairs + "))";
    }
    // A subquery for a value is asked for each row: PostgreSQL makes no join of it.
    return search == LoginSearch::BySession && deed.counter == kLogins ? "(SELECT true " + deed.rows + " LIMIT 1)"
                                                                       : "EXISTS (SELECT " + deed.rows + ")";
}

constexpr const char* kWeekHour =
    " AND ((extract(isodow FROM s.started_at AT TIME ZONE 'UTC') - 1) * 24 + extract(hour FROM s.started_at AT TIME "
    "ZONE 'UTC'))::int = ANY ($18::int[])";

/// The rest of the filter, into what is parsed of it.
Result<SessionFilter> readDeeds(const v1::SessionFilter& filter, SessionFilter parsed) {
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
    return parsed;
}

}  // namespace

Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter) {
    SessionFilter parsed;
    if (std::max({filter.target_ports_size(), filter.outcomes_size(), filter.countries_size(),
                  filter.networks_size()}) > kMostValues) {
        return Error{"a filter names at most 1,000 ports, outcomes, countries or networks: name none for all"};
    }
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
        if (std::ranges::find(kOutcomes, outcome) == kOutcomes.end()) {
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

std::string conditionsOf(const SessionFilter& filter, LoginSearch search) {
    std::string text;
    text += filter.sourceNetwork.empty() ? unused("$10::inet") : " AND s.source <<= $10::inet";
    text += filter.ports.empty() ? unused("nullif($11::int[], '{}')") : " AND s.target_port = ANY ($11::int[])";
    text += filter.outcomes.empty() ? unused("nullif($14::text[], '{}')") : " AND s.outcome = ANY ($14::text[])";
    text += filter.username ? "" : unused("$12::text");
    text += filter.secret ? "" : unused("$13::text");
    text += filter.commandText.empty() ? unused("$15::text") : "";
    text += filter.command.empty() ? unused("$16::text") : "";
    text += filter.artifact.empty() ? unused("$17::text") : "";
    for (const Deed& one : deeds(filter)) {
        text += " AND s." + one.counter + " > 0 AND " + found(one, search);
    }
    text += filter.weekHours.empty() ? unused("nullif($18::int[], '{}')") : kWeekHour;
    text += filter.transports.empty() ? unused("nullif($19::text[], '{}')") : " AND s.transport = ANY ($19::text[])";
    text += filter.loginAccepted ? " AND s.login_accepted = $20::boolean" : unused("$20::boolean");
    text += filter.countries.empty() ? unused("nullif($21::text[], '{}')")
                                     : oneOf("s.country", "$21::text[]", filter.countries, kUnknownCountry);
    text += filter.networks.empty() ? unused("nullif($22::bigint[], '{}')")
                                    : oneOf("s.asn", "$22::bigint[]", filter.networks, kUnknownNetwork);
    return text;
}

std::string deedsOf(const SessionFilter& filter) {
    const auto all = deeds(filter);
    return all.size() == 1 ? all.front().rows : std::string();
}

}  // namespace apiary::collector
