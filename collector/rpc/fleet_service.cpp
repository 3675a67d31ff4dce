#include "collector/rpc/fleet_service.hpp"

#include "collector/rpc/sensor_health.hpp"
#include "collector/rpc/served_call.hpp"
#include "collector/store/fleet_repository.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"
#include "common/text/escape.hpp"
#include "proto/apiary/v1/fleet.grpc.pb.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace apiary::collector {
namespace {

using grpc::CallbackServerContext;
using Time = Ticker::Time;

std::uint64_t micros(Time at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

// The newest wish stands over what the sensor was told last.
void wish(v1::SensorStatus& status, const v1::DesiredState& desired) {
    for (auto& service : *status.mutable_services()) {
        const auto found = std::ranges::find_if(desired.services(),
                                                [&](const auto& wanted) { return wanted.name() == service.name(); });
        if (found != desired.services().end()) {
            service.set_desired(found->on());
        }
    }
}

void tell(v1::Sensor& sensor, const std::vector<Trouble>& troubles) {
    for (const auto& trouble : troubles) {
        auto& told = *sensor.add_troubles();
        told.set_kind(std::string(kindText(trouble.key.kind)));
        told.set_service(trouble.key.service);
        told.set_since_us(micros(trouble.since));
        told.set_text(trouble.sentence());
    }
}

void tell(v1::Sensor& sensor, const SensorFacts& facts) {
    tell(sensor, facts.troubles);
    constexpr int kBounds = 32;  // what a sensor says may be anything
    for (int i = 0; i < std::min(kBounds, facts.status.bounds_size()); ++i) {
        auto& bound = *sensor.add_bounds() = facts.status.bounds(i);
        bound.set_name(escapeCut(bound.name(), 32));
    }
}

v1::Sensor describe(const SensorRecord& record, const FleetHub::Presence* presence, std::vector<Trouble> troubles,
                    Time now) {
    SensorFacts facts{.revoked = record.revoked,
                      .connected = presence != nullptr && presence->connected(),
                      .lastHeard = record.reportedAt,
                      .reported = record.reportedAt.has_value(),
                      .status = record.status,
                      .desiredVersion = record.desired.version(),
                      .desiredAt = record.desiredAt,
                      .troubles = std::move(troubles)};
    std::int32_t clockOffsetMs = record.clockOffsetMs;
    std::string version = record.agentVersion;
    if (presence != nullptr) {
        facts.lastHeard = facts.lastHeard ? std::max(*facts.lastHeard, presence->lastHeard) : presence->lastHeard;
        version = presence->version.empty() ? version : escapeCut(presence->version, 64);
        if (presence->report) {
            facts.reported = true;
            facts.status = presence->report->status;
            clockOffsetMs = presence->report->clockOffsetMs;
        }
    }
    wish(facts.status, record.desired);
    const auto health = healthOf(facts, now);
    v1::Sensor sensor;
    sensor.set_sensor_id(record.sensorId);
    sensor.set_name(record.name);
    sensor.set_site(record.site);
    sensor.set_connected(facts.connected);
    sensor.set_health(health.state);
    sensor.set_health_reason(health.reason);
    sensor.set_last_seen_us(facts.lastHeard ? micros(*facts.lastHeard) : 0);
    sensor.set_version(version);
    sensor.set_desired_version(record.desired.version());
    sensor.set_applied_version(facts.status.applied_version());
    sensor.set_spool_records(facts.status.spool_records());
    sensor.set_clock_offset_ms(clockOffsetMs);
    *sensor.mutable_services() = facts.status.services();
    tell(sensor, facts);
    return sensor;
}

v1::FleetState describeFleet(const std::vector<SensorRecord>& records, const FleetHub& hub, Time now) {
    const auto presences = hub.presences();
    auto troubles = hub.troubles();
    const auto own = std::move(troubles[kOfTheCollector]);
    v1::FleetState state;
    state.set_at_us(micros(now));
    for (const auto& record : records) {
        const auto presence = presences.find(record.sensorId);
        auto& sensor = *state.add_sensors() =
            describe(record, presence == presences.end() ? nullptr : &presence->second,
                     std::move(troubles[record.sensorId]), now);
        tell(sensor, own);  // they are every sensor's, and make none of them unhealthy
    }
    return state;
}

/// The sensors as the database knew them when it answered last: for those who look while it does not.
using LastFleet = Guarded<std::vector<SensorRecord>>;

v1::FleetState readFleet(Connection& connection, const FleetHub& hub, LastFleet& last, Time now) {
    auto records = FleetRepository(connection).sensors();
    auto state = describeFleet(records, hub, now);
    last.with([&](auto& kept) { kept = std::move(records); });
    return state;
}

/// Nothing if the database has never answered.
std::optional<v1::FleetState> rememberFleet(const FleetHub& hub, const LastFleet& last, Time now) {
    const auto records = last.with([](const auto& kept) { return kept; });
    return records.empty() ? std::nullopt : std::optional(describeFleet(records, hub, now));
}

/// Looks again when something has changed: at once for a state, once a second for mere figures, and every 5 s anyway.
class FleetStream final : public ServedStream<v1::FleetState> {
public:
    FleetStream(PeerIdentity peer, std::shared_ptr<const RevokedOperators> revoked, FleetHub& hub,
                std::shared_ptr<LastFleet> last, QueryPool& pool, Clock clock)
        : ServedStream(std::move(peer), std::move(revoked)),
          hub_(hub),
          last_(std::move(last)),
          pool_(pool),
          clock_(std::move(clock)) {}

private:
    static constexpr int kFigures = 4;  // ticks

    void begin() override { look(); }

    void advance(Time) override {
        const auto [due, reading] = pace_.with([&](Pace& pace) {
            ++pace.ticks;
            const auto revision = hub_.revision();
            const bool changed = revision.state != pace.seen.state ||
                                 (revision.any != pace.seen.any && pace.ticks >= kFigures) ||
                                 pace.ticks >= Ticker::kHeartbeat;
            return std::pair(changed, pace.reading);
        });
        if (due && !reading && ready()) {
            look();
        }
    }

    void look() {
        pace_.with([&](Pace& pace) { pace = {.ticks = 0, .seen = hub_.revision(), .reading = true}; });
        const auto self = std::static_pointer_cast<FleetStream>(shared_from_this());
        const auto state = std::make_shared<v1::FleetState>();
        const bool taken = pool_.submit(
            [self, state](Connection& connection) {
                *state = readFleet(connection, self->hub_, *self->last_, self->clock_());
            },
            [self, state](QueryEnd result) {
                self->pace_.with([](Pace& pace) { pace.reading = false; });
                auto known = result == QueryEnd::Unavailable ? rememberFleet(self->hub_, *self->last_, self->clock_())
                                                             : std::nullopt;
                if (result == QueryEnd::Done) {
                    self->send(std::move(*state));
                } else if (known) {
                    self->send(*std::move(known));
                } else {
                    self->end(statusOf(result));
                }
            },
            true);
        if (!taken) {
            end(tooMuchToDo());
        }
    }

    struct Pace {
        int ticks = 0;  // since the last look
        FleetHub::Revision seen;
        bool reading = false;
    };

    FleetHub& hub_;
    const std::shared_ptr<LastFleet> last_;  // the service's
    QueryPool& pool_;
    const Clock clock_;
    Guarded<Pace> pace_;  // ticker and worker
};

class FleetService final : public v1::Fleet::CallbackService {
public:
    FleetService(FleetHub& hub, QueryPool& pool, Ticker& ticker, std::shared_ptr<const RevokedOperators> revoked,
                 Clock clock)
        : hub_(hub), pool_(pool), ticker_(ticker), revoked_(std::move(revoked)), clock_(std::move(clock)) {}

    grpc::ServerUnaryReactor* ListSensors(CallbackServerContext* context, const v1::ListSensorsRequest*,
                                          v1::FleetState* reply) override {
        if (const auto allowed = requireRole(peerOf(*context, clock_()), Role::Viewer, *revoked_); !allowed.ok()) {
            return answer(context, allowed);
        }
        return QueryCall::start(
            pool_,
            [this, reply](Connection& connection) {
                *reply = readFleet(connection, hub_, *last_, clock_());
                return grpc::Status::OK;
            },
            true);
    }

    grpc::ServerWriteReactor<v1::FleetState>* WatchFleet(CallbackServerContext* context,
                                                         const v1::ListSensorsRequest*) override {
        auto peer = peerOf(*context, clock_());
        if (const auto allowed = requireRole(peer, Role::Viewer, *revoked_); !allowed.ok()) {
            return refuse<v1::FleetState>(allowed);
        }
        return FleetStream::start(std::make_shared<FleetStream>(*std::move(peer), revoked_, hub_, last_, pool_, clock_),
                                  ticker_);
    }

    grpc::ServerUnaryReactor* SwitchService(CallbackServerContext* context, const v1::SwitchServiceRequest* request,
                                            v1::SwitchServiceReply* reply) override {
        const auto peer = peerOf(*context, clock_());
        const auto allowed = requireRole(peer, Role::Operator, *revoked_);
        if (!peer) {
            return answer(context, allowed);
        }
        const SwitchWish wanted{
            .sensorId = request->sensor_id(),
            .service = request->service(),
            .on = request->on(),
            .expectedVersion = request->expected_version(),
            .requestedBy = peer->kind == PeerKind::Operator ? peer->name : "sensor " + peer->uuid.text()};
        if (!allowed.ok()) {
            return refuseSwitch(context, wanted, allowed);
        }
        return QueryCall::start(
            pool_, [this, wanted, reply](Connection& connection) { return perform(connection, wanted, *reply); },
            false);
    }

private:
    grpc::Status perform(Connection& connection, const SwitchWish& wanted, v1::SwitchServiceReply& reply) {
        const auto outcome = FleetRepository(connection).switchService(wanted);
        if (const auto* missing = std::get_if<NoSuchTarget>(&outcome)) {
            return {grpc::StatusCode::NOT_FOUND, missing->reason};
        }
        if (const auto* conflict = std::get_if<VersionConflict>(&outcome)) {
            return {grpc::StatusCode::FAILED_PRECONDITION,
                    "somebody else has changed this sensor: its newest version is " + std::to_string(conflict->newest) +
                        "; look again before you switch"};
        }
        const auto& desired = std::get<Switched>(outcome).desired;
        reply.set_version(desired.version());
        log::info(wanted.requestedBy + " wants service " + wanted.service + " of sensor " +
                  std::to_string(wanted.sensorId) + (wanted.on ? " on" : " off") + ", version " +
                  std::to_string(desired.version()));
        hub_.setDesired(wanted.sensorId, desired);
        return grpc::Status::OK;
    }

    // The refusal is noted before it is answered, and answered even if it cannot be noted.
    grpc::ServerUnaryReactor* refuseSwitch(CallbackServerContext* context, const SwitchWish& wanted,
                                           const grpc::Status& refusal) {
        log::warn(escape(wanted.requestedBy) + " was refused a switch: " + refusal.error_message());
        auto* reactor = context->DefaultReactor();
        const bool taken = pool_.submit(
            [wanted, refusal](Connection& connection) {
                FleetRepository(connection).recordRefusal(wanted, refusal.error_message());
            },
            [reactor, refusal](QueryEnd end) {
                if (end != QueryEnd::Done) {
                    log::error("a refusal could not be written to the audit log");
                }
                Reaction::handOver(reactor);
                reactor->Finish(refusal);
            },
            false);
        if (!taken) {
            log::error("a refusal could not be written to the audit log: too much waits");
            reactor->Finish(refusal);
        }
        return reactor;
    }

    FleetHub& hub_;
    QueryPool& pool_;
    const std::shared_ptr<LastFleet> last_ =
        std::make_shared<LastFleet>();  // with streams, which end after the service
    Ticker& ticker_;
    const std::shared_ptr<const RevokedOperators> revoked_;
    const Clock clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> makeFleetService(FleetHub& hub, QueryPool& pool, Ticker& ticker,
                                                std::shared_ptr<const RevokedOperators> revoked, Clock clock) {
    return std::make_unique<FleetService>(hub, pool, ticker, std::move(revoked), std::move(clock));
}

}  // namespace apiary::collector
