#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Regular expressions of POSIX (XBD 9) with the operators that GNU adds (\w \W \s \S \b \B \< \> and in basic ones
/// \| \+ \?), as regcomp() of glibc takes them: for grep, sed, awk, expr and find.
///
/// Without back-references an expression is simulated (Thompson), so that it costs at most its length times that of the
/// text for each place where it may begin. What stood in groups, and back-references, are found by going back, within
/// kMostSteps. An expression that needs more states than kMostStates, or more than kMostCost to read, is refused.
class ShellRegex {
public:
    /// Egrep: extended, but that an operator with nothing before it is skipped, and bounds that are none are plain
    /// bytes.
    enum class Kind : std::uint8_t { Fixed, Basic, Extended, Egrep };

    static constexpr std::size_t kMostGroups = 10;  // the first is the whole
    static constexpr std::size_t kMostStates = 2000;
    static constexpr std::size_t kMostSteps = std::size_t{1} << 20U;  // of one search
    static constexpr std::size_t kMostCost = std::size_t{1} << 16U;   // of reading an expression

    /// First byte and the one behind the last.
    using Span = std::pair<std::size_t, std::size_t>;
    /// The whole, then the groups; nothing for one that had no part in it.
    using Groups = std::array<std::optional<Span>, kMostGroups>;

    ShellRegex(std::string_view expression, Kind kind, bool ignoreCase);

    bool valid() const { return error_.empty(); }
    const std::string& error() const { return error_; }  // as regerror() says it
    std::size_t groups() const { return groups_; }       // in parentheses
    /// What reading the expression cost, in steps: for a caller that reads one over and over.
    std::size_t cost() const { return cost_; }

    /// The leftmost longest match. Adds to `steps` what it cost. `goesOn`: the text is the rest of a longer one, so
    /// that ^ does not match at its beginning (REG_NOTBOL).
    std::optional<Span> search(std::string_view text, std::size_t& steps, bool goesOn = false) const;
    /// As search(), with what stood in the groups.
    std::optional<Groups> match(std::string_view text, std::size_t& steps, bool goesOn = false) const;

private:
    struct State {
        enum class Kind : std::uint8_t {
            Bytes,
            Split,
            Open,
            Close,
            Back,
            Begin,
            End,
            Edge,
            NoEdge,
            WordBegin,
            WordEnd,
            Accept
        } kind;
        std::bitset<256> bytes = {};
        std::size_t next = 0;
        std::size_t other = 0;  // of Split, tried second; itself if there is none
        std::size_t group = 0;
    };
    struct Part {
        std::size_t first;
        std::size_t last;  // whose `next` is still open
    };
    struct Text {
        std::string_view bytes;
        bool goesOn;
    };

    Part alternatives(int depth);
    Part sequence(int depth);
    Part atom(int depth, bool first);
    Part group(int depth);
    Part escaped();
    Part repeated(Part part, std::string_view source, std::size_t groupsBefore, int depth);
    Part bounded(Part part, std::string_view source, std::size_t groupsBefore, int depth);
    Part optional(Part part, bool again, bool none);
    std::size_t add(State state);
    Part single(State state);
    Part nothing();
    std::bitset<256> bracket();
    void addClass(std::bitset<256>& set, std::string_view name);
    void addByte(std::bitset<256>& set, char c);
    void spend(std::size_t steps);
    bool takeOperator(char c);
    bool atOperator(char c) const;
    bool extended() const { return kind_ == Kind::Extended || kind_ == Kind::Egrep; }
    bool fail(const char* why);
    void findFirstBytes();

    static bool holds(const State& state, const Text& text, std::size_t at);
    std::size_t follow(std::size_t state, std::size_t at, const Text& text, std::vector<std::size_t>& list,
                       std::vector<std::size_t>& seen, std::size_t stamp) const;
    std::optional<std::size_t> simulated(const Text& text, std::size_t begin, std::size_t& steps) const;
    std::optional<Groups> traced(const Text& text, std::size_t begin, std::optional<std::size_t> end,
                                 std::size_t& steps) const;

    Kind kind_;
    bool ignoreCase_;
    bool backReferences_ = false;
    bool mayBeEmpty_ = false;
    std::bitset<256> firstBytes_ = {};
    std::string_view rest_;
    std::vector<State> states_;
    std::size_t start_ = 0;
    std::size_t groups_ = 0;
    std::size_t cost_ = 0;
    std::string error_;
};

}  // namespace apiary::agent
