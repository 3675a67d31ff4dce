#include "agent/coverage/coverage_config.hpp"

#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/traits/reply_routes.hpp"
#include "agent/hosts/host_reading.hpp"
#include "common/config/toml.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint16_t kDns = 53;

std::optional<std::uint32_t> userNumber(const std::string& user) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), number);
    if (error == std::errc{} && end == user.data() + user.size()) {
        return number;
    }
    std::array<char, 16'384> room{};
    passwd entry{};
    passwd* found = nullptr;
    ::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found);
    return found == nullptr ? std::nullopt : std::optional<std::uint32_t>(found->pw_uid);
}

/// The addresses of HOST:PORT by a name server or /etc/hosts.
Result<std::vector<Endpoint>> resolved(const std::string& address) {
    const auto colon = address.rfind(':');
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const std::string host = address.substr(0, colon);
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    if (const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); failed != 0) {
        return Error{"cannot be looked up: " + std::string(::gai_strerror(failed)) +
                     "; write its address, or add it to /etc/hosts"};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
    std::vector<Endpoint> endpoints;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        Endpoint endpoint;
        if (one->ai_family == AF_INET) {
            sockaddr_in in{};
            std::memcpy(&in, one->ai_addr, sizeof in);
            Endpoint::V4 v4{};
            std::memcpy(v4.data(), &in.sin_addr, v4.size());
            endpoint = Endpoint::of(v4, ntohs(in.sin_port));
        } else if (one->ai_family == AF_INET6) {
            sockaddr_in6 in{};
            std::memcpy(&in, one->ai_addr, sizeof in);
            std::memcpy(endpoint.address.data(), &in.sin6_addr, endpoint.address.size());
            endpoint.port = ntohs(in.sin6_port);
        } else {
            continue;
        }
        endpoints.push_back(endpoint);
    }
    return endpoints;
}

void readUser(const TomlTable& root, const std::string& user, Egress& egress) {
    const auto number = userNumber(user);
    if (!number) {
        root.table("coverage")
            .field("user")
            .complain("'" + escapeCut(user, 60) + "' is not a user of this machine; add it, or name another");
    } else if (*number == 0) {
        root.table("coverage")
            .field("user")
            .complain("must not be root, who would be cut off; give apiary-agent a user of its own");
    } else {
        egress.user = *number;
    }
}

void readCollector(const TomlTable& root, const std::string& collector, CoverageConfig& config) {
    const TomlField address = root.table("collector").field("address");
    if (const auto literal = parseEndpoint(collector)) {
        config.egress.collector = {*literal};
        return;
    }
    auto endpoints = resolved(collector);
    if (!endpoints) {
        address.complain(endpoints.error());
        return;
    }
    for (const Endpoint& endpoint : *endpoints) {
        if (config.plan.personaAt(endpoint) != nullptr) {
            address.complain("is " + addressText(endpoint) + ", which is one of the [[hosts]]; leave it out there");
        }
    }
    config.egress.collector = std::move(*endpoints);
    std::ifstream in("/etc/resolv.conf");
    config.egress.resolvers = resolversIn(std::string(std::istreambuf_iterator<char>(in), {}));
}

/// The traits that a persona names; what is wrong with a file of them is added to `errors`.
std::optional<PacketTraits> namedTraits(const TomlField& field, const Persona& persona,
                                        std::vector<std::string>& errors) {
    const std::string& name = persona.traits;
    TraitsReading reading;
    if (isTraitsFile(name)) {
        reading = readTraits(name);
    } else {
        const auto found = std::ranges::find(builtInTraits(), name, &BuiltInTraits::name);
        if (found == builtInTraits().end()) {
            std::string known;
            for (const BuiltInTraits& each : builtInTraits()) {
                known += (known.empty() ? "" : ", ") + std::string(each.name);
            }
            field.complain("'" + escapeCut(name, 60) + "' is not known; there are " + known +
                           ", or name a file of your own: \"./" + escapeCut(name, 60) + ".toml\"");
            return std::nullopt;
        }
        reading = parseTraits(found->text, "built-in traits " + name);
    }
    errors.insert(errors.end(), reading.errors.begin(), reading.errors.end());
    return std::move(reading.traits);
}

/// Personas are in the plan in the order of the file.
void readPersonaTraits(const TomlTable& root, CoverageConfig& config, std::vector<std::string>& errors) {
    const std::vector<TomlTable> tables = root.tables("persona");
    config.traits.resize(config.plan.personas.size());
    for (std::size_t i = 0; i < config.plan.personas.size(); ++i) {
        const Persona& persona = config.plan.personas[i];
        const TomlField field = tables[i].field("traits");
        config.traits[i] = persona.traits.empty() ? std::nullopt : namedTraits(field, persona, errors);
        for (const bool v4 : {true, false}) {
            if (const auto rules = replyRules(config.plan, config.traits, v4).size(); rules > kMostReplyRules) {
                field.complain("make " + std::to_string(rules) +
                               " networks, and each is a rule of routing; write ranges "
                               "with fewer of them (" +
                               std::to_string(kMostReplyRules) + "), such as 10.9.0.0/24");
                config.traits[i].reset();
            }
        }
    }
}

/// Why what one `[[hosts]]` has on a link cannot be claimed there, or nothing: of the first of its ranges that cannot.
std::string whyNot(const HostPlan& plan, std::size_t line, const std::string& interface) {
    std::string why = whyNoLink(interface);
    for (const HostRange& range : plan.ranges) {
        if (why.empty() && range.line == line && range.lan == interface) {
            why = whyNotOnLink(interface, range.addresses);
        }
    }
    return why;
}

/// Several inline tables may be on one line: line and interface together say which is meant.
void checkLans(const TomlTable& root, const HostReading& hosts) {
    for (const TomlTable& table : root.tables("hosts")) {
        const TomlField field = table.field("lan");
        const auto lan = std::ranges::find(hosts.lans, std::pair(table.line(), field.text()));
        if (lan == hosts.lans.end()) {
            continue;
        }
        if (const std::string why = whyNot(hosts.plan, lan->first, lan->second); !why.empty()) {
            field.complain(why);
        }
    }
}

}  // namespace

CoverageReading readCoverage(const std::string& path) {
    TomlFile file = TomlFile::read(path);
    const TomlTable root = file.root();
    CoverageReading reading;
    HostReading hosts = readHosts(root, takenHere());
    checkLans(root, hosts);
    reading.config.plan = std::move(hosts.plan);
    reading.config.lanRate = hosts.lanRate;
    if (!hosts.user.empty()) {
        readUser(root, hosts.user, reading.config.egress);
    }
    if (!hosts.collector.empty()) {
        readCollector(root, hosts.collector, reading.config);
    }
    std::vector<std::string> ofTraits;
    readPersonaTraits(root, reading.config, ofTraits);
    reading.errors = file.errorsSoFar();
    reading.errors.insert(reading.errors.end(), ofTraits.begin(), ofTraits.end());
    if (reading.errors.empty() && reading.config.plan.empty() && hosts.user.empty()) {
        reading.errors.push_back(path + ": there are no [[hosts]] to steer, and no [coverage] user to guard; add one");
    }
    return reading;
}

std::vector<Endpoint> resolversIn(std::string_view text) {
    std::vector<Endpoint> resolvers;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key;
        std::string value;
        words >> key >> value;
        if (auto address = parseAddress(value); key == "nameserver" && address) {
            address->port = kDns;
            resolvers.push_back(*address);
        }
    }
    return resolvers;
}

}  // namespace apiary::agent
