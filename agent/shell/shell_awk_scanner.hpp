#pragma once

#include <string>
#include <string_view>

namespace apiary::agent {

/// The text of a program of awk, from which its parser takes piece by piece: blanks, comments, names, quoted texts.
/// Whether / divides or begins a pattern is for the parser to know, so there are no tokens.
class AwkScanner {
public:
    AwkScanner(std::string_view text, std::string name) : whole_(text), rest_(text), name_(std::move(name)) {}

    /// Of the next byte, from 1. Cheap from one call to the next.
    std::size_t line() const;
    /// Throws AwkError with the place.
    [[noreturn]] void fail(const char* what) const;

    bool over() const { return rest_.empty(); }
    /// The next byte; 0 at the end.
    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    bool startsWith(std::string_view sign) const { return rest_.starts_with(sign); }
    void drop(std::size_t bytes) { rest_.remove_prefix(bytes); }
    std::string_view rest() const { return rest_; }
    void goBack(std::string_view rest) { rest_ = rest; }

    void skipBlanks();
    /// Blanks and line ends.
    void skipLines();
    /// Blanks, line ends and semicolons.
    void skipEnds();
    bool sees(char c);
    bool take(std::string_view sign);
    void need(std::string_view sign);
    bool seesWord(std::string_view name);
    bool takeWord(std::string_view name);
    std::string name();
    double number();
    /// What stands between two `end`, with its escapes carried out.
    std::string quoted(char end);

    static bool isName(char c);

private:
    std::string_view whole_;
    std::string_view rest_;
    std::string name_;
    mutable std::size_t counted_ = 0;  // bytes before which the line ends are counted
    mutable std::size_t line_ = 1;
};

/// A text with the escapes of awk carried out, as -v takes it.
std::string awkUnescaped(std::string_view text);

}  // namespace apiary::agent
