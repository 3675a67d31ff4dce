#pragma once

#include "agent/shell/shell_gzip.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace apiary::agent {

inline constexpr std::size_t kBzipCost = 64;  // of each byte to pack: 700 ns, if the bytes are hard to sort

/// A file of bzip2 with these bytes, as BusyBox writes it; the level, 1 to 9, is how large its blocks are. The caller
/// has paid for them.
std::string bzipped(std::string_view bytes, int level = 9);

/// What a file of bzip2 has in it, at most `most` bytes; all members, one after the other.
std::string bunzipped(std::string_view file, std::size_t most, GunzipError& error);

/// What BusyBox says of a file of bzip2 that is not one, or not whole.
std::string_view bunzipMessage(GunzipError error);

}  // namespace apiary::agent
