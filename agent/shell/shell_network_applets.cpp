/// Applets that would use the network: they fail as on a machine whose way out is closed. What they were asked for is
/// evidence: a Command "fetch" with the address. Nothing is resolved, nothing is connected to.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

bool isAddress(std::string_view host) {
    std::size_t parts = 0;
    while (!host.empty()) {
        const std::string_view part = host.substr(0, host.find('.'));
        const auto number = parseNumber<unsigned>(part);
        if (!number || *number > 255 || (part.size() == host.size()) != (parts == 3)) {
            return false;
        }
        ++parts;
        host.remove_prefix(std::min(part.size() + 1, host.size()));
    }
    return parts == 4;
}

bool isAddressOfSix(std::string_view host) {
    return host.find(':') != std::string_view::npos &&
           host.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos;
}

bool isInterface(std::string_view name) {
    return name == "br0" || name == "eth0" || name == "lo";
}

void record(ShellCall& call, const std::string& address) {
    call.work().observe({"fetch", address.substr(0, 4096)});
}

/// The end of every way out: says why there is none.
int unreachable(ShellCall& call, const std::string& host, bool bracketed = true) {
    if (!isAddress(host)) {
        return call.fail("bad address '" + host + "'");
    }
    return call.fail("can't connect to remote host" + (bracketed ? " (" + host + ")" : "") +
                     ": Network is unreachable");
}

/// True for a port in digits. Else it has been complained about.
bool portFits(ShellCall& call, const std::string& port) {
    const auto number = parseNumber<unsigned>(port);
    if (!number || *number > 65535) {
        call.fail("bad port '" + port + "'");
        return false;
    }
    return true;
}

bool hasDigits(ShellCall& call, char letter) {
    if (call.has(letter) && !parseNumber<unsigned>(call.value(letter))) {
        call.fail("invalid number '" + call.value(letter) + "'");
        return false;
    }
    return true;
}

int webGet(ShellCall& call) {
    const std::vector<std::string> words = call.words;
    const bool understood = call.parse("cqSO:o:P:Y:U:T:t:n::");
    if (!understood || call.has('T')) {
        for (const std::string& word : words) {
            if (word.find("://") != std::string::npos) {
                record(call, word);
            }
        }
        if (understood && !hasDigits(call, 'T')) {
            return 1;
        }
        if (understood) {  // Debian's has no time-outs, and falls over them
            call.error("Segmentation fault\n");
        }
        return understood ? 139 : 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    for (const std::string& word : call.operands()) {
        const std::size_t scheme = word.find("://");
        const std::string name = scheme == std::string::npos ? "http" : word.substr(0, scheme);
        record(call, scheme == std::string::npos ? "http://" + word : word);
        if (name != "http" && name != "ftp" && name != "https") {
            return call.fail("not an http or ftp url: " + word);
        }
        std::string host = scheme == std::string::npos ? word : word.substr(scheme + 3);
        host = host.substr(0, host.find_first_of("/?#"));
        host = host.substr(host.rfind('@') + 1);
        if (host.starts_with('[')) {  // of IPv6, which the machine does not have
            const std::string port = name == "http" ? "80" : name == "ftp" ? "21" : "443";
            if (!call.has('q')) {
                call.error("Connecting to " + host + " (" + host + (host.ends_with(']') ? ":" + port : "") + ")\n");
            }
            return call.fail("can't connect to remote host: Cannot assign requested address");
        }
        const std::size_t colon = host.find(':');
        const std::string port = colon != std::string::npos ? host.substr(colon + 1)
                                 : name == "http"           ? "80"
                                 : name == "ftp"            ? "21"
                                                            : "443";
        if (!portFits(call, port)) {
            return 1;
        }
        const std::string named = host;  // as it was typed, with its port
        host = host.substr(0, colon);
        if (isAddress(host) && !call.has('q')) {
            call.error("Connecting to " + named + " (" + host + ':' + port + ")\n");
        }
        unreachable(call, host);
        return 1;
    }
    return 1;
}

int trivialFtp(ShellCall& call) {
    if (!call.parse("gpl:r:b:c:")) {  // -c is of other systems' tftp
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    if (operands.empty()) {
        return call.usage();
    }
    const std::string& host = operands.front();
    const std::string file = call.has('r')         ? call.value('r')
                             : call.has('l')       ? call.value('l')
                             : operands.size() > 1 ? operands.back()
                                                   : "";
    if (!call.has('g') && !call.has('p') && !call.has('c')) {
        return call.usage();
    }
    record(call, "tftp://" + host + '/' + file);
    if (file.empty()) {
        return call.usage();
    }
    if (call.has('b')) {
        const auto size = parseNumber<unsigned>(call.value('b'));
        if (!size || *size < 8 || *size > 65464) {
            return call.fail("bad blocksize '" + call.value('b') + "'");
        }
    }
    if (call.has('p') && call.has('l') && !call.open(call.value('l'))) {
        return 1;
    }
    if (operands.size() > 1 && !call.has('c') && !portFits(call, operands[1])) {
        return 1;
    }
    if (!isAddress(host)) {
        return call.fail("bad address '" + host + "'");
    }
    return call.fail("sendto: Network is unreachable");
}

int fileGet(ShellCall& call) {
    if (!call.parse("cvu:p:P:")) {
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    if (operands.size() < 2) {
        return call.usage();
    }
    const std::string port = call.valueOr('P', "21");
    if (!portFits(call, port)) {
        return 1;
    }
    record(call, "ftp://" + operands[0] + (port == "21" ? "" : ':' + port) + '/' + operands.back());
    if (call.has('v') && isAddress(operands[0])) {
        call.error("Connecting to " + operands[0] + " (" + operands[0] + ':' + port + ")\n");
    }
    return unreachable(call, operands[0]);
}

int connect(ShellCall& call) {
    const bool telnet = call.name() == "telnet";
    if (!call.parse(telnet ? "+al:" : "+lp:w:i:f:e:")) {
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    if (!telnet &&
        (!hasDigits(call, 'w') || !hasDigits(call, 'i') || (call.has('p') && !portFits(call, call.value('p'))))) {
        return 1;
    }
    if (!telnet && call.has('l') && operands.empty()) {  // nobody will come
        call.work().wait(ShellWork::kMostTime);
        return 0;
    }
    if (operands.empty()) {
        return call.usage();
    }
    const bool early = !telnet && call.has('e');  // it takes all that follows
    record(call, "tcp://" + operands[0] + (operands.size() > 1 ? ':' + operands[1] : ""));
    if (early) {
        return call.usage();
    }
    return operands.size() > 1 && !portFits(call, operands[1]) ? 1 : unreachable(call, operands[0]);
}

int ping(ShellCall& call) {
    if (!call.parse("c:s:t:w:W:I:i:qA46p:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    for (const char letter : {'c', 's', 't', 'w', 'W', 'i'}) {
        if (call.has(letter) && call.value(letter).find_first_not_of("0123456789.") != std::string::npos) {
            return call.fail("invalid number '" + call.value(letter) + "'");
        }
    }
    const auto size = parseNumber<unsigned>(call.valueOr('s', "56"));
    if (!size || *size > 65535) {
        return call.fail("number " + call.value('s') + " is not in 0..65535 range");
    }
    const std::string host = call.words[1];
    const bool six = call.name() == "ping6" || call.has('6');
    if (call.has('I') && !isAddress(call.value('I')) && !isInterface(call.value('I'))) {
        return call.fail("bad address '" + call.value('I') + "'");
    }
    if (isAddressOfSix(host) && !call.has('4')) {
        call.out("PING " + host + " (" + host + "): " + std::to_string(*size) + " data bytes\n");
        return call.fail("sendto: Cannot assign requested address");
    }
    if (!isAddress(host) || six) {
        return call.fail("bad address '" + host + "'");
    }
    call.out("PING " + host + " (" + host + "): " + std::to_string(*size) + " data bytes\n");
    return call.fail("sendto: Network is unreachable");
}

int lookUp(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    const std::vector<std::string> operands = call.operands();
    const std::string server = operands.size() > 1 ? operands.back() : "127.0.0.1";
    return call.fail(isAddress(server) ? "can't connect to remote host (" + server + "): Network is unreachable"
                                       : "bad address '" + server + "'");
}

int interfaces(ShellCall& call) {
    const ShellHost& host = call.work().host();
    const std::vector<std::string> wanted = call.operands();
    if (wanted.size() > 1) {
        if (!isInterface(wanted.front())) {
            return call.fail((isAddress(wanted[1]) ? "SIOCSIFADDR"
                              : wanted[1] == "hw"  ? "SIOCSIFHWADDR"
                              : wanted[1] == "mtu" ? "SIOCSIFMTU"
                                                   : "SIOCGIFFLAGS") +
                             std::string(": No such device"));
        }
        constexpr std::string_view kWithValue[] = {"mtu", "netmask", "metric", "txqueuelen", "hw", "add", "del"};
        if (std::ranges::find(kWithValue, wanted.back()) != std::end(kWithValue)) {
            return call.usage();
        }
        return call.files().user() == 0 ? 0 : call.fail("SIOCSIFFLAGS: Operation not permitted");
    }
    const std::string base(host.address().substr(0, host.address().rfind('.')));
    const auto up = static_cast<std::uint64_t>(host.uptime(call.work().now()));
    const auto counters = [&](std::uint64_t factor) {
        const std::uint64_t packets = up / factor + 12;
        const std::uint64_t bytes = packets * 291;
        const auto human = [](std::uint64_t count) {
            const double mega = static_cast<double>(count) / 1024 / 1024;
            return mega >= 1024 ? printed(" (%.1f GiB)", mega / 1024) : printed(" (%.1f MiB)", mega);
        };
        return "          RX packets:" + std::to_string(packets) +
               " errors:0 dropped:0 overruns:0 frame:0\n          TX packets:" + std::to_string(packets / 2) +
               " errors:0 dropped:0 overruns:0 carrier:0\n          collisions:0 txqueuelen:1000 \n          RX "
               "bytes:" +
               std::to_string(bytes) + human(bytes) + "  TX bytes:" + std::to_string(bytes / 2) + human(bytes / 2) +
               "\n\n";
    };
    std::string hardware(host.hardwareAddress());
    std::ranges::transform(hardware, hardware.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const std::string bridge =
        "br0       Link encap:Ethernet  HWaddr " + hardware + "  \n          inet addr:" + std::string(host.address()) +
        "  Bcast:" + base + ".255  Mask:255.255.255.0\n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n" +
        counters(11);
    const std::string outside = "eth0      Link encap:Ethernet  HWaddr " + hardware +
                                "  \n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n" + counters(3);
    const std::string loop =
        "lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n          UP LOOPBACK "
        "RUNNING  MTU:65536  "
        "Metric:1\n          RX packets:8 errors:0 dropped:0 overruns:0 frame:0\n          TX packets:8 errors:0 "
        "dropped:0 overruns:0 "
        "carrier:0\n          collisions:0 txqueuelen:1000 \n          RX bytes:612 (612.0 B)  TX bytes:612 (612.0 "
        "B)\n\n";
    if (wanted.empty() || wanted.front() == "-a") {
        call.out(bridge + outside + loop);
    } else if (isInterface(wanted.front())) {
        call.out(wanted.front() == "br0" ? bridge : wanted.front() == "lo" ? loop : outside);
    } else {
        return call.fail(wanted.front() + ": error fetching interface information: Device not found");
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"ftpget", fileGet, "/usr/bin"},
    {"ftpput", fileGet, "/usr/bin"},
    {"ifconfig", interfaces, "/sbin"},
    {"nc", connect, "/usr/bin"},
    {"nslookup", lookUp, "/usr/bin"},
    {"ping", ping},
    {"ping6", ping},
    {"telnet", connect, "/usr/bin"},
    {"tftp", trivialFtp, "/usr/bin"},
    {"wget", webGet, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellNetworkApplets() {
    return kApplets;
}

}  // namespace apiary::agent
