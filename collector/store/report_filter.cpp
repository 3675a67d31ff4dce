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

}  // namespace apiary::collector
