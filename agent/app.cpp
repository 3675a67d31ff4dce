#include "agent/app.hpp"

#include "agent/agent_answers.hpp"
#include "agent/agent_metrics.hpp"
#include "agent/bounds_board.hpp"
#include "agent/config.hpp"
#include "agent/control/control_server.hpp"
#include "agent/coverage/socket_request.hpp"
#include "agent/egress_watch.hpp"
#include "agent/engine/descriptor_limit.hpp"
#include "agent/engine/engine.hpp"
#include "agent/journal/journal.hpp"
#include "agent/probe_inlet.hpp"
#include "agent/record/recording.hpp"
#include "agent/self_tests.hpp"
#include "agent/service_board.hpp"
#include "agent/spool/spool.hpp"
#include "agent/startup.hpp"
#include "agent/uplink/uplink.hpp"
#include "common/crypto/digest.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/signature.hpp"
#include "common/log/log.hpp"
#include "common/metrics/metrics_server.hpp"
#include "common/net/address.hpp"
#include "common/process/crew.hpp"
#include "common/process/signals.hpp"
#include "common/rpc/grpc_log.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr auto kSessionsEnd = std::chrono::seconds(10);
constexpr auto kLastUplink = std::chrono::seconds(2);
constexpr auto kBetweenTurns = std::chrono::seconds(1);   // of the thread that waits for signals
constexpr auto kBetweenLooks = std::chrono::seconds(10);  // at services that could not start, bounds, the guard
/// Bytes of records that wait for the disk: every session's end stands behind them, and its peer waits for that.
constexpr std::uint64_t kMostQueued = std::uint64_t{4} << 20U;
constexpr std::uint64_t kQueuedShare = 8;  // of the memory, for records that wait; they are there twice
constexpr mode_t kNobodyElse = 0027;       // the group may read what the agent writes

/// How many logs may stay open: what the engine leaves of the descriptors, but for folders, spool, uplink and control.
std::size_t logsKeptOpen() {
    constexpr std::size_t kOthers = 64;
    const DescriptorLimit descriptors = descriptorLimit(EngineSettings().reserve);
    return std::clamp<std::size_t>(descriptors.limit - descriptors.usable, kOthers + 4, kOthers + 256) - kOthers;
}

/// The parts of a running agent, in the order in which they are made; they end in the reverse one.
class Agent {
public:
    Agent(AgentConfig config, std::string configFile, std::uint64_t seed, std::unique_ptr<Spool> spool,
          std::unique_ptr<JournalWriter> journal)
        : config_(std::move(config)),
          configFile_(std::move(configFile)),
          seed_(seed),
          spool_(std::move(spool)),
          journal_(std::move(journal)),
          recording_(recordingSettings(), *spool_, *journal_),
          engine_({.threads = config_.threads,
                   .connections = config_.connections,
                   .seed = seed,
                   .memory = config_.memory,
                   .steered =
                       [](const std::string& service, const Endpoint& at, std::size_t count, SteeredUse use) {
                           return use == SteeredUse::Answering ? requestAnswering(service, at)
                                                               : requestSockets(service, at, count);
                       }},
                  recording_),
          board_(engine_, config_.state + "/services"),
          bounds_(*spool_, *journal_, engine_,
                  {.bytes = config_.journalBytes, .files = config_.journalFiles, .age = config_.journalAge}) {
        if (config_.probes.present) {
            probes_.emplace(recording_);
        }
        if (config_.collector) {
            UplinkSettings settings;
            settings.address = config_.collector->address;
            settings.identity = config_.collector->identity;
            settings.version = APIARY_VERSION;
            settings.bootNonce = Uuid::v4(randomBytes<16>());
            settings.bounds = [this] { return answers_->bounds(); };
            settings.egress = [this] { return egress_.report(); };
            uplink_.emplace(std::move(settings), *spool_, board_);
        }
        selfTests_.emplace(SelfTestSettings{.every = config_.selfTest, .collector = config_.collector.has_value()},
                           engine_, *spool_, board_);
        answers_.emplace(AgentAnswers::Parts{.config = config_,
                                             .spool = *spool_,
                                             .journal = *journal_,
                                             .recording = recording_,
                                             .engine = engine_,
                                             .board = board_,
                                             .bounds = bounds_,
                                             .selfTests = *selfTests_,
                                             .egress = egress_,
                                             .probes = probes_ ? &*probes_ : nullptr,
                                             .uplink = uplink_ ? &*uplink_ : nullptr});
        if (config_.metrics.listen) {
            metrics_.emplace(*config_.metrics.listen, [this] { return agentMetrics(answers_->sample()); });
        }
    }

    Status run() {
        auto control = ControlServer::open(
            controlSocket(config_.state),
            [this](std::string_view verb, std::string_view argument) { return answers_->answer(verb, argument); });
        if (!control) {
            return Error{control.error()};
        }
        control_ = *std::move(control);
        board_.onChanged([this] {
            if (uplink_) {
                uplink_->statusChanged();
            }
        });
        recording_.recover();

        announceMetrics();
        Crew keepers;
        Crew players;
        Crew links;
        keepers.add("journal", [this] { journal_->run(); });
        Crew recorders;
        recorders.add("record", [this] { recording_.run(); });
        recorders.add("upkeep", [this] { recording_.upkeep(); });
        for (std::size_t i = 0; i < config_.threads; ++i) {
            players.add("engine", [this, i] { engine_.run(i); });
        }
        if (uplink_) {
            links.add("uplink", [this] { uplink_->run(); });
        }
        links.add("control", [this] { control_->run(); });
        Crew takers;
        if (probes_) {
            takers.add("probes", [this] { probes_->run(); });
        }
        Crew visitors;
        visitors.add("self-test", [this] { selfTests_->run(); });
        if (metrics_) {
            links.add("metrics", [this] { metrics_->run(); });
        }

        for (const std::string& failure : board_.load(config_.services, configFile_)) {
            log::error(failure);
        }
        announce();
        waitForTheEnd();

        selfTests_->close();
        visitors.join();
        const std::size_t left = engine_.shutDown(kSessionsEnd);
        if (left > 0) {
            log::warn(std::to_string(left) + " sessions had not ended within the deadline; the next start closes them");
        }
        players.join();
        if (probes_) {
            probes_->close();
        }
        takers.join();
        recording_.close();
        recorders.join();
        journal_->close();
        keepers.join();
        if (uplink_) {
            uplink_->stop(kLastUplink);
        }
        control_->close();
        if (metrics_) {
            metrics_->close();
        }
        links.join();
        if (players.failed() || recorders.failed() || keepers.failed() || links.failed() || takers.failed()) {
            return Error{"a part of the agent failed, see above"};
        }
        log::info("stopped");
        return Done{};
    }

private:
    RecordingSettings recordingSettings() {
        RecordingSettings settings;
        settings.rules = journalRules(config_);
        settings.queued = std::min(kMostQueued, config_.memory / kQueuedShare);
        settings.follow = [this](std::string_view text) { show(text); };
        settings.manifest = ManifestSettings{.folder = manifestFolder(config_.state),
                                             .journalDirectory = config_.journalDirectory,
                                             .bytes = config_.journalBytes / 16};
        if (config_.collector) {
            settings.manifest->sign = [identity = config_.collector->identity](std::string_view chain) {
                return signBy(identity.certificate, identity.key, chain);
            };
        } else {
            log::info("without a collector there is no key: manifests are not signed, and kept here only");
        }
        // A piece must fit well into the smallest spool.
        settings.manifest->most = std::clamp<std::uint64_t>(config_.spoolBytes / 64 / kManifestEntry, 100, 5000);
        return settings;
    }

    void show(std::string_view text) {
        if (control_) {
            control_->publish(text);
        }
    }

    /// One line a service, for who started the agent by hand.
    void announce() const {
        for (const ServiceReport& service : board_.reports()) {
            std::string listens;
            for (const Endpoint& endpoint : service.listens) {
                listens += (listens.empty() ? "" : ", ") + endpointText(endpoint);
            }
            const bool on = service.actual == ServiceReport::Actual::On;
            std::cout << service.name
                      << (on                ? " on "
                          : service.desired ? " FAILED on "
                                            : " off, would be on ")
                      << listens << '\n';
        }
        std::cout << std::flush;
    }

    /// A sensor is worth more than its figures: without them it runs all the same.
    void announceMetrics() const {
        if (!metrics_) {
            return;
        }
        if (const auto listening = metrics_->listening()) {
            log::info("figures are on http://" + endpointText(*listening) + "/metrics");
        } else {
            log::error(configFile_ + ':' + std::to_string(config_.metrics.line) + ": " + listening.error());
        }
    }

    void waitForTheEnd() {
        auto nextLook = std::chrono::steady_clock::now();
        for (;;) {
            const std::optional<int> signal = awaitSignal(kBetweenTurns);
            if (signal == SIGTERM || signal == SIGINT) {
                log::info(signal == SIGINT ? "interrupted: ending sessions" : "ending sessions");
                return;
            }
            log::tellHeld();
            if (signal == SIGHUP) {
                reload();
            }
            engine_.relieve();
            if (const auto now = std::chrono::steady_clock::now(); now >= nextLook) {
                nextLook = now + kBetweenLooks;
                board_.retry();
                bounds_.sample(std::chrono::system_clock::now());
                egress_.sample();
            }
        }
    }

    /// A bad file changes nothing.
    void reload() {
        ConfigReading reading = readConfig(configFile_, seed_);
        if (!reading.errors.empty()) {
            for (const std::string& error : reading.errors) {
                log::error(error);
            }
            log::error("the configuration was not changed");
            return;
        }
        recording_.setRules(journalRules(reading.config));
        for (const std::string& failure : board_.load(reading.config.services, configFile_)) {
            log::error(failure);
        }
        config_.services = std::move(reading.config.services);
        log::info("configuration read again: " + std::to_string(config_.services.size()) +
                  " services; other changes take a restart");
        announce();
    }

    AgentConfig config_;
    const std::string configFile_;
    const std::uint64_t seed_;
    std::unique_ptr<Spool> spool_;
    std::unique_ptr<JournalWriter> journal_;
    std::unique_ptr<ControlServer> control_;
    Recording recording_;
    Engine engine_;
    ServiceBoard board_;
    BoundsBoard bounds_;
    EgressWatch egress_{[] { return askRefused(); }};
    std::optional<ProbeInlet> probes_;
    std::optional<Uplink> uplink_;
    std::optional<SelfTests> selfTests_;
    std::optional<AgentAnswers> answers_;
    std::optional<MetricsServer> metrics_;
};

void logGrpc(std::string_view message) {
    log::debug(message);
}

}  // namespace

std::string manifestFolder(const std::string& state) {
    return state + "/manifest";
}

std::string controlSocket(const std::string& folder) {
    return folder + "/control.sock";
}

Result<std::string> askForText(const std::string& folder, const std::string& request) {
    std::string text;
    const Status asked = askAgent(controlSocket(folder), request, [&](std::string_view piece) { text.append(piece); });
    return asked ? Result<std::string>(std::move(text)) : Error{asked.error()};
}

Status runAgent(const std::string& configFile) {
    holdSignals();
    ::umask(kNobodyElse);
    routeGrpcLog(logGrpc);
    raiseDescriptors();

    ConfigReading reading = readConfig(configFile);
    if (reading.errors.empty()) {
        std::error_code failed;
        std::filesystem::create_directories(reading.config.state, failed);
        std::filesystem::create_directories(reading.config.journalDirectory, failed);
        if (failed) {
            return Error{"cannot make the folder " + reading.config.state + ": " + failed.message()};
        }
    }
    std::uint64_t seed = 0;
    if (reading.errors.empty()) {
        seed = reading.config.seed ? *reading.config.seed : keptSeed(reading.config.state + "/seed");
        reading = readConfig(configFile, seed);
    }
    if (!reading.errors.empty()) {
        std::string all;
        for (const std::string& error : reading.errors) {
            all += (all.empty() ? "" : "\n") + error;
        }
        return Error{all};
    }
    AgentConfig& config = reading.config;

    SpoolSettings spoolSettings;
    spoolSettings.path = config.state + "/spool.db";
    spoolSettings.bytes = config.spoolBytes;
    auto spool = Spool::open(withRecordBodies(std::move(spoolSettings)));
    if (!spool) {
        return Error{spool.error()};
    }
    JournalSettings journalSettings;
    journalSettings.directory = config.journalDirectory;
    journalSettings.bytes = config.journalBytes;
    journalSettings.files = config.journalFiles;
    journalSettings.age = config.journalAge;
    journalSettings.openFiles = logsKeptOpen();
    journalSettings.queued = std::min(kMostQueued, config.memory / kQueuedShare);
    journalSettings.agentStart = std::chrono::system_clock::now();
    journalSettings.safeUntil = [&store = **spool] {
        const auto backlog = store.backlog();
        if (backlog.oldest) {
            return *backlog.oldest;
        }
        return backlog.records > 0 ? std::chrono::system_clock::time_point::min() : std::chrono::system_clock::now();
    };
    auto journal = JournalWriter::open(std::move(journalSettings));
    if (!journal) {
        return Error{journal.error()};
    }
    Agent agent(std::move(config), configFile, seed, *std::move(spool), *std::move(journal));
    return agent.run();
}

}  // namespace apiary::agent
