#pragma once

#include <filesystem>
#include <string_view>
#include <sys/types.h>

namespace apiary::collector {

/// Writes a small file so that after a power cut either the old content is there or all of the new: a temporary file
/// beside it with `mode` from its first moment, synced, renamed, and the directory synced. Throws std::system_error.
void writeDurably(const std::filesystem::path& path, std::string_view content, mode_t mode);

/// Makes the directory (and those above it) if it is missing; a new one gets mode 0700. Throws std::system_error.
void ensurePrivateDirectory(const std::filesystem::path& directory);

}  // namespace apiary::collector
