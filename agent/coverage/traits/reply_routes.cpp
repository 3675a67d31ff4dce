#include "agent/coverage/traits/reply_routes.hpp"

#include "agent/coverage/route_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>

namespace apiary::agent {
namespace {

const std::string kMark = std::to_string(kRouteProtocol);

std::vector<std::string> wordsOf(const std::string& line) {
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

/// The word behind `key`, or empty.
std::string behind(const std::vector<std::string>& words, std::string_view key) {
    const auto at = std::ranges::find(words, key);
    return at == words.end() || at + 1 == words.end() ? std::string() : *(at + 1);
}

std::optional<unsigned> replyTable(const std::string& word) {
    unsigned table = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), table);
    return error == std::errc{} && end == word.data() + word.size() && table >= kFirstReplyTable &&
                   table <= kLastReplyTable
               ? std::optional(table)
               : std::nullopt;
}

std::optional<unsigned> tableOf(const HostRange& range, const PersonaTraits& traits) {
    const auto& of = traits.at(range.persona);
    const bool scales = of && std::ranges::find(of->options, TcpOption::WindowScale) != of->options.end();
    return scales ? std::optional(kFirstReplyTable + of->windowScale) : std::nullopt;
}

std::string ruleText(const std::string& network, unsigned table) {
    const std::string number = std::to_string(table);
    return "from " + network + " lookup " + number + " pref " + number + " protocol " + kMark;
}

void addOnce(std::vector<unsigned>& to, unsigned table) {
    if (std::ranges::find(to, table) == to.end()) {
        to.push_back(table);
    }
}

/// A way that can be written again; nothing for any other, such as one for some packets only or through a tunnel.
std::optional<std::string> way(const std::vector<std::string>& words) {
    constexpr std::array kKept{"via", "dev", "metric", "scope", "mtu", "advmss"};
    constexpr std::array kNotCopied{"encap", "from", "tos", "dsfield"};
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (std::ranges::find(kNotCopied, words[i]) != kNotCopied.end()) {
            return std::nullopt;
        }
        if ((words[i] == "mtu" || words[i] == "advmss") && i + 2 < words.size() && words[i + 1] == "lock") {
            text += ' ' + words[i] + " lock " + words[i + 2];
            i += 2;
        } else if (words[i] == "via" && i + 2 < words.size() && words[i + 1] == "inet6") {
            text += " via inet6 " + words[i + 2];
            i += 2;
        } else if (words[i] == "onlink") {
            text += " onlink";
        } else if (std::ranges::find(kKept, words[i]) != kKept.end() && i + 1 < words.size()) {
            text += ' ' + words[i] + ' ' + words[i + 1];
            ++i;
        }
    }
    return text.find(" dev ") == std::string::npos ? std::nullopt : std::optional(text);
}

/// How many bits of its destination a route of replyRoutes() has.
unsigned lengthOf(const std::string& route) {
    const auto words = wordsOf(route);
    const std::string& to = words.front() == "throw" ? words[1] : words.front();
    const auto slash = to.find('/');
    unsigned length = to == "default" ? 0 : 128;
    if (slash != std::string::npos) {
        std::from_chars(to.data() + slash + 1, to.data() + to.size(), length);
    }
    return length;
}

bool isDestination(const std::string& word) {
    return word == "default" || parseRange(word);
}

}  // namespace

std::vector<std::string> replyRules(const HostPlan& plan, const PersonaTraits& traits, bool v4) {
    std::vector<std::string> rules;
    for (const HostRange& range : plan.ranges) {
        const auto table = tableOf(range, traits);
        if (table && range.addresses.v4() == v4) {
            for (const std::string& network : networksOf(range.addresses)) {
                rules.push_back(ruleText(network, *table));
            }
        }
    }
    return rules;
}

std::vector<unsigned> replyTables(const HostPlan& plan, const PersonaTraits& traits, bool v4) {
    std::vector<unsigned> tables;
    for (const HostRange& range : plan.ranges) {
        const auto table = tableOf(range, traits);
        if (table && range.addresses.v4() == v4) {
            addOnce(tables, *table);
        }
    }
    std::ranges::sort(tables);
    return tables;
}

std::vector<std::string> replyRoutes(std::string_view mainTable, unsigned table, bool v4) {
    const unsigned scale = table - kFirstReplyTable;
    const std::string where = " table " + std::to_string(table) + " protocol " + kMark;
    const std::string window = " window " + std::to_string(std::uint64_t{65'535} << scale);
    std::vector<std::string> routes;
    std::vector<std::string> left;  // destinations with a way that cannot be copied
    if (!v4) {
        routes.push_back("throw fe80::/10" + where);
        routes.push_back("throw ff00::/8" + where);
    }
    std::istringstream lines{std::string(mainTable)};
    for (std::string line; std::getline(lines, line);) {
        auto words = wordsOf(line);
        if (words.empty() || line.front() == '\t' || line.front() == ' ') {  // one of several ways
            continue;
        }
        const bool plain = isDestination(words.front());
        if (!plain) {
            words.erase(words.begin());  // unreachable 10.56.0.0/16
        }
        if (words.empty() || !isDestination(words.front()) || words.front().starts_with("fe80:") ||
            words.front().starts_with("ff00:")) {
            continue;
        }
        const auto found = plain ? way(words) : std::nullopt;
        const std::string thrown = "throw " + words.front() + where;
        if (plain && !found) {  // the main table decides between the ways to it
            left.push_back(words.front());
            std::erase_if(routes, [&](const auto& other) { return other.starts_with(words.front() + ' '); });
        }
        std::string route = found && std::ranges::find(left, words.front()) == left.end()
                                ? words.front() + *found + where + window
                                : thrown;
        if (std::ranges::find(routes, route) == routes.end()) {
            routes.push_back(std::move(route));
        }
    }
    std::ranges::stable_sort(routes, std::greater(), lengthOf);
    return routes;
}

std::string leftToMain(const std::string& route) {
    const auto words = wordsOf(route);
    return "throw " + (words.front() == "throw" ? words[1] : words.front()) + " table " + behind(words, "table") +
           " protocol " + kMark;
}

std::vector<std::size_t> refusedLines(std::string_view complaint) {
    std::vector<std::size_t> refused;
    std::istringstream lines{std::string(complaint)};
    for (std::string line; std::getline(lines, line);) {
        std::size_t number = 0;  // Command failed -:3
        const auto at = line.rfind("-:");
        if (line.starts_with("Command failed ") && at != std::string::npos &&
            std::from_chars(line.data() + at + 2, line.data() + line.size(), number).ec == std::errc{} && number > 0) {
            refused.push_back(number - 1);
        }
    }
    return refused;
}

std::vector<std::string> ourReplyRules(std::string_view shown) {
    std::vector<std::string> rules;
    std::istringstream lines{std::string(shown)};
    for (std::string line; std::getline(lines, line);) {
        const auto words = wordsOf(line);  // 9708: from 10.9.0.0/16 lookup 9708 proto 97
        const auto table = replyTable(behind(words, "lookup"));
        const auto network = parseRange(behind(words, "from"));
        if (table && network && words.front() == std::to_string(*table) + ':' && behind(words, "proto") == kMark) {
            rules.push_back(ruleText(networksOf(*network).front(), *table));
        }
    }
    return rules;
}

ReplyTablesUse useOfReplyTables(std::string_view shown) {
    ReplyTablesUse use;
    std::istringstream lines{std::string(shown)};
    for (std::string line; std::getline(lines, line);) {
        const auto words = wordsOf(line);
        if (const auto table = replyTable(behind(words, "table"))) {
            addOnce(behind(words, "proto") == kMark ? use.ours : use.theirs, *table);
        }
    }
    return use;
}

}  // namespace apiary::agent
