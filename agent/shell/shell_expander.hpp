#pragma once

#include "agent/shell/shell_interpreter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Makes of words as typed what a command gets (POSIX XCU 2.6): tilde, parameters, command substitution, arithmetic,
/// field splitting, path names, removal of quotes. Says what is wrong on standard error; failed() is true afterwards.
class ShellExpander {
public:
    static constexpr std::size_t kMostBytes = std::size_t{256} << 10U;  // of one command's words
    static constexpr std::size_t kMostWords = 2048;

    explicit ShellExpander(ShellInterpreter& shell) : shell_(shell) {}

    std::vector<std::string> fields(const std::vector<std::string>& words);
    /// As fields(), of a command: what a builtin such as `export` is to assign is not split.
    std::vector<std::string> command(const std::vector<std::string>& words);
    /// One field, neither split nor matched with path names.
    std::string text(const std::string& word);
    /// As text(), of the value of an assignment: with a tilde behind a colon too.
    std::string assigned(const std::string& word);
    /// As text(), with a backslash before what was quoted, for matchesPattern().
    std::string pattern(const std::string& word);
    /// The text of a here-document.
    std::string here(const std::string& body);

    bool failed() const { return failed_; }

private:
    enum Mark : char { Literal = 'l', Quoted = 'q', Expanded = 'e', Break = 'b', Empty = 'n' };
    struct Marked {
        std::string bytes;
        std::string marks;  // one for each byte; a Break and a Empty have a byte without meaning
        void add(std::string_view text, Mark mark) {
            bytes.append(text);
            marks.append(text.size(), mark);
        }
    };

    bool addFields(const std::string& word, std::vector<std::string>& all);  // false if no more are to be
    void expand(std::string_view word, bool quoted, Marked& into);
    static std::size_t endOfPattern(std::string_view text);
    void expandQuoted(std::string_view word, std::size_t& at, Marked& into);
    void dollar(std::string_view word, std::size_t& at, bool quoted, Marked& into);
    void braces(std::string_view inside, bool quoted, Marked& into);
    void modified(std::string_view name, std::string_view rest, bool quoted, Marked& into);
    void parameter(std::string_view name, bool quoted, Marked& into);
    void positional(bool joined, bool quoted, Marked& into);
    std::string joinedArguments(bool visibly) const;
    void process(std::string_view word, std::size_t& at, Marked& into);
    bool leadsToFolder(const std::string& path) const;
    std::optional<std::string> valueOf(std::string_view name) const;
    void backquote(std::string_view word, std::size_t& at, bool quoted, Marked& into);
    void tilde(std::string_view word, std::size_t& at, Marked& into);
    std::string joined(const Marked& marked) const;
    std::vector<Marked> split(const Marked& whole) const;
    void match(const Marked& field, std::vector<std::string>& into);
    bool room(const Marked& into);
    void fail(std::string_view command, std::string_view message);

    ShellInterpreter& shell_;
    int depth_ = 0;
    bool failed_ = false;
    bool assignment_ = false;
};

/// The name of a parameter at the beginning of a text: a variable, a number (of one digit unless `wide`), or a sign.
std::string_view shellParameterAt(std::string_view text, bool wide);

/// What stands between $' and ', with its escapes carried out.
std::string shellUnescaped(std::string_view text);

/// As fnmatch(3): * ? [a-z] [!a-z] and backslash. Bounded in time.
bool matchesPattern(std::string_view pattern, std::string_view text);

/// The value of an arithmetic expression (POSIX XCU 2.6.4); nothing if it is wrong, with a message of ash. Changes
/// variables.
std::optional<std::int64_t> evaluateArithmetic(std::string_view expression, ShellEnvironment& environment,
                                               std::string& message);

}  // namespace apiary::agent
