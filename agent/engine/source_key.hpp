#pragma once

#include "common/net/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace apiary::agent {

/// Whom bounds are kept for: an IPv4 address, or an IPv6 /64, of which one host may use any address.
using SourceKey = std::array<std::uint8_t, 16>;

constexpr SourceKey sourceKey(const Endpoint& source) {
    SourceKey key = source.address;
    if (!source.v4()) {
        std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
    }
    return key;
}

/// Stands for a source at one host, where it is somebody else than at the next: an address that nobody has. Sources
/// that share a key share it here too.
constexpr Endpoint sourceAt(const Endpoint& source, const Endpoint& host) {
    std::uint64_t mixed = 0;
    for (const SourceKey& key : {sourceKey(source), host.address}) {
        for (std::size_t i = 0; i < key.size(); ++i) {
            mixed = (mixed ^ key[i]) * 0x100000001b3U;
            if (i % 4 == 3) {
                mixed = (mixed ^ (mixed >> 29U)) * 0xbf58476d1ce4e5b9U;
                mixed ^= mixed >> 32U;
            }
        }
    }
    Endpoint stand;
    stand.address[0] = 0xff;  // multicast: no source, and no IPv4
    for (std::size_t i = 1; i < 8; ++i) {
        stand.address[i] = static_cast<std::uint8_t>(mixed >> (8 * i));
    }
    return stand;
}

/// The network that shares a bound on answers: an IPv4 /24, or an IPv6 /64.
constexpr SourceKey networkKey(const Endpoint& source) {
    SourceKey key = sourceKey(source);
    if (source.v4()) {
        key[15] = 0;
    }
    return key;
}

/// Spreads keys over buckets. Peers choose their addresses, so the bits are mixed before they are used.
struct SourceKeyHash {
    std::size_t operator()(const SourceKey& key) const noexcept {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::memcpy(&high, key.data(), sizeof high);
        std::memcpy(&low, key.data() + 8, sizeof low);
        std::uint64_t mixed = (high ^ (low * 0x9e3779b97f4a7c15U)) * 0xbf58476d1ce4e5b9U;
        mixed ^= mixed >> 31U;
        return static_cast<std::size_t>(mixed);
    }
};

}  // namespace apiary::agent
