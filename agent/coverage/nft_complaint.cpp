#include "agent/coverage/nft_complaint.hpp"

#include "agent/coverage/program.hpp"
#include "common/text/escape.hpp"

#include <charconv>
#include <cstddef>
#include <sstream>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestRule = 200;  // in a message

std::string trimmed(const std::string& line) {
    const auto first = line.find_first_not_of(" \t");
    return first == std::string::npos ? std::string() : line.substr(first);
}

}  // namespace

std::string NftComplaint::text() const {
    return said + (rule.empty() ? "" : " at '" + rule.substr(0, kLongestRule) + '\'') +
           (chain.empty() ? "" : " in the chain " + chain);
}

NftComplaint complaintAbout(std::string_view rules, std::string_view complaint) {
    NftComplaint found{.said = firstLine(std::string(complaint)), .rule = {}, .chain = {}};
    const auto colon = found.said.find(':');  // /dev/stdin:12:3-50: Error: Could not process rule: …
    std::size_t number = 0;
    if (colon == std::string::npos ||
        std::from_chars(found.said.data() + colon + 1, found.said.data() + found.said.size(), number).ec !=
            std::errc{}) {
        return found;
    }
    if (const auto error = found.said.find("Error: "); error != std::string::npos) {
        found.said = found.said.substr(error + 7);
    }
    std::istringstream lines{std::string(rules)};
    std::string line;
    for (std::size_t at = 0; at < number && std::getline(lines, line); ++at) {
        const std::string words = trimmed(line);
        if (words.starts_with("chain ")) {
            found.chain = words.substr(6, words.find(' ', 6) - 6);
        } else if (words == "}") {
            found.chain.clear();
        }
    }
    found.rule = trimmed(line);
    return found;
}

std::optional<std::size_t> numberBehind(std::string_view name, std::string_view prefix) {
    std::size_t number = 0;
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    return error == std::errc{} && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

std::string cannotBeHad(const Persona& persona) {
    return "the persona '" + escapeCut(persona.name, 60) + "' (line " + std::to_string(persona.line) +
           ") cannot be had: ";
}

}  // namespace apiary::agent
