#include "agent/uplink/uplink_messages.hpp"

#include "proto/apiary/v1/session.pb.h"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

std::uint64_t micros(std::chrono::system_clock::time_point at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

std::string holeRecord(const OutgoingBatch::Item& item, std::chrono::system_clock::time_point now) {
    v1::Record record;
    record.set_at_us(micros(now));
    v1::Gap& gap = *record.mutable_gap();
    gap.set_what("restore");
    gap.set_records(item.seqEnd - item.seq + 1);
    gap.set_from_us(micros(now));
    gap.set_to_us(micros(now));
    gap.set_reason(
        "confirmed before, and let go of by the sensor: the database was set back, or the spool took a new id. Their "
        "times "
        "are not known: the gap stands at the time it was found");
    return record.SerializeAsString();
}

void setEndpoint(v1::Endpoint& message, const Endpoint& endpoint) {
    if (const auto v4 = endpoint.v4()) {
        message.set_address(v4->data(), v4->size());
    } else {
        message.set_address(endpoint.address.data(), endpoint.address.size());
    }
    message.set_port(endpoint.port);
}

}  // namespace

v1::FromSensor helloMessage(const Spool& spool, const Uuid& bootNonce, const std::string& version,
                            std::chrono::system_clock::time_point now) {
    v1::FromSensor message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_spool_id(std::string(spool.id().view()));
    hello.set_boot_nonce(std::string(bootNonce.view()));
    for (const LaneView& view : spool.lanes()) {
        if (view.acknowledged == view.last && view.lane != spool.currentLane()) {
            continue;  // over; the collector tells how far it is in every lane that it has
        }
        v1::LaneState& lane = *hello.add_lanes();
        lane.set_lane(view.lane);
        lane.set_first_unacknowledged(view.acknowledged + 1);
        lane.set_last(view.last);
    }
    hello.set_clock_us(micros(now));
    hello.set_version(version);
    return message;
}

v1::FromSensor batchMessage(OutgoingBatch batch, std::chrono::system_clock::time_point now) {
    v1::FromSensor message;
    v1::Batch& wire = *message.mutable_batch();
    wire.set_lane(batch.lane);
    wire.set_first_seq(batch.first);
    wire.set_last_seq(batch.last);
    for (OutgoingBatch::Item& item : batch.items) {
        v1::Entry& entry = *wire.add_entries();
        entry.set_seq(item.seq);
        entry.set_seq_end(item.seqEnd);
        entry.set_record(item.row ? std::move(item.row->body) : holeRecord(item, now));
    }
    return message;
}

v1::FromSensor statusMessage(const Spool& spool, const ServiceControl& services,
                             std::chrono::system_clock::time_point now) {
    v1::FromSensor message;
    v1::SensorStatus& status = *message.mutable_status();
    const Spool::Backlog backlog = spool.backlog();
    status.set_clock_us(micros(now));
    status.set_applied_version(services.appliedVersion());
    status.set_spool_records(backlog.records);
    if (backlog.oldest) {
        status.set_spool_oldest_us(micros(*backlog.oldest));
    }
    status.set_lost_records(spool.lost());
    for (const ServiceReport& report : services.reports()) {
        v1::ServiceStatus& service = *status.add_services();
        service.set_name(report.name);
        service.set_protocol(report.protocol);
        for (const Endpoint& listen : report.listens) {
            setEndpoint(*service.add_listens(), listen);
        }
        service.set_desired(report.desired);
        service.set_actual(static_cast<v1::ActualState>(report.actual));
        service.set_reason(report.reason);
        service.set_open_sessions(report.openSessions);
        service.set_sessions(report.sessions);
        service.set_refused(report.refused);
    }
    return message;
}

void addBounds(v1::SensorStatus& status, const std::vector<BoundReport>& bounds) {
    for (const BoundReport& report : bounds) {
        v1::Bound& bound = *status.add_bounds();
        bound.set_name(report.name);
        bound.set_used(report.used);
        bound.set_limit(report.limit);
        bound.set_lost(report.lost);
        bound.set_full_at_us(report.fullAt ? micros(*report.fullAt) : 0);
    }
}

std::vector<LanePosition> positionsOf(const v1::Welcome& welcome) {
    std::vector<LanePosition> positions;
    for (const v1::LanePosition& lane : welcome.lanes()) {
        positions.push_back({lane.lane(), lane.last_seq()});
    }
    return positions;
}

DesiredServices desiredOf(const v1::DesiredState& message) {
    DesiredServices desired{.version = message.version(), .on = {}};
    for (const v1::ServiceDesired& service : message.services()) {
        desired.on.emplace_back(service.name(), service.on());
    }
    return desired;
}

}  // namespace apiary::agent
