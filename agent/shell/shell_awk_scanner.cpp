#include "agent/shell/shell_awk_scanner.hpp"

#include "agent/shell/shell_awk.hpp"
#include "agent/shell/shell_awk_value.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

/// Carries out the escape whose backslash was taken; `end` closes the text that it stands in.
void escape(std::string_view& rest, char end, std::string& into) {
    static constexpr std::string_view kLetters = "ntrabfv";
    static constexpr std::string_view kBytes = "\n\t\r\a\b\f\v";
    const char next = rest.front();
    rest.remove_prefix(1);
    const std::size_t known = kLetters.find(next);
    if (end == '/') {  // the pattern knows its own
        into += next == '/'                                      ? "/"
                : known != std::string_view::npos && next != 'b' ? std::string(1, kBytes[known])
                                                                 : std::string{'\\', next};
        return;
    }
    if (known != std::string_view::npos) {
        into += kBytes[known];
        return;
    }
    const bool hexadecimal = next == 'x' && !rest.empty() && std::isxdigit(static_cast<unsigned char>(rest[0])) != 0;
    if (hexadecimal || (next >= '0' && next <= '7')) {
        int value = hexadecimal ? 0 : next - '0';
        for (int i = 0; i < 2 && !rest.empty(); ++i) {
            const char c = rest.front();
            const bool digit = hexadecimal ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c >= '0' && c <= '7';
            if (!digit) {
                break;
            }
            const int worth = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
            value = value * (hexadecimal ? 16 : 8) + worth;
            rest.remove_prefix(1);
        }
        into += static_cast<char>(value);
        return;
    }
    into += next == '"' || next == '\\' || next == '/' ? std::string(1, next) : std::string{'\\', next};
}

}  // namespace

std::string awkUnescaped(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '\\' && !text.empty()) {
            escape(text, '"', made);
        } else {
            made += c;
        }
    }
    return made;
}

bool AwkScanner::isName(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::size_t AwkScanner::line() const {
    const std::size_t at = whole_.size() - rest_.size();
    const auto [from, to] = std::minmax({at, counted_});
    const auto ends = static_cast<std::size_t>(std::ranges::count(whole_.substr(from, to - from), '\n'));
    line_ = at < counted_ ? line_ - ends : line_ + ends;
    counted_ = at;
    return line_;
}

void AwkScanner::fail(const char* what) const {
    throw AwkError(name_ + ':' + std::to_string(line()) + ": " + what);
}

void AwkScanner::skipBlanks() {
    for (;;) {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
            rest_.remove_prefix(1);
        }
        if (rest_.starts_with("\\\n")) {
            rest_.remove_prefix(2);
        } else if (rest_.starts_with('#')) {
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        } else {
            return;
        }
    }
}

void AwkScanner::skipLines() {
    for (skipBlanks(); rest_.starts_with('\n'); skipBlanks()) {
        rest_.remove_prefix(1);
    }
}

void AwkScanner::skipEnds() {
    for (skipBlanks(); !rest_.empty() && (rest_.front() == '\n' || rest_.front() == ';'); skipBlanks()) {
        rest_.remove_prefix(1);
    }
}

bool AwkScanner::sees(char c) {
    skipBlanks();
    return rest_.starts_with(c);
}

bool AwkScanner::take(std::string_view sign) {
    skipBlanks();
    if (!rest_.starts_with(sign)) {
        return false;
    }
    rest_.remove_prefix(sign.size());
    return true;
}

void AwkScanner::need(std::string_view sign) {
    if (!take(sign)) {
        fail("Unexpected token");
    }
}

bool AwkScanner::seesWord(std::string_view name) {
    skipBlanks();
    return rest_.starts_with(name) && (rest_.size() == name.size() || !isName(rest_[name.size()]));
}

bool AwkScanner::takeWord(std::string_view name) {
    const bool there = seesWord(name);
    rest_.remove_prefix(there ? name.size() : 0);
    return there;
}

std::string AwkScanner::name() {
    skipBlanks();
    std::size_t size = 0;
    while (size < rest_.size() && isName(rest_[size]) &&
           (size > 0 || std::isdigit(static_cast<unsigned char>(rest_[0])) == 0)) {
        ++size;
    }
    std::string found(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return found;
}

double AwkScanner::number() {
    std::size_t used = 0;
    const double value = awkNumber(rest_.substr(0, 40), used);
    if (used == 0) {
        fail("Unexpected token");
    }
    rest_.remove_prefix(used);
    return value;
}

std::string AwkScanner::quoted(char end) {
    std::string text;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != end && rest_.front() != '\n') {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\\' && !rest_.empty()) {
            escape(rest_, end, text);
        } else {
            text += c;
        }
    }
    if (!rest_.starts_with(end)) {
        fail("Unexpected end of string");
    }
    rest_.remove_prefix(1);
    return text;
}

}  // namespace apiary::agent
