#include "agent/hosts/host_plan.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

namespace apiary::agent {
namespace {

/// splitmix64: neighbours share nothing that shows.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

bool has(const std::vector<PortRange>& ports, std::uint16_t port) {
    return std::ranges::any_of(ports,
                               [&](const PortRange& range) { return range.first <= port && port <= range.last; });
}

}  // namespace

bool isTraitsFile(std::string_view traits) {
    return traits.find('/') != std::string_view::npos || traits.ends_with(".toml");
}

const HostRange* HostPlan::rangeAt(const Endpoint& target) const {
    const auto behind = std::ranges::upper_bound(ranges, target.address, {},
                                                 [](const HostRange& range) { return range.addresses.first; });
    if (behind == ranges.begin() || !std::prev(behind)->addresses.holds(target.address)) {
        return nullptr;
    }
    return &*std::prev(behind);
}

const Persona* HostPlan::personaAt(const Endpoint& target) const {
    const HostRange* range = rangeAt(target);
    return range == nullptr ? nullptr : &personas[range->persona];
}

std::vector<std::uint16_t> HostService::answeringPorts() const {
    std::vector<std::uint16_t> all;
    for (const PortRange& range : ports) {
        for (std::uint32_t port = range.first; port <= range.last && kind == PortKind::Udp; ++port) {
            if (all.size() == kMostAnsweringPorts) {
                return {};
            }
            all.push_back(static_cast<std::uint16_t>(port));
        }
    }
    return all;
}

const HostService* HostPlan::serviceAt(const Endpoint& target, PortKind kind) const {
    const Persona* persona = personaAt(target);
    if (persona == nullptr) {
        return nullptr;
    }
    for (const std::size_t index : persona->services) {
        if (services[index].kind == kind && has(services[index].ports, target.port)) {
            return &services[index];
        }
    }
    return nullptr;
}

const HostService* HostPlan::service(std::string_view name) const {
    const auto found = std::ranges::find(services, name, &HostService::name);
    return found == services.end() ? nullptr : &*found;
}

std::vector<Endpoint> HostPlan::examples(const HostService& service) const {
    std::vector<Endpoint> examples;
    std::set<std::pair<std::size_t, bool>> shown;  // personas and families
    const auto show = [&](const HostRange& range, const std::vector<AddressRange::Address>& addresses) {
        const bool plays = std::ranges::any_of(personas[range.persona].services,
                                               [&](std::size_t index) { return &services[index] == &service; });
        if (plays && shown.emplace(range.persona, range.addresses.v4()).second) {
            for (const AddressRange::Address& address : addresses) {
                examples.push_back({address, service.ports.front().first});
            }
        }
    };
    for (const HostRange& range : ranges) {
        if (range.lan.empty()) {
            show(range, {range.addresses.first});
        }
    }
    for (const HostRange& range : ranges) {
        if (range.addresses.first == range.addresses.last) {
            show(range, {range.addresses.first});
        } else {
            show(range, {range.addresses.first, range.addresses.last});
        }
    }
    return examples;
}

std::uint64_t HostPlan::addresses() const {
    std::uint64_t sum = 0;
    for (const HostRange& range : ranges) {
        const std::uint64_t count = range.addresses.count();
        sum = count > std::numeric_limits<std::uint64_t>::max() - sum ? std::numeric_limits<std::uint64_t>::max()
                                                                      : sum + count;
    }
    return sum;
}

std::uint64_t hostSeed(std::uint64_t sensorSeed, const Persona& persona, const Endpoint& target) {
    std::uint64_t seed = mix(sensorSeed);
    for (const char letter : persona.name) {
        seed = mix(seed ^ static_cast<unsigned char>(letter));
    }
    for (std::size_t half = 0; half < target.address.size(); half += sizeof seed) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof bits; ++i) {
            bits = bits << 8U | target.address[half + i];
        }
        seed = mix(seed ^ bits);
    }
    return seed;
}

std::string hostName(const Persona& persona, std::uint64_t hostSeed) {
    constexpr std::string_view kDigits = "0123456789";
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
    constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    std::string name = persona.hostNames;
    std::uint64_t state = hostSeed;
    for (char& letter : name) {
        const std::string_view from = letter == '#'   ? kDigits
                                      : letter == '@' ? kLetters
                                      : letter == '%' ? kUpper
                                                      : std::string_view();
        if (!from.empty()) {
            state = mix(state);
            letter = from[state % from.size()];
        }
    }
    return name;
}

}  // namespace apiary::agent
