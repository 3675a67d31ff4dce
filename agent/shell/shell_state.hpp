#pragma once

#include "agent/shell/shell_files.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Makes of "u+x", "755" or "a=rw,o-w" the new mode of a file; nothing if it cannot be read. `mask` is the umask, which
/// counts where nobody is named.
std::optional<std::uint16_t> modeOf(std::string_view text, unsigned mode, bool directory, unsigned mask);

/// What reading a device gives that somebody made.
ShellNode::Live readingOf(const ShellNode& device);

/// "drwxr-xr-t", as ls and stat show it.
std::string modeLetters(const ShellNode& node);

/// What stat(2) would say of the node at `path`: bytes, kilobytes on the medium, names, the number of its inode (the
/// same for the same path).
std::uint64_t sizeOf(const ShellFiles& files, std::string_view path, const ShellNode& node);
std::uint64_t kilobytesOf(const ShellFiles& files, std::string_view path, const ShellNode& node);
std::size_t linksOf(const ShellFiles& files, std::string_view path, const ShellNode& node);
std::size_t inodeOf(std::string_view path);
/// The name of a user ("/etc/passwd") or a group ("/etc/group"); nothing if there is none.
std::optional<std::string> accountOf(const ShellFiles& files, std::string_view file, std::uint32_t id);
/// True in /tmp and /dev.
bool onTmpfs(std::string_view path);

}  // namespace apiary::agent
