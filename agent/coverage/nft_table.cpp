#include "agent/coverage/nft_table.hpp"

#include "agent/coverage/program.hpp"

#include <vector>

namespace apiary::agent {
namespace {

Result<std::optional<NftComplaint>> run(const std::vector<std::string>& words, const std::string& rules) {
    const auto ran = runProgram(words, rules);
    if (!ran) {
        return Error{ran.error()};
    }
    return ran->status == 0 ? std::nullopt : std::optional(complaintAbout(rules, ran->complaint));
}

}  // namespace

Result<std::string> NftTable::text() const {
    const auto tables = runProgram({"nft", "list", "tables", "inet"});
    if (!tables) {
        return Error{tables.error()};
    }
    if (tables->status != 0) {
        return Error{"nft cannot list tables: " + firstLine(tables->complaint)};
    }
    if (("\n" + tables->output).find("\ntable inet " + name_ + '\n') == std::string::npos) {
        return std::string();
    }
    const auto table = runProgram({"nft", "list", "table", "inet", name_});
    if (!table) {
        return Error{table.error()};
    }
    if (table->status == 0 && table->output.find(comment_) == std::string::npos) {
        return Error{"the table inet " + name_ +
                     " was made by somebody else: nothing was touched; rename or delete it"};
    }
    return table->output;
}

Status NftTable::remove() const {
    return take("delete table inet " + name_ + '\n');
}

Status NftTable::take(const std::string& rules) {
    const auto complaint = run({"nft", "-f", "-"}, rules);
    if (!complaint) {
        return Error{complaint.error()};
    }
    return *complaint ? Status(Error{"nft refuses the table: " + (*complaint)->text()}) : Status(Done{});
}

Result<std::optional<NftComplaint>> NftTable::consider(const std::string& rules) {
    return run({"nft", "-c", "-f", "-"}, rules);
}

}  // namespace apiary::agent
