/// echo and printf, with their escapes.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

namespace apiary::agent {
namespace {

/// What follows a backslash, taken off the text; as bb_process_escape_sequence().
char escapeSequence(std::string_view& text) {
    constexpr std::string_view kFrom = "abefnrtv\\";
    constexpr std::string_view kTo = "\a\b\x1b\f\n\r\t\v\\";
    if (text.empty()) {
        return '\\';
    }
    const bool hexadecimal = text.front() == 'x';
    unsigned value = 0;
    std::size_t digits = 0;
    std::string_view rest = text.substr(hexadecimal ? 1 : 0);
    for (; digits < (hexadecimal ? 2U : 3U) && digits < rest.size(); ++digits) {
        const auto digit = parseNumber<unsigned>(rest.substr(digits, 1), hexadecimal ? 16 : 8);
        if (!digit || value * 8 + *digit > 255 * (hexadecimal ? 8U : 1U)) {
            break;
        }
        value = value * (hexadecimal ? 16 : 8) + *digit;
    }
    if (digits > 0) {
        text = rest.substr(digits);
        return static_cast<char>(value);
    }
    const std::size_t known = kFrom.find(text.front());
    if (known == std::string_view::npos) {
        return '\\';
    }
    text.remove_prefix(1);
    return kTo[known];
}

/// Text with its escapes carried out; false at \c, which ends all output.
bool unescaped(std::string_view text, bool echo, std::string& into) {
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c != '\\') {
            into += c;
            continue;
        }
        if (text.starts_with('c')) {
            return false;
        }
        if (echo && text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '7') {
            text.remove_prefix(1);
        }
        into += escapeSequence(text);
    }
    return true;
}

/// True once a width or a precision is as long as it may be.
bool endsInDigits(std::string_view spec, std::size_t count) {
    return spec.size() >= count &&
           std::ranges::all_of(spec.substr(spec.size() - count), [](char c) { return c >= '0' && c <= '9'; });
}

/// One conversion of printf with its flags, as "%-10s"; width and precision are bounded.
/// `before` is what stands before it and is not printed yet; `ends` becomes true if nothing is to follow it.
std::string conversion(ShellCall& call, std::string spec, const std::string& value, std::string& before, int& status,
                       bool& ends) {
    const char kind = spec.back();
    if (kind == 's' || kind == 'b') {
        std::string text = value;
        if (kind == 'b') {
            text.clear();
            ends = !unescaped(value, true, text);
        }
        if (spec.size() == 2) {
            return text;
        }
        spec.back() = 's';
        return printed(spec.c_str(), text.c_str());
    }
    if (kind == 'c') {
        const std::string letter = value.empty() ? std::string(1, '\0') : value.substr(0, 1);
        spec.back() = 's';
        return value.empty() || spec.size() == 2 ? letter : printed(spec.c_str(), letter.c_str());
    }
    const bool character = value.size() > 1 && (value.front() == '\'' || value.front() == '"');
    const bool fraction = std::string_view("feEgG").find(kind) != std::string_view::npos;
    const bool octal =
        value.size() > 1 && value.front() == '0' && std::isdigit(static_cast<unsigned char>(value[1])) != 0;
    std::optional<std::int64_t> number = octal ? parseNumber<std::int64_t>(value, 8) : parseInteger(value);
    double real = 0;
    char* end = nullptr;
    real = std::strtod(value.c_str(), &end);
    const bool isReal = !value.empty() && *end == '\0';
    if (character) {
        number = static_cast<unsigned char>(value[1]);
        real = static_cast<double>(*number);
    } else if (fraction ? !isReal : !number.has_value()) {
        call.out(std::exchange(before, {}));  // errors overtake nothing
        call.fail("invalid number '" + value + "'");
        status = 1;
        real = 0;
    }
    if (fraction) {
        return printed(spec.c_str(), real);
    }
    spec.insert(spec.size() - 1, "ll");
    return printed(spec.c_str(), static_cast<long long>(number.value_or(0)));
}

}  // namespace

int runEcho(ShellCall& call) {
    bool lineEnd = true;
    bool escapes = false;
    std::size_t at = 1;
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        if (word.size() < 2 || word.front() != '-' || word.find_first_not_of("neE", 1) != std::string::npos) {
            break;
        }
        for (const char letter : std::string_view(word).substr(1)) {
            lineEnd &= letter != 'n';
            escapes = letter == 'n' ? escapes : letter == 'e';
        }
    }
    std::string text;
    for (std::size_t i = at; i < call.words.size(); ++i) {
        text += i > at ? " " : "";
        if (!escapes) {
            text += call.words[i];
        } else if (!unescaped(call.words[i], true, text)) {
            lineEnd = false;
            break;
        }
    }
    return call.out(text + (lineEnd ? "\n" : "")) ? 0 : 1;
}

int runPrintf(ShellCall& call) {
    if (call.words.size() > 1 && call.words[1] == "--") {
        call.words.erase(call.words.begin() + 1);
    }
    if (call.words.size() < 2 && !call.speaksAsShell()) {
        return call.usage();
    }
    if (call.words.size() < 2) {
        call.fail("usage: printf FORMAT [ARGUMENT...]");
        return 2;
    }
    const std::string format = call.words[1];
    std::size_t next = 2;
    int status = 0;
    std::string output;
    do {
        const std::size_t before = next;
        std::string_view rest = format;
        while (!rest.empty() && output.size() < ShellWork::kMostPiped) {
            const char c = rest.front();
            rest.remove_prefix(1);
            if (c == '\\') {
                if (rest.starts_with('c')) {
                    call.out(output);
                    return status;
                }
                output += escapeSequence(rest);
            } else if (c != '%' || rest.starts_with('%')) {
                output += c;
                rest.remove_prefix(c == '%' ? 1 : 0);
            } else {
                std::string spec = "%";
                const std::string_view whole = rest;
                while (!rest.empty() &&
                       std::string_view("-+ #0123456789.*").find(rest.front()) != std::string_view::npos &&
                       spec.size() < 8 && !endsInDigits(spec, 3)) {
                    if (rest.front() == '*') {
                        spec += std::to_string(std::clamp<std::int64_t>(
                            next < call.words.size() ? parseInteger(call.words[next++]).value_or(0) : 0, -400, 400));
                    } else {
                        spec += rest.front();
                    }
                    rest.remove_prefix(1);
                }
                while (!rest.empty() && std::string_view("Lhlz").find(rest.front()) != std::string_view::npos) {
                    rest.remove_prefix(1);
                }
                if (rest.empty() || std::string_view("sbcdiuoxXfeEgG").find(rest.front()) == std::string_view::npos) {
                    call.out(output);
                    const std::string_view flags = whole.substr(0, whole.size() - rest.size());
                    std::string shown = "%" + std::string(flags.substr(0, flags.find_first_of("Lhlz")));
                    return call.fail(shown.append(rest) + ": invalid format");
                }
                spec += rest.front();
                rest.remove_prefix(1);
                bool ends = false;
                const std::string made =
                    conversion(call, spec, next < call.words.size() ? call.words[next] : "", output, status, ends);
                output += made;
                ++next;
                if (ends) {
                    call.out(output);
                    return status;
                }
            }
        }
        if (next == before) {
            break;
        }
    } while (next < call.words.size() && call.work().step());
    call.out(output);
    return status;
}

}  // namespace apiary::agent
