/// The stack of dc, and what counts on it.

#include "agent/shell/shell_dc.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostValues = 200;  // on the stack and on those of the registers
constexpr std::int64_t kMostScale = 1000;

}  // namespace

bool Dc::stopped() const {
    return failed_ || leaves_ > 0 || call_.work().stopped();
}

void Dc::fail(const std::string& message) {
    if (!failed_) {
        call_.fail(message);
    }
    failed_ = true;
}

bool Dc::have(std::size_t count) {
    if (stack_.size() < count) {
        fail("stack has too few elements");
    }
    return !failed_;
}

void Dc::push(Value value) {
    if (values_ >= kMostValues || !call_.work().move(value.number.size() + value.text.size() + 8)) {
        call_.work().stop();
        return;
    }
    ++values_;
    stack_.push_back(std::move(value));
}

Dc::Value Dc::pop() {
    Value value = std::move(stack_.back());
    stack_.pop_back();
    --values_;
    return value;
}

bool Dc::popTwo(ShellDecimal& left, ShellDecimal& right) {
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

void Dc::calculate(char sign) {
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

void Dc::raise(const ShellDecimal& base, const ShellDecimal& exponent) {
    if (!exponent.whole()) {
        fail("not an integer");
        return;
    }
    const std::int64_t power = exponent.toInteger();
    const auto result = ShellDecimal::power(base, static_cast<std::uint64_t>(power < 0 ? -power : power),
                                            [this](std::size_t cost) { return call_.work().move(cost); });
    if (!result) {
        call_.work().stop();
        return;
    }
    if (power >= 0) {
        push(result->truncated(std::max(scale_, base.scale())));
    } else if (result->zero()) {
        fail("divide by zero");
    } else {
        push(ShellDecimal::quotient(ShellDecimal(1), *result, scale_));
    }
}

/// To the power of, and what is left of it by the third.
void Dc::raiseModulo() {
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

void Dc::root() {
    const ShellDecimal number = pop().number;
    const std::size_t size = number.size() + 2 * scale_;
    if (number.negative()) {
        fail("negative number");
    } else if (call_.work().move(size * size)) {
        push(ShellDecimal::root(number, scale_));
    }
}

/// The stack itself, and how numbers are read and written.
void Dc::arrange(char c) {
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
            push(stack_.size());
            break;
        case 'Z': {
            const Value value = pop();
            if (!call_.work().move(value.number.size() * value.number.size() / 8)) {
                return;
            }
            push(value.isText ? value.text.size() : value.number.length());
            break;
        }
        case 'X':
            push(pop().number.scale());
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
            push(scale_);
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

}  // namespace apiary::agent
