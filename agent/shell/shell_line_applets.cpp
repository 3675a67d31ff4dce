/// Applets that lay lines out anew: nl, fold, paste, rev, tac, expand, unexpand, dos2unix, unix2dos, shuf.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostLines = 50'000;
constexpr std::size_t kWidest = 10'000;

std::vector<std::string> linesOf(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < kMostLines) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines.emplace_back(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

/// The number of an option; nothing after it said why it is none.
std::optional<std::size_t> numberOf(ShellCall& call, char letter, std::size_t fallback, std::size_t least,
                                    std::size_t most) {
    if (!call.has(letter)) {
        return fallback;
    }
    const auto value = parseNumber<std::uint32_t>(call.value(letter));
    if (!value) {
        call.fail("invalid number '" + call.value(letter) + "'");
        return std::nullopt;
    }
    if (*value < least || *value > most) {
        call.fail("number " + call.value(letter) + " is not in " + std::to_string(least) + ".." + std::to_string(most) +
                  " range");
        return std::nullopt;
    }
    return *value;
}

int numberLines(ShellCall& call) {
    if (!call.parse("b:i:s:v:w:p")) {
        return 1;
    }
    const auto width = numberOf(call, 'w', 6, 0, kWidest);
    const auto first = width ? numberOf(call, 'v', 1, 0, 0x7fffffff) : std::nullopt;
    const auto step = first ? numberOf(call, 'i', 1, 0, 0x7fffffff) : std::nullopt;
    if (!step) {
        return 1;
    }
    const std::string gap = call.valueOr('s', "\t");
    const char which = call.valueOr('b', "t").c_str()[0];
    std::size_t number = *first;
    return answerLines(call, [&](std::string_view line, bool /*ended*/) {
        if (which != 'a' && (which != 't' || line.empty())) {
            return std::string(*width + gap.size(), ' ') + std::string(line) + '\n';
        }
        std::string digits = std::to_string(number);
        digits.insert(0, *width - std::min(*width, digits.size()), ' ');
        number += *step;
        return digits + gap + std::string(line) + '\n';
    });
}

/// Where a line stands behind one more byte, as a terminal shows it.
std::size_t columnBehind(std::size_t column, char c) {
    return c == '\b'   ? column - std::min<std::size_t>(column, 1)
           : c == '\r' ? 0
           : c == '\t' ? column + 8 - column % 8
                       : column + 1;
}

int foldLines(ShellCall& call) {
    for (std::size_t i = 1; i < call.words.size(); ++i) {  // -20 is -w20
        std::string& word = call.words[i];
        if (word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9') {
            word.insert(1, "w");
        }
    }
    if (!call.parse("bsw:")) {
        return 1;
    }
    const auto width = numberOf(call, 'w', 80, 1, kWidest);
    if (!width) {
        return 1;
    }
    const auto behind = [&](std::size_t column, char c) {
        return call.has('b') ? column + 1 : columnBehind(column, c);
    };
    return answerLines(call, [&](std::string_view typed, bool ended) {
        std::string folded;
        std::string line;
        std::size_t column = 0;
        for (const char c : typed) {
            if (behind(column, c) > *width && !line.empty()) {
                const std::size_t blank = call.has('s') ? line.find_last_of(" \t") : std::string::npos;
                const std::size_t end = blank == std::string::npos ? line.size() : blank + 1;
                folded += line.substr(0, end) + '\n';
                line.erase(0, end);
                column = 0;
                for (const char kept : line) {
                    column = behind(column, kept);
                }
            }
            line += c;
            column = behind(column, c);
        }
        return folded + line + (ended ? "\n" : "");
    });
}

/// The delimiters of paste: \0 is none.
std::vector<std::string> jointsOf(const std::string& list) {
    std::vector<std::string> joints;
    for (std::size_t i = 0; i < list.size(); ++i) {
        char c = list[i];
        if (c == '\\' && i + 1 < list.size()) {
            c = list[++i];
            joints.push_back(c == '0' ? "" : c == 'n' ? "\n" : c == 't' ? "\t" : std::string(1, c));
            continue;
        }
        joints.emplace_back(1, c);
    }
    return joints.empty() ? std::vector<std::string>{""} : joints;
}

int paste(ShellCall& call) {
    if (!call.parse("d:s")) {
        return 1;
    }
    const std::vector<std::string> joints = jointsOf(call.valueOr('d', "\t"));
    const std::vector<std::string> paths = call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"};
    const auto inputs = static_cast<std::size_t>(std::ranges::count(paths, "-"));
    std::vector<std::vector<std::string>> columns;
    std::vector<std::string> typed;  // standard input, whose lines are shared out among its columns
    for (const std::string& path : paths) {
        const ShellStreamPtr stream = call.open(path, "-");
        if (!stream) {
            return 1;
        }
        const std::vector<std::string> lines = linesOf(call.work().read(*stream, ShellWork::kMostPiped));
        if (path == "-" && typed.empty()) {
            typed = lines;
        }
        columns.push_back(path == "-" ? std::vector<std::string>{} : lines);
    }
    std::size_t which = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        for (std::size_t at = which; paths[i] == "-" && at < typed.size(); at += call.has('s') ? 1 : inputs) {
            columns[i].push_back(typed[at]);
        }
        which += paths[i] == "-" ? (call.has('s') ? typed.size() : 1) : 0;
    }
    std::string output;
    if (call.has('s')) {
        for (const auto& column : columns) {
            for (std::size_t i = 0; i < column.size(); ++i) {
                output += (i == 0 ? "" : joints[(i - 1) % joints.size()]) + column[i];
            }
            output += '\n';
        }
        call.out(output);
        return 0;
    }
    std::size_t rows = 0;
    for (const auto& column : columns) {
        rows = std::max(rows, column.size());
    }
    for (std::size_t row = 0; row < rows && output.size() < ShellWork::kMostPiped; ++row) {
        std::size_t joint = 0;  // a column that has ended leaves nothing, not even its delimiter or the line end
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (row < columns[i].size()) {
                output += columns[i][row] + (i + 1 == columns.size() ? "\n" : joints[joint++ % joints.size()]);
            }
        }
    }
    call.out(output);
    return 0;
}

int reverseLines(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    if (call.name() == "rev") {
        return answerLines(call, [](std::string_view line, bool ended) {
            return std::string(line.rbegin(), line.rend()) + (ended ? "\n" : "");
        });
    }
    int status = 0;
    const std::string all = call.readAll(call.operands(), status, "-");
    const bool ended = all.ends_with('\n');
    const std::vector<std::string> lines = linesOf(all);
    std::string output;
    for (std::size_t i = lines.size(); i-- > 0;) {
        output += lines[i] + (i + 1 < lines.size() || ended ? "\n" : "");
    }
    call.out(output);
    return status;
}

int expandTabs(ShellCall& call) {
    if (!call.parse("it:")) {
        return 1;
    }
    const auto stop = numberOf(call, 't', 8, 1, kWidest);
    if (!stop) {
        return 1;
    }
    int status = 0;
    std::string output;
    std::size_t column = 0;
    bool leading = true;
    for (const char c : call.readAll(call.operands(), status, "-")) {
        leading = leading && (c == '\t' || c == ' ');
        if (c == '\t' && (leading || !call.has('i'))) {
            const std::size_t blanks = *stop - column % *stop;
            output.append(blanks, ' ');
            column += blanks;
        } else {
            output += c;
            column = c == '\t' ? column + *stop - column % *stop : column + 1;
        }
        if (c == '\n') {
            column = 0;
            leading = true;
        }
        if (output.size() > ShellWork::kMostPiped) {
            break;
        }
    }
    call.out(output);
    return status;
}

int unexpandTabs(ShellCall& call) {
    if (!call.parse("fat:")) {
        return 1;
    }
    const auto stop = numberOf(call, 't', 8, 1, kWidest);
    if (!stop) {
        return 1;
    }
    int status = 0;
    std::string output;
    for (const std::string& line : linesOf(call.readAll(call.operands(), status, "-"))) {
        std::size_t column = 0;
        std::size_t blanks = 0;
        for (const char c : line) {
            if (c == ' ') {
                ++column;
                ++blanks;
                if (column % *stop == 0) {
                    output += '\t';
                    blanks = 0;
                }
                continue;
            }
            output.append(c == '\t' ? 0 : std::exchange(blanks, 0), ' ');
            blanks = 0;
            output += c;
            column = c == '\t' ? column + *stop - column % *stop : column + 1;
        }
        output.append(blanks, ' ');
        output += '\n';
    }
    call.out(output);
    return status;
}

int changeEnds(ShellCall& call) {
    if (!call.parse("du")) {
        return 1;
    }
    const bool dos = call.has('d') || (call.name() == "unix2dos" && !call.has('u'));
    const auto changed = [dos](std::string_view text) {
        std::string made;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\r') {
                continue;
            }
            made += text[i] == '\n' && dos ? "\r\n" : std::string(1, text[i]);
        }
        return made;
    };
    if (call.words.size() < 2) {
        call.out(changed(call.work().read(*call.input(), ShellWork::kMostPiped)));
        return 0;
    }
    for (const std::string& path : call.operands()) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            return 1;
        }
        const std::string made = changed(call.work().read(*stream, ShellWork::kMostPiped));
        call.work().report(stream->path);
        if (stream->kind == ShellStream::Kind::File &&
            call.files().create(stream->path, 0644, call.work().seconds()) == ShellError::None) {
            ShellStream file{ShellStream::Kind::File, stream->path};
            call.work().write(file, made);
        }
    }
    return 0;
}

int shuffle(ShellCall& call) {
    if (!call.parse("ei:n:o:z")) {
        return 1;
    }
    const auto most = numberOf(call, 'n', std::string::npos, 0, 0x7fffffff);
    if (!most) {
        return 1;
    }
    std::vector<std::string> lines;
    if (call.has('i')) {
        const std::string& range = call.value('i');
        const std::size_t dash = range.find('-');
        const auto low = parseNumber<std::uint32_t>(std::string_view(range).substr(0, dash));
        const auto high = dash == std::string::npos
                              ? std::nullopt
                              : parseNumber<std::uint32_t>(std::string_view(range).substr(dash + 1));
        if (!low || !high || *low > *high) {
            return call.fail("bad range '" + range + "'");
        }
        if (call.words.size() > 1) {
            return call.usage();
        }
        for (std::uint64_t i = *low; i <= *high && lines.size() < kMostLines; ++i) {
            lines.push_back(std::to_string(i));
        }
    } else if (call.has('e')) {
        lines = call.operands();
    } else {
        const ShellStreamPtr stream = call.open(call.words.size() > 1 ? call.words[1] : "-", "-");
        if (!stream) {
            return 1;
        }
        lines = linesOf(call.work().read(*stream, ShellWork::kMostPiped));
    }
    std::uint64_t chance =
        static_cast<std::uint64_t>(call.work().seconds()) * 6364136223846793005U + 1442695040888963407U;
    for (std::size_t i = lines.size(); i > 1; --i) {
        chance = chance * 6364136223846793005U + 1442695040888963407U;
        std::swap(lines[i - 1], lines[static_cast<std::size_t>(chance >> 33U) % i]);
    }
    lines.resize(std::min(lines.size(), *most));
    std::string output;
    for (const std::string& line : lines) {
        output += line + (call.has('z') ? '\0' : '\n');
    }
    call.out(output);
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"dos2unix", changeEnds, "/usr/bin"}, {"expand", expandTabs, "/usr/bin"}, {"fold", foldLines, "/usr/bin"},
    {"nl", numberLines, "/usr/bin"},      {"paste", paste, "/usr/bin"},       {"rev", reverseLines, "/usr/bin"},
    {"shuf", shuffle, "/usr/bin"},        {"tac", reverseLines, "/usr/bin"},  {"unexpand", unexpandTabs, "/usr/bin"},
    {"unix2dos", changeEnds, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellLineApplets() {
    return kApplets;
}

}  // namespace apiary::agent
