#pragma once

#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Addresses of one family from `first` to `last`, both included; IPv4 as in Endpoint. Ordered by `first`.
struct AddressRange {
    using Address = std::array<std::uint8_t, 16>;

    Address first{};
    Address last{};

    bool v4() const;
    bool holds(const Address& address) const { return first <= address && address <= last; }
    bool meets(const AddressRange& other) const { return first <= other.last && other.first <= last; }

    /// How many addresses; no more than 2^64 - 1 is ever said.
    std::uint64_t count() const;

    friend auto operator<=>(const AddressRange&, const AddressRange&) = default;
};

/// Reads "10.9.0.7", "10.9.0.0/16" or "10.9.0.3-10.9.0.9", or the same of IPv6. The Error says what is wrong with it.
Result<AddressRange> parseRange(std::string_view text);

/// As parseRange() reads it, in the shortest form.
std::string rangeText(const AddressRange& range);

/// What is left of `range` without those of `holes`, in order.
std::vector<AddressRange> without(const AddressRange& range, std::vector<AddressRange> holes);

/// The fewest networks that hold just these addresses, in order, as "10.9.0.0/16".
std::vector<std::string> networksOf(const AddressRange& range);

}  // namespace apiary::agent
