#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// A file of gzip (RFC 1952) with these bytes, as BusyBox writes it: without a name and a time.
std::string gzipped(std::string_view bytes);

/// BadHead: of bzip2, what follows its magic.
enum class GunzipError { None, NoMagic, BadHead, ShortRead, Corrupt };

/// What a file of gzip has in it, at most `most` bytes; all members, one after the other.
std::string gunzipped(std::string_view file, std::size_t most, GunzipError& error);

}  // namespace apiary::agent
