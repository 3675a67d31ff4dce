#include "agent/shell/shell_decimal.hpp"

#include <algorithm>
#include <limits>
#include <utility>

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

ShellDecimal::ShellDecimal(std::int64_t value) : negative_(value < 0) {
    std::uint64_t rest = negative_ ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    for (; rest > 0; rest /= 10) {
        digits_.push_back(static_cast<std::uint8_t>(rest % 10));
    }
}

ShellDecimal ShellDecimal::parse(std::string_view text, unsigned base) {
    ShellDecimal number;
    const std::size_t point = text.find('.');
    number.scale_ = point == std::string_view::npos ? 0 : text.size() - point - 1;
    const bool single = text.size() == 1;
    for (const char c : text) {
        if (c == '.') {
            continue;
        }
        const auto value = static_cast<unsigned>(kDigits.find(c));
        multiplySmall(number.digits_, base, single ? value : std::min(value, base - 1));
    }
    if (base != 10 && number.scale_ > 0) {
        const std::size_t scale = std::exchange(number.scale_, 0);
        ShellDecimal unit(1);
        for (std::size_t i = 0; i < scale; ++i) {
            multiplySmall(unit.digits_, base, 0);
        }
        return quotient(number, unit, scale);
    }
    return number;
}

std::size_t ShellDecimal::length() const {
    return std::max<std::size_t>(digits_.size(), 1);
}

bool ShellDecimal::whole() const {
    const auto end = digits_.begin() + static_cast<std::ptrdiff_t>(std::min(scale_, digits_.size()));
    return std::all_of(digits_.begin(), end, [](std::uint8_t digit) { return digit == 0; });
}

std::int64_t ShellDecimal::toInteger() const {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    std::int64_t value = 0;
    for (std::size_t i = digits_.size(); i > scale_; --i) {
        if (value > (kMost - 9) / 10) {
            return negative_ ? -kMost : kMost;
        }
        value = value * 10 + digits_[i - 1];
    }
    return negative_ ? -value : value;
}

/// The digits as a whole number of units of the scale.
ShellDecimal::Digits ShellDecimal::shifted(std::size_t scale) const {
    Digits digits = digits_;
    if (scale >= scale_) {
        if (!digits.empty()) {
            digits.insert(digits.begin(), scale - scale_, 0);
        }
    } else {
        digits.erase(digits.begin(),
                     digits.begin() + static_cast<std::ptrdiff_t>(std::min(scale_ - scale, digits.size())));
    }
    return digits;
}

ShellDecimal ShellDecimal::truncated(std::size_t scale) const {
    ShellDecimal number = *this;
    if (scale < scale_) {
        number.digits_ = shifted(scale);
        number.scale_ = scale;
    }
    number.negative_ = negative_ && !number.zero();
    return number;
}

ShellDecimal ShellDecimal::negated() const {
    ShellDecimal number = *this;
    number.negative_ = !negative_ && !zero();
    return number;
}

std::string ShellDecimal::text(unsigned base) const {
    if (zero()) {
        return "0";
    }
    Digits whole = shifted(0);
    std::vector<unsigned> parts;
    while (!whole.empty()) {
        parts.push_back(divideSmall(whole, base));
    }
    std::string text = negative_ ? "-" : "";
    for (std::size_t i = parts.size(); i > 0; --i) {
        text += digitText(parts[i - 1], base);
    }
    if (scale_ == 0) {
        return text;
    }
    text += '.';
    Digits rest(digits_.begin(), digits_.begin() + static_cast<std::ptrdiff_t>(std::min(scale_, digits_.size())));
    trim(rest);
    Digits reached{1};  // the base to the power of the digits so far, until it is finer than the scale
    do {
        multiplySmall(rest, base, 0);
        multiplySmall(reached, base, 0);
        unsigned digit = 0;
        for (std::size_t i = rest.size(); i > scale_; --i) {
            digit = digit * 10 + rest[i - 1];
        }
        rest.resize(std::min(rest.size(), scale_));
        trim(rest);
        text += digitText(digit, base);
    } while (reached.size() <= scale_);
    return text;
}

void ShellDecimal::trim(Digits& digits) {
    while (!digits.empty() && digits.back() == 0) {
        digits.pop_back();
    }
}

int ShellDecimal::compareDigits(const Digits& one, const Digits& other) {
    if (one.size() != other.size()) {
        return one.size() < other.size() ? -1 : 1;
    }
    for (std::size_t i = one.size(); i > 0; --i) {
        if (one[i - 1] != other[i - 1]) {
            return one[i - 1] < other[i - 1] ? -1 : 1;
        }
    }
    return 0;
}

void ShellDecimal::add(Digits& to, const Digits& other) {
    to.resize(std::max(to.size(), other.size()) + 1);
    unsigned carry = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        const unsigned value = to[i] + carry + (i < other.size() ? other[i] : 0U);
        to[i] = static_cast<std::uint8_t>(value % 10);
        carry = value / 10;
    }
    trim(to);
}

void ShellDecimal::subtract(Digits& from, const Digits& other) {
    int borrow = 0;
    for (std::size_t i = 0; i < from.size() && (i < other.size() || borrow > 0); ++i) {
        const int value = from[i] - borrow - (i < other.size() ? other[i] : 0);
        borrow = value < 0 ? 1 : 0;
        from[i] = static_cast<std::uint8_t>(value + 10 * borrow);
    }
    trim(from);
}

ShellDecimal::Digits ShellDecimal::divide(const Digits& dividend, const Digits& divisor) {
    Digits quotient(dividend.size());
    Digits rest;
    for (std::size_t i = dividend.size(); i > 0; --i) {
        if (!rest.empty() || dividend[i - 1] != 0) {
            rest.insert(rest.begin(), dividend[i - 1]);
        }
        while (compareDigits(rest, divisor) >= 0) {
            subtract(rest, divisor);
            ++quotient[i - 1];
        }
    }
    trim(quotient);
    return quotient;
}

unsigned ShellDecimal::divideSmall(Digits& digits, unsigned divisor) {
    unsigned rest = 0;
    for (std::size_t i = digits.size(); i > 0; --i) {
        rest = rest * 10 + digits[i - 1];
        digits[i - 1] = static_cast<std::uint8_t>(rest / divisor);
        rest %= divisor;
    }
    trim(digits);
    return rest;
}

void ShellDecimal::multiplySmall(Digits& digits, unsigned factor, unsigned carry) {
    for (std::uint8_t& digit : digits) {
        carry += digit * factor;
        digit = static_cast<std::uint8_t>(carry % 10);
        carry /= 10;
    }
    for (; carry > 0; carry /= 10) {
        digits.push_back(static_cast<std::uint8_t>(carry % 10));
    }
}

int ShellDecimal::compare(const ShellDecimal& one, const ShellDecimal& other) {
    if (one.negative_ != other.negative_) {
        return one.negative_ ? -1 : 1;
    }
    const std::size_t scale = std::max(one.scale_, other.scale_);
    const int result = compareDigits(one.shifted(scale), other.shifted(scale));
    return one.negative_ ? -result : result;
}

ShellDecimal ShellDecimal::sum(const ShellDecimal& one, const ShellDecimal& other) {
    ShellDecimal result;
    result.scale_ = std::max(one.scale_, other.scale_);
    result.digits_ = one.shifted(result.scale_);
    result.negative_ = one.negative_;
    Digits second = other.shifted(result.scale_);
    if (one.negative_ == other.negative_) {
        add(result.digits_, second);
    } else if (compareDigits(result.digits_, second) >= 0) {
        subtract(result.digits_, second);
    } else {
        subtract(second, result.digits_);
        result.digits_ = std::move(second);
        result.negative_ = other.negative_;
    }
    result.negative_ = result.negative_ && !result.zero();
    return result;
}

ShellDecimal ShellDecimal::product(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    ShellDecimal result;
    std::vector<unsigned> sums(one.digits_.size() + other.digits_.size() + 1);
    for (std::size_t i = 0; i < one.digits_.size(); ++i) {
        for (std::size_t j = 0; j < other.digits_.size(); ++j) {
            sums[i + j] += static_cast<unsigned>(one.digits_[i]) * other.digits_[j];
        }
    }
    unsigned carry = 0;
    for (const unsigned sum : sums) {
        carry += sum;
        result.digits_.push_back(static_cast<std::uint8_t>(carry % 10));
        carry /= 10;
    }
    trim(result.digits_);
    result.scale_ = one.scale_ + other.scale_;
    result.negative_ = one.negative_ != other.negative_ && !result.zero();
    return result.truncated(std::min(result.scale_, std::max({scale, one.scale_, other.scale_})));
}

ShellDecimal ShellDecimal::quotient(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    ShellDecimal result;
    result.scale_ = scale;
    result.digits_ = divide(one.shifted(scale + other.scale_), other.digits_);
    result.negative_ = one.negative_ != other.negative_ && !result.zero();
    return result;
}

ShellDecimal ShellDecimal::remainder(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale) {
    const std::size_t places = std::max(scale + other.scale_, one.scale_);
    const ShellDecimal times = quotient(one, other, scale);
    ShellDecimal rest = sum(one, product(times, other, places).negated());
    return rest.truncated(places);
}

ShellDecimal ShellDecimal::root(const ShellDecimal& number, std::size_t scale) {
    ShellDecimal result;
    result.scale_ = std::max(scale, number.scale_);
    const Digits square = number.shifted(2 * result.scale_);
    Digits rest;
    Digits root;
    for (std::size_t pair = (square.size() + 1) / 2; pair > 0; --pair) {
        const std::size_t at = 2 * (pair - 1);
        const std::uint8_t high = at + 1 < square.size() ? square[at + 1] : 0;
        rest.insert(rest.begin(), {square[at], high});
        trim(rest);
        Digits twice = root;
        multiplySmall(twice, 2, 0);
        std::uint8_t digit = 0;
        for (;; ++digit) {  // (20 root + digit + 1) (digit + 1) still fits
            Digits next = twice;
            next.insert(next.begin(), static_cast<std::uint8_t>(digit + 1));
            multiplySmall(next, digit + 1U, 0);
            if (digit == 9 || compareDigits(next, rest) > 0) {
                break;
            }
        }
        if (digit > 0) {
            Digits taken = twice;
            taken.insert(taken.begin(), digit);
            multiplySmall(taken, digit, 0);
            subtract(rest, taken);
        }
        root.insert(root.begin(), digit);
        trim(root);
    }
    result.digits_ = std::move(root);
    return result;
}

}  // namespace apiary::agent
