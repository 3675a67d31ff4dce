#pragma once

#include "agent/spool/spool.hpp"
#include "agent/uplink/bound_report.hpp"
#include "agent/uplink/service_control.hpp"
#include "agent/uplink/uplink_cursor.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <string>
#include <vector>

namespace apiary::agent {

/// What the agent says on the wire, and what it understands of the answers. Pure.

v1::FromSensor helloMessage(const Spool& spool, const Uuid& bootNonce, const std::string& version,
                            std::chrono::system_clock::time_point now);

/// A hole becomes a gap record of kind "restore".
v1::FromSensor batchMessage(OutgoingBatch batch, std::chrono::system_clock::time_point now);

v1::FromSensor statusMessage(const Spool& spool, const ServiceControl& services,
                             std::chrono::system_clock::time_point now);
void addBounds(v1::SensorStatus& status, const std::vector<BoundReport>& bounds);

std::vector<LanePosition> positionsOf(const v1::Welcome& welcome);
DesiredServices desiredOf(const v1::DesiredState& message);

}  // namespace apiary::agent
