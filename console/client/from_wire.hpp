#pragma once

#include "console/model/values.hpp"
#include "proto/apiary/v1/fleet.pb.h"
#include "proto/apiary/v1/report.pb.h"

namespace apiary::console {

// From the messages of the wire to the values of the models. Called in gRPC's threads: no shared state.

/// Most sessions that one delivery of live ones holds; more are only counted.
inline constexpr qsizetype kLiveRows = 1000;

Totals fromWire(const v1::TotalsReply& reply);
Series fromWire(const v1::SeriesReply& reply);
SessionRow fromWire(const v1::SessionRow& row);
SessionPage fromWire(const v1::ListSessionsReply& reply);
SessionDetail fromWire(const v1::SessionDetail& detail);
OpenSessions fromWire(const v1::ListOpenReply& reply);
LiveBatch fromWire(const v1::LiveBatch& batch);
QList<Sensor> fromWire(const v1::FleetState& state);

void merge(LiveBatch& pending, LiveBatch&& next);

v1::Scope toWire(const Scope& scope);

}  // namespace apiary::console
