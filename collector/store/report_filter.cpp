#include "collector/store/report_filter.hpp"

#include "collector/enrich/known_rules.hpp"

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

// What the columns of escaped text hold; a NUL in particular would cut the parameter.
bool visible(std::string_view text) {
    return text.size() <= kMostText && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

constexpr const char* kInvisible = "a text to search for is as the list shows it: printable ASCII, 256 bytes at most";

// A condition that is there only to name the parameter.
std::string unused(const char* parameter) {
    return std::string(" AND ") + parameter + " IS NULL";
}

// The start of a login lies in its session, which `started_at` finds the partition of.
constexpr const char* kTried =
    " AND EXISTS (SELECT FROM apiary.credential c WHERE c.session_id = s.session_id AND c.started_at = s.started_at "
    "AND "
    "c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz";
constexpr const char* kTyped =
    " AND s.commands > 0 AND EXISTS (SELECT FROM apiary.command c WHERE c.session_id = s.session_id AND c.started_at = "
    "s.started_at AND c.started_at >= $1::timestamptz AND c.started_at < $2::timestamptz AND strpos(c.verb || CASE "
    "WHEN "
    "c.argument_text = '' THEN '' ELSE ' ' || c.argument_text END, $15::text) > 0)";

}  // namespace

Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter) {
    SessionFilter parsed;
    if (filter.target_ports_size() > kMostValues || filter.outcomes_size() > kMostValues) {
        return Error{"a filter names at most 1,000 ports or outcomes: name none for all"};
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
    return parsed;
}

std::string conditionsOf(const SessionFilter& filter) {
    std::string text;
    text += filter.sourceNetwork.empty() ? unused("$10::inet") : " AND s.source <<= $10::inet";
    text += filter.ports.empty() ? unused("nullif($11::int[], '{}')") : " AND s.target_port = ANY ($11::int[])";
    if (filter.username || filter.secret) {
        text += " AND s.credentials > 0";
        text += kTried;
        text += filter.username ? " AND c.username_text = $12::text" : unused("$12::text");
        text += filter.secret ? " AND c.secret_text = $13::text)" : unused("$13::text") + ")";
    } else {
        text += unused("$12::text") + unused("$13::text");
    }
    text += filter.outcomes.empty() ? unused("nullif($14::text[], '{}')") : " AND s.outcome = ANY ($14::text[])";
    text += filter.commandText.empty() ? unused("$15::text") : kTyped;
    return text;
}

}  // namespace apiary::collector
