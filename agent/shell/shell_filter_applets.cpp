/// Applets that choose and change parts of lines: cut, tr.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostRanges = 256;
constexpr std::size_t kMostFields = 10'000;

using Range = std::pair<std::size_t, std::size_t>;  // first and last, from 1

/// "1,3-5,7-"; nothing after it said which number is none.
std::optional<std::vector<Range>> rangesOf(ShellCall& call, std::string_view text) {
    std::vector<Range> all;
    while (!text.empty() && all.size() < kMostRanges) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const std::size_t dash = part.find('-');
        Range range{1, std::string::npos};
        std::string_view numbers[] = {part.substr(0, dash),
                                      dash == std::string_view::npos ? part : part.substr(dash + 1)};
        for (std::size_t i = 0; i < 2; ++i) {
            if (numbers[i].empty()) {
                continue;
            }
            const auto number = parseNumber<std::uint32_t>(numbers[i]);
            if (!number) {
                call.fail("invalid number '" + std::string(numbers[i]) + "'");
                return std::nullopt;
            }
            (i == 0 ? range.first : range.second) = std::max<std::size_t>(*number, 1);
        }
        if (!part.empty()) {
            all.push_back(range);
        }
    }
    return all;
}

std::vector<std::string_view> fieldsOf(std::string_view line, char delimiter) {
    std::vector<std::string_view> fields;
    for (;;) {
        const std::size_t end = line.find(delimiter);
        fields.push_back(line.substr(0, end));
        if (end == std::string_view::npos || fields.size() >= kMostFields) {
            return fields;
        }
        line.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> fieldsOf(std::string_view line, const ShellRegex& delimiter, ShellWork& work) {
    std::vector<std::string_view> fields;
    for (;;) {
        std::size_t steps = 0;
        const auto hit = delimiter.search(line, steps);
        if (!work.move(steps + 1) || !hit || hit->second == hit->first || fields.size() >= kMostFields) {
            fields.push_back(line);
            return fields;
        }
        fields.push_back(line.substr(0, hit->first));
        line.remove_prefix(hit->second);
    }
}

int cut(ShellCall& call) {
    if (!call.parse("b:c:f:d:sDnF:O:")) {
        return 1;
    }
    const std::size_t lists = static_cast<std::size_t>(call.has('b')) + call.has('c') + call.has('f') + call.has('F');
    if (lists == 0) {
        return call.fail("expected a list of bytes, characters, or fields");
    }
    if (lists > 1) {
        return call.usage();
    }
    const char kind = call.has('f') ? 'f' : call.has('F') ? 'F' : call.has('c') ? 'c' : 'b';
    const bool fields = kind == 'f' || kind == 'F';
    if (!fields && call.has('s')) {
        return call.fail("suppressing non-delimited lines makes sense only when operating on fields");
    }
    if (!fields && call.has('d')) {
        return call.fail("a delimiter may be specified only when operating on fields");
    }
    auto wanted = rangesOf(call, call.value(kind));
    if (!wanted) {
        return 1;
    }
    if (!call.has('D')) {
        std::ranges::sort(*wanted);
    }
    const char delimiter = kind == 'f' && call.has('d') ? call.value('d').c_str()[0] : '\t';
    const ShellRegex pattern(kind == 'F' ? call.valueOr('d', "[[:space:]]+") : "x", ShellRegex::Kind::Extended, false);
    call.work().move(pattern.cost());
    const std::string joint = call.valueOr('O', kind == 'F' ? " " : std::string(1, delimiter));
    return answerLines(call, [&](std::string_view line, bool /*ended*/) -> std::string {
        std::vector<std::string_view> parts;
        if (fields) {
            parts = kind == 'f' ? fieldsOf(line, delimiter) : fieldsOf(line, pattern, call.work());
            if (parts.size() == 1 && kind == 'f') {
                return call.has('s') || call.has('D') ? "" : std::string(line) + '\n';
            }
        }
        const std::size_t count = fields ? parts.size() : line.size();
        std::string kept;
        bool first = true;
        std::size_t next = 1;  // sorted lists show nothing twice
        for (const Range& range : *wanted) {
            for (std::size_t i = call.has('D') ? range.first : std::max(range.first, next);
                 i <= std::min(range.second, count) && kept.size() <= ShellWork::kMostPiped; ++i) {
                if (fields) {
                    kept.append(std::exchange(first, false) ? "" : joint).append(parts[i - 1]);
                } else {
                    kept += line[i - 1];
                }
                next = i + 1;
            }
            if (kept.size() > ShellWork::kMostPiped) {
                break;
            }
        }
        return kept + '\n';
    });
}

/// What a backslash in a set of tr stands for, taken off the text.
char escapeIn(std::string_view& text) {
    static constexpr std::string_view kFrom = "ntrabfv\\";
    static constexpr std::string_view kTo = "\n\t\r\a\b\f\v\\";
    if (text.empty()) {
        return '\\';
    }
    if (text.front() >= '0' && text.front() <= '7') {
        const std::size_t digits = std::min<std::size_t>(3, std::min(text.find_first_not_of("01234567"), text.size()));
        const char c = static_cast<char>(parseNumber<unsigned>(text.substr(0, digits), 8).value_or(0));
        text.remove_prefix(digits);
        return c;
    }
    const std::size_t known = kFrom.find(text.front());
    const char c = known == std::string_view::npos ? '\\' : kTo[known];
    text.remove_prefix(known == std::string_view::npos ? 0 : 1);
    return c;
}

/// The bytes of a set of tr: ranges, escapes, classes.
std::string setOf(std::string_view text) {
    static constexpr std::pair<std::string_view, int (*)(int)> kClasses[] = {
        {"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank}, {"cntrl", std::iscntrl},
        {"digit", std::isdigit}, {"graph", std::isgraph}, {"lower", std::islower}, {"print", std::isprint},
        {"punct", std::ispunct}, {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};
    std::string set;
    while (!text.empty() && set.size() < 2048) {
        if (const auto end = text.find(":]", 2); text.starts_with("[:") && end != std::string_view::npos) {
            const std::string_view name = text.substr(2, end - 2);
            const auto* known = std::ranges::find(kClasses, name, &std::pair<std::string_view, int (*)(int)>::first);
            if (known != std::end(kClasses)) {
                for (int c = 0; c < 128; ++c) {
                    set += known->second(c) != 0 ? std::string(1, static_cast<char>(c)) : "";
                }
                text.remove_prefix(name.size() + 4);
                continue;
            }
        }
        if (text.size() >= 5 && text.starts_with("[=") && text.substr(3, 2) == "=]") {
            set += text[2];
            text.remove_prefix(5);
            continue;
        }
        char c = text.front();
        text.remove_prefix(1);
        c = c == '\\' ? escapeIn(text) : c;
        if (text.size() < 2 || text.front() != '-') {
            set += c;
            continue;
        }
        char last = text[1];
        text.remove_prefix(2);
        last = last == '\\' ? escapeIn(text) : last;
        for (int next = static_cast<unsigned char>(c); next <= static_cast<unsigned char>(last); ++next) {
            set += static_cast<char>(next);
        }
    }
    return set;
}

int translate(ShellCall& call) {
    if (!call.parse("+Ccds")) {
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    const bool deletes = call.has('d');
    if (operands.empty() || operands.size() > 2 + (deletes ? 0 : 100)) {
        return call.usage();
    }
    std::string from = setOf(operands[0]);
    if (call.has('c') || call.has('C')) {
        std::string others;
        for (int c = 0; c < 256; ++c) {
            others += from.find(static_cast<char>(c)) == std::string::npos ? std::string(1, static_cast<char>(c)) : "";
        }
        from = others;
    }
    const std::string to = operands.size() > 1 ? setOf(operands[1]) : "";
    if (operands.size() > 1 && to.empty()) {
        return call.fail("STRING2 cannot be empty");
    }
    std::array<char, 256> made{};
    std::array<bool, 256> chosen{};
    std::array<bool, 256> squeezed{};
    for (std::size_t i = 0; i < made.size(); ++i) {
        made[i] = static_cast<char>(i);
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
        const auto byte = static_cast<unsigned char>(from[i]);
        chosen[byte] = true;
        made[byte] = deletes || to.empty() ? from[i] : to[std::min(i, to.size() - 1)];
    }
    for (const char c : to.empty() ? from : to) {
        squeezed[static_cast<unsigned char>(c)] = call.has('s');
    }
    const ShellStreamPtr input = call.input();
    const bool typed = input->kind == ShellStream::Kind::Terminal;  // then each line is answered at once
    std::optional<char> last;
    for (;;) {
        const std::string piece =
            typed ? call.work().readLine(*input) : call.work().read(*input, ShellWork::kMostPiped);
        std::string output;
        for (const char c : piece) {
            const auto byte = static_cast<unsigned char>(c);
            if (deletes && chosen[byte]) {
                continue;
            }
            const char next = made[byte];
            if (!squeezed[static_cast<unsigned char>(next)] || last != next) {
                output += next;
                last = next;
            }
        }
        if (piece.empty() || !call.out(output)) {
            return 0;
        }
    }
}

constexpr ShellApplet kApplets[] = {
    {"awk", runAwk, "/usr/bin"},
    {"cut", cut, "/usr/bin"},
    {"sed", runSed},
    {"tr", translate, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellFilterApplets() {
    return kApplets;
}

}  // namespace apiary::agent
