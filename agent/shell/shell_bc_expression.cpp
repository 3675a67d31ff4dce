/// The expressions of bc.

#include "agent/shell/shell_bc.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr int kDeepest = 400;
constexpr std::size_t kMostNames = 200;
constexpr std::int64_t kMostScale = 1000;
constexpr std::int64_t kMostBase = 999;

}  // namespace

Bc::Deeper::Deeper(Bc& bc) : bc_(bc) {
    if (++bc_.depth_ > kDeepest) {
        bc_.call_.work().stop();
    }
}

bool Bc::stopped() const {
    return !error_.empty() || call_.work().stopped();
}

bool Bc::pay(std::size_t cost) {
    return call_.work().move(cost + 16);
}

ShellDecimal Bc::expression() {
    const Deeper deeper(*this);
    return stopped() ? ShellDecimal() : either();
}

ShellDecimal Bc::either() {
    ShellDecimal left = both();
    while (take("||")) {
        const ShellDecimal right = both();
        left = ShellDecimal(!left.zero() || !right.zero() ? 1 : 0);
        assigned_ = false;
    }
    return left;
}

ShellDecimal Bc::both() {
    ShellDecimal left = compared();
    while (take("&&")) {
        const ShellDecimal right = compared();
        left = ShellDecimal(!left.zero() && !right.zero() ? 1 : 0);
        assigned_ = false;
    }
    return left;
}

ShellDecimal Bc::compared() {
    if (take("!")) {
        const Deeper deeper(*this);
        const ShellDecimal value = stopped() ? ShellDecimal() : compared();
        assigned_ = false;
        return ShellDecimal(value.zero() ? 1 : 0);
    }
    ShellDecimal left = sum();
    for (;;) {
        static constexpr std::string_view kSigns[] = {"==", "!=", "<=", ">=", "<", ">"};
        const auto* sign = std::ranges::find(kSigns, peek());
        if (sign == std::end(kSigns) || !take(*sign)) {
            return left;
        }
        const ShellDecimal right = sum();
        const int order = ShellDecimal::compare(left, right);
        const bool holds = *sign == "=="   ? order == 0
                           : *sign == "!=" ? order != 0
                           : *sign == "<=" ? order <= 0
                           : *sign == ">=" ? order >= 0
                           : *sign == "<"  ? order < 0
                                           : order > 0;
        left = ShellDecimal(holds ? 1 : 0);
        assigned_ = false;
    }
}

ShellDecimal Bc::sum() {
    ShellDecimal left = product();
    while (!stopped() && (peek() == "+" || peek() == "-")) {
        const char sign = peek().front();
        ++at_;
        left = calculate(sign, left, product());
        assigned_ = false;
    }
    return left;
}

ShellDecimal Bc::product() {
    ShellDecimal left = power();
    while (!stopped() && (peek() == "*" || peek() == "/" || peek() == "%")) {
        const char sign = peek().front();
        ++at_;
        left = calculate(sign, left, power());
        assigned_ = false;
    }
    return left;
}

ShellDecimal Bc::power() {
    const Deeper deeper(*this);
    if (stopped()) {
        return {};
    }
    if (take("-")) {
        ShellDecimal value = power();
        assigned_ = false;
        return value.negated();
    }
    ShellDecimal base = operand();
    if (take("^")) {
        const ShellDecimal exponent = power();
        assigned_ = false;
        return live_ ? raised(base, exponent) : ShellDecimal();
    }
    return base;
}

ShellDecimal Bc::operand() {
    using Kind = Token::Kind;
    if (!call_.work().move(16)) {
        return {};
    }
    if (token().kind == Kind::Number) {
        const std::string text = token().text;
        ++at_;
        return live_ && pay(text.size() * text.size() / 8) ? ShellDecimal::parse(text, input_) : ShellDecimal();
    }
    if (take("(")) {
        const ShellDecimal value = expression();
        assigned_ = false;
        expect(")");
        return value;
    }
    for (const std::string_view sign : {"++", "--"}) {
        if (take(sign)) {
            const std::string name(peek());
            ++at_;
            const Place place{Place::Kind::Variable, name};
            if (live_) {
                set(place, calculate(sign.front(), get(place), ShellDecimal(1)));
            }
            return get(place);
        }
    }
    if (take(".")) {
        return assignment({Place::Kind::Last});
    }
    if (token().kind == Kind::Name) {
        const std::string name(peek());
        ++at_;
        return named(name);
    }
    fail("bad expression at '" + (peek() == "\n" ? std::string() : std::string(peek())) + "'");
    return {};
}

ShellDecimal Bc::named(const std::string& name) {
    using Kind = Place::Kind;
    if (name == "length" || name == "sqrt" || (name == "scale" && peek() == "(")) {
        return builtin(name);
    }
    if (name == "scale" || name == "ibase" || name == "obase" || name == "last") {
        return assignment({name == "scale"   ? Kind::Scale
                           : name == "ibase" ? Kind::InputBase
                           : name == "obase" ? Kind::OutputBase
                                             : Kind::Last});
    }
    if (peek() == "(") {
        return call(name);
    }
    if (take("[")) {
        const ShellDecimal index = expression();
        expect("]");
        return assignment({Kind::Element, name, index.toInteger()});
    }
    return assignment({Kind::Variable, name});
}

/// The value of a place, or what is assigned to it.
ShellDecimal Bc::assignment(const Place& place) {
    for (const std::string_view sign : {"++", "--"}) {
        if (take(sign)) {
            const ShellDecimal before = get(place);
            if (live_) {
                set(place, calculate(sign.front(), before, ShellDecimal(1)));
            }
            assigned_ = false;
            return before;
        }
    }
    static constexpr std::string_view kSigns[] = {"=", "+=", "-=", "*=", "/=", "%=", "^="};
    const auto* sign = std::ranges::find(kSigns, peek());
    if (stopped() || sign == std::end(kSigns)) {
        assigned_ = false;
        return get(place);
    }
    ++at_;
    ShellDecimal value = expression();
    if (live_ && !stopped()) {
        if (*sign != "=") {
            value = sign->front() == '^' ? raised(get(place), value) : calculate(sign->front(), get(place), value);
        }
        set(place, value);
    }
    assigned_ = true;
    return value;
}

/// Pays for its copy, and for what is compared or turned into an integer later.
ShellDecimal Bc::paid(const ShellDecimal& value) {
    return call_.work().move(value.size()) ? value : ShellDecimal();
}

ShellDecimal Bc::get(const Place& place) {
    using Kind = Place::Kind;
    switch (place.kind) {
        case Kind::Scale:
            return ShellDecimal(static_cast<std::int64_t>(scale_));
        case Kind::InputBase:
            return ShellDecimal(input_);
        case Kind::OutputBase:
            return ShellDecimal(output_);
        case Kind::Last:
            return paid(last_);
        case Kind::Element: {
            const auto found = elements_.find({place.name, place.index});
            return found == elements_.end() ? ShellDecimal() : paid(found->second);
        }
        case Kind::Variable:
        case Kind::None:
            break;
    }
    const auto found = variables_.find(place.name);
    return found == variables_.end() ? ShellDecimal() : paid(found->second);
}

void Bc::set(const Place& place, const ShellDecimal& value) {
    using Kind = Place::Kind;
    const auto within = [&](std::int64_t least, std::int64_t most) {
        return std::clamp(value.toInteger(), least, most);
    };
    if (!pay(value.size())) {
        return;
    }
    switch (place.kind) {
        case Kind::Scale:
            scale_ = static_cast<std::size_t>(within(0, kMostScale));
            break;
        case Kind::InputBase:
            input_ = static_cast<unsigned>(within(2, 16));
            break;
        case Kind::OutputBase:
            output_ = static_cast<unsigned>(within(2, kMostBase));
            break;
        case Kind::Last:
            last_ = value;
            break;
        case Kind::Element:
            if (elements_.size() < kMostNames || elements_.contains({place.name, place.index})) {
                elements_[{place.name, place.index}] = value;
            }
            break;
        case Kind::Variable:
        case Kind::None:
            if (variables_.size() < kMostNames || variables_.contains(place.name)) {
                variables_[place.name] = value;
            }
            break;
    }
}

ShellDecimal Bc::builtin(const std::string& name) {
    expect("(");
    const ShellDecimal value = expression();
    expect(")");
    assigned_ = false;
    if (!live_ || stopped()) {
        return {};
    }
    if (name == "length") {
        if (!pay(value.size() * value.size() / 8)) {
            return {};
        }
        return ShellDecimal(static_cast<std::int64_t>(std::max(value.length(), value.scale())));
    }
    if (name == "scale") {
        return ShellDecimal(static_cast<std::int64_t>(value.scale()));
    }
    if (value.negative()) {
        fail("negative number");
        return {};
    }
    const std::size_t size = value.size() + 2 * scale_;
    return pay(size * size) ? ShellDecimal::root(value, scale_) : ShellDecimal();
}

ShellDecimal Bc::call(const std::string& name) {
    expect("(");
    std::vector<ShellDecimal> arguments;
    while (!stopped() && peek() != ")") {
        arguments.push_back(expression());
        if (!take(",")) {
            break;
        }
    }
    expect(")");
    assigned_ = false;
    if (!live_ || stopped()) {
        return {};
    }
    const auto found = functions_.find(name);
    if (found == functions_.end()) {
        fail("undefined function");
        return {};
    }
    const Function function = found->second;
    if (function.parameters.size() != arguments.size()) {
        fail("mismatched parameters");
        return {};
    }
    const Deeper deeper(*this);
    saved_.emplace_back();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        saved_.back().emplace_back(function.parameters[i], variables_[function.parameters[i]]);
        variables_[function.parameters[i]] = arguments[i];
    }
    const std::shared_ptr<const Tokens> tokens = std::exchange(tokens_, function.tokens);
    const std::size_t at = std::exchange(at_, function.begin);
    result_ = ShellDecimal();
    statement();
    flow_ = flow_ == Flow::Quit ? flow_ : Flow::On;
    tokens_ = tokens;
    at_ = at;
    std::vector<std::pair<std::string, ShellDecimal>> saved = std::move(saved_.back());
    saved_.pop_back();
    for (std::size_t i = saved.size(); i > 0; --i) {  // the first of a name is the caller's
        variables_[saved[i - 1].first] = std::move(saved[i - 1].second);
    }
    assigned_ = false;
    return std::exchange(result_, ShellDecimal());
}

ShellDecimal Bc::calculate(char sign, const ShellDecimal& left, const ShellDecimal& right) {
    if (!live_ || stopped()) {
        return {};
    }
    const std::size_t size = left.size() + right.size() + scale_ + 1;
    if (size > ShellDecimal::kMostDigits || !pay(sign == '+' || sign == '-' ? size : size * size / 8)) {
        call_.work().stop();
        return {};
    }
    if ((sign == '/' || sign == '%') && right.zero()) {
        fail("divide by zero");
        return {};
    }
    return sign == '+'   ? ShellDecimal::sum(left, right)
           : sign == '-' ? ShellDecimal::sum(left, right.negated())
           : sign == '*' ? ShellDecimal::product(left, right, scale_)
           : sign == '/' ? ShellDecimal::quotient(left, right, scale_)
                         : ShellDecimal::remainder(left, right, scale_);
}

ShellDecimal Bc::raised(const ShellDecimal& base, const ShellDecimal& exponent) {
    if (stopped()) {
        return {};
    }
    if (!exponent.whole()) {
        fail("not an integer");
        return {};
    }
    const std::int64_t power = exponent.toInteger();
    const auto times = static_cast<std::uint64_t>(power < 0 ? -power : power);
    const std::size_t scale =
        power < 0 ? scale_
                  : std::min(base.scale() * static_cast<std::size_t>(std::min<std::uint64_t>(times, 1000)),
                             std::max(scale_, base.scale()));
    const auto result = ShellDecimal::power(base, times, [&](std::size_t cost) { return pay(cost); });
    if (!result) {
        call_.work().stop();
        return {};
    }
    if (power < 0) {
        return calculate('/', ShellDecimal(1), *result);
    }
    return result->truncated(scale);
}

}  // namespace apiary::agent
