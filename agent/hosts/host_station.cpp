#include "agent/hosts/host_station.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace apiary::agent {
namespace {

bool hasStation(const HostPlan& plan, const HostRange& range) {
    return !range.lan.empty() && range.addresses.v4() && plan.personas[range.persona].vendor;
}

}  // namespace

std::uint64_t machineSeed() {
    std::ifstream in("/etc/machine-id");
    std::string id;
    in >> id;
    std::uint64_t seed = 0xcbf29ce484222325U;  // FNV-1a
    for (const char c : id) {
        seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return seed;
}

std::array<std::uint8_t, 6> hostStation(const std::array<std::uint8_t, 3>& vendor, std::string_view persona,
                                        std::uint64_t machine, const AddressRange::Address& address) {
    Persona named;
    named.name = persona;
    const std::uint64_t rest = hostSeed(machine, named, Endpoint{address, 0});
    return {vendor[0],
            vendor[1],
            vendor[2],
            static_cast<std::uint8_t>(rest >> 16U),
            static_cast<std::uint8_t>(rest >> 8U),
            static_cast<std::uint8_t>(rest)};
}

std::optional<std::array<std::uint8_t, 6>> stationOf(const HostPlan& plan, std::uint64_t machine,
                                                     const Endpoint& target) {
    const HostRange* range = plan.rangeAt(target);
    if (range == nullptr || !hasStation(plan, *range)) {
        return std::nullopt;
    }
    const Persona& persona = plan.personas[range->persona];
    return hostStation(*persona.vendor, persona.name, machine, target.address);
}

bool hasStations(const HostPlan& plan) {
    return std::ranges::any_of(plan.ranges, [&](const HostRange& range) { return hasStation(plan, range); });
}

}  // namespace apiary::agent
