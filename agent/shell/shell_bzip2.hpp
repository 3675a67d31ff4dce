#pragma once

#include "agent/shell/shell_gzip.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace apiary::agent {

/// A file of bzip2 with these bytes. Takes time like their number times the square of its logarithm; the caller bounds
/// it.
std::string bzipped(std::string_view bytes);

/// What a file of bzip2 has in it, at most `most` bytes; all members, one after the other. Blocks that were randomised,
/// as no bzip2 has done for decades, are corrupt.
std::string bunzipped(std::string_view file, std::size_t most, GunzipError& error);

}  // namespace apiary::agent
