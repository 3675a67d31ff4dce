/// Applets that show addresses and routes: ip, route, arp, netstat.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>

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
        return call.files().user() == 0 ? 0 : call.fail("RTNETLINK answers: Operation not permitted");
    }
    if (abbreviates(object, "route")) {
        if (shows) {
            call.out(network(call.work().host()) + ".0/24 dev br0 scope link  src " +
                     std::string(call.work().host().address()) + " \n");
            return 0;
        }
        return call.fail("RTNETLINK answers: Network is unreachable");
    }
    if (abbreviates(object, "neigh")) {
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
        const std::string gateway = network(call.work().host()) + '.';
        const bool reached = std::ranges::any_of(words, [&](const auto& word) { return word.starts_with(gateway); });
        if (call.files().user() != 0) {
            return call.fail(std::string(words[0] == "add" ? "SIOCADDRT" : "SIOCDELRT") + ": Operation not permitted");
        }
        return words[0] != "add" ? call.fail("SIOCDELRT: No such process")
               : reached         ? 0
                                 : call.fail("SIOCADDRT: Network is unreachable");
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
    if (call.words.size() > 1) {
        return call.fail(call.words[1] + ": Host name lookup failure");
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"arp", neighbours, "/sbin"},
    {"ip", ip, "/sbin"},
    {"netstat", sockets},
    {"route", routes, "/sbin"},
};

}  // namespace

std::span<const ShellApplet> shellAddressApplets() {
    return kApplets;
}

}  // namespace apiary::agent
