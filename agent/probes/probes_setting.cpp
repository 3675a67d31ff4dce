#include "agent/probes/probes_setting.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <net/if.h>
#include <set>
#include <string_view>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::size_t kMostInterfaces = 16;

bool goodName(std::string_view name) {
    return !name.empty() && name.size() < IF_NAMESIZE && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

void readInterfaces(const TomlField& field, ProbesSetting& setting) {
    setting.interfaces = field.required().texts();
    if (field.present() && (setting.interfaces.empty() || setting.interfaces.size() > kMostInterfaces)) {
        field.complain("must name 1 to " + std::to_string(kMostInterfaces) + R"( interfaces: ["eth0"]; see ip link)");
    }
    std::set<std::string> named;
    for (const std::string& name : setting.interfaces) {
        if (!goodName(name)) {
            field.complain("has '" + escapeCut(name, 60) + "', which is no name of an interface; see ip link");
        } else if (!named.insert(name).second) {
            field.complain("names " + name + " twice; its packets would count twice");
        }
    }
}

bool isLoopback(const Endpoint& endpoint) {
    constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const auto v4 = endpoint.v4();
    return v4 ? v4->front() == 127 : endpoint.address == kLoopback6;
}

/// Where services listen besides hosts; what is wrong with them is told by who reads services.
std::vector<Endpoint> listenersOf(const TomlTable& root) {
    std::vector<Endpoint> listeners;
    for (const TomlTable& service : root.tables("service")) {
        for (const std::string& text : service.field("listen").texts()) {
            const auto endpoint = parseEndpoint(text);
            if (endpoint && !isLoopback(*endpoint)) {
                listeners.push_back(*endpoint);
            }
        }
    }
    return listeners;
}

}  // namespace

ProbesSetting readProbes(const TomlTable& root, const HostPlan& plan) {
    ProbesSetting setting;
    const TomlTable table = root.table("probes");
    setting.present = table.present();
    const TomlField interfaces = table.field("interfaces");
    setting.every = table.field("every").duration(10s, 1s, 60s);
    setting.ring = table.field("ring").size(8 * kMiB, kMiB, 256 * kMiB);
    setting.rows = table.field("rows").number(16'384, 256, 20'000);
    setting.waiting = table.field("waiting").number(65'536, 1024, 1'048'576);
    const bool own = table.field("own_addresses").flag(true);
    if (!setting.present) {
        return setting;
    }
    if (own) {
        setting.listeners = listenersOf(root);
    }
    readInterfaces(interfaces, setting);
    if (plan.empty() && setting.listeners.empty()) {
        table.complain(
            "captures what comes for [[hosts]] and for the machine's own addresses on which services listen, but there "
            "are none; add them, or leave it out");
    }
    return setting;
}

}  // namespace apiary::agent
