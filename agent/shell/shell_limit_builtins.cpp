/// The builtins of ash for what a process may do: umask, ulimit.

#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <iterator>

namespace apiary::agent {
namespace {

struct Limit {
    char letter;
    std::string_view name;
    std::string_view value;
};

constexpr Limit kLimits[] = {
    {'c', "core file size (blocks)", "0"},
    {'d', "data seg size (kb)", "unlimited"},
    {'e', "scheduling priority", "0"},
    {'f', "file size (blocks)", "unlimited"},
    {'i', "pending signals", "471"},
    {'l', "max locked memory (kb)", "64"},
    {'m', "max memory size (kb)", "unlimited"},
    {'n', "open files", "1024"},
    {'q', "POSIX message queues (bytes)", "819200"},
    {'r', "real-time priority", "0"},
    {'s', "stack size (kb)", "8192"},
    {'t', "cpu time (seconds)", "unlimited"},
    {'u', "max user processes", "471"},
    {'v', "virtual memory (kb)", "unlimited"},
    {'x', "file locks", "unlimited"},
};

/// "u=rwx,g=rx,o=" and "+x" as a mask of what is not allowed; nothing if it cannot be read.
std::optional<unsigned> symbolicMask(std::string_view text, unsigned mask) {
    unsigned allowed = ~mask & 0777U;
    while (!text.empty()) {
        const std::string_view clause = text.substr(0, text.find(','));
        text.remove_prefix(std::min(clause.size() + 1, text.size()));
        const std::size_t sign = clause.find_first_of("+-=");
        if (sign == std::string_view::npos) {
            return {};
        }
        unsigned who = 0;
        for (const char c : clause.substr(0, sign)) {
            who |= c == 'u' ? 0700U : c == 'g' ? 0070U : c == 'o' ? 0007U : c == 'a' ? 0777U : 01000U;
        }
        who = sign == 0 ? 0777U : who;
        unsigned bits = 0;
        for (const char c : clause.substr(sign + 1)) {
            bits |= c == 'r' ? 0444U : c == 'w' ? 0222U : c == 'x' ? 0111U : 01000U;
        }
        if (((who | bits) & 01000U) != 0) {
            return {};
        }
        bits &= who;
        allowed = clause[sign] == '+'   ? allowed | bits
                  : clause[sign] == '-' ? allowed & ~bits
                                        : (allowed & ~who) | bits;
    }
    return ~allowed & 0777U;
}

}  // namespace

int umaskBuiltin(ShellCall& call) {
    ShellEnvironment& environment = call.environment();
    std::size_t at = 1;
    bool symbolic = false;
    for (; at < call.words.size() && call.words[at].size() == 2 && call.words[at].front() == '-'; ++at) {
        if (call.words[at] != "-S") {
            return call.illegalOption(call.words[at][1]);
        }
        symbolic = true;
    }
    if (at < call.words.size()) {
        const std::string& text = call.words[at];
        const bool octal = text.find_first_not_of("0123456789") == std::string::npos;
        const auto mask = octal ? parseNumber<unsigned>(text, 8) : symbolicMask(text, environment.mask);
        if (!mask || *mask > 07777) {
            return call.failBuiltin("illegal mode: " + text, 2);
        }
        environment.mask = static_cast<std::uint16_t>(*mask & 0777U);
        return 0;
    }
    if (!symbolic) {
        call.out(printed("%04o\n", environment.mask));
        return 0;
    }
    std::string text;
    for (const auto& [who, shift] : {std::pair{'u', 6U}, std::pair{'g', 3U}, std::pair{'o', 0U}}) {
        const unsigned allowed = ~unsigned{environment.mask} >> shift;
        text += text.empty() ? "" : ",";
        text += who;
        text += '=';
        text += (allowed & 4U) != 0 ? "r" : "";
        text += (allowed & 2U) != 0 ? "w" : "";
        text += (allowed & 1U) != 0 ? "x" : "";
    }
    call.out(text + '\n');
    return 0;
}

int ulimitBuiltin(ShellCall& call) {
    std::vector<const Limit*> wanted;
    std::size_t at = 1;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        for (const char letter : std::string_view(call.words[at]).substr(1)) {
            const auto* limit = std::ranges::find(kLimits, letter, &Limit::letter);
            if (letter == 'a') {
                std::ranges::transform(kLimits, std::back_inserter(wanted), [](const Limit& one) { return &one; });
            } else if (limit != std::end(kLimits)) {
                wanted.push_back(limit);
            } else if (letter != 'H' && letter != 'S') {
                call.error(std::string("ulimit: invalid option -- '") + letter + "'\n");
                return 1;
            }
        }
    }
    if (at < call.words.size()) {
        const std::string& value = call.words[at];
        if (value != "unlimited" && !parseNumber<std::uint64_t>(value)) {
            return call.fail("invalid number '" + value + "'");
        }
        call.environment().limits[wanted.empty() ? 'f' : wanted.back()->letter] = value;
        return 0;
    }
    if (wanted.empty()) {
        wanted.push_back(std::ranges::find(kLimits, 'f', &Limit::letter));
    }
    for (const Limit* limit : wanted) {
        const std::string name(limit->name);
        const auto changed = call.environment().limits.find(limit->letter);
        const std::string value =
            changed == call.environment().limits.end() ? std::string(limit->value) : changed->second;
        call.out(wanted.size() > 1 ? printed("%-32s(-%c) ", name.c_str(), limit->letter) + value + '\n' : value + '\n');
    }
    return 0;
}

}  // namespace apiary::agent
