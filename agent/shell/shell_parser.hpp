#pragma once

/// The grammar of ash (POSIX.1-2017, XCU 2.10): text in, trees out. Words stay as they were typed; ShellExpander reads
/// their quotes.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

using ShellAliases = std::map<std::string, std::string, std::less<>>;

struct ShellRedirect {
    enum class Kind : std::uint8_t { Read, Write, Append, ReadWrite, Duplicate, Here };
    static constexpr int kOutOfSight = 10;  // stands for all descriptors of two digits and more
    Kind kind = Kind::Read;
    int descriptor = 0;
    std::string target;    // a word as typed; of Here the text itself
    bool literal = false;  // of Here: the text is not expanded
    bool forced = false;   // of Write: >|
};

struct ShellTree {
    enum class Kind : std::uint8_t {
        Simple,      // words, assignments, redirects
        Pipeline,    // children; negated
        And,         // two children
        Or,          // two children
        Sequence,    // children
        Background,  // one child
        Subshell,    // one child, redirects
        Group,       // one child, redirects
        If,          // condition, consequence, and perhaps an If or a list for what else
        While,       // condition, body; negated is until
        For,         // words: the variable, then the list; body; negated: without a list
        Case,        // words: the subject; children are Pattern
        Pattern,     // words: the patterns; body
        Function,    // words: the name; body
    };
    Kind kind = Kind::Simple;
    bool negated = false;
    std::vector<std::string> words = {};
    std::vector<std::string> assignments = {};
    std::vector<ShellRedirect> redirects = {};
    std::vector<std::shared_ptr<const ShellTree>> children = {};
    std::size_t line = 1;  // of Simple: of the text, from 1
};
using ShellTreePtr = std::shared_ptr<const ShellTree>;

/// True for what a variable may be called.
bool isShellName(std::string_view text);

/// A command as ash writes it: quotes of both kinds are double ones, `$x` is "${x}"; a few hundred bytes at most.
std::string shellText(const ShellTree& tree);

/// Reads one complete command after the other. Deep nesting is refused as a syntax error. Keeps the text alive itself.
class ShellParser {
public:
    static constexpr int kDeepest = 40;

    /// `aliases` are looked up as they are at each call of next(), and must outlive the parser; null for none.
    explicit ShellParser(std::string text, const ShellAliases* aliases = nullptr)
        : text_(std::move(text)), aliases_(aliases) {}

    enum class State : std::uint8_t { Complete, Ended, Incomplete, Broken };

    /// Reads on to the end of a line at which a command is complete. Complete: tree() is what was read.
    State next();

    /// After Incomplete: what follows. The command is read again from its beginning.
    void goOn(std::string_view more);

    ShellTreePtr tree() const { return tree_; }

    /// Of Broken, and of Incomplete for a text that does not go on: what ash says of it.
    const std::string& error() const { return error_; }

    /// After Incomplete: false if the command still goes on after this line, without reading it all again.
    bool mayBeComplete(std::string_view line) const;

    /// Of Incomplete: what the text waits for, if it is known; the whole of a line if neededWhole().
    const std::string& needed() const { return needed_; }
    bool neededWhole() const { return neededWhole_; }

    /// How much the aliases of the command that was read stand for, in bytes.
    std::size_t expanded() const { return expanded_; }

    /// The line of the text that is read, from 1.
    std::size_t lineNumber() const { return line_; }
    void setLineNumber(std::size_t line) { line_ = line; }

    /// Where the text goes on behind what was read.
    std::size_t position() const { return at_; }

private:
    struct Here {
        std::string delimiter;
        bool literal;
        bool stripTabs;
        ShellTree* tree;
        std::size_t index;
    };
    using Tree = std::shared_ptr<ShellTree>;

    bool stopped() const { return incomplete_ || !error_.empty(); }
    bool atEnd() const { return at_ >= text_.size(); }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    void advance();

    void skipBlanks();
    void skipLines();
    void endLine();
    void readHere(Here& here);

    std::string_view peekWord();
    bool takeReserved(std::string_view word);
    void expectReserved(std::string_view word);
    void unexpected(std::string_view expecting = {});
    std::string tokenName();
    void starve(std::string error, std::string needed = {});

    Tree list(bool toLineEnd, bool mayBeEmpty = false);
    bool listEnds();
    Tree andOr();
    Tree pipeline();
    Tree command();
    Tree compound(std::string_view reserved);
    Tree ifClause();
    Tree whileClause(bool until);
    Tree forClause();
    Tree caseClause();
    void caseItem(ShellTree& clause);
    Tree group();
    Tree subshell();
    Tree simple();
    Tree function(const std::string& name);
    bool expandAlias();
    bool redirect(ShellTree& tree);
    void redirects(ShellTree& tree);

    std::string word();
    bool wordBegins() const;
    bool redirectionBegins() const;
    bool substitutesProcess() const;
    static bool endsWord(char c);
    void skipQuoted(char quote);
    void skipDollar(bool plain = false);
    void skipParentheses();
    void checkUnfinished(std::size_t start);
    void skipBraces();

    std::string text_;
    const ShellAliases* aliases_;
    // Aliases whose text is being read, and the place behind an alias that ends in a blank; counted from the text's
    // end.
    std::vector<std::pair<std::string, std::size_t>> open_;
    std::optional<std::size_t> nextMayExpand_;
    std::size_t expanded_ = 0;  // bytes
    std::string overwritten_;   // what stood from start_ on before aliases were put in
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t start_ = 0;  // of the command that is read
    std::size_t startLine_ = 1;
    int depth_ = 0;
    bool incomplete_ = false;
    std::string error_;
    std::string needed_;
    bool neededWhole_ = false;
    std::vector<Here> heres_;
    ShellTreePtr tree_;
};

}  // namespace apiary::agent
