#include "agent/shell/shell_awk_value.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace apiary::agent {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool looksNumeric(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t\n\r\f\v");
    if (begin == std::string::npos) {
        return false;
    }
    std::size_t used = 0;
    awkNumber(std::string_view(text).substr(begin), used);
    return used > 0 && text.find_first_not_of(" \t\n\r\f\v", begin + used) == std::string::npos;
}

/// As a cast to int of x86 gives it.
int asInt(double number) {
    return number > -2147483649.0 && number < 2147483648.0 ? static_cast<int>(number) : INT_MIN;
}

}  // namespace

double awkNumber(std::string_view text, std::size_t& used) {
    const std::string copy(text.substr(0, 64));
    const std::size_t sign = copy.starts_with('-') || copy.starts_with('+') ? 1 : 0;
    const std::string_view digits = std::string_view(copy).substr(sign);
    const bool plain =
        !digits.empty() && (isDigit(digits[0]) || (digits[0] == '.' && digits.size() > 1 && isDigit(digits[1])));
    used = 0;
    if (!plain) {
        return 0;
    }
    char* end = nullptr;
    if (sign == 0 && digits.size() > 1 && digits[0] == '0' && ((digits[1] | 0x20) == 'x' || isDigit(digits[1]))) {
        const unsigned long long whole = std::strtoull(copy.c_str(), &end, 0);
        if ((digits[1] | 0x20) == 'x' || (!isDigit(*end) && *end != '.')) {
            used = static_cast<std::size_t>(end - copy.c_str());
            return static_cast<double>(whole);
        }
    }
    if (digits.size() > 1 && (digits[1] | 0x20) == 'x') {
        used = sign + 1;
        return 0;
    }
    const double value = std::strtod(copy.c_str(), &end);
    used = static_cast<std::size_t>(end - copy.c_str());
    return value;
}

double awkBounded(double number) {
    return std::isnan(number) ? 0 : std::clamp(number, -1e9, 1e9);
}

AwkValue AwkValue::ofText(std::string text) {
    text.resize(std::min(text.size(), kMostText));
    return {std::move(text), 0, Type::Text};
}

AwkValue AwkValue::ofInput(std::string text) {
    AwkValue value = ofText(std::move(text));
    value.type = Type::Input;
    return value;
}

bool AwkValue::isNumber() const {
    return type == Type::Number || type == Type::Unset || (type == Type::Input && looksNumeric(text));
}

double AwkValue::asNumber() const {
    if (type != Type::Text && type != Type::Input) {
        return number;
    }
    std::size_t used = 0;
    const std::size_t begin = std::min(text.find_first_not_of(" \t\n\r\f\v"), text.size());
    return awkNumber(std::string_view(text).substr(begin), used);
}

std::string AwkValue::asText(const std::string& format) const {
    if (type != Type::Number) {
        return text;
    }
    if (std::floor(number) == number && std::fabs(number) < 9.2e18) {
        return std::to_string(static_cast<long long>(number));
    }
    try {
        return awkConversion(format, ofNumber(number), "%.6g");
    } catch (const std::invalid_argument&) {
        return format;
    }
}

AwkValue& AwkArray::at(const std::string& key) {
    const auto known = elements_.find(key);
    if (known != elements_.end()) {
        return known->second.value;
    }
    if (elements_.size() >= kMostElements) {
        return spare_ = {};
    }
    return elements_.emplace(key, Element{{}, ++made_}).first->second.value;
}

/// By the place in a table of hashes, and the newest first in one place.
std::vector<std::string> AwkArray::keys() const {
    struct Place {
        std::uint32_t bucket;
        std::size_t made;
        const std::string* key;
    };
    const std::uint32_t buckets = elements_.size() > 670 ? 1021 : 61;
    std::vector<Place> places;
    for (const auto& [key, element] : elements_) {
        std::uint32_t hash = 0;
        for (const char c : key) {
            hash = hash * 63U + static_cast<unsigned char>(c);
        }
        places.push_back({hash % buckets, element.made, &key});
    }
    std::ranges::sort(places, [](const Place& a, const Place& b) {
        return a.bucket != b.bucket ? a.bucket < b.bucket : a.made > b.made;
    });
    std::vector<std::string> keys;
    for (const Place& place : places) {
        keys.push_back(*place.key);
    }
    return keys;
}

std::string awkConversion(const std::string& conversion, const AwkValue& value, const std::string& format) {
    const char letter = conversion.empty() ? '\0' : conversion.back();
    const std::string spec = conversion.substr(0, conversion.size() - 1);
    if (conversion.find('*') != std::string::npos) {
        throw std::invalid_argument("%*x formats are not supported");
    }
    if (!spec.starts_with('%') || spec.find_first_not_of("-+ #0123456789.", 1) != std::string::npos) {
        throw std::invalid_argument("Invalid format specifier");
    }
    const bool wide = spec.size() > 8 || std::ranges::count_if(spec, isDigit) > 6;
    const std::string bounded = boundedConversion(wide ? spec.substr(0, 4) : spec);
    switch (letter) {
        case 'd':
        case 'i':
            return printed((bounded + 'd').c_str(), asInt(value.asNumber()));
        case 'o':
        case 'x':
        case 'X':
        case 'u':
            return printed((bounded + letter).c_str(), static_cast<unsigned>(asInt(value.asNumber())));
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            return printed((bounded + letter).c_str(), value.asNumber());
        case 'c': {
            const bool number =
                value.type == AwkValue::Type::Number || (value.type == AwkValue::Type::Input && value.isNumber());
            const char c =
                number ? static_cast<char>(static_cast<unsigned>(asInt(value.asNumber()))) : value.text.c_str()[0];
            return bounded == "%" ? std::string(1, c) : printed((bounded + 'c').c_str(), c);
        }
        case 's':
            return bounded == "%" ? value.asText(format)
                                  : printed((bounded + 's').c_str(), value.asText(format).c_str());
        default:
            throw std::invalid_argument("Invalid format specifier");
    }
}

}  // namespace apiary::agent
