#pragma once

#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <string>
#include <string_view>

namespace apiary {

/// The address as inet_ntop prints it, IPv4-mapped ones as IPv4.
std::string addressText(const Endpoint& endpoint);

/// `address:port` as the text logs write it, IPv6 without brackets.
std::string logText(const Endpoint& endpoint);

/// `127.0.0.1:21`, `[::1]:21`: for messages and configuration.
std::string endpointText(const Endpoint& endpoint);

/// Reads what endpointText() writes. No names are resolved.
Result<Endpoint> parseEndpoint(std::string_view text);

/// Reads an address alone, IPv4 or IPv6; the port is 0.
Result<Endpoint> parseAddress(std::string_view text);

}  // namespace apiary
