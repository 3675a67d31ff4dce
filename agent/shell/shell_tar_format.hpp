#pragma once

#include "agent/shell/shell_files.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace apiary::agent {

inline constexpr std::size_t kTarBlock = 512;
inline constexpr std::size_t kTarLongestName = 100;

/// What the head of a member says.
struct TarMember {
    std::string name;
    std::string target;  // of a link
    std::string user;
    std::string group;
    std::uint64_t mode = 0;
    std::uint64_t size = 0;
    std::uint64_t modified = 0;
    char kind = '0';

    /// As ls shows it.
    ShellNode node() const;
};

/// The block in front of a file in an archive of POSIX (ustar).
std::string tarHead(const ShellFiles& files, const std::string& name, const ShellNode& node);

/// Takes the next member's head off the archive, and the empty blocks in front of it. False at the end of the archive
/// or if something is wrong, which `error` then says.
bool readTarHead(std::string_view& archive, TarMember& member, std::string_view& error);

}  // namespace apiary::agent
