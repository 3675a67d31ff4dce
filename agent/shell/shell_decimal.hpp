#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A decimal number of any length, with as many digits behind the point as its scale says: what bc and dc count with.
/// What an operation takes is about the product of the sizes.
class ShellDecimal {
public:
    static constexpr std::size_t kMostDigits = 4000;  // the caller checks size(): results may have more

    ShellDecimal() = default;
    explicit ShellDecimal(std::int64_t value);

    /// Digits (and letters, for greater bases) with at most one point.
    static ShellDecimal parse(std::string_view text, unsigned base);

    bool negative() const { return negative_; }
    bool zero() const { return digits_.empty(); }
    std::size_t scale() const { return scale_; }
    /// Digits that it takes.
    std::size_t size() const { return digits_.size() > scale_ ? digits_.size() : scale_; }
    /// Digits that count: without zeros in front.
    std::size_t length() const;
    bool whole() const;
    /// Towards zero; the greatest there is if it does not fit.
    std::int64_t toInteger() const;
    ShellDecimal truncated(std::size_t scale) const;
    ShellDecimal negated() const;

    /// As bc prints it in a base, without the breaks of long lines.
    std::string text(unsigned base) const;

    /// Less than, equal to or greater than zero.
    static int compare(const ShellDecimal& one, const ShellDecimal& other);
    static ShellDecimal sum(const ShellDecimal& one, const ShellDecimal& other);
    static ShellDecimal product(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    /// `other` is not zero.
    static ShellDecimal quotient(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    static ShellDecimal remainder(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    /// Of one that is not negative.
    static ShellDecimal root(const ShellDecimal& number, std::size_t scale);

private:
    using Digits = std::vector<std::uint8_t>;  // the least first, without zeros at the end

    static void trim(Digits& digits);
    static int compareDigits(const Digits& one, const Digits& other);
    static void add(Digits& to, const Digits& other);
    static void subtract(Digits& from, const Digits& other);  // that is not greater
    static Digits divide(const Digits& dividend, const Digits& divisor);
    static unsigned divideSmall(Digits& digits, unsigned divisor);
    static void multiplySmall(Digits& digits, unsigned factor, unsigned carry);
    Digits shifted(std::size_t scale) const;

    Digits digits_;
    std::size_t scale_ = 0;
    bool negative_ = false;
};

}  // namespace apiary::agent
