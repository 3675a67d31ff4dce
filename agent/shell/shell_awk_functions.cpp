/// awk: its functions.

#include "agent/shell/shell_awk_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace apiary::agent {

using Kind = AwkNode::Kind;

namespace {

std::uint64_t asBits(double number) {
    return std::isnan(number) || number <= 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(
                                                   std::clamp(std::isnan(number) ? 0 : number, -9e18, 0.0)))
                                             : static_cast<std::uint64_t>(std::min(number, 1.8e19));
}

}  // namespace

std::string AwkInterpreter::argument(const AwkNode& node, std::size_t i) {
    return i < node.parts.size() ? textOf(eval(*node.parts[i])) : "";
}

double AwkInterpreter::numberArgument(const AwkNode& node, std::size_t i, double fallback) {
    return i < node.parts.size() ? eval(*node.parts[i]).asNumber() : fallback;
}

/// A pattern, or a text that is taken for one. Throws AwkError.
ShellRegex AwkInterpreter::regexArgument(const AwkNode& node, std::size_t i) {
    const AwkNode& part = *node.parts[i];
    const std::string text = part.kind == Kind::Pattern ? part.text : textOf(eval(part));
    ShellRegex regex(text, ShellRegex::Kind::Extended, false);
    step(regex.cost());
    return regex.valid() ? regex : throw AwkError("bad regex '" + text + "': " + regex.error());
}

/// What printf prints of its first `count` parts.
std::string AwkInterpreter::formatted(const AwkNode& node, std::size_t count) {
    const std::string format = count > 0 ? textOf(eval(*node.parts[0])) : "";
    std::string text;
    std::size_t next = 1;
    for (std::size_t i = 0; i < format.size() && text.size() < AwkValue::kMostText; ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            text += format[i];
            continue;
        }
        if (format[i + 1] == '%') {
            text += format[++i];
            continue;
        }
        std::size_t end = std::min(format.find_first_not_of("-+ #0123456789.*", i + 1), format.size() - 1);
        end = std::min(format.find_first_not_of("hlLz", end), format.size() - 1);
        std::string conversion = format.substr(i, end - i + 1);
        std::erase_if(conversion, [](char c) { return c == 'h' || c == 'l' || c == 'L' || (c == 'z'); });
        i = end;
        const AwkValue value = next < count ? eval(*node.parts[next]) : AwkValue{};
        ++next;
        try {
            const std::string made = awkConversion(conversion, value, conversion_);
            if (!step(made.size() + 1)) {
                return text;
            }
            text += made;
        } catch (const std::invalid_argument& wrong) {
            fail(node, wrong.what());
        }
    }
    return text;
}

AwkValue AwkInterpreter::substitute(const AwkNode& node) {
    if (node.parts.size() < 2) {
        fail(node, "Too few arguments");
    }
    const ShellRegex regex = regexArgument(node, 0);
    const std::string with = argument(node, 1);
    const bool whole = node.parts.size() < 3;
    const std::string text = whole ? line_ : textOf(eval(*node.parts[2]));
    std::string result;
    std::string_view rest = text;
    int count = 0;
    bool beyondMatch = false;  // an empty match right behind another one does not count
    for (bool first = true; result.size() < AwkValue::kMostText; first = false) {
        std::size_t steps = 0;
        const auto hit = regex.search(rest, steps, !first);
        if (!hit || !step(steps + 1)) {
            break;
        }
        const auto [begin, end] = *hit;
        result.append(rest.substr(0, begin));
        const bool empty = begin == end;
        if (!(empty && begin == 0 && beyondMatch)) {
            ++count;
            for (std::size_t i = 0; i < with.size() && result.size() < AwkValue::kMostText; ++i) {
                if (with[i] == '\\' && i + 1 < with.size() && (with[i + 1] == '&' || with[i + 1] == '\\')) {
                    result += with[++i];
                } else if (with[i] == '&') {
                    result.append(rest.substr(begin, end - begin));
                } else {
                    result += with[i];
                }
            }
        }
        rest.remove_prefix(end);
        beyondMatch = !empty;
        if (node.text == "sub") {
            break;
        }
        if (empty) {
            if (rest.empty()) {
                break;
            }
            result += rest.front();
            rest.remove_prefix(1);
        }
    }
    if (count > 0) {
        result.append(rest);
        step(result.size());
        if (whole) {
            take(result);
        } else {
            store(*node.parts[2], AwkValue::ofText(result));
        }
    }
    return AwkValue::ofNumber(count);
}

/// gensub(PATTERN, TEXT, WHICH, IN)
AwkValue AwkInterpreter::general(const AwkNode& node) {
    if (node.parts.size() < 3) {
        fail(node, "Too few arguments");
    }
    const ShellRegex regex = regexArgument(node, 0);
    const std::string with = argument(node, 1);
    const std::string which = argument(node, 2);
    const bool all = which.starts_with('g') || which.starts_with('G');
    const double wanted = all ? 0 : std::max(1.0, awkBounded(AwkValue::ofInput(which).asNumber()));
    const std::string text = node.parts.size() > 3 ? argument(node, 3) : line_;
    std::string result;
    std::string_view rest = text;
    double found = 0;
    for (bool first = true; result.size() < AwkValue::kMostText; first = false) {
        std::size_t steps = 0;
        const auto hit = regex.match(rest, steps, !first);
        if (!hit || !step(steps + 1)) {
            break;
        }
        const auto [begin, end] = *(*hit)[0];
        result.append(rest.substr(0, begin));
        found += 1;
        if (!all && found < wanted) {
            result.append(rest.substr(begin, end - begin));
        } else {
            for (std::size_t i = 0; i < with.size() && result.size() < AwkValue::kMostText; ++i) {
                const bool escaped = with[i] == '\\' && i + 1 < with.size();
                const char c = escaped ? with[++i] : with[i];
                const bool digit = escaped && c >= '0' && c <= '9';
                if (digit || (!escaped && c == '&')) {
                    const auto& group = (*hit)[digit ? static_cast<std::size_t>(c - '0') : 0];
                    result.append(group ? rest.substr(group->first, group->second - group->first) : std::string_view{});
                } else {
                    result += c;
                }
            }
        }
        rest.remove_prefix(end);
        if (!all && found >= wanted) {
            break;
        }
        if (begin == end) {
            if (rest.empty()) {
                break;
            }
            result += rest.front();
            rest.remove_prefix(1);
        }
    }
    return AwkValue::ofText(result.append(rest));
}

AwkValue AwkInterpreter::split(const AwkNode& node) {
    if (node.parts.size() < 2) {
        fail(node, "Too few arguments");
    }
    const std::string text = argument(node, 0);
    std::string parting = special("FS");
    if (node.parts.size() > 2) {
        const AwkNode& part = *node.parts[2];
        parting = part.kind == Kind::Pattern ? part.text : argument(node, 2);
        if (part.kind == Kind::Pattern && parting.size() == 1) {
            parting = parting == " " ? "[ ]" : parting == "." ? ".{1}" : parting;
        }
    }
    const std::vector<std::string> parts = parted(text, parting);
    AwkArray& into = array(node.parts[1]->text);
    into.clear();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        into.at(std::to_string(i + 1)) = AwkValue::ofInput(parts[i]);
    }
    step(parts.size() * kElementCost + text.size());
    return AwkValue::ofNumber(static_cast<double>(parts.size()));
}

AwkValue AwkInterpreter::find(const AwkNode& node) {
    if (node.parts.size() < 2) {
        fail(node, "Too few arguments");
    }
    const std::string text = argument(node, 0);
    const ShellRegex regex = regexArgument(node, 1);
    std::size_t steps = 0;
    const auto hit = regex.search(text, steps);
    step(steps + 1);
    const double begin = hit ? static_cast<double>(hit->first + 1) : 0;
    set("RSTART", AwkValue::ofNumber(begin));
    set("RLENGTH", AwkValue::ofNumber(hit ? static_cast<double>(hit->second - hit->first) : -1));
    return AwkValue::ofNumber(begin);
}

/// strftime(FORMAT, SECONDS) in UTC.
AwkValue AwkInterpreter::timeText(const AwkNode& node) {
    const std::string format = node.parts.empty() ? "%a %b %e %H:%M:%S %Z %Y" : argument(node, 0);
    const double when = numberArgument(node, 1, static_cast<double>(call_.work().seconds()));
    const auto seconds = static_cast<std::int64_t>(std::clamp(std::isnan(when) ? 0 : when, 0.0, 4e9));
    const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{at - day};
    std::tm fields{};
    fields.tm_year = static_cast<int>(date.year()) - 1900;
    fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
    fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
    fields.tm_hour = static_cast<int>(clock.hours().count());
    fields.tm_min = static_cast<int>(clock.minutes().count());
    fields.tm_sec = static_cast<int>(clock.seconds().count());
    fields.tm_wday = static_cast<int>(std::chrono::weekday{day}.c_encoding());
    fields.tm_yday = static_cast<int>((day - std::chrono::sys_days{date.year() / 1 / 1}).count());
    std::string text;
    for (std::size_t i = 0; i < format.size() && text.size() < AwkValue::kMostText; ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            text += format[i];
            continue;
        }
        const char letter = format[++i];
        if (letter == 's') {
            text += std::to_string(seconds);
        } else if (letter == 'Z' || letter == 'z') {
            text += letter == 'Z' ? "UTC" : "+0000";
        } else {
            const std::string one{'%', letter};
            std::array<char, 128> made{};
            text.append(made.data(), std::strftime(made.data(), made.size(), one.c_str(), &fields));
        }
    }
    return AwkValue::ofText(text);
}

AwkValue AwkInterpreter::textFunction(const AwkNode& node) {
    const std::string& name = node.text;
    if (name == "length") {
        if (!node.parts.empty() && node.parts[0]->kind == Kind::Variable) {
            const Slot& known = slot(node.parts[0]->text);
            if (known.array && (!known.array->empty() || known.value.type == AwkValue::Type::Unset)) {
                return AwkValue::ofNumber(static_cast<double>(known.array->size()));
            }
        }
        return AwkValue::ofNumber(static_cast<double>(node.parts.empty() ? line_.size() : argument(node, 0).size()));
    }
    if (name == "substr") {
        const std::string text = argument(node, 0);
        const auto size = static_cast<double>(text.size());
        const double from = std::clamp(std::trunc(awkBounded(numberArgument(node, 1, 1))) - 1, 0.0, size);
        const double count = std::clamp(std::trunc(awkBounded(numberArgument(node, 2, size))), 0.0, size);
        return AwkValue::ofText(text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count)));
    }
    if (name == "index") {
        const std::string text = argument(node, 0);
        const std::string sought = argument(node, 1);
        const bool seeks = !sought.empty() && step(text.size() / 16 * sought.size());  // at worst
        const std::size_t at = seeks ? text.find(sought) : std::string::npos;
        return AwkValue::ofNumber(at == std::string::npos ? 0 : static_cast<double>(at + 1));
    }
    std::string text = argument(node, 0);
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        c = static_cast<char>(name == "tolower" ? std::tolower(byte) : std::toupper(byte));
    }
    return AwkValue::ofText(std::move(text));
}

AwkValue AwkInterpreter::bitFunction(const AwkNode& node) {
    const std::string& name = node.text;
    const std::uint64_t a = asBits(numberArgument(node, 0, 0));
    const std::uint64_t b = asBits(numberArgument(node, 1, 0));
    const std::uint64_t result = name == "and"      ? a & b
                                 : name == "or"     ? a | b
                                 : name == "xor"    ? a ^ b
                                 : name == "compl"  ? ~a
                                 : name == "lshift" ? (b < 64 ? a << b : 0)
                                                    : (b < 64 ? a >> b : 0);
    return AwkValue::ofNumber(static_cast<double>(result));
}

AwkValue AwkInterpreter::function(const AwkNode& node) {
    const std::string& name = node.text;
    static constexpr std::pair<std::string_view, AwkValue (AwkInterpreter::*)(const AwkNode&)> kOwn[] = {
        {"length", &AwkInterpreter::textFunction},  {"substr", &AwkInterpreter::textFunction},
        {"index", &AwkInterpreter::textFunction},   {"tolower", &AwkInterpreter::textFunction},
        {"toupper", &AwkInterpreter::textFunction}, {"sub", &AwkInterpreter::substitute},
        {"gsub", &AwkInterpreter::substitute},      {"gensub", &AwkInterpreter::general},
        {"split", &AwkInterpreter::split},          {"match", &AwkInterpreter::find},
        {"strftime", &AwkInterpreter::timeText},    {"and", &AwkInterpreter::bitFunction},
        {"or", &AwkInterpreter::bitFunction},       {"xor", &AwkInterpreter::bitFunction},
        {"compl", &AwkInterpreter::bitFunction},    {"lshift", &AwkInterpreter::bitFunction},
        {"rshift", &AwkInterpreter::bitFunction}};
    for (const auto& [known, run] : kOwn) {
        if (known == name) {
            return (this->*run)(node);
        }
    }
    if (name == "sprintf") {
        return AwkValue::ofText(formatted(node, node.parts.size()));
    }
    if (name == "system") {
        const std::string command = argument(node, 0);
        flush();
        return AwkValue::ofNumber(statusOf(command, nullptr));
    }
    if (name == "close") {
        return AwkValue::ofNumber(closeStream(argument(node, 0)));
    }
    if (name == "fflush") {
        flush();
        return AwkValue::ofNumber(0);
    }
    static constexpr std::string_view kMath[] = {"sqrt", "exp", "log", "sin", "cos", "atan2"};
    const double x = numberArgument(node, 0, 0);
    if (std::ranges::find(kMath, name) != std::end(kMath)) {
        fail(node, "Math support is not compiled in");
    }
    if (name == "int") {
        return AwkValue::ofNumber(std::trunc(x));
    }
    if (name == "srand") {
        const double next = node.parts.empty() ? static_cast<double>(call_.work().seconds()) : awkBounded(x);
        random_ = static_cast<std::uint32_t>(static_cast<std::int64_t>(next));
        return AwkValue::ofNumber(std::exchange(seed_, next));
    }
    if (name == "systime") {
        return AwkValue::ofNumber(static_cast<double>(call_.work().seconds()));
    }
    if (name == "mktime") {
        std::array<int, 6> fields{};
        std::string_view rest;
        const std::string text = argument(node, 0);
        rest = text;
        for (int& field : fields) {
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
            const std::string_view digits = rest.substr(0, rest.find(' '));
            field = parseNumber<int>(digits).value_or(-1);
            rest.remove_prefix(digits.size());
        }
        const std::chrono::year_month_day date{std::chrono::year{fields[0]},
                                               std::chrono::month{static_cast<unsigned>(fields[1])},
                                               std::chrono::day{static_cast<unsigned>(fields[2])}};
        if (!date.ok() || fields[3] < 0 || fields[4] < 0 || fields[0] < 1970 || fields[0] > 2100) {
            return AwkValue::ofNumber(-1);
        }
        const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
        return AwkValue::ofNumber(static_cast<double>(days) * 86'400 + fields[3] * 3600.0 + fields[4] * 60.0 +
                                  fields[5]);
    }
    random_ = random_ * 1103515245U + 12345U;
    return AwkValue::ofNumber(static_cast<double>(random_ >> 1U & 0x3fffffffU) / 0x40000000);
}

}  // namespace apiary::agent
