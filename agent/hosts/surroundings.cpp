#include "agent/hosts/surroundings.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <ifaddrs.h>
#include <iterator>
#include <linux/if_packet.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <sstream>
#include <sys/socket.h>

namespace apiary::agent {
namespace {

using Address = AddressRange::Address;

std::optional<Address> addressOf(const sockaddr* raw) {
    if (raw != nullptr && raw->sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, raw, sizeof in);
        Endpoint::V4 v4{};
        std::memcpy(v4.data(), &in.sin_addr, v4.size());
        return Endpoint::of(v4, 0).address;
    }
    if (raw != nullptr && raw->sa_family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, raw, sizeof in);
        Address address{};
        std::memcpy(address.data(), &in.sin6_addr, address.size());
        return address;
    }
    return std::nullopt;
}

/// The network of an address; the mask of IPv4 comes as an address of its own family, which is mapped like any other.
AddressRange networkOf(const Address& address, Address mask) {
    if (Endpoint{address, 0}.v4()) {
        std::fill_n(mask.begin(), 12, std::uint8_t{0xff});
    }
    AddressRange network;
    for (std::size_t i = 0; i < address.size(); ++i) {
        network.first[i] = address[i] & mask[i];
        network.last[i] = static_cast<std::uint8_t>(address[i] | ~mask[i]);
    }
    return network;
}

std::string wholeFile(const char* path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Bytes of an even number of hexadecimal digits; empty if they are none.
std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        if (error != std::errc{} || end != digits.data() + i + 2) {
            return {};
        }
        bytes += static_cast<char>(value);
    }
    return bytes;
}

std::vector<std::string> wordsOf(const std::string& line) {
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

}  // namespace

std::vector<Taken> takenEverywhere() {
    std::vector<Taken> taken;
    for (const auto& [range, by] :
         {std::pair("0.0.0.0/8", "\"this\" network"), std::pair("169.254.0.0/16", "link-local"),
          std::pair("224.0.0.0/4", "multicast"), std::pair("240.0.0.0/4", "reserved, and broadcast"),
          std::pair("::/80", "the loopback, and IPv4 within IPv6"), std::pair("fe80::/10", "link-local"),
          std::pair("ff00::/8", "multicast")}) {
        taken.push_back({*parseRange(range), by});
    }
    return taken;
}

std::vector<Taken> takenHere() {
    std::vector<Taken> taken;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) == 0) {
        const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, ::freeifaddrs);
        std::vector<Taken> networks;
        for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
            const auto address = addressOf(one->ifa_addr);
            const auto mask = addressOf(one->ifa_netmask);
            if (!address) {
                continue;
            }
            const std::string name = one->ifa_name;
            taken.push_back({{*address, *address}, "this machine's own address on " + name});
            if (mask && (one->ifa_flags & IFF_LOOPBACK) == 0) {
                networks.push_back({networkOf(*address, *mask),
                                    "the network on the link of " + name + ", where other machines may have them",
                                    name});
            }
        }
        taken.insert(taken.end(), networks.begin(), networks.end());
        for (const Taken& network : networks) {
            const auto special = takenInNetwork(network.addresses, network.link);
            taken.insert(taken.end(), special.begin(), special.end());
        }
    }
    const auto gateways = gatewaysIn(wholeFile("/proc/net/route"), wholeFile("/proc/net/ipv6_route"));
    taken.insert(taken.begin(), gateways.begin(), gateways.end());
    return taken;
}

Own ownHere() {
    Own own;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
        return own;
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, ::freeifaddrs);
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (const auto address = addressOf(one->ifa_addr)) {
            own.addresses.insert(*address);
        } else if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_PACKET) {
            sockaddr_ll station{};
            std::memcpy(&station, one->ifa_addr, sizeof station);
            std::array<std::uint8_t, 6> mac{};
            std::copy_n(std::begin(station.sll_addr), mac.size(), mac.begin());
            own.stations.insert(mac);
        }
    }
    return own;
}

std::vector<Taken> takenInNetwork(const AddressRange& network, const std::string& interface) {
    if (network.count() <= 2) {
        return {};
    }
    if (!network.v4()) {
        return {{{network.first, network.first}, "the address of all routers on the link of " + interface}};
    }
    return {{{network.first, network.first}, "the address of the network on the link of " + interface},
            {{network.last, network.last}, "the broadcast address on the link of " + interface}};
}

std::vector<Taken> gatewaysIn(std::string_view routes, std::string_view routes6) {
    std::vector<Taken> gateways;
    const auto add = [&](const Address& address) {
        gateways.push_back({{address, address}, "a gateway of this machine"});
    };
    std::istringstream lines{std::string(routes)};
    for (std::string line; std::getline(lines, line);) {
        const auto words = wordsOf(line);  // Iface Destination Gateway …; four bytes in the order of the machine
        const std::string bytes = words.size() > 2 ? unhex(words[2]) : std::string();
        if (bytes.size() == 4 && bytes != std::string(4, '\0')) {
            Endpoint::V4 v4{};
            std::memcpy(v4.data(), bytes.data(), v4.size());
            if constexpr (std::endian::native == std::endian::little) {
                std::ranges::reverse(v4);
            }
            add(Endpoint::of(v4, 0).address);
        }
    }
    std::istringstream lines6{std::string(routes6)};
    for (std::string line; std::getline(lines6, line);) {
        const auto words = wordsOf(line);  // destination length source length gateway …
        const std::string bytes = words.size() > 4 ? unhex(words[4]) : std::string();
        if (bytes.size() == 16 && bytes != std::string(16, '\0')) {
            Address address{};
            std::memcpy(address.data(), bytes.data(), address.size());
            add(address);
        }
    }
    return gateways;
}

}  // namespace apiary::agent
