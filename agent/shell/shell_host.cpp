#include "agent/shell/shell_host.hpp"

namespace apiary::agent {

std::shared_ptr<const ShellHost> ShellHost::make(const ShellHostSpec& spec) {
    ShellHostSpec whole = spec;
    if (whole.build.empty()) {
        whole.build = "(2022-10-14 22:44:41 UTC)";
    }
    return std::shared_ptr<const ShellHost>(new ShellHost(whole));
}

}  // namespace apiary::agent
