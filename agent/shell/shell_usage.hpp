#pragma once

#include <span>
#include <string_view>

namespace apiary::agent {

/// What follows the version in the help of an applet.
struct ShellUsage {
    std::string_view name;
    std::string_view text;
};

/// Of the applets of which shell_usage.cpp says nothing.
std::span<const ShellUsage> moreShellUsages();

}  // namespace apiary::agent
