#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// A decimal number of any length, with as many digits behind the point as its scale says: what bc and dc count with.
/// What an operation takes is about the product of the sizes.
class ShellDecimal {
public:
    static constexpr std::size_t kMostDigits = 4000;  // the caller checks size(): results may have more

    ShellDecimal() = default;
    explicit ShellDecimal(std::int64_t value) : units_(value) {}

    /// Digits (and letters, for greater bases) with at most one point.
    static ShellDecimal parse(std::string_view text, unsigned base);

    bool negative() const { return units_.sign() < 0; }
    bool zero() const { return units_.is_zero(); }
    std::size_t scale() const { return scale_; }
    /// Digits that it takes, or one more.
    std::size_t size() const;
    /// Digits that count: without zeros in front.
    std::size_t length() const;
    bool whole() const;
    /// Towards zero; the greatest there is if it does not fit.
    std::int64_t toInteger() const;
    ShellDecimal truncated(std::size_t scale) const;
    ShellDecimal negated() const { return {-units_, scale_}; }

    /// As bc prints it in a base, without the breaks of long lines.
    std::string text(unsigned base) const;

    /// Less than, equal to or greater than zero.
    static int compare(const ShellDecimal& one, const ShellDecimal& other);
    static ShellDecimal sum(const ShellDecimal& one, const ShellDecimal& other);
    static ShellDecimal product(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    /// `other` is not zero.
    static ShellDecimal quotient(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    static ShellDecimal remainder(const ShellDecimal& one, const ShellDecimal& other, std::size_t scale);
    /// With all its digits. Nothing if it had too many, or if `pay`, which hears what each step costs, says no.
    static std::optional<ShellDecimal> power(const ShellDecimal& base, std::uint64_t exponent,
                                             const std::function<bool(std::size_t)>& pay);
    /// Of one that is not negative.
    static ShellDecimal root(const ShellDecimal& number, std::size_t scale);

private:
    using Integer =
        boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;

    ShellDecimal(Integer units, std::size_t scale) : units_(std::move(units)), scale_(scale) {}

    static Integer power(unsigned base, std::size_t exponent);
    static std::string digits(Integer number, unsigned base, std::size_t least);
    /// In units of another scale, towards zero.
    Integer unitsAt(std::size_t scale) const;

    Integer units_;  // of the last digit behind the point
    std::size_t scale_ = 0;
};

}  // namespace apiary::agent
