#pragma once

#include "agent/shell/shell_environment.hpp"
#include "agent/shell/shell_files.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What the word before the cursor may become, as BusyBox 1.35's line editor finds it (libbb/lineedit.c).
struct ShellCompletion {
    std::vector<std::string> matches;  // last names, by name, each once; folders end with '/'. "~root/" for users
    std::string part;                  // what each of them begins with, of what was typed, without its quotes
};

/// Finds what fits the end of `typed`, all that stands before the cursor: commands where one is expected, folders
/// behind `cd`, users behind `~`, else files. Looks at a bounded number of files, whatever PATH says.
ShellCompletion completionOf(const ShellFiles& files, const ShellEnvironment& environment, std::string_view typed);

}  // namespace apiary::agent
