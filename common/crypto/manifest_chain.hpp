#pragma once

#include "common/crypto/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace apiary {

/// Bytes of an entry of a manifest: session id, SHA-256 of its text log.
inline constexpr std::size_t kManifestEntry = 48;

/// The chain of a piece of a day's manifest: SHA-256 over the chain of the piece before (zeros for the first of a day),
/// `day` (since 1970) and `first` (number of its first entry) with 8 bytes each, big endian, and the entries.
Sha256Digest manifestChain(const Sha256Digest& before, std::uint32_t day, std::uint64_t first,
                           std::string_view entries);

}  // namespace apiary
