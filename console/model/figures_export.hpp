#pragma once

#include "console/model/fleet_model.hpp"
#include "console/model/overview_model.hpp"

namespace apiary::console {

/// The chart's buckets as CSV in UTF-8 (RFC 4180): the start of each in UTC as ISO 8601, sessions by protocol, and
/// their sum, empty where nobody listened; below them the sums of all buckets. Empty if there is no chart.
QByteArray figuresCsv(const OverviewModel::Figures& figures);

/// A ranked list as CSV, a line for each entry: what it names, its count under the name of the list's unit, and that of
/// the range before. A login has a column for each of its parts, a source two more for its country and network.
QByteArray rankingCsv(TopField field, const QList<TopEntry>& entries);

/// The fleet as CSV, a line for each service of each sensor: what is wanted, what is, and why.
QByteArray fleetCsv(const FleetModel& fleet);

}  // namespace apiary::console
