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

/// Up to how many of something are looked for first, and then their sessions; of more, the sessions are walked.
struct SearchLimits {
    std::int64_t rows = 2000;        // sessions that have what a filter names of themselves
    std::int64_t deeds = 2500;       // logins, commands or files
    std::int64_t pairs = 7500;       // logins by user and secret at sessions that must be of some kind besides
    std::int64_t sources = 2000;     // that are new, or known
    std::uint64_t ofSources = 4000;  // sessions of those that are new
    std::int64_t hashed = 10'000;    // sources of which a table is made sooner than each session's is looked up
    // Logins or commands that are read through before the page is looked at, and four times as many each time that it
    // is not full.
    std::uint64_t readAtOnce = 10'000;
};

/// Reads the wire's filter. An Error says which value cannot be, in words for the caller.
Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter);

}  // namespace apiary::collector
