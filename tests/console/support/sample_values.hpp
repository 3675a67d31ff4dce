#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// 12 March 2026, 14:00:00 UTC: the hour in which the samples lie.
inline constexpr qint64 kSampleUs = 1'773'324'000'000'000;
inline constexpr qint64 kSecondUs = 1'000'000;

/// An FTP session that began `seconds` after kSampleUs and took 2.5 s; its id ends in `tail`.
SessionRow sampleRow(int seconds, char tail);
/// 256 SYNs that began `seconds` after kSampleUs and took 9.8 s, to a port of a /24; its id ends in `tail`.
ProbeRow sampleProbe(int seconds, char tail);
/// A login, with bytes that are no text in the second command.
SessionDetail sampleDetail(const SessionRow& row);
/// One sensor with the services ftp (on) and catchall (off).
Sensor sampleSensor();
/// FTP and TELNET in four buckets of 5 minutes.
Series sampleSeries();

}  // namespace apiary::console
