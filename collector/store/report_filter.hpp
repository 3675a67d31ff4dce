#pragma once

#include "collector/store/report_scope.hpp"
#include "common/result.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What a session has, checked: every value may stand in a bound parameter. What is empty says nothing.
struct SessionConditions {
    std::string sourceNetwork;            // in CIDR notation
    std::vector<std::int32_t> ports;      // one of these
    std::optional<std::string> username;  // escaped
    std::optional<std::string> secret;    // escaped
    std::vector<std::string> outcomes;
    std::string commandText;              // escaped
    std::string command;                  // normalized
    std::string artifact;                 // SHA-256 in hex
    std::vector<std::int32_t> weekHours;  // 0 is Monday 00 to 01 h, UTC
    std::vector<std::string> transports;  // tcp, udp
    std::optional<bool> loginAccepted;
    std::vector<std::string> countries;  // two capitals; ?? is unknown
    std::vector<std::string> networks;   // numbers of autonomous systems; 0 is unknown
    std::vector<std::string> protocols;
    std::vector<std::int32_t> sensors;
    std::optional<bool> loginTried;
    std::optional<bool> sourceIsNew;  // first seen, as traffic of the scope, inside its range

    friend bool operator==(const SessionConditions&, const SessionConditions&) = default;
};

/// What a listed session must have besides its scope.
struct SessionFilter : SessionConditions {
    SessionConditions without;  // each of its fields alone must not be so

    bool empty() const { return *this == SessionFilter{}; }
    friend bool operator==(const SessionFilter&, const SessionFilter&) = default;
};

/// Reads the wire's filter. An Error says which value cannot be, in words for the caller.
Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter);

/// How sessions with a login, or of new sources, are found. PostgreSQL takes user and secret for independent of each
/// other, so it thinks that popular pairs are rare; and it does not know that sources which are new came but now.
enum class FilterSearch {
    Planned,  // as PostgreSQL thinks best
    ByDeed,   // the logins or the sources first, then their sessions: for what is rare
    InOrder,  // sessions in the order of the list, looking at each: for what is popular
};

/// Conditions on rows of `apiary.session s` that the filter makes, put together from constants. The scope's range and
/// traffic are $1, $2 and $5; the parameters of the filter are parametersOf(), from $10 on. `without` is how what must
/// not be so is found.
std::string conditionsOf(const SessionFilter& filter, FilterSearch search = FilterSearch::Planned,
                         FilterSearch without = FilterSearch::Planned);

/// As text, null where the filter asks for nothing. `since` is the start of the range in which a source is new.
std::vector<std::optional<std::string>> parametersOf(const SessionFilter& filter, ReportMoment since);

/// How often a session of `apiary.session s` did what the filter names, as a value: tried the logins, or any, typed the
/// commands or offered the artifacts. 0 if the filter names none of them, or several. Same parameters.
std::string timesOf(const SessionFilter& filter);

}  // namespace apiary::collector
