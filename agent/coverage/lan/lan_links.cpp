#include "agent/coverage/lan/lan_links.hpp"

#include "agent/hosts/interface_state.hpp"
#include "agent/hosts/surroundings.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <map>

namespace apiary::agent {
namespace {

std::string shown(const std::string& interface) {
    return "'" + escapeCut(interface, 60) + "'";
}

}  // namespace

std::vector<LanLink> lanLinks(const HostPlan& plan) {
    std::map<std::string, LanLink> byInterface;
    for (const HostRange& range : plan.ranges) {
        if (range.lan.empty()) {
            continue;
        }
        LanLink& link = byInterface[range.lan];
        link.interface = range.lan;
        link.ranges.push_back(range.addresses);
        const Persona& persona = plan.personas[range.persona];
        if (persona.vendor && range.addresses.v4()) {
            link.stations.push_back({range.addresses, *persona.vendor, persona.name});
        }
    }
    std::vector<LanLink> links;
    for (auto& [interface, link] : byInterface) {
        links.push_back(std::move(link));
    }
    return links;
}

std::vector<LanLink> commonLinks(const std::vector<LanLink>& before, const std::vector<LanLink>& after) {
    std::vector<LanLink> common;
    for (const LanLink& old : before) {
        const auto link = std::ranges::find(after, old.interface, &LanLink::interface);
        if (link == after.end() || link->stations != old.stations) {
            continue;
        }
        LanLink both{old.interface, {}, old.stations};
        for (const AddressRange& range : old.ranges) {
            for (const AddressRange& other : link->ranges) {
                if (range.meets(other)) {
                    both.ranges.push_back({std::max(range.first, other.first), std::min(range.last, other.last)});
                }
            }
        }
        if (!both.ranges.empty()) {
            common.push_back(std::move(both));
        }
    }
    return common;
}

std::string whyNoLink(const std::string& interface) {
    const auto state = interfaceState(interface);
    if (!state) {
        return shown(interface) + " is no interface of this machine; see ip link";
    }
    if (!state->ethernet || state->loopback) {
        return shown(interface) +
               " is no Ethernet, where addresses are claimed; name another, or have the ranges routed here and leave "
               "lan "
               "out";
    }
    return {};
}

std::string whyNotOnLink(const std::string& interface, const AddressRange& range) {
    std::string networks;
    for (const Taken& taken : takenHere()) {
        if (taken.link != interface || taken.addresses.v4() != range.v4()) {
            continue;
        }
        if (taken.addresses.holds(range.first) && taken.addresses.holds(range.last)) {
            return {};
        }
        networks += (networks.empty() ? "" : ", ") + rangeText(taken.addresses);
    }
    return shown(interface) + " has no address of a network that holds " + rangeText(range) + " (" +
           (networks.empty() ? "it has none of that family" : networks) +
           "); give it one, or have the range routed here and leave lan out";
}

}  // namespace apiary::agent
