#pragma once

#include "common/net/endpoint.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace apiary::agent {

/// What a proxy says of the connection that it passes on.
struct ProxyHeader {
    std::size_t size = 0;            // bytes of the header; what follows is the client's
    std::optional<Endpoint> source;  // the client; nothing if the proxy speaks for itself (LOCAL, UNKNOWN)
    Endpoint target;                 // what the client connected to; only with `source`
};

enum class ProxyParse { Whole, Incomplete, Invalid };

/// The longest header that is read; a longer one, full of extensions, is Invalid.
inline constexpr std::size_t kLongestProxyHeader = 4096;

/// Reads a PROXY protocol header, version 1 or 2 (haproxy, doc/proxy-protocol.txt), from the front of `bytes`, of which
/// more may come when it is Incomplete. Only TCP over IPv4 and IPv6 is understood as a client; extensions are skipped.
ProxyParse parseProxyHeader(std::string_view bytes, ProxyHeader& header);

}  // namespace apiary::agent
