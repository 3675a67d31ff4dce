#pragma once

#include "agent/shell/shell_regex.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

struct SedAddress {
    enum class Kind : std::uint8_t { None, Line, Last, Pattern, More } kind = Kind::None;
    std::size_t line = 0;                      // of Line; of More how many lines behind the first one
    std::shared_ptr<ShellRegex> pattern = {};  // null: the one that was used last
};

struct SedCommand {
    SedAddress first = {};
    SedAddress second = {};
    bool negated = false;
    char name = 0;
    std::shared_ptr<ShellRegex> pattern = {};  // of s; null: the one that was used last
    std::string text = {};  // of a, i, c; the replacement of s; both halves of y; a label; a file's name
    bool global = false;
    bool print = false;
    std::size_t occurrence = 1;
    std::string file = {};   // that s writes to
    std::size_t behind = 0;  // of {, b, t and T: the command to go on with
};

/// The commands of a script of sed. Throws std::invalid_argument with what BusyBox says.
std::vector<SedCommand> parseSed(std::string_view script, bool extended);

}  // namespace apiary::agent
