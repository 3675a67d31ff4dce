#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// 12 March 2026, 14:37:20 UTC: when the pictures are taken.
inline constexpr qint64 kPictureUs = 1'773'326'240'000'000;

/// One plausible day of a honeynet of nine sensors, the same in every run: what a collector would answer at kPictureUs.
/// Sources are of the networks that RFC 5737 keeps for documentation; some of the texts are hostile.

/// Sessions in buckets of 5 minutes over the range of `scope`, with a burst of TELNET and one of SMTP.
Series dayOfSessions(const Scope& scope);
Series dayOfCredentials(const Scope& scope);
/// The totals of the range of `scope`, and of the one before it.
Totals totalsOfDay(const Scope& scope);
Totals totalsOfDayBefore(const Scope& scope);
QList<TopEntry> topOfDay(TopField field, int limit);
/// 168 counts, Monday 00 to 01 h first.
Activity activityOfWeeks();
/// The newest sessions of the filter's protocols and sensors; `before` as in CollectorLink::askSessions().
SessionPage sessionsOfDay(const Scope& scope, const SessionKey& before, int limit);
/// Probes with the marks of a tool, as many as topOfDay() counts.
ProbePage probesOfDay(const Scope& scope, const QString& tool, const SessionKey& before, int limit);
OpenSessions openAtEnd();
/// A dialogue that fits the protocol of the session; empty detail if there is no such session.
SessionDetail detailOf(const QByteArray& id);
/// Names of the sensors, from number 1 on.
const QList<QString>& sensorsOfDay();
/// Nine sensors: one offline, one that cannot bind a port, one that is applying, the others well.
QList<Sensor> fleetAtEnd();

}  // namespace apiary::console
