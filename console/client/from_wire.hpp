#pragma once

#include "console/model/values.hpp"
#include "proto/apiary/v1/fleet.pb.h"
#include "proto/apiary/v1/report.pb.h"

namespace apiary::console {

// From the messages of the wire to the values of the models. Called in gRPC's threads: no shared state.

/// Most sessions that one delivery of live ones holds; more are only counted.
inline constexpr qsizetype kLiveRows = 1000;

struct ComparedTotals {
    Totals now;
    Totals before;
};

ComparedTotals fromWire(const v1::TotalsReply& reply);
Series fromWire(const v1::SeriesReply& reply);
QList<TopEntry> fromWire(const v1::TopNReply& reply);
Activity fromWire(const v1::ActivityReply& reply);
SessionCount fromWire(const v1::CountSessionsReply& reply);
SessionRow fromWire(const v1::SessionRow& row);
SessionPage fromWire(const v1::ListSessionsReply& reply);
ProbePage fromWire(const v1::ListProbesReply& reply);
SessionDetail fromWire(const v1::SessionDetail& detail);
OpenSessions fromWire(const v1::ListOpenReply& reply);
LiveBatch fromWire(const v1::LiveBatch& batch);
QList<Sensor> fromWire(const v1::FleetState& state);

void merge(LiveBatch& pending, LiveBatch&& next);

v1::Scope toWire(const Scope& scope);
v1::SessionFilter toWire(const SessionFilter& filter);
v1::SeriesField toWire(SeriesField field);
/// The width of buckets to ask for; 0: as the collector likes. It has the sources of whole hours at hand.
std::uint64_t stepUs(const Scope& scope, SeriesField field);
v1::TopField toWire(TopField field);

}  // namespace apiary::console
