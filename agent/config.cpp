#include "agent/config.hpp"

#include "agent/host_faces.hpp"
#include "agent/hosts/host_reading.hpp"
#include "agent/module_settings.hpp"
#include "agent/protocols/registry.hpp"
#include "common/config/toml.hpp"
#include "common/crypto/pem_objects.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::size_t kLongestName = 60;
constexpr std::uint16_t kMetricsPort = 9465;
constexpr Millis kFlowIdle = 10s;          // who is silent that long has got his answer, or will not ask again
constexpr std::uint64_t kReplyFactor = 3;  // the most that a datagram service may send for what it got

/// What services begin with: the table [limits].
struct Defaults {
    Limits limits;
    Admission admission;
};

/// Half of the machine's, and no more than 1 GiB.
std::uint64_t defaultMemory() {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto size = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
    return std::clamp(pages * size / 2, 64 * kMiB, kGiB);
}

Limits readLimits(const TomlTable& table, const Limits& fallback) {
    Limits limits;
    limits.idle = table.field("idle").duration(fallback.idle, 100ms, 24h);
    limits.total = table.field("total").duration(fallback.total, 100ms, 7 * 24h);
    limits.received = table.field("received").size(fallback.received, 1024, kGiB);
    limits.sent = table.field("sent").size(fallback.sent, 1024, kGiB);
    limits.evidence = table.field("evidence").number(fallback.evidence, 1, 1'000'000);
    limits.payload = table.field("payload").size(fallback.payload, 0, kGiB);
    return limits;
}

Admission readAdmission(const TomlTable& table, const Admission& fallback) {
    Admission admission;
    admission.waiting = table.field("waiting").duration(fallback.waiting, 0ms, 1h);
    admission.burst = table.field("burst").number(fallback.burst, 1, 1'000'000);
    admission.perSource = table.field("per_source").number(fallback.perSource, 1, 1'000'000);
    return admission;
}

bool goodName(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

std::string readName(const TomlTable& table) {
    const TomlField field = table.field("name");
    std::string name = field.required().text();
    if (field.present() && !goodName(name)) {
        field.complain("must be 1 to 60 letters, digits, '-', '_' or '.'");
    }
    return name;
}

bool goodAddress(std::string_view address) {
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return false;
    }
    const std::string_view digits = address.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const std::string_view host = address.substr(0, colon);
    return error == std::errc{} && end == digits.data() + digits.size() && port != 0 &&
           (host.find(':') == std::string_view::npos || (host.starts_with('[') && host.ends_with(']'))) &&
           std::ranges::all_of(host, [](char c) { return c > ' ' && c <= '~' && c != '/'; });
}

std::optional<CollectorConfig> readCollector(const TomlTable& table) {
    if (!table.present()) {
        return std::nullopt;
    }
    CollectorConfig collector;
    const TomlField address = table.field("address");
    collector.address = address.required().text();
    if (address.present() && !goodAddress(collector.address)) {
        address.complain(R"(must be HOST:PORT, for instance "collector.example:7443" or "127.0.0.1:7443")");
    }
    collector.identity.ca = table.field("ca").required().path();
    collector.identity.certificate = table.field("certificate").required().path();
    collector.identity.key = table.field("key").required().path();
    return collector;
}

const Module* readModule(const TomlTable& table) {
    const TomlField field = table.field("protocol");
    const std::string name = field.required().text();
    const Module* module = findModule(name);
    if (module == nullptr && field.present()) {
        std::string known;
        for (const Module* one : modules()) {
            known += (known.empty() ? "" : ", ") + std::string(one->name);
        }
        field.complain("'" + escapeCut(name, 60) + "' is not known; known are: " + known);
    }
    return module;
}

std::optional<TlsFiles> readTls(const TomlTable& table) {
    const TomlField certificate = table.field("tls_certificate");
    const TomlField key = table.field("tls_key");
    TlsFiles files{certificate.path(), key.path()};
    if (!certificate.present() && !key.present()) {
        return std::nullopt;
    }
    if (certificate.present() != key.present()) {
        table.complain("needs both tls_certificate and tls_key, or neither");
        return std::nullopt;
    }
    if (const auto first = readCertificate("certificate", files.certificate); !first) {
        certificate.complain("is of no use: " + first.error());
    } else if (const auto both = readKeyPair(files.certificate, files.key); !both) {
        key.complain("is of no use: " + both.error());
    }
    return files;
}

std::pair<std::uint16_t, std::uint16_t> readPassivePorts(const TomlTable& table) {
    const TomlField field = table.field("passive_ports");
    const auto ports = field.numbers(1, 65535);
    if (!field.present()) {
        return {0, 0};
    }
    if (ports.size() != 2 || ports[0] > ports[1]) {
        field.complain("must be the first and the last of a range of ports: [50000, 50099]");
        return {0, 0};
    }
    return {static_cast<std::uint16_t>(ports[0]), static_cast<std::uint16_t>(ports[1])};
}

JournalRule readRule(const TomlTable& table) {
    JournalRule rule;
    const TomlField field = table.field("logs");
    const std::string which = field.text("all");
    if (which == "first") {
        rule.which = JournalRule::Which::FirstOfHour;
    } else if (which == "spoken") {
        rule.which = JournalRule::Which::Spoken;
    } else if (which != "all") {
        field.complain(
            R"(must be "all", "first" (logs_first of each source and hour) or "spoken" (the peer sent something))");
    }
    rule.first = table.field("logs_first").number(rule.first, 1, 1'000'000);
    return rule;
}

/// Of datagram services: it takes down what comes, and answers nothing.
bool silent(const Module& module) {
    return module.name == "catchall-udp";
}

/// What a service with `ports` is at the hosts of the plan.
void readHostsOf(ServiceSpec& spec, const TomlTable& table, std::uint64_t seed,
                 const std::shared_ptr<const HostPlan>& plan) {
    const HostService* service = plan->service(spec.name);
    ModuleSettings settings;
    spec.prepared = prepareForHosts(*spec.module, table, seed, settings);
    const TomlField ports = table.field("ports");
    if (!spec.proxies.empty()) {
        table.field("proxies").complain(
            "cannot stand beside ports: behind a proxy there are no hosts; take two services");
    }
    if (service == nullptr) {
        return;  // its name is wrong, which has been said
    }
    const bool datagrams = spec.module->transport == Transport::Datagram;
    if (datagrams != (service->kind == PortKind::Udp)) {
        ports.complain(
            "do not fit " + std::string(spec.module->name) +
            (datagrams ? R"(, which speaks UDP; write "161/udp")" : ", which speaks TCP; leave out the /udp"));
    }
    spec.answering = service->answeringPorts();
    if (datagrams && spec.answering.empty() && !silent(*spec.module)) {
        ports.complain("are more than the " + std::to_string(kMostAnsweringPorts) + " from which " +
                       std::string(spec.module->name) + " can answer; name fewer, or play catchall-udp there");
    }
    spec.shown = plan->examples(*service);
    for (const Endpoint& loopback : {Endpoint::of({127, 0, 0, 1}, service->loopback),
                                     Endpoint{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, service->loopback}}) {
        if (std::ranges::any_of(
                spec.shown, [&](const Endpoint& host) { return host.v4().has_value() == loopback.v4().has_value(); })) {
            spec.steered.push_back(loopback);
        }
    }
    spec.hosts = std::make_shared<ServiceFaces>(plan, spec.name, *spec.module, std::move(settings), seed);
}

ServiceConfig readService(const TomlTable& table, const Defaults& defaults, std::uint64_t seed,
                          const std::shared_ptr<const HostPlan>& plan) {
    ServiceConfig service;
    ServiceSpec& spec = service.spec;
    service.line = table.line();
    spec.name = readName(table);
    spec.module = readModule(table);
    const bool atHosts = table.field("ports").present();
    const TomlField listen = table.field("listen");
    spec.listens = (atHosts ? listen : listen.required()).endpoints();
    service.enabled = table.field("enabled").flag(true);
    service.rule = readRule(table);
    spec.persona = table.field("persona").text();
    Limits limits = defaults.limits;
    if (spec.module != nullptr && spec.module->transport == Transport::Datagram) {
        limits.idle = std::min(limits.idle, kFlowIdle);
        spec.credit.factor = table.field("reply_factor").number(kReplyFactor, 1, kReplyFactor);
    }
    spec.limits = readLimits(table, limits);
    spec.admission = readAdmission(table, defaults.admission);
    spec.passivePorts = readPassivePorts(table);
    spec.tls = readTls(table);
    const TomlField implicitTls = table.field("implicit_tls");
    spec.implicitTls = implicitTls.flag(false);
    if (spec.implicitTls && !spec.tls) {
        implicitTls.complain("needs tls_certificate and tls_key");
    }
    const TomlField proxies = table.field("proxies");
    for (const std::string& text : proxies.texts()) {
        const auto address = parseAddress(escapeCut(text, 60));
        if (address) {
            spec.proxies.push_back(*address);
        } else {
            proxies.complain("is wrong: " + address.error());
        }
    }
    if (spec.module != nullptr && atHosts) {
        readHostsOf(spec, table, seed, plan);
    } else if (spec.module != nullptr) {
        spec.prepared = prepareModule(*spec.module, table, seed);
    } else {
        std::ignore = table.table("settings").entries();
    }
    return service;
}

bool wildcard(const Endpoint& endpoint) {
    const auto v4 = endpoint.v4();
    return v4 ? *v4 == Endpoint::V4{} : endpoint.address == Endpoint{}.address;
}

bool overlap(const Endpoint& a, const Endpoint& b) {
    return a.port == b.port && a.port != 0 && a.v4().has_value() == b.v4().has_value() &&
           (a.address == b.address || wildcard(a) || wildcard(b));
}

/// What the reader has seen so far, to refuse what stands twice. By port, so that many services stay quick to check.
class ServiceTable {
public:
    void add(const TomlTable& table, const ServiceConfig& service) {
        const auto [named, fresh] = lines_.emplace(service.spec.name, service.line);
        if (!fresh && !service.spec.name.empty()) {
            table.field("name").complain("'" + service.spec.name + "' is taken by the service of line " +
                                         std::to_string(named->second) + "; names must differ");
        }
        if (service.spec.module == nullptr) {
            return;
        }
        for (const Endpoint& listen : service.spec.listens) {
            auto& others = byPort_[{service.spec.module->transport, listen.port}];
            const auto other =
                std::ranges::find_if(others, [&](const Taken& t) { return overlap(t.endpoint, listen); });
            if (other != others.end()) {
                table.field("listen").complain(endpointText(listen) + " is taken: the service '" + other->service +
                                               "' of line " + std::to_string(other->line) + " listens on " +
                                               endpointText(other->endpoint) +
                                               "; only one service can have an address and port");
            } else {
                others.push_back({listen, service.spec.name, service.line});
            }
        }
    }

private:
    struct Taken {
        Endpoint endpoint;
        std::string service;
        std::size_t line;
    };
    std::map<std::string, std::size_t> lines_;
    std::map<std::pair<Transport, std::uint16_t>, std::vector<Taken>> byPort_;
};

ConfigReading readAll(TomlFile file, std::uint64_t seed, const std::vector<Taken>& taken) {
    ConfigReading reading;
    AgentConfig& config = reading.config;
    const TomlTable root = file.root();

    const TomlTable agent = root.table("agent");
    config.name = readName(agent);
    config.state = agent.field("state").required().path();
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    config.threads = agent.field("threads").number(std::min<std::size_t>(cores, 64), 1, 64);
    if (const TomlField own = agent.field("seed"); own.present()) {
        config.seed = own.number(0, 0, INT64_MAX);
    }
    config.metrics = readMetrics(agent, kMetricsPort);
    config.selfTest = std::chrono::minutes(agent.field("self_test_minutes").number(60, 0, 1440));

    config.collector = readCollector(root.table("collector"));

    const TomlTable journal = root.table("journal");
    config.journalDirectory = journal.field("directory").path();
    if (config.journalDirectory.empty()) {
        config.journalDirectory = config.state + "/journal";
    }
    config.journalBytes = journal.field("bytes").size(2 * kGiB, kMiB, kMiB * kGiB);
    config.journalFiles = journal.field("files").number(500'000, 100, 1'000'000'000);
    config.journalAge = std::chrono::days(journal.field("days").number(0, 0, 36'500));
    config.spoolBytes = root.table("spool").field("bytes").size(kGiB, kMiB, 1024 * kGiB);

    const TomlTable limits = root.table("limits");
    config.connections = limits.field("connections").number(10'000, 1, 1'000'000);
    config.memory = limits.field("memory").size(defaultMemory(), 64 * kMiB, 1024 * kGiB);
    const Defaults defaults{readLimits(limits, {}), readAdmission(limits, {})};

    config.hosts = std::make_shared<const HostPlan>(readHosts(root, taken).plan);
    config.probes = readProbes(root, *config.hosts);
    ServiceTable table;
    for (const TomlTable& service : root.tables("service")) {
        config.services.push_back(readService(service, defaults, config.seed.value_or(seed), config.hosts));
        table.add(service, config.services.back());
    }
    reading.errors = file.finish();
    return reading;
}

}  // namespace

ConfigReading readConfig(const std::string& path, std::uint64_t seed) {
    return readAll(TomlFile::read(path), seed, takenHere());
}

ConfigReading parseConfig(std::string_view text, const std::string& name, std::uint64_t seed,
                          const std::vector<Taken>& taken) {
    return readAll(TomlFile::parse(text, name), seed, taken);
}

std::map<std::string, JournalRule, std::less<>> journalRules(const AgentConfig& config) {
    std::map<std::string, JournalRule, std::less<>> rules;
    for (const ServiceConfig& service : config.services) {
        rules.emplace(service.spec.name, service.rule);
    }
    return rules;
}

}  // namespace apiary::agent
