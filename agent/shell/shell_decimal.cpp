#include "agent/shell/shell_decimal.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

/// Of a base above 16 each digit is a number of its own.
std::string digitText(unsigned digit, unsigned base) {
    if (base <= kDigits.size()) {
        return std::string(1, kDigits[digit]);
    }
    const std::string number = std::to_string(digit);
    const std::size_t width = std::to_string(base - 1).size();
    return ' ' + std::string(width - std::min(width, number.size()), '0') + number;
}

}  // namespace

ShellDecimal ShellDecimal::parse(std::string_view text, unsigned base) {
    const std::size_t point = text.find('.');
    const std::size_t scale = point == std::string_view::npos ? 0 : text.size() - point - 1;
    Integer units;
    for (const char c : text) {
        if (c != '.') {
            const auto value = static_cast<unsigned>(kDigits.find(c));
            units = units * base + (text.size() == 1 ? value : std::min(value, base - 1));
        }
    }
    return base == 10 ? ShellDecimal(units, scale) : quotient({units, 0}, {power(base, scale), 0}, scale);
}

std::size_t ShellDecimal::size() const {
    // A bit is log10(2) = 0.30102... digits.
    return std::max(zero() ? 0 : (msb(abs(units_)) + 1) * 30103 / 100000 + 1, scale_);
}

std::size_t ShellDecimal::length() const {
    return Integer(abs(units_)).str().size();
}

bool ShellDecimal::whole() const {
    return (units_ % power(10, scale_)).is_zero();
}

std::int64_t ShellDecimal::toInteger() const {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    return std::clamp<Integer>(unitsAt(0), -kMost, kMost).convert_to<std::int64_t>();
}

ShellDecimal::Integer ShellDecimal::power(unsigned base, std::size_t exponent) {
    return pow(Integer(base), static_cast<unsigned>(exponent));
}

ShellDecimal::Integer ShellDecimal::unitsAt(std::size_t scale) const {
    return scale >= scale_ ? Integer(units_ * power(10, scale - scale_)) : Integer(units_ / power(10, scale_ - scale));
}

ShellDecimal ShellDecimal::truncated(std::size_t scale) const {
    return scale < scale_ ? ShellDecimal(unitsAt(scale), scale) : *this;
}

/// The digits of one that is not negative, with zeros in front if they are fewer.
std::string ShellDecimal::digits(Integer number, unsigned base, std::size_t least) {
    std::vector<unsigned> digits;
    for (; !number.is_zero() || digits.size() < least; number /= base) {
        digits.push_back(static_cast<unsigned>(number % base));
    }
    std::string text;
    for (std::size_t i = digits.size(); i > 0; --i) {
        text += digitText(digits[i - 1], base);
    }
    return text;
}

std::string ShellDecimal::text(unsigned base) const {
    if (zero()) {
        return "0";
    }
    const Integer unit = power(10, scale_);
    const Integer all = abs(units_);
    const std::string whole = (negative() ? "-" : "") + digits(all / unit, base, 0);
    if (scale_ == 0) {
        return whole;
    }
    std::size_t count = 0;  // of digits that are finer than the scale
    Integer reached = 1;
    for (; reached < unit; reached *= base) {
        ++count;
    }
    return whole + '.' + digits(all % unit * reached / unit, base, count);
}

int ShellDecimal::compare(const ShellDecimal& one, const ShellDecimal& other) {
    const std::size_t scale = std::max(one.scale_, other.scale_);
    return one.unitsAt(scale).compare(other.unitsAt(scale));
}

ShellDecimal ShellDecimal::sum(const ShellDecimal& one, const ShellDecimal& other) {
    const std::size_t scale = std::max(one.scale_, other.scale_);
    return {one.unitsAt(scale) + other.unitsAt(scale), scale};
}

ShellDecimal ShellDecimal::product(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    return ShellDecimal(one.units_ * other.units_, one.scale_ + other.scale_)
        .truncated(std::max({scale, one.scale_, other.scale_}));
}

ShellDecimal ShellDecimal::quotient(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    return {one.unitsAt(scale + other.scale_) / other.units_, scale};
}

ShellDecimal ShellDecimal::remainder(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    const std::size_t places = std::max(scale + other.scale_, one.scale_);
    return sum(one, product(quotient(one, other, scale), other, places).negated()).truncated(places);
}

std::optional<ShellDecimal> ShellDecimal::power(const ShellDecimal& base, std::uint64_t exponent,
                                                const std::function<bool(std::size_t)>& pay) {
    ShellDecimal result(1);
    ShellDecimal square = base;
    for (std::uint64_t rest = exponent; rest > 0; rest >>= 1U) {
        const std::size_t size = result.size() + square.size();
        if (size > kMostDigits || !pay(size * size / 8)) {
            return std::nullopt;
        }
        if ((rest & 1U) != 0) {
            result = product(result, square, kMostDigits);
        }
        if (rest > 1) {
            square = product(square, square, kMostDigits);
        }
    }
    return result;
}

ShellDecimal ShellDecimal::root(const ShellDecimal& number, std::size_t scale) {
    const std::size_t places = std::max(scale, number.scale_);
    return {sqrt(number.unitsAt(2 * places)), places};
}

}  // namespace apiary::agent
