#pragma once

#include <string>
#include <string_view>

namespace apiary::agent {

/// A prompt as it is shown, and how many columns its last line takes: what stands between \[ and \] takes none.
struct ShellPrompt {
    static constexpr std::size_t kLongest = 2048;  // bytes

    std::string text;
    unsigned width = 0;
};

/// What the escapes of a prompt stand for.
struct ShellPromptValues {
    std::string directory;  // with ~ for the home
    std::string user;
    std::string host;
    std::string clock;  // hours and minutes
    bool root = true;
};

/// Replaces the escapes of PS1 and PS2 as BusyBox 1.35's line editor does (libbb/lineedit.c).
ShellPrompt shellPrompt(std::string_view format, const ShellPromptValues& values);

}  // namespace apiary::agent
