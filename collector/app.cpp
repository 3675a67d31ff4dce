#include "collector/app.hpp"

#include "collector/collector_metrics.hpp"
#include "collector/enrich/source_table.hpp"
#include "collector/ingest/ingest_hub.hpp"
#include "collector/ingest/live_feed.hpp"
#include "collector/notice_channels.hpp"
#include "collector/pki/certificate_authority.hpp"
#include "collector/pki/sensor_certificate.hpp"
#include "collector/retention_keeper.hpp"
#include "collector/rpc/collector_desk.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/fleet_service.hpp"
#include "collector/rpc/health_service.hpp"
#include "collector/rpc/ingest_service.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/report_service.hpp"
#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/rpc_meter.hpp"
#include "collector/rpc/sensor_desk.hpp"
#include "collector/rpc/server.hpp"
#include "collector/rpc/ticker.hpp"
#include "collector/rpc/trouble_desk.hpp"
#include "collector/schema_watch.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/database_watch.hpp"
#include "collector/store/fleet_repository.hpp"
#include "collector/store/free_space.hpp"
#include "collector/store/incident_repository.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/session_store.hpp"
#include "collector/watch/clock_doubt.hpp"
#include "collector/watch/stale_rule.hpp"
#include "common/log/log.hpp"
#include "common/metrics/metrics_server.hpp"
#include "common/net/address.hpp"
#include "common/process/crew.hpp"
#include "common/process/signals.hpp"
#include "common/rpc/grpc_log.hpp"

#include <grpcpp/impl/service_type.h>  // only to destroy the services

#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQuestionsWaiting = 256;
constexpr auto kLongestReport = 20s;
constexpr auto kLastAnswers = 2000ms;
constexpr auto kLookAtSources = 60s;  // whether they have been replaced

std::chrono::system_clock::time_point now() {
    return std::chrono::system_clock::now();
}

void logGrpc(std::string_view message) {
    // The only place where gRPC says why it refused somebody's handshake.
    if (message.find("SSL") != std::string_view::npos || message.find("certificate") != std::string_view::npos) {
        log::warn("a handshake was refused: " + std::string(message));
    } else {
        log::debug(message);
    }
}

/// The parts of a running collector, in the order in which they are made; they end in the reverse one.
class Collector {
public:
    explicit Collector(const CollectorConfig& config)
        : config_(config),
          sources_(config.sources),
          space_(spaceOf(config)),
          spaceToTell_(spaceOf(config)),
          store_(
              config.writer, config.id, [this] { return sources_.current(); }, [this] { return space_.lack(); }),
          fleetStore_(config.writer, config.id),
          schema_(config.writer),
          database_(config.writer),
          ingest_(store_, feed_, [] { return std::chrono::floor<std::chrono::microseconds>(now()); },
                  {.missed = missed()}),
          reports_([dsn = config.writer] { return openForReports(dsn, kLongestReport); }, kQuestionsWaiting, missed()),
          switches_([dsn = config.writer] { return std::make_unique<Connection>(dsn, "apiary-collector fleet"); },
                    kQuestionsWaiting, missed()),
          revocations_([dsn = config.writer] { return std::make_unique<Connection>(dsn, "apiary-collector revoked"); },
                       1, missed()),
          revoked_(std::make_shared<RevokedOperators>(revocations_)),
          retention_(config.writer, config.id, config.retention, [this] { return doubt(); }),
          ingestService_(ingest_, fleet_, ticker_, now),
          desk_(fleetStore_, fleetStore_, fleet_, [this](std::int32_t sensor) { ingestService_.shutOut(sensor); }),
          notices_(config, missed()),
          incidents_(
              {.dsn = config.writer, .collectorId = config.id, .collector = config.name, .channels = notices_.names()}),
          troubles_(incidents_, fleet_, told(config), now(), [this] { notices_.wake(); }),
          own_(
              fleet_, [this] { return ownView(); },
              [this](const std::string& notice, auto at) { notices_.tell(notice, at); }, told(config), config.name),
          reportService_(makeReportService(feed_, reports_, ticker_, revoked_, now)),
          fleetService_(makeFleetService(fleet_, switches_, ticker_, revoked_, now)),
          healthService_(
              makeHealthService([this](std::string_view service) { return health(service); }, ticker_, revoked_, now)) {
        ingestService_.setDesk(desk_);
        desk_.onMissed(missed());
        troubles_.onMissed(missed());
        troubles_.onLook([this](std::span<const SensorView> sensors, Trouble::Time at) {
            for (const StaleSessions& stale : stale_.judge(sensors, at)) {
                ingest_.closeStale(stale.sensorId, std::chrono::floor<std::chrono::microseconds>(stale.before),
                                   stale.reason);
            }
        });
        store_.checkManifests([pki = config.pki](const Uuid& sensor, std::string_view certificate) {
            return strangerTo(sensor, certificate, pki);
        });
        ticker_.add(revoked_);
        if (config_.metrics.listen) {
            metrics_.emplace(*config_.metrics.listen, [this] { return collectorMetrics(sample()); });
        }
    }

    Status run() {
        const auto schema = schema_.ask();
        if (schema && !*schema) {
            return Error{schema->error()};
        }
        readSources(true);
        announceMetrics();
        Crew watch;
        if (schema) {
            readRevoked();
        } else {
            watch.add("schema", [this] { schema_.run(); });
        }
        Crew writers;
        writers.add("ingest", [this] { ingest_.run(); });
        Crew servants;
        servants.add("desk", [this] { desk_.run(); });
        servants.add("ticker", [this] { ticker_.run(); });
        for (std::size_t i = 0; i < kReportThreads; ++i) {
            servants.add("report", [this] { reports_.run(); });
        }
        servants.add("report-cancel", [this] { reports_.runCancellations(); });
        servants.add("fleet", [this] { switches_.run(); });
        servants.add("fleet-cancel", [this] { switches_.runCancellations(); });
        servants.add("revoked", [this] { revocations_.run(); });
        servants.add("retention", [this] { retention_.run(); });
        servants.add("database", [this] { database_.run(); });
        if (metrics_) {
            servants.add("metrics", [this] { metrics_->run(); });
        }
        servants.add("troubles", [this] { troubles_.run(); });
        servants.add("own-troubles", [this] { own_.run(); });
        notices_.addTo(servants);

        std::unique_ptr<RpcServer> server;
        const Status outcome = serveUntilTheEnd(server);
        ingest_.stop();  // what waits is committed and acknowledged while the streams still live
        writers.join();
        ingestService_.close();
        if (server) {
            server->stop(kLastAnswers);
        }
        schema_.stop();
        troubles_.stop();
        own_.stop();
        notices_.stop();
        ticker_.stop();
        desk_.stop();
        reports_.stop();
        switches_.stop();
        revocations_.stop();
        retention_.stop();
        database_.stop();
        if (metrics_) {
            metrics_->close();
        }
        servants.join();
        watch.join();
        if (outcome && (writers.failed() || servants.failed() || watch.failed())) {
            return Error{"a part of the collector failed, see above"};
        }
        log::info("stopped");
        return outcome;
    }

private:
    static FreeSpace spaceOf(const CollectorConfig& config) {
        return {[watch = config.watch, dsn = config.writer] { return watch.empty() ? databaseFolders(dsn) : watch; },
                config.floor};
    }

    /// For whoever finds no database: one of all says so.
    std::function<void(const std::string&)> missed() {
        return [this](const std::string& why) { database_.missed(why); };
    }

    IncidentBook::Settings told(const CollectorConfig& config) const {
        return {.every = config.notify.every,
                .mostPerHour = config.notify.mostPerHour,
                .notices = !notices_.names().empty()};
    }

    /// How far the clocks of the sensors are from ours that are connected.
    std::vector<std::int32_t> clocks() const {
        std::vector<std::int32_t> offsets;
        for (const auto& [sensor, presence] : fleet_.presences()) {
            if (presence.connected() && presence.report) {
                offsets.push_back(presence.report->clockOffsetMs);
            }
        }
        return offsets;
    }

    /// Why this machine's clock is not to be believed. Where it is years off, no sensor has a certificate that is
    /// valid.
    std::optional<std::string> doubt() const {
        const Status own = checkIdentity(identity(), now());
        return own ? clockDoubt(clocks()) : std::optional(own.error());
    }

    CollectorView ownView() {
        const auto written = ingest_.counters().transactions;
        return {.answers = database_.answers(),
                .takes = ingest_.databaseAnswers(),
                .lack = spaceToTell_.lack(),
                .transactions = written.count,
                .transactionSeconds = written.seconds,
                .waitingBytes = ingest_.queuedBytes(),
                .kept = retention_.kept()};
    }

    /// So that the first operator need not wait for the ticker to ask; which it does again if this fails.
    void readRevoked() {
        try {
            Connection connection(config_.writer);
            revoked_->read(connection);
        } catch (const std::exception& error) {
            if (saysNoDatabase(error)) {
                database_.missed(error.what());
            } else {
                log::warn("who is revoked is not known yet, operators have to wait: " + inOneLine(error.what()));
            }
        }
    }

    /// Throws nothing: the threads are to be stopped however this ends.
    Status serveUntilTheEnd(std::unique_ptr<RpcServer>& server) {
        try {
            auto started = serve();
            if (!started) {
                return Error{started.error()};
            }
            server = *std::move(started);
            waitForTheEnd();
            return Done{};
        } catch (const std::exception& error) {
            return Error{error.what()};
        }
    }

    TlsIdentity identity() const {
        return {CertificateAuthority::certificateFile(config_.pki).string(),
                CertificateAuthority::collectorCertificateFile(config_.pki).string(),
                CertificateAuthority::collectorKeyFile(config_.pki).string()};
    }

    Result<std::unique_ptr<RpcServer>> serve() {
        if (const Status checked = checkIdentity(identity(), now()); !checked) {
            return Error{checked.error() + "; apiary-collector init makes what is missing"};
        }
        auto server = RpcServer::start(
            config_.listens, identity(),
            {&ingestService_.service(), reportService_.get(), fleetService_.get(), healthService_.get()}, meter_);
        if (server) {
            for (const Endpoint& endpoint : config_.listens) {
                log::info("collector " + config_.name + ", number " + std::to_string(config_.id) + ", listens on " +
                          endpointText(endpoint));
            }
        }
        return server;
    }

    /// Nothing works without the database; ingest may lose it by itself.
    std::optional<bool> health(std::string_view service) const {
        const bool ingest = service == "apiary.v1.Ingest";
        if (!ingest && !service.empty() && service != "apiary.v1.Report" && service != "apiary.v1.Fleet") {
            return std::nullopt;
        }
        return database_.answers() && (!ingest || ingest_.databaseAnswers());
    }

    /// Sensors have no other place to send to: without figures it serves all the same.
    void announceMetrics() const {
        if (!metrics_) {
            return;
        }
        if (const auto listening = metrics_->listening()) {
            log::info("figures are on http://" + endpointText(*listening) + "/metrics");
        } else {
            log::error(config_.metricsPlace + ": " + listening.error());
        }
    }

    CollectorSample sample() const {
        return {.databaseUp = database_.answers() && ingest_.databaseAnswers(),
                .sensors = database_.sensors(),
                .presences = fleet_.presences(),
                .ingest = ingest_.counters(),
                .queuedBytes = ingest_.queuedBytes(),
                .queueLimit = ingest_.queueLimit(),
                .calls = meter_.view(),
                .troubles = fleet_.troubles(),
                .notices = notices_.counts(),
                .noticesHeld = troubles_.heldBack() + own_.heldBack(),
                .noticesOverflowed = incidents_.overflowed(),
                .version = APIARY_VERSION};
    }

    /// A file of countries or networks that cannot be read holds up nobody: sensors have no other place to send to.
    void readSources(bool again) {
        const SourceTable::Changes changes = sources_.refresh(again);
        for (const std::string& read : changes.read) {
            log::info(read);
        }
        for (const std::string& problem : changes.problems) {
            log::error(config_.sourcesPlace + ": " + problem);
        }
    }

    void waitForTheEnd() {
        for (;;) {
            const std::optional<int> signal = awaitSignal(kLookAtSources);
            if (signal && *signal != SIGHUP) {
                break;
            }
            log::tellHeld();
            if (signal) {
                log::info(
                    "SIGHUP: files of countries and networks are read again, the configuration at the start only");
            }
            readSources(signal.has_value());
        }
        log::info("stopping: committing what waits");
    }

    const CollectorConfig config_;
    SourceTable sources_;
    FreeSpace space_;        // of ingest's thread
    FreeSpace spaceToTell_;  // of the one that looks for the collector's own troubles
    SessionStore store_;
    FleetStore fleetStore_;
    SchemaWatch schema_;
    DatabaseWatch database_;
    RpcMeter meter_;
    LiveFeed feed_;
    FleetHub fleet_;
    Ticker ticker_;
    IngestHub ingest_;
    QueryPool reports_;
    QueryPool switches_;
    QueryPool revocations_;
    const std::shared_ptr<RevokedOperators> revoked_;  // with streams, which end after their services
    RetentionKeeper retention_;
    IngestService ingestService_;
    SensorDesk desk_;
    NoticeChannels notices_;
    IncidentRepository incidents_;
    StaleRule stale_;  // of the troubles' thread
    TroubleDesk troubles_;
    CollectorDesk own_;
    std::unique_ptr<grpc::Service> reportService_;
    std::unique_ptr<grpc::Service> fleetService_;
    std::unique_ptr<grpc::Service> healthService_;
    std::optional<MetricsServer> metrics_;
};

}  // namespace

Status runCollector(const CollectorConfig& config) {
    holdSignals();
    routeGrpcLog(logGrpc);
    Collector collector(config);
    return collector.run();
}

}  // namespace apiary::collector
