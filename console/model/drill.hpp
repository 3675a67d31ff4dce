#pragma once

#include "console/model/session_list.hpp"

namespace apiary::console {

/// The query that lists the sessions behind an entry of a ranked list; nothing if there is none, as for a sensor that
/// the fleet no longer has, or behind a tool: that is of probes, which ProbeList lists.
std::optional<SessionQuery> queryFor(TopField field, const TopEntry& entry, const QList<Sensor>& sensors);

/// What the list of a field is called, and what its figures count: sessions, tries, times typed, times offered, probes.
QString titleOf(TopField field);
QString unitOf(TopField field);

/// An entry as people read it, safe to paint: `root:(empty)`.
QString labelOf(TopField field, const TopEntry& entry);

/// What stands beside it, safe to paint: of a source `NL · Example Research`, as far as it is known.
QString noteOf(TopField field, const TopEntry& entry);

/// `+212%`, `-12%`, `±0%`, or `new`, against the range before.
QString changeText(quint64 now, quint64 before);
/// Whether the rise is one to look at: half as much again, or more.
bool rises(quint64 now, quint64 before);

/// `Wed 13:00 to 14:00`: an hour of the week, 0 being Monday 00 to 01 h.
QString weekHourText(int hour);

}  // namespace apiary::console
