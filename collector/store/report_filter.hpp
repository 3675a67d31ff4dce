#pragma once

#include "common/result.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What a listed session must have besides its scope, checked: every value may stand in a bound parameter.
struct SessionFilter {
    std::string sourceNetwork;            // in CIDR notation; empty: any
    std::vector<std::int32_t> ports;      // none: all
    std::optional<std::string> username;  // escaped
    std::optional<std::string> secret;    // escaped
    std::vector<std::string> outcomes;    // none: all
    std::string commandText;              // escaped; empty: any
    std::string command;                  // normalized; empty: any
    std::string artifact;                 // SHA-256 in hex; empty: any
    std::vector<std::int32_t> weekHours;  // 0 is Monday 00 to 01 h, UTC; none: all
    std::vector<std::string> transports;  // tcp, udp; none: all
    std::optional<bool> loginAccepted;
    std::vector<std::string> countries;  // two capitals; ?? is unknown; none: all
    std::vector<std::string> networks;   // numbers of autonomous systems; 0 is unknown; none: all

    bool empty() const { return *this == SessionFilter{}; }
    friend bool operator==(const SessionFilter&, const SessionFilter&) = default;
};

/// Reads the wire's filter. An Error says which value cannot be, in words for the caller.
Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter);

/// How sessions with a login are found. PostgreSQL takes user and secret for independent of each other, so it thinks
/// that popular pairs are rare.
enum class LoginSearch {
    Planned,    // as PostgreSQL thinks best
    ByLogin,    // the logins first, then their sessions: for pairs that are rare
    BySession,  // sessions in the order of the list, looking for the login in each: for popular ones
};

/// Conditions on rows of `apiary.session s` that the filter makes, put together from constants. The parameters, in this
/// order from $10, are all there whether they are used or not: network, ports, username, secret, outcomes, command
/// text, command, artifact, hours of the week, transports, login accepted, countries, networks.
std::string conditionsOf(const SessionFilter& filter, LoginSearch search = LoginSearch::Planned);

/// What a session of `apiary.session s` did that the filter names, from FROM on, a row for each time: the logins tried,
/// the commands typed or the artifacts offered. Empty if the filter names none of them, or several. Same parameters.
std::string deedsOf(const SessionFilter& filter);

}  // namespace apiary::collector
