#include "agent/probes/probes_config.hpp"

#include "agent/hosts/host_reading.hpp"
#include "agent/hosts/host_station.hpp"
#include "common/text/escape.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <pwd.h>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

/// Where data channels of services on hosts come up.
std::vector<PortRange> channelsOf(const TomlTable& root, PortRange kernels) {
    std::vector<PortRange> channels{kernels};
    for (const TomlTable& service : root.tables("service")) {
        const auto ports =
            service.field("passive_ports").numbers(1, 65'535);  // its faults are told by who reads services
        if (service.field("ports").present() && ports.size() == 2 && ports[0] <= ports[1]) {
            channels.push_back({static_cast<std::uint16_t>(ports[0]), static_cast<std::uint16_t>(ports[1])});
        }
    }
    return channels;
}

void readUser(const TomlTable& root, const std::string& user, ProbesConfig& config) {
    const TomlField field = root.table("coverage").field("user");
    std::array<char, 16'384> room{};
    passwd entry{};
    passwd* found = nullptr;
    const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), config.user);
    if (error == std::errc{} && end == user.data() + user.size()) {
        ::getpwuid_r(config.user, &entry, room.data(), room.size(), &found);
        config.group = found == nullptr ? config.user : found->pw_gid;
    } else if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
        config.user = found->pw_uid;
        config.group = found->pw_gid;
    } else {
        field.complain("'" + escapeCut(user, 60) + "' is not a user of this machine; add it, or name another");
        return;
    }
    if (config.user == 0) {
        field.complain("must not be root; give apiary-agent a user of its own");
    }
}

ProbesReading readAll(TomlFile file, const std::string& name, const std::vector<Taken>& taken, PortRange kernels) {
    const TomlTable root = file.root();
    ProbesReading reading;
    HostReading hosts = readHosts(root, taken);
    reading.config.probes = readProbes(root, hosts.plan);
    reading.config.hosts = {std::move(hosts.plan), channelsOf(root, kernels), machineSeed(),
                            reading.config.probes.listeners};
    if (!hosts.user.empty()) {
        readUser(root, hosts.user, reading.config);
    } else if (reading.config.hosts.plan.empty() && !reading.config.hosts.listeners.empty()) {
        root.table("probes").complain("needs [coverage] user: the user that runs apiary-agent, whom probes are told");
    }
    reading.errors = file.errorsSoFar();
    if (reading.errors.empty() && !reading.config.probes.present) {
        reading.errors.push_back(name + ": there is no [probes], so there is nothing to capture");
    }
    return reading;
}

}  // namespace

ProbesReading readProbesConfig(const std::string& path) {
    std::ifstream in("/proc/sys/net/ipv4/ip_local_port_range");
    const std::string range(std::istreambuf_iterator<char>(in), {});
    return readAll(TomlFile::read(path), path, takenHere(), channelPortsIn(range));
}

ProbesReading parseProbesConfig(std::string_view text, const std::string& name, const std::vector<Taken>& taken) {
    return readAll(TomlFile::parse(text, name), name, taken, channelPortsIn({}));
}

PortRange channelPortsIn(std::string_view text) {
    std::istringstream words{std::string(text)};
    unsigned first = 0;
    unsigned last = 0;
    if (words >> first >> last && first > 0 && first <= last && last <= 65'535) {
        return {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
    }
    return {32'768, 60'999};
}

}  // namespace apiary::agent
