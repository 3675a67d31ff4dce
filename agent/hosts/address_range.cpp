#include "agent/hosts/address_range.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace apiary::agent {
namespace {

using Address = AddressRange::Address;

constexpr unsigned kBits = 128;
constexpr unsigned kBitsBeforeV4 = 96;

std::string text(const Address& address) {
    return addressText(Endpoint{address, 0});
}

/// The address behind it, or nothing behind the last.
std::optional<Address> next(Address address) {
    for (std::size_t i = address.size(); i-- > 0;) {
        if (++address[i] != 0) {
            return address;
        }
    }
    return std::nullopt;
}

std::optional<Address> previous(Address address) {
    for (std::size_t i = address.size(); i-- > 0;) {
        if (address[i]-- != 0) {
            return address;
        }
    }
    return std::nullopt;
}

/// The address with all bits behind the first `length` set, or cleared.
Address filled(Address address, unsigned length, bool set) {
    for (unsigned bit = length; bit < kBits; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8U));
        std::uint8_t& byte = address[bit / 8U];
        byte = static_cast<std::uint8_t>(set ? byte | mask : byte & ~mask);
    }
    return address;
}

/// The length of the largest network that begins with `first` and ends no later than `last`.
unsigned widest(const AddressRange& range, const Address& first) {
    unsigned length = kBits;
    const unsigned least = range.v4() ? kBitsBeforeV4 : 0;
    while (length > least && filled(first, length - 1, false) == first &&
           filled(first, length - 1, true) <= range.last) {
        --length;
    }
    return length;
}

Result<AddressRange> parseNetwork(std::string_view whole, std::string_view address, std::string_view bits) {
    const auto base = parseAddress(address);
    if (!base) {
        return Error{base.error()};
    }
    const unsigned offset = base->v4() ? kBitsBeforeV4 : 0;
    unsigned length = 0;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
    if (error != std::errc{} || end != bits.data() + bits.size() || length > kBits - offset) {
        return Error{"'" + std::string(whole) + "' has no length from 0 to " + std::to_string(kBits - offset) +
                     " behind its '/'"};
    }
    const AddressRange range{filled(base->address, offset + length, false),
                             filled(base->address, offset + length, true)};
    if (range.first != base->address) {
        return Error{"'" + std::string(whole) + "' has bits behind its length; write " + rangeText(range) + ", or " +
                     text(base->address) + " for the one address"};
    }
    return range;
}

}  // namespace

bool AddressRange::v4() const {
    return Endpoint{first, 0}.v4().has_value();
}

std::uint64_t AddressRange::count() const {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    unsigned borrow = 0;
    for (std::size_t i = first.size(); i-- > 0;) {
        const int difference = int{last[i]} - int{first[i]} - static_cast<int>(borrow);
        borrow = difference < 0 ? 1 : 0;
        const auto byte = static_cast<std::uint64_t>(difference & 0xff);
        const auto shift = static_cast<unsigned>(8 * (7 - i % 8));
        (i < 8 ? high : low) |= byte << shift;
    }
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    return high != 0 || low == kMost ? kMost : low + 1;
}

Result<AddressRange> parseRange(std::string_view whole) {
    if (const auto slash = whole.find('/'); slash != std::string_view::npos) {
        return parseNetwork(whole, whole.substr(0, slash), whole.substr(slash + 1));
    }
    const auto dash = whole.find('-');
    const auto first = parseAddress(whole.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parseAddress(whole.substr(dash + 1));
    if (!first || !last) {
        return Error{(first ? last : first).error() + "; write 10.9.0.7, 10.9.0.0/16 or 10.9.0.3-10.9.0.9"};
    }
    const AddressRange range{first->address, last->address};
    if (range.v4() != last->v4().has_value()) {
        return Error{"'" + std::string(whole) + "' begins in one address family and ends in the other"};
    }
    if (range.last < range.first) {
        return Error{"'" + std::string(whole) + "' ends before it begins; write " + text(range.last) + '-' +
                     text(range.first)};
    }
    return range;
}

std::string rangeText(const AddressRange& range) {
    if (range.first == range.last) {
        return text(range.first);
    }
    const unsigned length = widest(range, range.first);
    if (filled(range.first, length, true) == range.last) {
        return text(range.first) + '/' + std::to_string(length - (range.v4() ? kBitsBeforeV4 : 0));
    }
    return text(range.first) + '-' + text(range.last);
}

std::vector<AddressRange> without(const AddressRange& range, std::vector<AddressRange> holes) {
    std::ranges::sort(holes);
    std::vector<AddressRange> left;
    std::optional<Address> from = range.first;
    for (const AddressRange& hole : holes) {
        if (!from || !hole.meets({*from, range.last})) {
            continue;
        }
        if (hole.first > *from) {
            left.push_back({*from, *previous(hole.first)});
        }
        from = hole.last < range.last ? next(hole.last) : std::nullopt;
    }
    if (from) {
        left.push_back({*from, range.last});
    }
    return left;
}

std::vector<std::string> networksOf(const AddressRange& range) {
    std::vector<std::string> networks;
    std::optional<Address> from = range.first;
    while (from && *from <= range.last) {
        const unsigned length = widest(range, *from);
        networks.push_back(text(*from) + '/' + std::to_string(length - (range.v4() ? kBitsBeforeV4 : 0)));
        from = next(filled(*from, length, true));
    }
    return networks;
}

}  // namespace apiary::agent
