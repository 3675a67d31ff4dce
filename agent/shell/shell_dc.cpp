/// The words of a program of dc.

#include "agent/shell/shell_dc.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr int kDeepest = 40;  // macros in macros
constexpr std::size_t kLine = 68;

}  // namespace

bool Dc::run(std::string_view text) {
    execute(text, 0);
    return !stopped();
}

void Dc::execute(std::string_view text, int depth) {
    if (depth > kDeepest) {
        call_.work().stop();
    }
    for (std::size_t i = 0; i < text.size() && !stopped() && call_.work().move(8);) {
        const char c = text[i];
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            ++i;
        } else if (c == '#') {
            i = std::min(text.find('\n', i), text.size());
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || (c >= 'A' && c <= 'F') || c == '.' || c == '_') {
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

void Dc::number(std::string_view text, std::size_t& i) {
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

void Dc::string(std::string_view text, std::size_t& i) {
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
void Dc::condition(std::string_view text, std::size_t& i, int depth) {
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

void Dc::useRegister(char what, char name) {
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

void Dc::command(char c, int depth) {
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

void Dc::show(const Value& value, bool newline) {
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
