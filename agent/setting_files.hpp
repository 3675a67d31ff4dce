#pragma once

#include "agent/protocol/readings.hpp"
#include "common/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace apiary::agent {

/// What a setting may make the agent hold in memory.
struct ReadingBounds {
    std::size_t files = 10'000;  // folders count as well
    std::uint64_t bytes = std::uint64_t{64} << 20U;
};

/// Reads a folder and all below it, hidden files too. A symbolic link to a file of the folder is that file; any other,
/// and what is neither file nor folder, is an Error, as nothing shall be shown that the operator did not put there.
/// Blocks. An Error says which file is wrong and what to do.
Result<FolderRead> readFolder(const std::string& path, const ReadingBounds& bounds = {});

/// Reads all tables of a TOML file, and the files that they name, which must lie in its folder. Blocks. The Error holds
/// all that is wrong, each with the file's name and line.
Result<TablesRead> readTables(const std::string& path, const ReadingBounds& bounds = {});

}  // namespace apiary::agent
