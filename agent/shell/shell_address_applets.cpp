/// Applets that show addresses and routes: ip, route, arp, netstat.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

namespace apiary::agent {
namespace {

std::string network(const ShellHost& host) {
    return std::string(host.address().substr(0, host.address().rfind('.')));
}

struct Interface {
    std::string name;
    std::string first;  // the line with its flags
    std::string link;
    std::string inet;  // empty: no address
};

std::vector<Interface> interfacesOf(const ShellHost& host) {
    const std::string hardware(host.hardwareAddress());
    const std::string ethernet = "    link/ether " + hardware + " brd ff:ff:ff:ff:ff:ff\n";
    return {{"lo", "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n",
             "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n",
             "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"},
            {"eth0", "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast qlen 1000\n", ethernet, ""},
            {"br0", "3: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue qlen 1000\n", ethernet,
             "    inet " + std::string(host.address()) + "/24 brd " + network(host) +
                 ".255 scope global br0\n       valid_lft forever preferred_lft forever\n"}};
}

bool abbreviates(std::string_view word, std::string_view whole) {
    return !word.empty() && whole.starts_with(word);
}

/// `ip addr` and `ip link`.
int showInterfaces(ShellCall& call, const std::vector<std::string>& words, bool addresses) {
    std::string wanted;
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] != "dev" && !(i == 2 && (abbreviates(words[i], "show") || abbreviates(words[i], "list")))) {
            wanted = words[i];
        }
    }
    bool found = wanted.empty();
    for (const Interface& interface : interfacesOf(call.work().host())) {
        if (wanted.empty() || wanted == interface.name) {
            call.out(interface.first + interface.link + (addresses ? interface.inet : ""));
            found = true;
        }
    }
    return found ? 0 : call.fail("can't find device '" + wanted + "'");
}

bool isDevice(ShellCall& call, std::string_view name) {
    return std::ranges::any_of(interfacesOf(call.work().host()),
                               [&](const Interface& interface) { return interface.name == name; });
}

/// The word behind "dev"; nothing if there is none.
std::string deviceOf(const std::vector<std::string>& words) {
    const auto found = std::ranges::find(words, "dev");
    return found == words.end() || found + 1 == words.end() ? std::string() : *(found + 1);
}

bool isTable(std::string_view name) {
    return name == "main" || name == "local" || name == "default" || name == "all" || name == "cache" ||
           parseNumber<std::uint32_t>(name);
}

/// `ip addr add` and `ip link set`, which change nothing.
int changeInterface(ShellCall& call, const std::vector<std::string>& words, bool addresses) {
    const std::string named = deviceOf(words);
    if (!addresses) {
        const std::string device = !named.empty() || words.size() < 4 ? named : words[3];
        if (device.empty()) {
            return call.fail("\"dev\" requires an argument");
        }
        if (!isDevice(call, device) && words.size() > (named.empty() ? 4U : 5U)) {
            return call.fail("SIOCGIFFLAGS: No such device");
        }
    } else if (named.empty()) {
        return call.fail("need \"dev IFACE\"");
    } else if (!isDevice(call, named)) {
        return call.fail("can't find device '" + named + "'");
    }
    return call.files().user() == 0 ? 0 : call.fail("RTNETLINK answers: Operation not permitted");
}

int ip(ShellCall& call) {
    std::vector<std::string> words{"ip"};
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (words.size() == 1 && word.size() > 1 && word.front() == '-') {
            const std::string_view option = std::string_view(word).substr(word.starts_with("--") ? 2 : 1);
            if (abbreviates(option, "family")) {
                ++i;
            } else if (!abbreviates(option, "oneline") && option != "4" && option != "6" && option != "0") {
                return call.usage();
            }
            continue;
        }
        words.push_back(word);
    }
    if (words.size() == 1) {
        return call.usage();
    }
    const std::string& object = words[1];
    const bool shows = words.size() == 2 || abbreviates(words[2], "show") || abbreviates(words[2], "list");
    if (abbreviates(object, "address") || abbreviates(object, "link")) {
        const bool addresses = abbreviates(object, "address");
        if (shows || (addresses && words[2] == "dev")) {
            return showInterfaces(call, words, addresses);
        }
        return changeInterface(call, words, addresses);
    }
    if (abbreviates(object, "route")) {
        if (shows) {
            const auto table = std::ranges::find(words, "table");
            if (table != words.end() && table + 1 != words.end() && !isTable(*(table + 1))) {
                return call.fail("invalid argument '" + *(table + 1) + "' to 'table'");
            }
            call.out(network(call.work().host()) + ".0/24 dev br0 scope link  src " +
                     std::string(call.work().host().address()) + " \n");
            return 0;
        }
        const bool removes = abbreviates(words[2], "delete");
        if (abbreviates(words[2], "add") && words.size() < 4) {
            return call.fail("RTNETLINK answers: No such device");
        }
        if (abbreviates(words[2], "get") && words.size() < 4) {
            return call.fail("need at least destination address");
        }
        return call.fail(removes ? "RTNETLINK answers: No such process" : "RTNETLINK answers: Network is unreachable");
    }
    if (abbreviates(object, "neigh")) {
        const std::string device = deviceOf(words);
        return device.empty() || isDevice(call, device) ? 0 : call.fail("can't find device '" + device + "'");
    }
    if (abbreviates(object, "tunnel") && shows) {
        return 0;
    }
    if (abbreviates(object, "rule")) {
        call.out("0:\tfrom all lookup local \n32766:\tfrom all lookup main \n32767:\tfrom all lookup default \n");
        return 0;
    }
    return call.usage();
}

int routes(ShellCall& call) {
    if (!call.parse("+neA:")) {
        return 1;
    }
    const std::vector<std::string> words = call.operands();
    if (!words.empty()) {
        if (words[0] != "add" && words[0] != "del" && words[0] != "delete") {
            return call.usage();
        }
        std::string target;
        for (std::size_t i = 1; i < words.size() && target.empty(); ++i) {
            target = words[i] == "-net" || words[i] == "-host" ? "" : words[i];
        }
        if (target.empty()) {
            return call.usage();
        }
        const bool number = target.find_first_not_of("0123456789./") == std::string::npos;
        if (target != "default" && !number) {
            return call.fail("resolving " + target);
        }
        const auto word = [&](std::string_view name) {
            const auto found = std::ranges::find(words, name);
            return found == words.end() || found + 1 == words.end() ? std::string() : *(found + 1);
        };
        const std::string through = word("gw");
        if (through.find_first_not_of("0123456789.") != std::string::npos) {
            return call.fail("resolving " + through);
        }
        const bool adds = words[0] == "add" && call.files().user() == 0;
        if (const std::string device = word("dev"); adds && !device.empty() && !isDevice(call, device)) {
            return call.fail("SIOCADDRT: No such device");
        }
        if (adds && words[1] == "-net" && through.empty() && target.find('/') == std::string::npos &&
            word("netmask").empty()) {
            return call.fail("SIOCADDRT: Invalid argument");
        }
        const std::string gateway = network(call.work().host()) + '.';
        const bool reached = std::ranges::any_of(words, [&](const auto& other) { return other.starts_with(gateway); });
        if (call.files().user() != 0) {
            return call.fail(std::string(words[0] == "add" ? "SIOCADDRT" : "SIOCDELRT") + ": Operation not permitted");
        }
        return words[0] != "add" ? call.fail("SIOCDELRT: No such process")
               : reached         ? 0
                                 : call.fail("SIOCADDRT: Network is unreachable");
    }
    if (call.valueOr('A', "inet") == "inet6") {
        call.out(
            "Kernel IPv6 routing table\nDestination                                 Next Hop                   "
            "             Flags Metric Ref    Use Iface\n");
        return 0;
    }
    call.out(
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n");
    call.out(printed("%-15s %-15s 255.255.255.0   U     0      0        0 br0\n",
                     (network(call.work().host()) + ".0").c_str(), call.has('n') ? "0.0.0.0" : "*"));
    return 0;
}

int sockets(ShellCall& call) {
    if (!call.parse("laentuwxr")) {
        return 1;
    }
    if (call.has('r')) {
        call.out(
            "Kernel IP routing table\nDestination     Gateway         Genmask         Flags   MSS Window  irtt "
            "Iface\n");
        call.out(printed("%-15s %-15s 255.255.255.0   U         0 0          0 br0\n",
                         (network(call.work().host()) + ".0").c_str(), call.has('n') ? "0.0.0.0" : "*"));
        return 0;
    }
    const bool listening = call.has('l');
    const bool all = call.has('a');
    const std::string which = all ? "(servers and established)\n" : listening ? "(only servers)\n" : "(w/o servers)\n";
    const bool any = !call.has('t') && !call.has('u') && !call.has('w') && !call.has('x');
    if (any || call.has('t') || call.has('u') || call.has('w')) {
        call.out("Active Internet connections " + which);
        call.out("Proto Recv-Q Send-Q Local Address           Foreign Address         State       \n");
    }
    if ((all || listening) && (any || call.has('t'))) {
        call.out("tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      \n");
        call.out("tcp        0      0 0.0.0.0:23              0.0.0.0:*               LISTEN      \n");
    }
    if (any || call.has('x')) {
        call.out("Active UNIX domain sockets " + which);
        call.out("Proto RefCnt Flags       Type       State         I-Node Path\n");
    }
    return 0;
}

int neighbours(ShellCall& call) {
    if (!call.parse("A:p:H:t:i:adnDsv")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.has('d') || call.has('s') ? call.fail("need host name") : 0;
    }
    const std::string& host = call.words[1];
    if (host.find_first_not_of("0123456789.") != std::string::npos) {
        return call.fail(host + ": Host name lookup failure");
    }
    if (call.has('d')) {
        return call.fail("SIOCDARP(priv): Network is unreachable");
    }
    if (call.has('s')) {
        const bool hardware = call.words.size() > 2 && std::ranges::count(call.words[2], ':') == 5;
        return call.fail(call.words.size() < 3 ? "need hardware address"
                         : hardware            ? "SIOCSARP: Network is unreachable"
                                               : "invalid hardware address");
    }
    call.out("No match found in 0 entries\n");
    return 0;
}

/// Four bytes in dots; nothing if it is no address.
std::optional<std::uint32_t> addressIn(std::string_view text) {
    std::uint32_t address = 0;
    for (int part = 0; part < 4; ++part) {
        const std::size_t end = part < 3 ? text.find('.') : text.size();
        const auto number = end == std::string_view::npos ? std::nullopt : parseNumber<unsigned>(text.substr(0, end));
        if (!number || *number > 255) {
            return std::nullopt;
        }
        address = address << 8U | *number;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return address;
}

std::string dotted(std::uint32_t address) {
    return printed("%u.%u.%u.%u", address >> 24U, address >> 16U & 255U, address >> 8U & 255U, address & 255U);
}

int calculateAddress(ShellCall& call) {
    if (!call.parse("mbnphs")) {
        return 1;
    }
    const bool any = call.has('m') || call.has('b') || call.has('n') || call.has('p') || call.has('h');
    if (call.words.size() < 2 || call.words.size() > 3 || !any) {
        return call.usage();
    }
    const auto complain = [&](const std::string& text) { return call.has('s') ? 1 : call.fail(text); };
    const std::string& word = call.words[1];
    const std::size_t slash = word.find('/');
    const auto address = addressIn(word.substr(0, slash));
    if (!address) {
        return complain("bad IP address: " + word.substr(0, slash));
    }
    const unsigned usual = *address >> 31U == 0 ? 8 : *address >> 30U == 2 ? 16 : *address >> 29U == 6 ? 24 : 32;
    unsigned bits = usual;
    if (slash != std::string::npos) {
        const auto given = parseNumber<unsigned>(word.substr(slash + 1));
        if (!given || *given > 32) {
            return call.fail(given ? "number " + word.substr(slash + 1) + " is not in 0..32 range"
                                   : "invalid number '" + word.substr(slash + 1) + "'");
        }
        bits = *given;
    }
    std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (32U - bits);
    if (call.words.size() > 2) {
        if (slash != std::string::npos) {
            return complain("use prefix or netmask, not both");
        }
        const auto given = addressIn(call.words[2]);
        if (!given) {
            return complain("bad netmask: " + call.words[2]);
        }
        mask = *given;
    }
    if (call.has('m')) {
        call.out("NETMASK=" + dotted(mask) + '\n');
    }
    if (call.has('b')) {
        call.out("BROADCAST=" + dotted((*address & mask) | ~mask) + '\n');
    }
    if (call.has('n')) {
        call.out("NETWORK=" + dotted(*address & mask) + '\n');
    }
    if (call.has('p')) {
        call.out("PREFIX=" + std::to_string(std::popcount(mask)) + '\n');
    }
    return call.has('h') ? complain("can't find hostname for " + word.substr(0, slash) + ": Unknown host") : 0;
}

constexpr ShellApplet kApplets[] = {
    {"arp", neighbours, "/sbin"}, {"ip", ip, "/sbin"},        {"ipcalc", calculateAddress},
    {"netstat", sockets},         {"route", routes, "/sbin"},
};

}  // namespace

std::span<const ShellApplet> shellAddressApplets() {
    return kApplets;
}

}  // namespace apiary::agent
