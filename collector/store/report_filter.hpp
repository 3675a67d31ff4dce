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
};

/// Reads the wire's filter. An Error says which value cannot be, in words for the caller.
Result<SessionFilter> parseSessionFilter(const v1::SessionFilter& filter);

/// Conditions on rows of `apiary.session s` that the filter makes, put together from constants. The parameters, in this
/// order from $10, are all there whether they are used or not: network, ports, username, secret, outcomes, command
/// text.
std::string conditionsOf(const SessionFilter& filter);

}  // namespace apiary::collector
