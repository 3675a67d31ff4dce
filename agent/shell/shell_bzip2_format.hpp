#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace apiary::agent {

// What packing and unpacking of bzip2 have in common.
inline constexpr std::uint64_t kBzipBlock = 0x314159265359;  // before a block
inline constexpr std::uint64_t kBzipEnd = 0x177245385090;    // behind the last one
inline constexpr std::size_t kBzipLevel = 100'000;           // bytes of a block, for each level
inline constexpr std::size_t kBzipGroup = 50;                // symbols for which a table is selected
inline constexpr unsigned kBzipLongestCode = 20;

/// The CRC of bzip2.
std::uint32_t bzipSum(std::string_view bytes);

}  // namespace apiary::agent
