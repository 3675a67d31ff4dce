#include "agent/coverage/network.hpp"

#include "agent/coverage/lan/claim_routes.hpp"
#include "agent/coverage/nft_table.hpp"
#include "agent/coverage/program.hpp"
#include "agent/coverage/synack_retries.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

namespace apiary::agent {
namespace {

const std::string kProtocol = std::to_string(kRouteProtocol);
const NftTable kOurTable(kTable, kTableComment);

/// Our routes of one family, as networks.
Result<std::vector<std::string>> ourRoutes(bool v4) {
    const auto listed = runProgram({"ip", v4 ? "-4" : "-6", "route", "show", "table", "local", "proto", kProtocol});
    if (!listed) {
        return Error{listed.error()};
    }
    std::vector<std::string> routes;
    std::istringstream lines(listed->output);  // a kernel without the family lists nothing
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);  // local 10.9.0.0/16 dev lo …
        std::string kind;
        std::string network;
        words >> kind >> network;
        if (const auto range = parseRange(network); kind == "local" && range) {
            routes.push_back(networksOf(*range).front());
        }
    }
    return routes;
}

/// An Error if somebody else has a local route to one of the ranges.
Status freeRoutes(const HostPlan& plan, bool v4) {
    const auto listed = runProgram({"ip", v4 ? "-4" : "-6", "route", "show", "table", "local"});
    if (!listed) {
        return Error{listed.error()};
    }
    const std::vector<std::string> wanted = localNetworks(plan, v4);
    std::istringstream lines(listed->output);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string kind;
        std::string network;
        words >> kind >> network;
        const auto range = parseRange(network);
        const bool ours = line.find(" proto " + kProtocol + ' ') != std::string::npos ||
                          line.find(" proto " + std::to_string(kClaimProtocol) + ' ') != std::string::npos;
        if (!range || ours || std::ranges::find(wanted, networksOf(*range).front()) == wanted.end()) {
            continue;
        }
        const auto of = std::ranges::find_if(plan.ranges,
                                             [&](const HostRange& host) { return host.addresses.holds(range->first); });
        return Error{"somebody else has a local route to " + rangeText(*range) +
                     (of == plan.ranges.end() ? "" : " of line " + std::to_string(of->line)) +
                     ": delete it, or leave the range out"};
    }
    return Done{};
}

std::string batch(const char* verb, const std::vector<std::string>& networks, const std::vector<std::string>& but) {
    std::string text;
    for (const std::string& network : networks) {
        if (std::ranges::find(but, network) == but.end()) {
            text +=
                std::string("route ") + verb + " local " + network + " dev lo table local proto " + kProtocol + '\n';
        }
    }
    return text;
}

Status runBatch(const std::string& lines, bool forced) {
    if (lines.empty()) {
        return Done{};
    }
    std::vector<std::string> words{"ip", "-batch", "-"};
    if (forced) {
        words.insert(words.begin() + 1, "-force");
    }
    const auto ran = runProgram(words, lines);
    if (!ran) {
        return Error{ran.error()};
    }
    if (ran->status != 0) {
        return Error{
            "ip refuses a route: " + firstLine(ran->complaint) +
            (ran->complaint.find("File exists") == std::string::npos
                 ? ""
                 : "; somebody else has a local route to one of the ranges: delete it, or leave the range out")};
    }
    return Done{};
}

}  // namespace

Result<RouteChange> CoverageNetwork::routeChange(const HostPlan& plan) {
    RouteChange change;
    for (const bool v4 : {true, false}) {
        const auto there = ourRoutes(v4);
        if (!there) {
            return Error{there.error()};
        }
        const auto wanted = localNetworks(plan, v4);
        change.additions += batch("add", wanted, *there);
        change.removals += batch("del", *there, wanted);
    }
    return change;
}

Result<std::string> CoverageNetwork::rules(const HostPlan& plan, const Egress& egress) {
    const auto table = kOurTable.text();
    if (!table) {
        return Error{table.error()};
    }
    if (plan.empty()) {
        return ruleset(plan, egress);
    }
    const auto before = SynAckRetries::remembered(*table);  // of a leftover
    return ruleset(plan, egress, before ? before : SynAckRetries().now());
}

Status CoverageNetwork::consider(const HostPlan& plan, const Egress& egress) {
    const auto table = rules(plan, egress);
    const auto complaint =
        table ? NftTable::consider(*table) : Result<std::optional<NftComplaint>>(Error{table.error()});
    if (!complaint) {
        return Error{complaint.error()};
    }
    if (*complaint) {
        const auto persona = personaOfChain((*complaint)->chain);
        return Error{(persona && *persona < plan.personas.size() ? cannotBeHad(plan.personas[*persona]) : "") +
                     "nft refuses the table of hosts: " + (*complaint)->text()};
    }
    for (const bool v4 : {true, false}) {
        if (const Status free = freeRoutes(plan, v4); !free) {
            return free;
        }
    }
    return Done{};
}

Status CoverageNetwork::apply(const HostPlan& plan, const Egress& egress) {
    const auto there = kOurTable.text();
    const auto table = there ? rules(plan, egress) : Result<std::string>(Error{there.error()});
    if (!table) {
        return Error{table.error()};
    }
    const auto before = SynAckRetries::remembered(*there);
    Status done = NftTable::take(*table);
    if (done) {
        const Status set = !plan.empty() ? SynAckRetries().lower()
                           : before      ? SynAckRetries().restore(*before)
                                         : Status(Done{});
        if (!set) {
            log::warn(set.error());  // as in a container whose /proc/sys is not to be written
        }
        const auto change = routeChange(plan);
        done = change ? runBatch(change->additions, false) : Status(Error{change.error()});
        if (done) {
            done = runBatch(change->removals, false);
        }
    }
    if (!done) {
        if (const Status undone = remove(); !undone) {
            return Error{done.error() + "; and what was there is not gone: " + undone.error()};
        }
    }
    return done;
}

Status CoverageNetwork::remove() {
    const auto table = kOurTable.text();  // somebody else's is left; our routes go all the same
    Status done = table ? Status(Done{}) : Status(Error{table.error()});
    const auto change = routeChange({});
    const Status routes = change ? runBatch(change->removals, true) : Status(Error{change.error()});
    if (!routes) {
        done = routes;
    }
    if (table && !table->empty()) {
        const auto before = SynAckRetries::remembered(*table);
        if (const Status restored = before ? SynAckRetries().restore(*before) : Status(Done{}); !restored) {
            done = restored;
        }
        if (const Status gone = kOurTable.remove(); !gone) {
            done = gone;
        }
    }
    return done;
}

Result<std::string> CoverageNetwork::show() {
    const auto table = kOurTable.text();
    if (!table) {
        return Error{table.error()};
    }
    std::string text = *table;
    for (const bool v4 : {true, false}) {
        const auto routes = ourRoutes(v4);
        if (!routes) {
            return Error{routes.error()};
        }
        for (const std::string& network : *routes) {
            text += "local " + network + " dev lo table local proto " + kProtocol + '\n';
        }
    }
    return text;
}

Result<std::uint64_t> CoverageNetwork::refused() {
    const auto listed =
        runProgram({"nft", "list", "counter", "inet", std::string(kTable), std::string(kRefusedCounter)});
    if (!listed) {
        return Error{listed.error()};
    }
    if (listed->status != 0) {
        return Error{"nft cannot tell what was refused: " + firstLine(listed->complaint)};
    }
    std::istringstream words(listed->output);  // table … { counter … { packets 0 bytes 0 } }
    for (std::string word; words >> word;) {
        if (std::uint64_t count = 0; word == "packets" && words >> count) {
            return count;
        }
    }
    return Error{"nft lists the counter " + std::string(kRefusedCounter) + " in words that are not known"};
}

}  // namespace apiary::agent
