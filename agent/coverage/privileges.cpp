#include "agent/coverage/privileges.hpp"

#include <cerrno>
#include <cstdint>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace apiary::agent {

Status keepNetworkOnly() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (capability != CAP_NET_ADMIN) {
            ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // not held without CAP_SETPCAP: then there is less to drop
        }
    }
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    constexpr std::uint32_t kNetAdmin = std::uint32_t{1} << CAP_NET_ADMIN;
    constexpr std::uint32_t kLowPorts = std::uint32_t{1} << CAP_NET_BIND_SERVICE;
    __user_cap_data_struct held[2] = {};
    if (::syscall(SYS_capget, &header, held) != 0) {
        held[0].permitted = 0;
    }
    const std::uint32_t kept = kNetAdmin | (held[0].permitted & kLowPorts);
    const __user_cap_data_struct keep[2] = {{.effective = kept, .permitted = kept, .inheritable = kNetAdmin}, {}};
    if (::syscall(SYS_capset, &header, keep) != 0) {
        return Error{"needs the capability CAP_NET_ADMIN (" + std::generic_category().message(errno) +
                     "); run it as root"};
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);  // for who runs it as another user than root
    return Done{};
}

}  // namespace apiary::agent
