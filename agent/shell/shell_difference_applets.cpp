/// Applets that compare: cmp, diff, expr.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

int compare(ShellCall& call) {
    if (!call.parse("lsn:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    const std::string first = call.words[1];
    const std::string second = call.words.size() > 2 ? call.words[2] : "-";
    const ShellStreamPtr left = call.open(first, "-");
    const ShellStreamPtr right = left ? call.open(second, "-") : nullptr;
    if (!right) {
        return 2;
    }
    const std::string one = call.work().read(*left, ShellWork::kMostPiped);
    const std::string other = call.work().read(*right, ShellWork::kMostPiped);
    std::size_t line = 1;
    int status = 0;
    for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
        if (one[i] != other[i]) {
            status = 1;
            if (call.has('l')) {
                call.out(printed("%zu %3o %3o\n", i + 1, static_cast<unsigned char>(one[i]),
                                 static_cast<unsigned char>(other[i])));
                continue;
            }
            if (!call.has('s')) {
                call.out(first + ' ' + second + printed(" differ: char %zu, line %zu\n", i + 1, line));
            }
            return 1;
        }
        line += one[i] == '\n' ? 1 : 0;
    }
    if (one.size() != other.size()) {
        if (!call.has('s')) {
            call.fail("EOF on " + (one.size() < other.size() ? first : second));
        }
        return 1;
    }
    return status;
}

using Lines = std::vector<std::string_view>;

Lines linesOf(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        lines.push_back(line);
        text.remove_prefix(line.size());
    }
    return lines;
}

/// Which lines of either stay, by the longest common subsequence; what is too long to compare so is all different.
struct Kept {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
};

Kept keptLines(const Lines& one, const Lines& other) {
    constexpr std::size_t kMostCells = std::size_t{1} << 20U;
    Kept kept;
    std::size_t same = 0;
    while (same < std::min(one.size(), other.size()) && one[same] == other[same]) {
        kept.pairs.emplace_back(same, same);
        ++same;
    }
    const std::size_t rows = one.size() - same;
    const std::size_t columns = other.size() - same;
    if (rows * columns > kMostCells) {
        return kept;
    }
    std::vector<std::uint16_t> lengths((rows + 1) * (columns + 1));
    const auto length = [&](std::size_t r, std::size_t c) -> std::uint16_t& { return lengths[r * (columns + 1) + c]; };
    for (std::size_t r = rows; r-- > 0;) {
        for (std::size_t c = columns; c-- > 0;) {
            length(r, c) = one[same + r] == other[same + c] ? static_cast<std::uint16_t>(length(r + 1, c + 1) + 1)
                                                            : std::max(length(r + 1, c), length(r, c + 1));
        }
    }
    for (std::size_t r = 0, c = 0; r < rows && c < columns;) {
        if (one[same + r] == other[same + c]) {
            kept.pairs.emplace_back(same + r++, same + c++);
        } else if (length(r + 1, c) >= length(r, c + 1)) {
            ++r;
        } else {
            ++c;
        }
    }
    return kept;
}

std::string shownLine(char sign, std::string_view line) {
    return sign + std::string(line) + (line.ends_with('\n') ? "" : "\n\\ No newline at end of file\n");
}

/// The hunks of a unified difference, with three lines around each change.
std::string unified(const Lines& one, const Lines& other, std::size_t around) {
    struct Edit {
        char sign;
        std::size_t first;
        std::size_t second;
    };
    std::vector<Edit> edits;
    std::size_t a = 0;
    std::size_t b = 0;
    Kept kept = keptLines(one, other);
    kept.pairs.emplace_back(one.size(), other.size());
    for (const auto& [first, second] : kept.pairs) {
        for (; a < first; ++a) {
            edits.push_back({'-', a, b});
        }
        for (; b < second; ++b) {
            edits.push_back({'+', a, b});
        }
        if (first < one.size()) {
            edits.push_back({' ', a++, b++});
        }
    }
    std::string text;
    for (std::size_t i = 0; i < edits.size();) {
        if (edits[i].sign == ' ') {
            ++i;
            continue;
        }
        const std::size_t begin = i - std::min(i, around);
        std::size_t last = i;
        for (std::size_t j = i; j < edits.size() && j - last <= 2 * around; ++j) {
            last = edits[j].sign == ' ' ? last : j;
        }
        const std::size_t end = std::min(edits.size(), last + around + 1);
        std::size_t removed = 0;
        std::size_t added = 0;
        std::string body;
        for (std::size_t j = begin; j < end; ++j) {
            removed += edits[j].sign != '+' ? 1 : 0;
            added += edits[j].sign != '-' ? 1 : 0;
            body += shownLine(edits[j].sign, edits[j].sign == '+' ? other[edits[j].second] : one[edits[j].first]);
        }
        const auto range = [](std::size_t at, std::size_t size) {
            return std::to_string(size == 0 ? at : at + 1) + (size == 1 ? "" : ',' + std::to_string(size));
        };
        text += "@@ -" + range(edits[begin].first, removed) + " +" + range(edits[begin].second, added) + " @@\n" + body;
        i = end;
    }
    return text;
}

int difference(ShellCall& call) {
    if (!call.parse("abdiL:NqrsS:tTU:wuB")) {
        return 2;
    }
    if (call.words.size() < 3) {
        call.usage();
        return 1;
    }
    std::string texts[2];
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string& path = call.words[i + 1];
        const ShellFiles::Place place = call.locate(path);
        if (path != "-" && (place.error != ShellError::None || call.files().find(place.path) == nullptr)) {
            call.fail("can't stat '" + path + "': No such file or directory");
            return 2;
        }
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            return 2;
        }
        texts[i] = call.work().read(*stream, ShellWork::kMostPiped);
    }
    const std::string names = call.words[1] + " and " + call.words[2];
    if (texts[0] == texts[1]) {
        call.out(call.has('s') ? "Files " + names + " are identical\n" : "");
        return 0;
    }
    if (call.has('q')) {
        call.out("Files " + names + " differ\n");
        return 1;
    }
    if (!call.work().move(texts[0].size() * 4 + texts[1].size() * 4)) {
        return 1;
    }
    const std::size_t around = parseNumber<std::size_t>(call.valueOr('U', "3")).value_or(3);
    call.out("--- " + call.words[1] + "\n+++ " + call.words[2] + '\n' +
             unified(linesOf(texts[0]), linesOf(texts[1]), std::min<std::size_t>(around, 1000)));
    return 1;
}

/// `expr`: throws std::invalid_argument with what it says.
class Expression {
public:
    explicit Expression(std::vector<std::string> words) : words_(std::move(words)) {}

    std::string whole() {
        std::string value = either(0);
        if (at_ < words_.size()) {
            throw std::invalid_argument("syntax error");
        }
        return value;
    }

private:
    static constexpr int kDeepest = 50;

    static bool truth(const std::string& value) { return !value.empty() && value != "0"; }
    static std::int64_t number(const std::string& value) {
        const auto known = parseNumber<std::int64_t>(value);
        return known ? *known : throw std::invalid_argument("non-numeric argument");
    }
    bool take(std::string_view word) {
        const bool there = at_ < words_.size() && words_[at_] == word;
        at_ += there ? 1 : 0;
        return there;
    }
    std::string next() { return at_ < words_.size() ? words_[at_++] : throw std::invalid_argument("syntax error"); }

    std::string either(int depth) {
        std::string left = both(depth);
        while (take("|")) {
            std::string right = both(depth);
            left = truth(left) ? left : right;
        }
        return left;
    }
    std::string both(int depth) {
        std::string left = compared(depth);
        while (take("&")) {
            const std::string right = compared(depth);
            left = truth(left) && truth(right) ? left : "0";
        }
        return left;
    }
    std::string compared(int depth) {
        static constexpr std::string_view kSigns[] = {"<", "<=", "=", "==", "!=", ">=", ">"};
        std::string left = sum(depth);
        while (at_ < words_.size() && std::ranges::find(kSigns, words_[at_]) != std::end(kSigns)) {
            const std::string sign = words_[at_++];
            const std::string right = sum(depth);
            const auto a = parseNumber<std::int64_t>(left);
            const auto b = parseNumber<std::int64_t>(right);
            const int order = a && b ? (*a < *b ? -1 : *a > *b ? 1 : 0) : left.compare(right);
            const bool holds = sign == "<"    ? order < 0
                               : sign == "<=" ? order <= 0
                               : sign == ">"  ? order > 0
                               : sign == ">=" ? order >= 0
                               : sign == "!=" ? order != 0
                                              : order == 0;
            left = holds ? "1" : "0";
        }
        return left;
    }
    std::string sum(int depth) {
        std::string left = product(depth);
        while (at_ < words_.size() && (words_[at_] == "+" || words_[at_] == "-")) {
            const bool minus = words_[at_++] == "-";
            const std::string right = product(depth);
            const auto a = static_cast<std::uint64_t>(number(left));
            const auto b = static_cast<std::uint64_t>(number(right));
            left = std::to_string(static_cast<std::int64_t>(minus ? a - b : a + b));
        }
        return left;
    }
    std::string product(int depth) {
        std::string left = matched(depth);
        while (at_ < words_.size() && (words_[at_] == "*" || words_[at_] == "/" || words_[at_] == "%")) {
            const char sign = words_[at_++].front();
            const std::string right = matched(depth);
            const std::int64_t a = number(left);
            const std::int64_t b = number(right);
            if (sign == '*') {
                left = std::to_string(
                    static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b)));
                continue;
            }
            if (b == 0) {
                throw std::invalid_argument("division by zero");
            }
            left = std::to_string(b == -1
                                      ? (sign == '/' ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(a)) : 0)
                                  : sign == '/' ? a / b
                                                : a % b);
        }
        return left;
    }
    std::string match(const std::string& text, const std::string& pattern) const {
        const ShellRegex regex(pattern.starts_with('^') ? pattern : '^' + pattern, ShellRegex::Kind::Basic, false);
        std::size_t steps = 0;
        const auto hit = regex.valid() ? regex.search(text, steps) : std::nullopt;
        return std::to_string(hit ? hit->second : 0);
    }
    std::string matched(int depth) {
        std::string left = atom(depth);
        while (take(":")) {
            left = match(left, atom(depth));
        }
        return left;
    }
    std::string atom(int depth) {
        if (depth > kDeepest) {
            throw std::invalid_argument("syntax error");
        }
        if (take("(")) {
            std::string value = either(depth + 1);
            return take(")") ? value : throw std::invalid_argument("syntax error");
        }
        if (take("length")) {
            return std::to_string(atom(depth + 1).size());
        }
        if (take("match")) {
            const std::string text = atom(depth + 1);
            return match(text, atom(depth + 1));
        }
        if (take("index")) {
            const std::string text = atom(depth + 1);
            return std::to_string(text.find_first_of(atom(depth + 1)) + 1);
        }
        if (take("substr")) {
            const std::string text = atom(depth + 1);
            const std::int64_t from = number(atom(depth + 1));
            const std::int64_t size = number(atom(depth + 1));
            return from < 1 || size < 1 || static_cast<std::uint64_t>(from) > text.size()
                       ? ""
                       : text.substr(static_cast<std::size_t>(from) - 1, static_cast<std::size_t>(size));
        }
        return next();
    }

    std::vector<std::string> words_;
    std::size_t at_ = 0;
};

int evaluate(ShellCall& call) {
    if (call.words.size() < 2) {
        call.fail("too few arguments");
        return 2;
    }
    try {
        const std::string value = Expression(call.operands()).whole();
        call.out(value + '\n');
        return value.empty() || value == "0" ? 1 : 0;
    } catch (const std::invalid_argument& wrong) {
        call.fail(wrong.what());
        return 2;
    }
}

constexpr ShellApplet kApplets[] = {
    {"cmp", compare, "/usr/bin"},
    {"diff", difference, "/usr/bin"},
    {"expr", evaluate, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellDifferenceApplets() {
    return kApplets;
}

}  // namespace apiary::agent
