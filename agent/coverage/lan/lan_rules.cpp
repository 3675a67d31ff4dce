#include "agent/coverage/lan/lan_rules.hpp"

#include "agent/coverage/program.hpp"
#include "agent/coverage/ruleset_text.hpp"

namespace apiary::agent {
namespace {

const std::string kTableName(kLanTable);

Status give(const std::string& rules, Nft way = Nft::Take) {
    return runNft(rules, way, "nft refuses the table of ARP, without which no address can be claimed by lan: ");
}

}  // namespace

std::string lanRules(const std::vector<LanLink>& links) {
    std::string elements;
    for (const LanLink& link : links) {
        for (const AddressRange& range : link.ranges) {
            if (range.v4()) {
                elements += (elements.empty() ? "" : ", ") + elementText(range);
            }
        }
    }
    if (elements.empty()) {
        return {};
    }
    const std::string table = "table arp " + kTableName;
    return table + "\ndelete " + table + '\n' + table + " {\n  comment \"" + std::string(kLanTableComment) +
           "\"\n  set hosts4 {\n    type ipv4_addr\n    flags interval\n    elements = { " + elements +
           " }\n  }\n  chain asked {\n    type filter hook input priority filter; policy accept\n"
           "    arp operation request arp daddr ip @hosts4 drop\n  }\n}\n";
}

Status LanRules::consider(const std::vector<LanLink>& links) {
    const std::string rules = lanRules(links);
    const auto there = rules.empty() ? Result<std::string>(std::string()) : show();
    return !there ? Status(Error{there.error()}) : rules.empty() ? Status(Done{}) : give(rules, Nft::Consider);
}

Status LanRules::apply(const std::vector<LanLink>& links) {
    const std::string rules = lanRules(links);
    if (rules.empty()) {
        return remove();
    }
    const auto there = show();
    return there ? give(rules) : Status(Error{there.error()});
}

Status LanRules::remove() {
    const auto there = show();
    if (!there) {
        return Error{there.error()};
    }
    return there->empty() ? Status(Done{}) : give("delete table arp " + kTableName + '\n');
}

Result<std::string> LanRules::show() {
    const auto tables = runProgram({"nft", "list", "tables", "arp"});
    if (!tables) {
        return Error{tables.error()};
    }
    if (tables->status != 0 || ("\n" + tables->output).find("\ntable arp " + kTableName + '\n') == std::string::npos) {
        return std::string();  // a kernel without such tables has none of ours
    }
    const auto table = runProgram({"nft", "list", "table", "arp", kTableName});
    if (!table) {
        return Error{table.error()};
    }
    if (table->status == 0 && table->output.find(kLanTableComment) == std::string::npos) {
        return Error{"the table arp " + kTableName +
                     " was made by somebody else: nothing was touched; rename or delete it"};
    }
    return table->output;
}

}  // namespace apiary::agent
