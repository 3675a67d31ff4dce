#include "tests/bench/busy_collector.hpp"

#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "proto/apiary/v1/report.grpc.pb.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>

namespace apiary::bench {
namespace {

using grpc::ServerContext;
using grpc::Status;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kApartUs = 1'000'000 / BusyCollector::kSessionsPerSecond;
constexpr std::chrono::milliseconds kLiveEvery{50};
constexpr std::chrono::milliseconds kFleetEvery{250};
constexpr std::uint64_t kLastsUs = 500'000;
constexpr std::uint64_t kBucketUs = 300'000'000;
constexpr int kSensors = 100;

struct Protocol {
    const char* name;
    std::uint32_t port;
};
constexpr std::array<Protocol, 8> kProtocols{{{"telnet", 23},
                                              {"http", 80},
                                              {"smtp", 25},
                                              {"ftp", 21},
                                              {"pop3", 110},
                                              {"irc", 6667},
                                              {"finger", 79},
                                              {"catchall", 6379}}};

std::uint64_t nowUs() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count());
}

std::string sensorName(std::uint64_t number) {
    return "site-" + std::to_string(100 + number % kSensors);
}

std::string addressOf(std::uint64_t number) {
    const std::uint64_t mixed = number * 0x9E37'79B9'7F4A'7C15ULL;
    return {'\x0a', static_cast<char>(mixed >> 56), static_cast<char>(mixed >> 48), static_cast<char>(mixed >> 40)};
}

/// The session that began then; every question and the stream name the same one. There is one every kApartUs.
void setRow(v1::SessionRow& row, std::uint64_t startedUs, bool ended) {
    const std::uint64_t number = startedUs / kApartUs;
    const Protocol& protocol = kProtocols[number % kProtocols.size()];
    std::string id(16, '\x70');
    std::memcpy(id.data(), &number, sizeof number);
    row.set_session_id(id);
    row.set_started_at_us(startedUs);
    row.set_sensor_id(static_cast<std::int32_t>(1 + number % kSensors));
    row.set_sensor(sensorName(number));
    row.mutable_source()->set_address(addressOf(number));
    row.mutable_source()->set_port(static_cast<std::uint32_t>(32'768 + number % 28'000));
    row.mutable_target()->set_address(addressOf(number % kSensors));
    row.mutable_target()->set_port(protocol.port);
    row.set_transport(v1::TRANSPORT_TCP);
    row.set_protocol(protocol.name);
    row.set_country(number % 3 == 0 ? "NL" : number % 3 == 1 ? "CN" : "BR");
    row.set_traffic("attack");
    row.set_outcome("open");
    if (ended) {
        row.set_ended_at_us(startedUs + kLastsUs);
        row.set_outcome("peer_closed");
        row.set_bytes_in(200 + number % 900);
        row.set_bytes_out(1'200 + number % 4'000);
        row.set_packets(8);
        row.set_credentials(2);
        row.set_commands(3);
        row.set_login_accepted(number % 4 == 0);
    }
}

/// Rows from the newest that began before a time.
template <typename Rows>
void addRows(Rows& rows, std::uint64_t beforeUs, std::uint32_t limit, bool ended) {
    std::uint64_t at = (beforeUs - 1) / kApartUs * kApartUs;
    for (std::uint32_t i = 0; i < limit; ++i, at -= kApartUs) {
        setRow(*rows.Add(), at, ended);
    }
}

std::uint64_t sessionsIn(const v1::Scope& scope) {
    return (scope.to_us() - scope.from_us()) / kApartUs;
}

std::string keyOf(v1::TopField field, std::uint32_t rank) {
    switch (field) {
        case v1::TOP_FIELD_SOURCE:
            return "192.0.2." + std::to_string(rank + 1);
        case v1::TOP_FIELD_COUNTRY:
            return std::string{static_cast<char>('A' + rank % 26), static_cast<char>('A' + rank / 26)};
        case v1::TOP_FIELD_PROTOCOL:
            return kProtocols[rank % kProtocols.size()].name;
        case v1::TOP_FIELD_SENSOR:
            return sensorName(rank);
        default:
            return "cat /proc/mounts; /bin/busybox ECCHI " + std::to_string(rank);
    }
}

}  // namespace

/// Lets streams go on at a fixed rate, whatever a message took, until the collector stops; counts what went out.
class BusyCollector::Pace {
public:
    /// Waits for a moment; false if the stream is to end.
    bool await(Clock::time_point moment, const ServerContext& context) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, moment, [this] { return stopped_; });
        return !stopped_ && !context.IsCancelled();
    }

    void carried(std::uint64_t sessions, Clock::duration since) {
        const std::lock_guard lock(mutex_);
        perSecond_ = static_cast<double>(sessions) / std::chrono::duration<double>(since).count();
    }

    double perSecond() const {
        const std::lock_guard lock(mutex_);
        return perSecond_;
    }

    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    double perSecond_ = 0;
    bool stopped_ = false;
};

class BusyCollector::Report final : public v1::Report::Service {
public:
    explicit Report(Pace& pace) : pace_(pace) {}

    Status Totals(ServerContext*, const v1::TotalsRequest* request, v1::TotalsReply* reply) override {
        for (v1::TotalsReply* totals : {reply, reply->mutable_previous()}) {
            const std::uint64_t sessions = sessionsIn(request->scope());
            totals->set_sessions(sessions);
            totals->set_sources(sessions / 13);
            totals->set_credentials(sessions / 2);
            totals->set_new_sources(sessions / 81);
            totals->set_bytes_in(sessions * 412);
            totals->set_bytes_out(sessions * 2'310);
            totals->set_open_sessions(kLastsUs / kApartUs);
        }
        return Status::OK;
    }

    Status Series(ServerContext*, const v1::SeriesRequest* request, v1::SeriesReply* reply) override {
        const v1::Scope& scope = request->scope();
        reply->set_step_us(kBucketUs);
        for (const Protocol& protocol : kProtocols) {
            reply->add_series()->set_protocol(protocol.name);
        }
        for (std::uint64_t at = scope.from_us() / kBucketUs * kBucketUs; at < scope.to_us(); at += kBucketUs) {
            reply->add_bucket_us(at);
            for (v1::ProtocolSeries& series : *reply->mutable_series()) {
                const std::uint64_t sessions = kBucketUs / kApartUs / kProtocols.size() + at / kBucketUs % 17 * 1'000;
                series.add_sessions(sessions);
                series.set_total(series.total() + sessions);
            }
        }
        return Status::OK;
    }

    Status TopN(ServerContext*, const v1::TopNRequest* request, v1::TopNReply* reply) override {
        for (std::uint32_t rank = 0; rank < request->limit(); ++rank) {
            v1::TopEntry& entry = *reply->add_entries();
            entry.set_count(sessionsIn(request->scope()) / (rank + 2));
            entry.set_previous(entry.count() * 9 / 10);
            if (request->field() == v1::TOP_FIELD_CREDENTIAL) {
                entry.set_username("root");
                entry.set_secret("secret-" + std::to_string(rank));
                entry.set_key(entry.username() + " / " + entry.secret());
            } else {
                entry.set_key(keyOf(request->field(), rank));
            }
        }
        return Status::OK;
    }

    Status Activity(ServerContext*, const v1::ActivityRequest*, v1::ActivityReply* reply) override {
        for (std::uint64_t hour = 0; hour < 168; ++hour) {
            reply->add_sessions(hour % 24 * 1'000);
        }
        return Status::OK;
    }

    Status ListSessions(ServerContext*, const v1::ListSessionsRequest* request, v1::ListSessionsReply* reply) override {
        addRows(*reply->mutable_rows(), request->before_us() == 0 ? request->scope().to_us() : request->before_us(),
                request->limit(), true);
        reply->set_more(true);
        return Status::OK;
    }

    Status CountSessions(ServerContext*, const v1::CountSessionsRequest*, v1::CountSessionsReply* reply) override {
        reply->set_sessions(100'000);
        reply->set_more(true);
        return Status::OK;
    }

    Status GetSession(ServerContext*, const v1::GetSessionRequest* request, v1::SessionDetail* reply) override {
        std::uint64_t number = 0;
        std::memcpy(&number, request->session_id().data(), std::min(sizeof number, request->session_id().size()));
        setRow(*reply->mutable_row(), number * kApartUs, true);
        for (std::uint32_t i = 0; i < 40; ++i) {
            v1::SessionEvent& event = *reply->add_events();
            event.set_seq(i);
            event.set_at_us(number * kApartUs + std::uint64_t{i} * 10'000);
            event.set_kind(i % 2);
            event.set_bytes(std::string(i % 2 == 0 ? 24 : 600, 'x') + "\r\n");
        }
        return Status::OK;
    }

    Status ListOpen(ServerContext*, const v1::ListOpenRequest* request, v1::ListOpenReply* reply) override {
        addRows(*reply->mutable_rows(), nowUs(), request->limit(), false);
        reply->set_total(kLastsUs / kApartUs);
        return Status::OK;
    }

    Status Watch(ServerContext* context, const v1::WatchRequest*, grpc::ServerWriter<v1::LiveBatch>* writer) override {
        constexpr std::uint64_t kInMessage = kLiveEvery / std::chrono::microseconds(kApartUs);
        const Clock::time_point began = Clock::now();
        std::uint64_t openedUs = nowUs() / kApartUs * kApartUs;
        std::uint64_t sessions = 0;
        Clock::time_point next = began;
        do {
            v1::LiveBatch batch;
            batch.set_at_us(nowUs());
            for (std::uint64_t i = 0; i < kInMessage; ++i, openedUs += kApartUs) {
                setRow(*batch.add_opened(), openedUs, false);
                setRow(*batch.add_ended(), openedUs - kLastsUs, true);
            }
            if (!writer->Write(batch)) {
                break;
            }
            sessions += kInMessage;
            next += kLiveEvery;
            pace_.carried(sessions, std::max(Clock::now(), next) - began);
        } while (pace_.await(next, *context));
        return Status::OK;
    }

private:
    Pace& pace_;
};

class BusyCollector::Fleet final : public v1::Fleet::Service {
public:
    explicit Fleet(Pace& pace) : pace_(pace) {}

    Status WatchFleet(ServerContext* context, const v1::ListSensorsRequest*,
                      grpc::ServerWriter<v1::FleetState>* writer) override {
        Clock::time_point next = Clock::now();
        do {
            next += kFleetEvery;
        } while (writer->Write(state()) && pace_.await(next, *context));
        return Status::OK;
    }

private:
    static v1::FleetState state() {
        const std::uint64_t now = nowUs();
        v1::FleetState state;
        state.set_at_us(now);
        for (std::uint64_t number = 0; number < kSensors; ++number) {
            v1::Sensor& sensor = *state.add_sensors();
            sensor.set_sensor_id(static_cast<std::int32_t>(1 + number));
            sensor.set_name(sensorName(number));
            sensor.set_site("Amsterdam, NL");
            sensor.set_connected(true);
            sensor.set_health(v1::SENSOR_HEALTH_HEALTHY);
            sensor.set_last_seen_us(now);
            sensor.set_version("1.0.0");
            sensor.set_spool_records(now / 1'000 % 500);
            for (const Protocol& protocol : kProtocols) {
                v1::ServiceStatus& service = *sensor.add_services();
                service.set_name(protocol.name);
                service.set_protocol(protocol.name);
                service.set_desired(true);
                service.set_actual(v1::ACTUAL_STATE_ON);
                service.set_open_sessions(static_cast<std::uint32_t>((now / 1'000 + number) % 9));
                service.set_sessions(now / 1'000'000);
                service.add_listens()->set_port(protocol.port);
            }
        }
        return state;
    }

    Pace& pace_;
};

BusyCollector::BusyCollector(const TlsIdentity& identity)
    : pace_(std::make_unique<Pace>()),
      report_(std::make_unique<Report>(*pace_)),
      fleet_(std::make_unique<Fleet>(*pace_)) {
    const auto credentials = serverCredentials(identity);
    if (!credentials) {
        throw std::runtime_error(credentials.error());
    }
    grpc::ServerBuilder builder;
    configureServer(builder);
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    builder.RegisterService(report_.get());
    builder.RegisterService(fleet_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
        throw std::runtime_error("no collector can listen on 127.0.0.1");
    }
}

BusyCollector::~BusyCollector() {
    pace_->stop();
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
}

double BusyCollector::perSecond() const {
    return pace_->perSecond();
}

}  // namespace apiary::bench
