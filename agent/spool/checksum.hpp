#pragma once

#include <cstdint>
#include <string_view>

namespace apiary::agent {

/// CRC32C (Castagnoli, RFC 3720) of `bytes`; `before` is the checksum of what stands in front of them.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace apiary::agent
