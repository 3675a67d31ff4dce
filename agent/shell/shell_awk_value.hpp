#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A value of awk: a number, a text, or what was read, which is a number if it looks so.
struct AwkValue {
    enum class Type : std::uint8_t { Unset, Number, Text, Input };

    std::string text = {};
    double number = 0;
    Type type = Type::Unset;

    static constexpr std::size_t kMostText = std::size_t{64} << 10U;  // bytes beyond are dropped

    static AwkValue ofNumber(double number) { return {{}, number, Type::Number}; }
    static AwkValue ofText(std::string text);
    static AwkValue ofInput(std::string text);

    bool isNumber() const;
    double asNumber() const;
    /// `format` is CONVFMT or OFMT, for numbers that are not whole.
    std::string asText(const std::string& format) const;
    bool truth() const { return isNumber() ? asNumber() != 0 : !text.empty(); }
};

/// An array of awk, in the order in which BusyBox goes through one.
class AwkArray {
public:
    static constexpr std::size_t kMostElements = 2000;

    /// The element; a new one is empty. Beyond kMostElements it is one that nobody finds again.
    AwkValue& at(const std::string& key);
    bool contains(const std::string& key) const { return elements_.contains(key); }
    void erase(const std::string& key) { elements_.erase(key); }
    void clear() { elements_.clear(); }
    bool empty() const { return elements_.empty(); }
    std::size_t size() const { return elements_.size(); }
    std::vector<std::string> keys() const;

private:
    struct Element {
        AwkValue value;
        std::size_t made;
    };
    std::map<std::string, Element> elements_;
    std::size_t made_ = 0;
    AwkValue spare_;
};

/// The number that a text begins with: decimal, octal behind 0, hexadecimal behind 0x. `used`: how many bytes say it.
double awkNumber(std::string_view text, std::size_t& used);

/// A number as an index or a count: none is 0, and nothing is beyond what fits.
double awkBounded(double number);

/// One conversion of printf, "%5.2f", of a value. Throws std::invalid_argument with what is wrong with it.
std::string awkConversion(const std::string& conversion, const AwkValue& value, const std::string& format);

}  // namespace apiary::agent
