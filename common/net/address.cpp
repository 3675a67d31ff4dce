#include "common/net/address.hpp"

#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace apiary {

std::string addressText(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto v4 = endpoint.v4();
    if (v4) {
        inet_ntop(AF_INET, v4->data(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, endpoint.address.data(), text.data(), text.size());
    }
    return text.data();
}

std::string logText(const Endpoint& endpoint) {
    return addressText(endpoint) + ':' + std::to_string(endpoint.port);
}

std::string endpointText(const Endpoint& endpoint) {
    return endpoint.v4() ? logText(endpoint) : '[' + addressText(endpoint) + "]:" + std::to_string(endpoint.port);
}

Result<Endpoint> parseAddress(std::string_view text) {
    const std::string name(text);
    Endpoint::V4 v4{};
    if (inet_pton(AF_INET, name.c_str(), v4.data()) == 1) {
        return Endpoint::of(v4, 0);
    }
    Endpoint endpoint;
    if (inet_pton(AF_INET6, name.c_str(), endpoint.address.data()) == 1) {
        return endpoint;
    }
    return Error{"'" + name + "' is not an IPv4 or IPv6 address"};
}

Result<Endpoint> parseEndpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    std::string_view address = text.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (colon == std::string_view::npos || (address.find(':') != std::string_view::npos && !bracketed)) {
        return Error{"'" + std::string(text) + "' is not ADDRESS:PORT; write 127.0.0.1:21 or [::1]:21"};
    }
    if (bracketed) {
        address = address.substr(1, address.size() - 2);
    }
    auto endpoint = parseAddress(address);
    if (!endpoint) {
        return endpoint;
    }
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint->port);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return Error{"'" + std::string(digits) + "' is not a port; it must be 0 to 65535"};
    }
    return endpoint;
}

}  // namespace apiary
