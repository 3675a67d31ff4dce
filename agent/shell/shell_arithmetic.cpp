#include "agent/shell/shell_expander.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <limits>
#include <utility>

namespace apiary::agent {
namespace {

struct Operator {
    std::string_view sign;
    int rank;
};

// Longer signs before those they begin with.
constexpr Operator kOperators[] = {{"||", 1}, {"&&", 2},  {"<<", 8}, {">>", 8}, {"==", 6}, {"!=", 6}, {"<=", 7},
                                   {">=", 7}, {"**", 11}, {"|", 3},  {"^", 4},  {"&", 5},  {"<", 7},  {">", 7},
                                   {"+", 9},  {"-", 9},   {"*", 10}, {"/", 10}, {"%", 10}};
constexpr std::string_view kAssignments[] = {"<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};
constexpr int kDeepest = 40;
constexpr std::size_t kMostOfVariables = 8192;  // bytes: each may name many others

/// Climbs precedence; wraps around as the machine does.
class Arithmetic {
public:
    /// `left` is how many bytes of variables' values may still be read as expressions.
    Arithmetic(std::string_view text, ShellEnvironment& environment, int depth, std::size_t& left)
        : text_(text), environment_(environment), depth_(depth), left_(left) {}

    std::optional<std::int64_t> value(std::string& message) {
        skip();
        const std::int64_t result = text_.empty() ? 0 : comma();
        skip();
        if (message_.empty() && !text_.empty()) {
            message_ = "arithmetic syntax error";
        }
        message = message_;
        return message_.empty() ? std::optional(result) : std::nullopt;
    }

private:
    void skip() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n"), text_.size())); }

    bool take(std::string_view sign) {
        skip();
        if (!text_.starts_with(sign)) {
            return false;
        }
        text_.remove_prefix(sign.size());
        return true;
    }

    std::int64_t fail(std::string_view message) {
        if (message_.empty()) {
            message_ = message;
        }
        text_ = {};
        return 0;
    }

    std::int64_t comma() {
        std::int64_t result = ternary();
        while (message_.empty() && take(",")) {
            result = ternary();
        }
        return result;
    }

    std::int64_t ternary() {
        if (++depth_ > kDeepest) {
            return fail("arithmetic syntax error");
        }
        std::int64_t result = binary(1);
        if (take("?")) {
            const std::int64_t yes = ternary();
            if (!take(":")) {
                return fail("malformed ?: operator");
            }
            const std::int64_t no = ternary();
            result = result != 0 ? yes : no;
        }
        --depth_;
        return result;
    }

    std::int64_t binary(int lowest) {
        std::int64_t left = unary();
        for (;;) {
            skip();
            const auto* found =
                std::ranges::find_if(kOperators, [&](const Operator& op) { return text_.starts_with(op.sign); });
            if (found == std::end(kOperators) || found->rank < lowest || !message_.empty()) {
                return left;
            }
            text_.remove_prefix(found->sign.size());
            if (depth_ > kDeepest) {
                return fail("nested too deep");
            }
            ++depth_;
            const std::int64_t right = binary(found->rank + (found->sign == "**" ? 0 : 1));
            --depth_;
            left = apply(found->sign, left, right);
        }
    }

    std::int64_t apply(std::string_view sign, std::int64_t left, std::int64_t right) {
        const auto a = static_cast<std::uint64_t>(left);
        const auto b = static_cast<std::uint64_t>(right);
        if (sign == "+") {
            return static_cast<std::int64_t>(a + b);
        }
        if (sign == "-") {
            return static_cast<std::int64_t>(a - b);
        }
        if (sign == "*") {
            return static_cast<std::int64_t>(a * b);
        }
        if (sign == "/" || sign == "%") {
            if (right == 0) {
                return fail("divide by zero");
            }
            if (right == -1) {
                return sign == "/" ? static_cast<std::int64_t>(0 - a) : 0;
            }
            return sign == "/" ? left / right : left % right;
        }
        if (sign == "**") {
            if (right < 0) {
                return fail("exponent less than 0");
            }
            std::uint64_t power = 1;
            std::uint64_t factor = a;
            for (std::uint64_t rest = b; rest > 0; rest >>= 1U) {
                power *= (rest & 1U) != 0 ? factor : 1;
                factor *= factor;
            }
            return static_cast<std::int64_t>(power);
        }
        if (sign == "<<" || sign == ">>") {
            return sign == "<<" ? static_cast<std::int64_t>(a << (b & 63U)) : left >> (b & 63U);
        }
        if (sign == "&" || sign == "|" || sign == "^") {
            return static_cast<std::int64_t>(sign == "&" ? a & b : sign == "|" ? a | b : a ^ b);
        }
        return compare(sign, left, right) ? 1 : 0;
    }

    static bool compare(std::string_view sign, std::int64_t left, std::int64_t right) {
        return sign == "&&"   ? left != 0 && right != 0
               : sign == "||" ? left != 0 || right != 0
               : sign == "==" ? left == right
               : sign == "!=" ? left != right
               : sign == "<"  ? left < right
               : sign == "<=" ? left <= right
               : sign == ">"  ? left > right
                              : left >= right;
    }

    std::int64_t unary() {
        if (depth_ > kDeepest) {
            return fail("arithmetic syntax error");
        }
        skip();
        for (const std::string_view step : {"++", "--"}) {
            if (text_.starts_with(step) && text_.size() > 2 && isNameByte(text_[2])) {
                text_.remove_prefix(2);
                return variable(step == "++" ? 1 : -1);
            }
        }
        for (const char sign : {'-', '+', '!', '~'}) {
            if (text_.starts_with(sign)) {
                text_.remove_prefix(1);
                ++depth_;
                const std::int64_t operand = unary();
                --depth_;
                return sign == '-'   ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(operand))
                       : sign == '!' ? (operand == 0 ? 1 : 0)
                       : sign == '~' ? ~operand
                                     : operand;
            }
        }
        if (take("(")) {
            const std::int64_t inside = comma();
            return take(")") ? inside : fail("arithmetic syntax error");
        }
        if (!text_.empty() && std::isdigit(static_cast<unsigned char>(text_.front())) != 0) {
            return number();
        }
        return text_.empty() || !isNameByte(text_.front()) ? fail("arithmetic syntax error") : variable(0);
    }

    static bool isNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

    /// One that does not fit into 64 bits is 0.
    static std::uint64_t parse(std::string_view& text) {
        unsigned radix = 10;
        if ((text.starts_with("0x") || text.starts_with("0X")) && text.size() > 2 &&
            std::isxdigit(static_cast<unsigned char>(text[2])) != 0) {
            radix = 16;
            text.remove_prefix(2);
        } else if (text.starts_with('0')) {
            radix = 8;
        }
        std::uint64_t value = 0;
        bool fits = true;
        while (!text.empty() && std::isxdigit(static_cast<unsigned char>(text.front())) != 0) {
            const char c = text.front();
            const unsigned digit =
                c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a') + 10;
            if (digit >= radix) {
                break;
            }
            fits = fits && value <= (std::numeric_limits<std::uint64_t>::max() - digit) / radix;
            value = value * radix + digit;
            text.remove_prefix(1);
        }
        return fits ? value : 0;
    }

    /// Of a base too: 16#ff.
    std::int64_t number() {
        const std::size_t digits = std::min(text_.find_first_not_of("0123456789"), text_.size());
        if (text_.substr(digits, 1) != "#" || digits > 2) {
            return static_cast<std::int64_t>(parse(text_));
        }
        std::uint64_t base = 0;
        for (const char c : text_.substr(0, digits)) {
            base = base * 10 + static_cast<std::uint64_t>(c - '0');
        }
        text_.remove_prefix(digits + 1);
        if (base < 2 || base > 64) {
            return fail("arithmetic syntax error");
        }
        std::uint64_t value = 0;
        for (; !text_.empty(); text_.remove_prefix(1)) {
            const char c = text_.front();
            const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                                   : c >= 'a' && c <= 'z' ? static_cast<unsigned>(c - 'a') + 10
                                   : c >= 'A' && c <= 'Z' ? static_cast<unsigned>(c - 'A') + (base > 36 ? 36 : 10)
                                   : c == '@'             ? 62
                                   : c == '_'             ? 63
                                                          : 64;
            if (digit >= base) {
                break;
            }
            value = value * base + digit;
        }
        return static_cast<std::int64_t>(value);
    }

    std::int64_t variable(std::int64_t before) {
        std::size_t end = 0;
        while (end < text_.size() && isNameByte(text_[end])) {
            ++end;
        }
        const std::string name(text_.substr(0, end));
        text_.remove_prefix(end);
        skip();
        if (before == 0 && text_.starts_with('=') && !text_.starts_with("==")) {  // whatever it was
            text_.remove_prefix(1);
            return assign(name, ternary());
        }
        const std::int64_t old = current(name);
        if (before != 0) {
            return assign(name, apply("+", old, before));
        }
        for (const std::string_view step : {"++", "--"}) {
            if (take(step)) {
                assign(name, apply(step.substr(1), old, 1));
                return old;
            }
        }
        for (const std::string_view sign : kAssignments) {
            if (text_.starts_with(sign)) {
                text_.remove_prefix(sign.size());
                return assign(name, apply(sign.substr(0, sign.size() - 1), old, ternary()));
            }
        }
        return old;
    }

    /// The value of a variable is an expression itself.
    std::int64_t current(const std::string& name) {
        const std::string text(environment_.get(name).substr(0, 1024));
        if (depth_ > kDeepest || text.size() > left_) {
            return fail("arithmetic syntax error");
        }
        left_ -= text.size();
        std::string problem;
        const auto value = Arithmetic(text, environment_, depth_ + kDeepest / 8, left_).value(problem);
        if (!value) {
            fail(problem);
        }
        return value.value_or(0);
    }

    std::int64_t assign(const std::string& name, std::int64_t value) {
        environment_.set(name, std::to_string(value));
        return value;
    }

    std::string_view text_;
    ShellEnvironment& environment_;
    std::string message_;
    int depth_ = 0;
    std::size_t& left_;
};

bool isOfClass(std::string_view name, int c) {
    using Test = int (*)(int);
    static constexpr std::pair<std::string_view, Test> kClasses[] = {
        {"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank}, {"cntrl", std::iscntrl},
        {"digit", std::isdigit}, {"graph", std::isgraph}, {"lower", std::islower}, {"print", std::isprint},
        {"punct", std::ispunct}, {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};
    const auto* found = std::ranges::find(kClasses, name, [](const auto& one) { return one.first; });
    return found != std::end(kClasses) && found->second(c) != 0;
}

}  // namespace

std::optional<std::int64_t> evaluateArithmetic(std::string_view expression, ShellEnvironment& environment,
                                               std::string& message) {
    std::size_t left = kMostOfVariables;
    return Arithmetic(expression, environment, 0, left).value(message);
}

/// Remembers the last star, so that it costs at most the product of the two lengths.
bool matchesPattern(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t starText = 0;
    std::size_t unclosed = std::string_view::npos;   // from here on no bracket has an end
    std::optional<std::size_t> lastClass;            // where the last name of a class ends, once it was looked for
    const auto one = [&](std::size_t& at, char c) {  // one sign of the pattern against one byte
        if (pattern[at] == '?') {
            ++at;
            return true;
        }
        if (pattern[at] == '[' && at < unclosed) {
            std::size_t i = at + 1;
            const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
            i += inverted ? 1 : 0;
            bool in = false;
            const auto isClass = [&] {
                if (!pattern.substr(i).starts_with("[:")) {
                    return false;
                }
                lastClass = lastClass ? lastClass : pattern.rfind(":]");
                return *lastClass != std::string_view::npos && i + 2 <= *lastClass;
            };
            for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
                if (isClass()) {
                    const std::size_t end = pattern.find(":]", i + 2);
                    in |= isOfClass(pattern.substr(i + 2, end - i - 2), static_cast<unsigned char>(c));
                    i = end + 2;
                    continue;
                }
                i += pattern[i] == '\\' && i + 1 < pattern.size() ? 1 : 0;
                const char low = pattern[i];
                char high = low;
                if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
                    high = pattern[i + 2];
                    i += 2;
                }
                in |= low <= c && c <= high;
                ++i;
            }
            if (i < pattern.size()) {
                at = i + 1;
                return in != inverted;
            }
            unclosed = at;
        }
        at += pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
        return pattern[at++] == c;
    };
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            starText = t;
            continue;
        }
        if (p < pattern.size() && one(p, text[t])) {
            ++t;
            continue;
        }
        if (star == std::string_view::npos) {
            return false;
        }
        p = star;
        t = ++starText;
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace apiary::agent
