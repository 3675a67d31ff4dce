#pragma once

#include "console/model/fleet_model.hpp"
#include "console/view/tile.hpp"

namespace apiary::console {

/// The fleet in numbers, as the tiles show it.
struct FleetFigures {
    qsizetype sensors = 0;
    qsizetype online = 0;
    qsizetype degraded = 0;
    qsizetype applying = 0;  // services
    qsizetype failed = 0;    // services
    qsizetype running = 0;   // services
    qsizetype wanted = 0;    // services
    quint64 openSessions = 0;
    quint64 queued = 0;
    qsizetype problems = 0;  // sensors that need a look
    qsizetype inStep = 0;    // sensors online whose clock is right
    QString worstClock;      // of those that are not: name and offset; empty if all are
    QString longestQueue;    // name of the sensor with most records waiting
    quint64 longestQueued = 0;

    QString sensorWords() const;
    QString serviceWords() const;
    QString queueWords() const;
};

FleetFigures figuresOf(const FleetModel& fleet);

/// "as of 14:36:58 UTC" while the link is lost: from then on nobody told how the fleet is. Empty while it is live.
QString staleWords(const LinkState& link);

/// Writes "24 / 27" and what is wrong with the rest into a tile.
void showOnline(Tile& tile, const FleetFigures& figures);

}  // namespace apiary::console
