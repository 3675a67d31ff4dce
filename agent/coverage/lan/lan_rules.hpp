#pragma once

#include "agent/coverage/lan/lan_links.hpp"
#include "common/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

inline constexpr std::string_view kLanTable = "apiary_lan";
inline constexpr std::string_view kLanTableComment = "made by apiary-coverage; it goes with: apiary-coverage remove";

/// One transaction of `nft -f` that makes our table of ARP anew: the kernel, which answers for every address that is
/// local by a route, does not hear who asks for one of these. Who claims them answers, by packet sockets, which hear
/// it before. Empty if no range is of IPv4: in IPv6 the kernel answers for its interfaces' own addresses only.
std::string lanRules(const std::vector<LanLink>& links);

/// That table in this network namespace. One of that name without our comment is somebody else's, and is left alone.
class LanRules {
public:
    /// Whether apply() would be refused, asked without changing anything.
    static Status consider(const std::vector<LanLink>& links);

    /// Has the table be that of these links, or none. An Error leaves what was there.
    static Status apply(const std::vector<LanLink>& links);

    /// Good too if there is none.
    static Status remove();

    /// The table as the kernel has it; empty if there is none.
    static Result<std::string> show();
};

}  // namespace apiary::agent
