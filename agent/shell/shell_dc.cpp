/// dc: numbers and strings on a stack.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_decimal.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostValues = 200;  // on the stack and on those of the registers
constexpr std::int64_t kMostScale = 1000;
constexpr int kDeepest = 40;  // macros in macros
constexpr std::size_t kLine = 68;

struct Value {
    ShellDecimal number = {};
    std::string text = {};
    bool isText = false;
};

class Dc {
public:
    explicit Dc(ShellCall& call) : call_(call) {}

    /// False if the program is over, by q or by an error, which has been said.
    bool run(std::string_view text) {
        execute(text, 0);
        return !stopped();
    }
    bool failed() const { return failed_; }

private:
    using Stack = std::vector<Value>;

    bool stopped() const { return failed_ || leaves_ > 0 || call_.work().stopped(); }

    void fail(const std::string& message) {
        if (!failed_) {
            call_.fail(message);
        }
        failed_ = true;
    }

    /// True if there are so many; else it has been complained about.
    bool have(std::size_t count) {
        if (stack_.size() < count) {
            fail("stack has too few elements");
        }
        return !failed_;
    }

    void push(Value value) {
        if (values_ >= kMostValues || !call_.work().move(value.number.size() + value.text.size() + 8)) {
            call_.work().stop();
            return;
        }
        ++values_;
        stack_.push_back(std::move(value));
    }
    void push(const ShellDecimal& number) { push(Value{number}); }

    Value pop() {
        Value value = std::move(stack_.back());
        stack_.pop_back();
        --values_;
        return value;
    }

    /// The two on top, as numbers, the lower first.
    bool popTwo(ShellDecimal& left, ShellDecimal& right) {
        if (!have(2)) {
            return false;
        }
        const Value top = pop();
        const Value below = pop();
        if (top.isText || below.isText) {
            fail("variable is wrong type");
            return false;
        }
        left = below.number;
        right = top.number;
        const std::size_t size = left.size() + right.size() + scale_ + 1;
        if (size > ShellDecimal::kMostDigits || !call_.work().move(size * size / 8)) {
            call_.work().stop();
        }
        return !call_.work().stopped();
    }

    void calculate(char sign) {
        ShellDecimal left;
        ShellDecimal right;
        if (!popTwo(left, right)) {
            return;
        }
        if ((sign == '/' || sign == '%' || sign == '~') && right.zero()) {
            fail("divide by zero");
            return;
        }
        if (sign == '+' || sign == '-') {
            push(ShellDecimal::sum(left, sign == '+' ? right : right.negated()));
        } else if (sign == '*') {
            push(ShellDecimal::product(left, right, scale_));
        } else if (sign == '^') {
            raise(left, right);
        } else {
            if (sign != '%') {
                push(ShellDecimal::quotient(left, right, scale_));
            }
            if (sign != '/') {
                push(ShellDecimal::remainder(left, right, scale_));
            }
        }
    }

    void raise(const ShellDecimal& base, const ShellDecimal& exponent) {
        if (!exponent.whole()) {
            fail("not an integer");
            return;
        }
        const std::int64_t power = exponent.toInteger();
        ShellDecimal result(1);
        ShellDecimal square = base;
        for (auto rest = static_cast<std::uint64_t>(power < 0 ? -power : power); rest > 0; rest >>= 1U) {
            const std::size_t size = result.size() + square.size();
            if (size > ShellDecimal::kMostDigits || !call_.work().move(size * size / 8)) {
                call_.work().stop();
                return;
            }
            if ((rest & 1U) != 0) {
                result = ShellDecimal::product(result, square, ShellDecimal::kMostDigits);
            }
            if (rest > 1) {
                square = ShellDecimal::product(square, square, ShellDecimal::kMostDigits);
            }
        }
        if (power >= 0) {
            push(result.truncated(std::max(scale_, base.scale())));
        } else if (result.zero()) {
            fail("divide by zero");
        } else {
            push(ShellDecimal::quotient(ShellDecimal(1), result, scale_));
        }
    }

    /// To the power of, and what is left of it by the third.
    void raiseModulo() {
        if (!have(3)) {
            return;
        }
        const ShellDecimal modulus = pop().number;
        calculate('^');
        if (!stopped()) {
            push(modulus);
            calculate('%');
        }
    }

    void show(const Value& value, bool newline) {
        if (value.isText) {
            call_.out(value.text + (newline ? "\n" : ""));
            return;
        }
        if (!call_.work().move(value.number.size() * value.number.size() / 8)) {
            return;
        }
        std::string text = value.number.text(output_);
        for (std::size_t at = kLine; at < text.size(); at += kLine + 2) {
            text.insert(at, "\\\n");
        }
        call_.out(text + (newline ? "\n" : ""));
    }

    void execute(std::string_view text, int depth) {
        if (depth > kDeepest) {
            call_.work().stop();
        }
        for (std::size_t i = 0; i < text.size() && !stopped() && call_.work().move(8);) {
            const char c = text[i];
            if (std::isspace(static_cast<unsigned char>(c)) != 0) {
                ++i;
            } else if (c == '#') {
                i = std::min(text.find('\n', i), text.size());
            } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || (c >= 'A' && c <= 'F') || c == '.' ||
                       c == '_') {
                number(text, i);
            } else if (c == '[') {
                string(text, i);
            } else if (std::string_view("<>=!").find(c) != std::string_view::npos) {
                condition(text, i, depth);
            } else if (std::string_view("slSL").find(c) != std::string_view::npos) {
                if (i + 1 < text.size()) {
                    useRegister(c, text[i + 1]);
                }
                i += 2;
            } else {
                ++i;
                command(c, depth);
            }
        }
        leaves_ -= leaves_ > 0 && depth > 0 ? 1 : 0;
    }

    void number(std::string_view text, std::size_t& i) {
        const bool negative = text[i] == '_';
        std::size_t end = i + (negative ? 1 : 0);
        const std::size_t begin = end;
        for (bool point = false; end < text.size(); ++end) {
            if (text[end] == '.' && !point) {
                point = true;
            } else if (std::isdigit(static_cast<unsigned char>(text[end])) == 0 &&
                       !(text[end] >= 'A' && text[end] <= 'F')) {
                break;
            }
        }
        const std::string_view digits = text.substr(begin, end - begin);
        i = end;
        if (digits.size() > ShellDecimal::kMostDigits || !call_.work().move(digits.size() * digits.size() / 8)) {
            call_.work().stop();
            return;
        }
        const ShellDecimal value = ShellDecimal::parse(digits, input_);
        push(negative ? value.negated() : value);
    }

    void string(std::string_view text, std::size_t& i) {
        std::size_t end = i + 1;
        for (int open = 1; end < text.size(); ++end) {
            open += text[end] == '[' ? 1 : text[end] == ']' ? -1 : 0;
            if (open == 0) {
                break;
            }
        }
        push(Value{{}, std::string(text.substr(i + 1, end - i - 1)), true});
        i = end + 1;
    }

    /// <r >r =r, and with ! in front the opposite: runs a register if the top and what is below it are so.
    void condition(std::string_view text, std::size_t& i, int depth) {
        const bool opposite = text[i] == '!';
        const char sign = opposite && i + 1 < text.size() ? text[i + 1] : text[i];
        const std::size_t at = i + (opposite ? 2 : 1);
        if (std::string_view("<>=").find(sign) == std::string_view::npos) {
            fail("bad character '!'");
            return;
        }
        i = at + 1;
        ShellDecimal below;
        ShellDecimal top;
        if (at >= text.size() || !popTwo(below, top)) {
            return;
        }
        const int order = ShellDecimal::compare(top, below);
        const bool holds = sign == '<' ? order < 0 : sign == '>' ? order > 0 : order == 0;
        const auto found = registers_.find(text[at]);
        if (holds != opposite && found != registers_.end() && !found->second.empty()) {
            const Value macro = found->second.back();
            if (macro.isText) {
                execute(macro.text, depth + 1);
            }
        }
    }

    void useRegister(char what, char name) {
        Stack& one = registers_[name];
        if (what == 'l' || what == 'L') {
            if (one.empty()) {
                if (what == 'L') {
                    fail("stack has too few elements");
                } else {
                    push(ShellDecimal());
                }
                return;
            }
            push(one.back());
            if (what == 'L') {
                one.pop_back();
                --values_;
            }
        } else if (have(1)) {
            Value value = pop();
            ++values_;
            if (what == 's' && !one.empty()) {
                one.back() = std::move(value);
                --values_;
            } else {
                one.push_back(std::move(value));
            }
        }
    }

    void command(char c, int depth) {
        switch (c) {
            case '+':
            case '-':
            case '*':
            case '/':
            case '%':
            case '~':
            case '^':
                calculate(c);
                break;
            case '|':
                raiseModulo();
                break;
            case 'p':
                if (have(1)) {
                    show(stack_.back(), true);
                }
                break;
            case 'n':
            case 'P':
                if (have(1)) {
                    const Value value = pop();
                    if (c == 'P' && !value.isText) {
                        call_.out(std::string(1, static_cast<char>(value.number.toInteger() & 0xff)));
                    } else {
                        show(value, c == 'n');
                    }
                }
                break;
            case 'f':
                for (std::size_t i = stack_.size(); i > 0 && !stopped(); --i) {
                    show(stack_[i - 1], true);
                }
                break;
            case 'x':
                if (have(1) && stack_.back().isText) {
                    const Value macro = pop();
                    execute(macro.text, depth + 1);
                }
                break;
            case 'q':
                leaves_ = 2;
                break;
            default:
                arrange(c);
                break;
        }
    }

    /// The stack itself, and how numbers are read and written.
    void arrange(char c) {
        const std::size_t needs = c == 'r' ? 2 : std::string_view("dvZXkio").find(c) != std::string_view::npos ? 1 : 0;
        if (!have(needs)) {
            return;
        }
        switch (c) {
            case 'c':
                values_ -= std::min(values_, stack_.size());
                stack_.clear();
                break;
            case 'd':
                push(stack_.back());
                break;
            case 'r':
                std::swap(stack_[stack_.size() - 1], stack_[stack_.size() - 2]);
                break;
            case 'v':
                root();
                break;
            case 'z':
                push(ShellDecimal(static_cast<std::int64_t>(stack_.size())));
                break;
            case 'Z': {
                const Value value = pop();
                push(ShellDecimal(static_cast<std::int64_t>(value.isText ? value.text.size() : value.number.length())));
                break;
            }
            case 'X':
                push(ShellDecimal(static_cast<std::int64_t>(pop().number.scale())));
                break;
            case 'k':
                scale_ = static_cast<std::size_t>(std::clamp<std::int64_t>(pop().number.toInteger(), 0, kMostScale));
                break;
            case 'i':
                input_ = static_cast<unsigned>(std::clamp<std::int64_t>(pop().number.toInteger(), 2, 16));
                break;
            case 'o':
                output_ = static_cast<unsigned>(std::clamp<std::int64_t>(pop().number.toInteger(), 2, 999));
                break;
            case 'K':
                push(ShellDecimal(static_cast<std::int64_t>(scale_)));
                break;
            case 'I':
                push(ShellDecimal(input_));
                break;
            case 'O':
                push(ShellDecimal(output_));
                break;
            default:
                fail(std::string("bad character '") + c + "'");
                break;
        }
    }

    void root() {
        const ShellDecimal number = pop().number;
        const std::size_t size = number.size() + 2 * scale_;
        if (number.negative()) {
            fail("negative number");
        } else if (call_.work().move(size * size)) {
            push(ShellDecimal::root(number, scale_));
        }
    }

    ShellCall& call_;
    Stack stack_;
    std::map<char, Stack> registers_;
    std::size_t values_ = 0;
    std::size_t scale_ = 0;
    unsigned input_ = 10;
    unsigned output_ = 10;
    int leaves_ = 0;  // levels that q still ends
    bool failed_ = false;
};

}  // namespace

int runDc(ShellCall& call) {
    if (!call.parse("e:f:x")) {
        return 1;
    }
    Dc dc(call);
    std::vector<std::string> paths = call.operands();
    for (const auto& [letter, value] : call.given()) {
        if (letter == 'e' && !dc.run(value + '\n')) {
            return dc.failed() ? 1 : 0;
        }
        if (letter == 'f') {
            paths.insert(paths.begin(), value);
        }
    }
    if (paths.empty() && !call.has('e')) {
        paths.emplace_back("-");
    }
    for (const std::string& path : paths) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            return 1;
        }
        for (std::string line = call.work().readLine(*stream); !line.empty(); line = call.work().readLine(*stream)) {
            if (!dc.run(line)) {
                return dc.failed() ? 1 : 0;
            }
        }
    }
    return 0;
}

}  // namespace apiary::agent
