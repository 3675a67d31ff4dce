#include "agent/coverage/lan/link_stations.hpp"

#include "agent/coverage/lan/lan_rules.hpp"
#include "agent/coverage/program.hpp"
#include "agent/hosts/host_station.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::string_view kPrefix = "apiary_lan_";

/// Names of interfaces may have what those of tables may not.
std::string tableOf(const std::string& interface) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string name(kPrefix);
    for (const char c : interface) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            name += c;
        } else {
            name += '_';
            name += kDigits[byte >> 4U];
            name += kDigits[byte & 0xfU];
        }
    }
    return name;
}

Status give(const std::string& rules, Nft way = Nft::Take) {
    return runNft(rules, way, "nft refuses hardware addresses of their own for hosts: ");
}

/// The names of our tables; those that carry no comment of ours are left out.
Result<std::vector<std::string>> ourTables() {
    const auto listed = runProgram({"nft", "list", "tables", "netdev"});
    if (!listed) {
        return Error{listed.error()};
    }
    std::vector<std::string> ours;
    std::istringstream lines(listed->status == 0 ? listed->output : std::string());
    for (std::string word, family, name; lines >> word >> family >> name;) {
        if (!name.starts_with(kPrefix)) {
            continue;
        }
        const auto table =
            runProgram({"nft", "-t", "list", "table", "netdev", name});  // without the elements of its sets
        if (table && table->status == 0 && table->output.find(kLanTableComment) != std::string::npos) {
            ours.push_back(name);
        }
    }
    return ours;
}

Status removeTables(const std::vector<std::string>& names) {
    std::string rules;
    for (const std::string& name : names) {
        rules += "delete table netdev " + name + '\n';
    }
    return rules.empty() ? Status(Done{}) : give(rules);
}

}  // namespace

std::optional<Mac> stationOf(const LanLink& link, std::uint64_t seed, const AddressRange::Address& address) {
    const auto found =
        std::ranges::find_if(link.stations, [&](const StationRange& one) { return one.addresses.holds(address); });
    if (found == link.stations.end()) {
        return std::nullopt;
    }
    return hostStation(found->vendor, found->persona, seed, address);
}

bool isOfOwnStation(const LanLink& link, std::uint64_t seed, const NeighbourMessage& message) {
    const auto own = stationOf(link, seed, message.unspecified() ? message.target : message.sender);
    return own && *own == message.from;
}

std::string stationRules(const LanLink& link, std::uint64_t seed) {
    std::vector<std::string> stations;
    std::string pairs;
    for (const StationRange& range : link.stations) {
        AddressRange::Address address = range.addresses.first;
        for (std::uint64_t left = range.addresses.count(); left > 0; --left) {
            stations.push_back(stationText(*stationOf(link, seed, address)));
            pairs += (pairs.empty() ? "" : ", ") + addressText(Endpoint{address, 0}) + " : " + stations.back();
            for (std::size_t i = address.size(); i-- > 0 && ++address[i] == 0;) {
            }
        }
    }
    if (stations.empty()) {
        return {};
    }
    std::ranges::sort(stations);  // two hosts in sixteen million may have the same, and a set takes it once
    stations.erase(std::unique(stations.begin(), stations.end()), stations.end());
    std::string elements;
    for (const std::string& station : stations) {
        elements += (elements.empty() ? "" : ", ") + station;
    }
    const std::string table = "table netdev " + tableOf(link.interface);
    const std::string device = "device \"" + link.interface + "\" priority ";
    return table + "\ndelete " + table + '\n' + table + " {\n  comment \"" + std::string(kLanTableComment) +
           "\"\n  set stations {\n    type ether_addr\n    elements = { " + elements +
           " }\n  }\n  map station4 {\n    type ipv4_addr : ether_addr\n    elements = { " + pairs +
           " }\n  }\n  chain arriving {\n    type filter hook ingress " + device +
           "-500; policy accept\n    meta pkttype other ether daddr @stations meta pkttype set host\n  }\n"
           "  chain leaving {\n    type filter hook egress " +
           device +
           "500; policy accept\n    meta protocol ip fib saddr type local ether saddr set ip saddr map @station4\n"
           "    meta protocol arp arp saddr ether set arp saddr ip map @station4\n"
           "    meta protocol arp ether saddr set arp saddr ip map @station4\n  }\n}\n";
}

/// An Error if the table of an interface is somebody else's.
static Status whoseTable(const std::string& interface) {
    const auto table = runProgram({"nft", "-t", "list", "table", "netdev", tableOf(interface)});
    if (!table) {
        return Error{table.error()};
    }
    if (table->status == 0 && table->output.find(kLanTableComment) == std::string::npos) {
        return Error{"the table netdev " + tableOf(interface) +
                     " was made by somebody else, so hosts have no hardware addresses of their own; delete it"};
    }
    return Done{};
}

Status LinkStations::consider(const LanLink& link, std::uint64_t seed) {
    const std::string rules = stationRules(link, seed);
    const Status ours = rules.empty() ? Status(Done{}) : whoseTable(link.interface);
    return ours && !rules.empty() ? give(rules, Nft::Consider) : ours;
}

Status LinkStations::apply(const LanLink& link, std::uint64_t seed) {
    const std::string rules = stationRules(link, seed);
    if (rules.empty()) {
        return remove(link.interface);
    }
    const Status ours = whoseTable(link.interface);
    return ours ? give(rules) : ours;
}

Status LinkStations::remove(const std::string& interface) {
    auto ours = ourTables();
    if (!ours) {
        return Error{ours.error()};
    }
    std::erase_if(*ours, [&](const std::string& name) { return name != tableOf(interface); });
    return removeTables(*ours);
}

Status LinkStations::removeAll() {
    const auto ours = ourTables();
    return ours ? removeTables(*ours) : Status(Error{ours.error()});
}

Result<std::string> LinkStations::show() {
    const auto ours = ourTables();
    if (!ours) {
        return Error{ours.error()};
    }
    std::string text;
    for (const std::string& name : *ours) {
        text += "hosts have hardware addresses of their own: table netdev " + name + '\n';
    }
    return text;
}

}  // namespace apiary::agent
