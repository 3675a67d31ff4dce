#pragma once

#include "collector/ingest/rows.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::collector {

/// Longest packet, as one row of event holds it.
inline constexpr std::size_t kPacket = 16384;

/// Most bytes, packets or records that one record may tell of: a thousand times what an agent's bounds can be set to,
/// and a million such add up in a bigint. Counts are shared by all sensors: one that filled them would have the
/// database refuse the sessions of the others.
inline constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 40U;

/// Longest name that a sensor gives to something.
inline constexpr std::size_t kName = 64;

/// The word of the database for an outcome; empty for one that it does not know.
std::string_view outcomeText(v1::Outcome outcome);

/// Nothing if it is no address, or the port is out of range.
std::optional<Endpoint> endpointOf(const v1::Endpoint& from);

/// Nothing unless it is 32 bytes.
std::optional<Sha256Digest> digestOf(const std::string& bytes);

/// The millisecond of a session's id, at which it began.
Moment startOf(const Uuid& uuid);

/// A time of a sensor, held within what a row can hold.
Moment momentOf(std::uint64_t micros);

/// What event.bytes says of a handshake: `ok|failed VERSION NAME`, LF, and what the peer had sent when it began.
std::string handshakeText(const v1::TlsHandshake& tls);

/// What a gap says of the numbers of a lost spool, which may be nothing. False: out of range.
bool takeLostNumbers(const v1::Gap& gap, std::optional<LostNumbers>& to);

}  // namespace apiary::collector
