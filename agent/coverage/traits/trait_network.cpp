#include "agent/coverage/traits/trait_network.hpp"

#include "agent/coverage/nft_table.hpp"
#include "agent/coverage/program.hpp"
#include "agent/coverage/route_protocol.hpp"
#include "agent/coverage/traits/kernel_setting.hpp"
#include "agent/coverage/traits/reply_routes.hpp"
#include "agent/coverage/traits/trait_rules.hpp"
#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <optional>
#include <vector>

namespace apiary::agent {
namespace {

const NftTable kOurTable(kTraitTable, kTraitComment);

/// Of this machine, the same after a restart, and nobody else's to know: FNV-1a of /etc/machine-id.
std::uint32_t machineSeed() {
    std::string id;
    std::ifstream("/etc/machine-id") >> id;
    std::uint32_t seed = 2'166'136'261U;
    for (const char letter : id) {
        seed = (seed ^ static_cast<unsigned char>(letter)) * 16'777'619U;
    }
    return seed;
}

/// A setting that traits need another way, and how it is to go on.
struct Wish {
    KernelSetting setting;
    std::optional<SettingChange> earlier;
    std::optional<SettingChange> next;
};

std::vector<Wish> wishes(const std::string& table, const PersonaTraits& traits) {
    std::vector<Wish> all;
    const auto add = [&](const char* name, std::string (*wished)(const PersonaTraits&, const std::string&)) {
        const KernelSetting setting(name);
        const auto earlier = setting.remembered(table);
        all.push_back(
            {setting, earlier, setting.change(earlier, [&](const std::string& is) { return wished(traits, is); })});
    };
    add("tcp_timestamps", wishedTimestamps);
    add("tcp_rmem", wishedReceiveBuffer);
    return all;
}

std::string rulesFor(const HostPlan& plan, const PersonaTraits& traits, const std::vector<Wish>& all) {
    std::vector<std::string> memories;
    for (const Wish& wish : all) {
        if (wish.next) {
            memories.push_back(wish.setting.chainFor(*wish.next));
        }
    }
    return traitRules(plan, traits, machineSeed(), memories);
}

const char* family(bool v4) {
    return v4 ? "-4" : "-6";
}

/// What `ip` prints; empty on a kernel without the family.
Result<std::string> listed(bool v4, std::vector<std::string> words) {
    words.insert(words.begin(), {"ip", family(v4)});
    const auto ran = runProgram(words);
    return ran ? Result<std::string>(ran->output) : Result<std::string>(Error{ran.error()});
}

Status runBatch(bool v4, const std::string& lines) {
    if (lines.empty()) {
        return Done{};
    }
    const auto ran = runProgram({"ip", family(v4), "-batch", "-"}, lines);
    if (!ran) {
        return Error{ran.error()};
    }
    return ran->status == 0 ? Status(Done{})
                            : Status(Error{"ip refuses a route of replies: " + firstLine(ran->complaint)});
}

/// What is to be changed for one family, in this order: old ways go, new ones come, then the rules that lead to them.
struct Routing {
    std::string flushes;
    std::vector<std::string> routes;  // without the verb
    std::string rules;
};

Result<Routing> routing(const HostPlan& plan, const PersonaTraits& traits, bool v4) {
    const auto main = listed(v4, {"route", "show", "table", "main"});
    const auto routes = listed(v4, {"route", "show", "table", "all"});
    const auto rules = listed(v4, {"rule", "show"});
    for (const auto* each : {&main, &routes, &rules}) {
        if (!*each) {
            return Error{each->error()};
        }
    }
    const ReplyTablesUse use = useOfReplyTables(*routes);
    Routing change;
    for (const unsigned table : use.ours) {
        change.flushes +=
            "route flush table " + std::to_string(table) + " protocol " + std::to_string(kRouteProtocol) + '\n';
    }
    for (const unsigned table : replyTables(plan, traits, v4)) {
        if (std::ranges::find(use.theirs, table) != use.theirs.end()) {
            return Error{"the routing table " + std::to_string(table) +
                         " has routes of somebody else: nothing was touched; move them to a table that is not 9700 to "
                         "9714"};
        }
        const auto ways = replyRoutes(*main, table, v4);
        change.routes.insert(change.routes.end(), ways.begin(), ways.end());
    }
    const std::vector<std::string> there = ourReplyRules(*rules);
    const std::vector<std::string> needed = replyRules(plan, traits, v4);
    for (const std::string& rule : needed) {
        change.rules += std::ranges::find(there, rule) == there.end() ? "rule add " + rule + '\n' : "";
    }
    for (const std::string& rule : there) {
        change.rules += std::ranges::find(needed, rule) == needed.end() ? "rule del " + rule + '\n' : "";
    }
    return change;
}

std::string replacing(const std::vector<std::string>& routes) {
    std::string lines;
    for (const std::string& route : routes) {
        lines += "route replace " + route + '\n';
    }
    return lines;
}

/// A way that the kernel does not take, as that through a gateway which no link leads to any more, is left to the main
/// table, which has it.
Status bringRoutes(bool v4, const std::vector<std::string>& routes) {
    if (routes.empty()) {
        return Done{};
    }
    const auto ran = runProgram({"ip", family(v4), "-force", "-batch", "-"}, replacing(routes));
    if (!ran) {
        return Error{ran.error()};
    }
    std::vector<std::string> left;
    for (const std::size_t refused : refusedLines(ran->complaint)) {
        if (refused < routes.size()) {
            left.push_back(leftToMain(routes[refused]));
        }
    }
    if (ran->status != 0 && left.empty()) {
        return Error{"ip refuses the routes of replies: " + firstLine(ran->complaint)};
    }
    return runBatch(v4, replacing(left));
}

Status bringFamily(const HostPlan& plan, const PersonaTraits& traits, bool v4) {
    const auto change = routing(plan, traits, v4);
    if (!change) {
        return Error{change.error()};
    }
    Status done = runBatch(v4, change->flushes);
    if (done) {
        done = bringRoutes(v4, change->routes);
    }
    if (!done) {
        // Half a table would lead some replies another way than the main table.
        const auto half = routing({}, {}, v4);
        const Status gone = half ? runBatch(v4, half->flushes) : Status(Error{half.error()});
        return gone ? done : Status(Error{done.error() + "; and half of them are there: " + gone.error()});
    }
    return runBatch(v4, change->rules);
}

Status bringRouting(const HostPlan& plan, const PersonaTraits& traits) {
    Status done = Done{};
    for (const bool v4 : {true, false}) {
        const Status brought = bringFamily(plan, traits, v4);
        if (done && !brought) {
            done = brought;
        }
    }
    return done;
}

bool none(const PersonaTraits& traits) {
    return std::ranges::none_of(traits, &std::optional<PacketTraits>::has_value);
}

}  // namespace

Status TraitNetwork::consider(const HostPlan& plan, const PersonaTraits& traits) {
    if (none(traits) || plan.empty()) {
        return Done{};
    }
    const auto table = kOurTable.text();
    if (!table) {
        return Error{table.error()};
    }
    const auto complaint = NftTable::consider(rulesFor(plan, traits, wishes(*table, traits)));
    if (!complaint) {
        return Error{complaint.error()};
    }
    if (*complaint) {
        const auto persona = personaOfTraitChain(plan, traits, (*complaint)->chain);
        return Error{(persona ? cannotBeHad(plan.personas[*persona]) : "") +
                     "nft refuses the table of traits: " + (*complaint)->text()};
    }
    for (const bool v4 : {true, false}) {
        if (const auto change = routing(plan, traits, v4); !change) {
            return Error{change.error()};
        }
    }
    return Done{};
}

Status TraitNetwork::apply(const HostPlan& plan, const PersonaTraits& traits) {
    if (none(traits) || plan.empty()) {
        return remove();
    }
    const auto table = kOurTable.text();
    if (!table) {
        return Error{table.error()};
    }
    const std::vector<Wish> all = wishes(*table, traits);
    Status done = NftTable::take(rulesFor(plan, traits, all));
    if (done) {
        for (const Wish& wish : all) {
            if (const Status set = wish.setting.bring(wish.earlier, wish.next); !set) {
                log::warn(set.error());  // as in a container whose /proc/sys is not to be written
            }
        }
        done = bringRouting(plan, traits);
    }
    if (!done) {
        if (const Status undone = remove(); !undone) {
            return Error{done.error() + "; and what was there is not gone: " + undone.error()};
        }
    }
    return done;
}

Status TraitNetwork::followRoutes(const HostPlan& plan, const PersonaTraits& traits) {
    return none(traits) || plan.empty() ? Status(Done{}) : bringRouting(plan, traits);
}

Status TraitNetwork::remove() {
    Status done = bringRouting({}, {});
    const auto table = kOurTable.text();  // somebody else's is left; our routes go all the same
    if (!table) {
        return Error{table.error()};
    }
    if (!table->empty()) {
        for (const Wish& wish : wishes(*table, {})) {
            if (const Status restored = wish.setting.bring(wish.earlier, {}); !restored) {
                done = restored;
            }
        }
        if (const Status gone = kOurTable.remove(); !gone) {
            done = gone;
        }
    }
    return done;
}

Result<std::string> TraitNetwork::show() {
    const auto table = kOurTable.text();
    if (!table) {
        return Error{table.error()};
    }
    std::string text = withoutClocksAndCounters(*table);
    for (const bool v4 : {true, false}) {
        const auto routes = listed(v4, {"route", "show", "table", "all"});
        const auto rules = listed(v4, {"rule", "show"});
        if (!routes || !rules) {
            return Error{routes ? rules.error() : routes.error()};
        }
        for (const std::string& rule : ourReplyRules(*rules)) {
            text += "rule " + rule + '\n';
        }
        for (const unsigned number : useOfReplyTables(*routes).ours) {
            const auto own = listed(v4, {"route", "show", "table", std::to_string(number)});
            text += "routing table " + std::to_string(number) + ":\n" + (own ? *own : own.error());
        }
    }
    return text;
}

Result<std::string> TraitNetwork::preview(const HostPlan& plan, const PersonaTraits& traits) {
    if (none(traits) || plan.empty()) {
        return std::string();
    }
    const auto table = kOurTable.text();
    const std::vector<Wish> all = wishes(table ? *table : std::string(), traits);  // of a leftover, for who may look
    std::string text;
    for (std::size_t i = 0; i < traits.size(); ++i) {
        text += traits[i] ? "# '" + escapeCut(plan.personas[i].name, 60) + "' answers as " +
                                escapeCut(traits[i]->title, 60) + '\n'
                          : "";
    }
    text += "# nft -f - <<END\n" + rulesFor(plan, traits, all) + "# END\n";
    for (const bool v4 : {true, false}) {
        const auto change = routing(plan, traits, v4);
        if (!change) {
            return Error{change.error()};
        }
        const std::string lines = change->flushes + replacing(change->routes) + change->rules;
        text += lines.empty() ? "" : "# ip " + std::string(family(v4)) + " -batch - <<END\n" + lines + "# END\n";
    }
    for (const Wish& wish : all) {
        text += wish.next ? "# " + wish.setting.commandFor(wish.next->ours) + '\n' : "";
    }
    return text;
}

}  // namespace apiary::agent
