#include "agent/hosts/host_reading.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostRanges = 4096;         // what is left of all ranges without their exceptions
constexpr std::size_t kLongestHostName = 63;      // RFC 1035, 2.3.4
constexpr std::uint64_t kLanRate = 500;           // a /24 is asked for and claimed within 10 s
constexpr std::uint64_t kFirstLoopback = 61'000;  // above what the kernel gives to outgoing connections

std::string shown(std::string_view text) {
    return escapeCut(text, 60);
}

std::optional<std::uint16_t> portIn(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0 ? std::optional(port) : std::nullopt;
}

/// Takes "/udp" or "/tcp" off a word of `ports`; nothing if something else is behind its '/'.
std::optional<PortKind> takeKind(std::string& word) {
    const auto slash = word.find('/');
    const std::string kind = slash == std::string::npos ? "tcp" : word.substr(slash + 1);
    word.resize(std::min(slash, word.size()));
    return kind == "tcp" ? std::optional(PortKind::Tcp) : kind == "udp" ? std::optional(PortKind::Udp) : std::nullopt;
}

/// [21, "8000-8100"]; in order, neighbours joined.
std::vector<PortRange> readPorts(const TomlField& field, const std::vector<std::string>& words) {
    std::vector<PortRange> ports;
    for (const std::string& word : words) {
        const auto dash = word.find('-');
        const auto first = portIn(std::string_view(word).substr(0, dash));
        const auto last = dash == std::string::npos ? first : portIn(std::string_view(word).substr(dash + 1));
        if (!first || !last || *last < *first) {
            field.complain("has '" + shown(word) +
                           R"('; it takes ports from 1 to 65535 and ranges: [21, "8000-8100"])");
            return {};
        }
        ports.push_back({*first, *last});
    }
    std::ranges::sort(ports);
    std::vector<PortRange> joined;
    for (const PortRange& range : ports) {
        if (!joined.empty() && range.first <= joined.back().last + 1) {
            joined.back().last = std::max(joined.back().last, range.last);
        } else {
            joined.push_back(range);
        }
    }
    return joined;
}

/// ["161/udp"]: the ports of one service are all of TCP or all of UDP.
void readServicePorts(const TomlField& field, HostService& service) {
    std::vector<std::string> words = field.words();
    std::optional<PortKind> first;
    for (std::string& word : words) {
        const std::string whole = word;
        const auto kind = takeKind(word);
        if (!kind) {
            field.complain("has '" + shown(whole) +
                           R"('; behind the port stands nothing, "/tcp" or "/udp": "161/udp")");
            return;
        }
        if (kind != first.value_or(*kind)) {
            field.complain("has ports of TCP and of UDP; take two services");
            return;
        }
        first = kind;
    }
    service.kind = first.value_or(PortKind::Tcp);
    service.ports = readPorts(field, words);
}

std::optional<PortRange> common(const std::vector<PortRange>& a, const std::vector<PortRange>& b) {
    for (const PortRange& one : a) {
        for (const PortRange& other : b) {
            if (one.first <= other.last && other.first <= one.last) {
                return PortRange{std::max(one.first, other.first), std::min(one.last, other.last)};
            }
        }
    }
    return std::nullopt;
}

bool goodPattern(std::string_view pattern) {
    return !pattern.empty() && pattern.size() <= kLongestHostName && std::ranges::all_of(pattern, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '#' || c == '@' || c == '%';
    });
}

/// "00:15:5d": three bytes of a vendor, of whose stations none is a group.
std::optional<std::array<std::uint8_t, 3>> vendorIn(const TomlField& field) {
    if (!field.present()) {
        return std::nullopt;
    }
    const std::string text = field.text();
    std::array<std::uint8_t, 3> vendor{};
    bool good = text.size() == 8 && text[2] == ':' && text[5] == ':';
    for (std::size_t i = 0; i < vendor.size() && good; ++i) {
        const char* at = text.data() + 3 * i;
        const auto [end, error] = std::from_chars(at, at + 2, vendor.at(i), 16);
        good = error == std::errc{} && end == at + 2;
    }
    if (!good || (vendor[0] & 1U) != 0) {
        field.complain(R"(must be how the hardware addresses of a vendor begin, such as "00:15:5d")");
        return std::nullopt;
    }
    return vendor;
}

class Reader {
public:
    Reader(const TomlTable& root, const std::vector<Taken>& taken) : root_(root), taken_(takenEverywhere()) {
        taken_.insert(taken_.begin(), taken.begin(), taken.end());
    }

    HostReading read() {
        const TomlTable coverage = root_.table("coverage");
        const std::uint64_t base = coverage.field("port").number(kFirstLoopback, 1024, 65'000);
        const TomlField user = coverage.field("user");
        reading_.user = user.text();
        reading_.lanRate = static_cast<unsigned>(coverage.field("lan_rate").number(kLanRate, 1, 10'000));
        readCollector();
        readServices(base);
        for (const TomlTable& table : root_.tables("persona")) {
            readPersona(table);
        }
        for (const auto& [index, field] : unused_) {
            field.complain("are of no use: no [[persona]] lists the service '" + shown(plan().services[index].name) +
                           "'");
        }
        const std::vector<TomlTable> hosts = root_.tables("hosts");
        for (const TomlTable& table : hosts) {
            readRanges(table);
        }
        if (!hosts.empty() && reading_.user.empty()) {
            (coverage.present() ? coverage : hosts.front())
                .complain(
                    "needs [coverage] user: the user that runs apiary-agent, whose connections to others than the "
                    "collector are refused");
        }
        std::ranges::sort(plan().ranges, {}, &HostRange::addresses);
        return std::move(reading_);
    }

private:
    HostPlan& plan() { return reading_.plan; }

    void readCollector() {
        reading_.collector = root_.table("collector").field("address").text();
        const auto address = parseEndpoint(reading_.collector);
        if (address) {
            taken_.insert(taken_.begin(), {{address->address, address->address}, "the collector's address"});
        }
    }

    /// Names and their faults are told by who reads services in whole.
    void readServices(std::uint64_t base) {
        for (const TomlTable& table : root_.tables("service")) {
            const TomlField ports = table.field("ports");
            if (!ports.present()) {
                continue;
            }
            HostService service;
            service.name = table.field("name").text();
            service.line = table.line();
            service.loopback =
                static_cast<std::uint16_t>(std::min<std::uint64_t>(base + plan().services.size(), 65'535));
            readServicePorts(ports, service);
            if (base + plan().services.size() > 65'535) {
                ports.complain("has no port left on the loopback; give [coverage] a smaller port");
            }
            if (service.ports.empty()) {
                ports.complain("must name at least one port");
            }
            unused_.emplace(plan().services.size(), ports);
            plan().services.push_back(std::move(service));
        }
    }

    void readPersona(const TomlTable& table) {
        Persona persona;
        persona.line = table.line();
        const TomlField name = table.field("name");
        persona.name = name.required().text();
        const auto same = std::ranges::find(plan().personas, persona.name, &Persona::name);
        if (name.present() && (persona.name.empty() || persona.name.size() > 60)) {
            name.complain("must be 1 to 60 bytes");
        } else if (same != plan().personas.end()) {
            name.complain("'" + shown(persona.name) + "' is taken by the persona of line " +
                          std::to_string(same->line) + "; names must differ");
        }
        readPersonaServices(table.field("services"), persona);
        const TomlField others = table.field("other_ports");
        const std::string what = others.text("closed");
        persona.others = what == "filtered" ? OtherPorts::Filtered : OtherPorts::Closed;
        if (what != "closed" && what != "filtered") {
            others.complain(
                R"(must be "closed" (they refuse) or "filtered" (they are silent); open ones take a service)");
        }
        const TomlField except = table.field("other_ports_except");
        persona.except = readPorts(except, except.words());
        persona.ping = table.field("ping").flag(true);
        const TomlField names = table.field("host_names");
        persona.hostNames = names.text("srv####");
        if (!goodPattern(persona.hostNames)) {
            names.complain(
                "must be 1 to 63 letters, digits, '-' and '.', with '#' for a digit, '@' for a letter, '%' for "
                "an upper-case letter or digit: \"srv####\"");
        }
        const TomlField traits = table.field("traits");
        persona.traits = isTraitsFile(traits.text()) ? traits.path() : traits.text();
        if (traits.present() && persona.traits.empty()) {
            traits.complain("must name traits, or a file of them; leave the line out for those of this machine");
        }
        persona.vendor = vendorIn(table.field("mac"));
        plan().personas.push_back(std::move(persona));
    }

    void readPersonaServices(const TomlField& field, Persona& persona) {
        for (const std::string& wanted : field.required().texts()) {
            const auto found = std::ranges::find(plan().services, wanted, &HostService::name);
            if (found == plan().services.end()) {
                field.complain("lists '" + shown(wanted) + "', but no [[service]] of that name has ports");
                continue;
            }
            const auto index = static_cast<std::size_t>(found - plan().services.begin());
            unused_.erase(index);
            for (const std::size_t other : persona.services) {
                if (plan().services[other].kind != found->kind) {
                    continue;
                }
                const auto both = common(plan().services[other].ports, found->ports);
                if (both) {
                    field.complain("gives port " + std::to_string(both->first) + " to both '" +
                                   shown(plan().services[other].name) + "' (line " +
                                   std::to_string(plan().services[other].line) + ") and '" + shown(found->name) +
                                   "' (line " + std::to_string(found->line) + "); take it from one of them");
                }
            }
            persona.services.push_back(index);
        }
    }

    void readRanges(const TomlTable& table) {
        const TomlField personaField = table.field("persona");
        const std::string name = personaField.required().text();
        const auto persona = std::ranges::find(plan().personas, name, &Persona::name);
        if (persona == plan().personas.end() && personaField.present()) {
            personaField.complain("'" + shown(name) + "' is not known; write a [[persona]] of that name");
        }
        const TomlField lan = table.field("lan");
        const std::string interface = lan.text();
        if (lan.present() && interface.empty()) {
            lan.complain(R"(must name an interface: "eth0"; without it the ranges are routed to this machine)");
        }
        if (!interface.empty()) {
            reading_.lans.emplace_back(table.line(), interface);
        }
        const TomlField rangesField = table.field("ranges");
        const TomlField exceptField = table.field("except");
        const auto ranges = parsed(rangesField.required());
        const auto holes = parsed(exceptField);
        if (rangesField.present() && rangesField.texts().empty()) {
            rangesField.complain("must name at least one address or range");
        }
        for (const AddressRange& hole : holes) {
            if (std::ranges::none_of(ranges, [&](const AddressRange& range) { return range.meets(hole); })) {
                exceptField.complain(rangeText(hole) + " is in none of the ranges; leave it out");
            }
        }
        for (const AddressRange& range : ranges) {
            if (!range.v4() && range.first != range.last && !narrow(range)) {
                rangesField.complain(rangeText(range) + " is too large; an IPv6 range may be a /" +
                                     std::to_string(kWidestHosts6) + " or smaller");
                continue;
            }
            if (persona == plan().personas.end()) {
                continue;  // nobody's: a plan has hosts of its personas only
            }
            for (const AddressRange& rest : without(range, holes)) {
                add(rangesField,
                    {rest, static_cast<std::size_t>(persona - plan().personas.begin()), table.line(), interface});
            }
        }
    }

    static std::vector<AddressRange> parsed(const TomlField& field) {
        std::vector<AddressRange> ranges;
        for (const std::string& text : field.texts()) {
            const auto range = parseRange(shown(text));
            if (range) {
                ranges.push_back(*range);
            } else {
                field.complain("is wrong: " + range.error());
            }
        }
        return ranges;
    }

    static bool narrow(const AddressRange& range) {
        return std::equal(range.first.begin(), range.first.begin() + kWidestHosts6 / 8, range.last.begin());
    }

    void add(const TomlField& field, const HostRange& range) {
        for (const Taken& taken : taken_) {
            const bool claimed = !range.lan.empty() && taken.link == range.lan;
            if (!claimed && taken.addresses.v4() == range.addresses.v4() && taken.addresses.meets(range.addresses)) {
                field.complain(rangeText(range.addresses) + " holds " + rangeText(taken.addresses) + ", " + taken.by +
                               "; leave it out, or name it under except" +
                               (taken.link.empty() ? "" : ", or have them claimed there: lan = \"" + taken.link + '"'));
                return;
            }
        }
        for (const HostRange& other : plan().ranges) {
            if (other.addresses.meets(range.addresses)) {
                field.complain(rangeText(range.addresses) + " overlaps " + rangeText(other.addresses) + " of line " +
                               std::to_string(other.line) + "; an address is one host");
                return;
            }
        }
        if (range.addresses.v4()) {
            const std::uint64_t before = std::exchange(hosts4_, hosts4_ + range.addresses.count());
            if (hosts4_ > kMostHosts4) {
                if (before <= kMostHosts4) {
                    field.complain(rangeText(range.addresses) + " makes " + std::to_string(hosts4_) +
                                   " IPv4 addresses; all ranges together may have " + std::to_string(kMostHosts4) +
                                   ", as many as a /12");
                }
                return;
            }
            const std::uint64_t claimed = range.lan.empty() ? 0 : range.addresses.count();
            const std::uint64_t others = std::exchange(onLans4_, onLans4_ + claimed);
            if (claimed > 0 && onLans4_ > kMostOnLans4) {
                if (others <= kMostOnLans4) {
                    field.complain(rangeText(range.addresses) + " makes " + std::to_string(onLans4_) +
                                   " IPv4 addresses to be claimed; all ranges with lan together may have " +
                                   std::to_string(kMostOnLans4) + ", as many as a /16");
                }
                return;
            }
        }
        if (plan().ranges.size() >= kMostRanges) {
            if (!std::exchange(tooMany_, true)) {
                field.complain("makes more than " + std::to_string(kMostRanges) +
                               " ranges; write fewer and larger ones");
            }
            return;
        }
        plan().ranges.push_back(range);
    }

    const TomlTable& root_;
    std::vector<Taken> taken_;
    HostReading reading_;
    std::map<std::size_t, TomlField> unused_;  // ports of services that no persona has listed yet
    std::uint64_t hosts4_ = 0;
    std::uint64_t onLans4_ = 0;
    bool tooMany_ = false;
};

}  // namespace

HostReading readHosts(const TomlTable& root, const std::vector<Taken>& taken) {
    return Reader(root, taken).read();
}

}  // namespace apiary::agent
