#include "agent/probes/privileges.hpp"

#include <cerrno>
#include <grp.h>
#include <linux/capability.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace apiary::agent {
namespace {

Error failed(const std::string& what) {
    return Error{"cannot " + what + ": " + std::generic_category().message(errno)};
}

}  // namespace

Status giveUpPrivileges(std::uint32_t user, std::uint32_t group) {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // not held without CAP_SETPCAP: then there is less to drop
    }
    if (::geteuid() == 0) {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
            ::setresuid(user, user, user) != 0) {
            return failed("become the user " + std::to_string(user));
        }
    } else if (::geteuid() != user) {
        return Error{"must be started by root or by [coverage] user, which the agent expects it to be"};
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const __user_cap_data_struct none[2] = {{}, {}};
    if (::syscall(SYS_capset, &header, none) != 0) {
        return failed("give up capabilities");
    }
    // The agent has the same user: it must not get at the packet socket, which could send.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return failed("close the process to others");
    }
    __user_cap_data_struct left[2] = {{}, {}};
    if (::syscall(SYS_capget, &header, left) != 0 || left[0].permitted != 0 || left[1].permitted != 0 ||
        ::geteuid() == 0) {
        return Error{"privileges are left that should be gone"};
    }
    return Done{};
}

}  // namespace apiary::agent
