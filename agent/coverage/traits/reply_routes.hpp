#pragma once

#include "agent/coverage/traits/packet_traits.hpp"
#include "agent/hosts/host_plan.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// The routing tables of replies, one for each window scale from 0 to 14: 9700 to 9714, ours alone. Rules that lead to
/// one have its number as their priority; all carry the routing protocol that marks what is ours.
inline constexpr unsigned kFirstReplyTable = 9700;
inline constexpr unsigned kLastReplyTable = kFirstReplyTable + 14;

/// How many networks of one family may have traits with a window scale: each is a rule, which the kernel tries in turn.
inline constexpr std::size_t kMostReplyRules = 512;

/// The rules that lead replies of hosts to their table, as `ip rule add` and `del` take them: "from 10.9.1.0/24 lookup
/// 9708 pref 9708 protocol 97".
std::vector<std::string> replyRules(const HostPlan& plan, const PersonaTraits& traits, bool v4);

/// The tables that these rules need, in order.
std::vector<unsigned> replyTables(const HostPlan& plan, const PersonaTraits& traits, bool v4);

/// The routes of the main table, as `ip route show table main` prints them, for one of ours, as `ip route replace`
/// takes them: the same ways, with a window from which the kernel announces just the table's scale. What cannot be
/// copied (several ways to one network, unreachable ones) is left to the main table. The longest prefixes come first:
/// as many of them as are there lead nobody another way than the main table does.
std::vector<std::string> replyRoutes(std::string_view mainTable, unsigned table, bool v4);

/// The route that leaves to the main table what one of replyRoutes() is for.
std::string leftToMain(const std::string& route);

/// The lines that `ip -force -batch -` could not do, counted from 0, by what it wrote to stderr.
std::vector<std::size_t> refusedLines(std::string_view complaint);

/// Our rules as `ip rule show` prints them, in the words of replyRules().
std::vector<std::string> ourReplyRules(std::string_view shown);

/// Who has routes in our tables, as `ip route show table all` prints them.
struct ReplyTablesUse {
    std::vector<unsigned> ours;
    std::vector<unsigned> theirs;  // routes without our mark
};
ReplyTablesUse useOfReplyTables(std::string_view shown);

}  // namespace apiary::agent
