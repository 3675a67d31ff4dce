#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Regular expressions of POSIX (XBD 9), for grep: by Thompson's simulation, so that no expression costs more than its
/// length times that of the text. Left out: back-references, and bounds above 32 or of groups with bounds.
class ShellRegex {
public:
    enum class Kind : std::uint8_t { Fixed, Basic, Extended };

    ShellRegex(std::string_view expression, Kind kind, bool ignoreCase);

    bool valid() const { return error_.empty(); }
    const std::string& error() const { return error_; }  // as regerror() says it

    /// The leftmost longest match: first byte and the one behind the last. Adds to `steps` what it cost.
    std::optional<std::pair<std::size_t, std::size_t>> search(std::string_view text, std::size_t& steps) const;

private:
    struct State {
        enum class Kind : std::uint8_t { Bytes, Split, Begin, End, Accept } kind;
        std::bitset<256> bytes = {};
        std::size_t next = 0;
        std::size_t other = 0;
    };
    struct Part {
        std::size_t first;
        std::size_t last;  // whose `next` is still open
    };

    Part alternatives(int depth);
    Part sequence(int depth);
    Part atom(int depth);
    Part repeated(Part part, std::size_t begin, std::size_t end, int depth);
    std::size_t add(State state);
    Part single(State state);
    std::bitset<256> bracket();
    void addByte(std::bitset<256>& set, char c) const;
    bool takeOperator(char c);
    bool atOperator(char c) const;
    void follow(std::size_t state, std::size_t at, std::size_t size, std::vector<std::size_t>& list,
                std::vector<bool>& in) const;

    Kind kind_;
    bool ignoreCase_;
    std::string_view rest_;
    std::vector<State> states_;
    std::size_t start_ = 0;
    std::string error_;
};

}  // namespace apiary::agent
