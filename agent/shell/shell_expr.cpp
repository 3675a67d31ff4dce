/// expr.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

/// `expr`: throws std::invalid_argument with what it says.
class Expression {
public:
    Expression(std::vector<std::string> words, ShellWork& work) : words_(std::move(words)), work_(work) {}

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
    /// Throws once the line has used up what it may; nothing is said then.
    void spend(std::size_t bytes) {
        if (!work_.move(bytes)) {
            throw std::invalid_argument("syntax error");
        }
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
            left.assign(1, holds ? '1' : '0');
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
    /// What is matched in the first group, or how much in all if there is none.
    std::string match(const std::string& text, const std::string& pattern) {
        const ShellRegex regex(pattern, ShellRegex::Kind::Basic, false);
        spend(regex.cost());
        if (!regex.valid()) {
            throw std::invalid_argument("bad regex '" + pattern + "': " + regex.error());
        }
        std::size_t steps = 0;
        const auto hit = regex.match(text, steps);
        spend(steps * 4 + pattern.size());
        const bool found = hit && (*hit)[0]->first == 0;
        if (regex.groups() == 0) {
            return std::to_string(found ? (*hit)[0]->second : 0);
        }
        const auto group = found ? (*hit)[1] : std::nullopt;
        return group ? text.substr(group->first, group->second - group->first) : "";
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
        if (take("quote")) {
            return next();
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
            const std::string sought = atom(depth + 1);
            spend(text.size() * (1 + sought.size() / 64));
            return std::to_string(text.find_first_of(sought) + 1);
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
    ShellWork& work_;
    std::size_t at_ = 0;
};

int evaluate(ShellCall& call) {
    if (call.words.size() < 2) {
        call.fail("too few arguments");
        return 2;
    }
    try {
        const std::string value = Expression(call.operands(), call.work()).whole();
        call.out(value + '\n');
        return value.empty() || value == "0" ? 1 : 0;
    } catch (const std::invalid_argument& wrong) {
        call.fail(wrong.what());
        return 2;
    }
}

constexpr ShellApplet kApplets[] = {
    {"bc", runBc, "/usr/bin"},
    {"dc", runDc, "/usr/bin"},
    {"expr", evaluate, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellExpressionApplets() {
    return kApplets;
}

}  // namespace apiary::agent
