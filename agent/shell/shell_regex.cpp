#include "agent/shell/shell_regex.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostStates = 2000;
constexpr int kDeepest = 20;
constexpr std::size_t kMostSteps = std::size_t{1} << 20U;

}  // namespace

ShellRegex::ShellRegex(std::string_view expression, Kind kind, bool ignoreCase) : kind_(kind), ignoreCase_(ignoreCase) {
    rest_ = expression.substr(0, 1000);
    const Part all = alternatives(0);
    if (valid() && !rest_.empty()) {
        error_ = kind_ == Kind::Extended ? "Unmatched ) or \\)" : "Unmatched ) or \\)";
    }
    states_[all.last].next = add({State::Kind::Accept});
    start_ = all.first;
    rest_ = {};
}

std::size_t ShellRegex::add(State state) {
    if (states_.size() >= kMostStates) {
        error_ = "Regular expression too big";
        rest_ = {};
        return states_.size() - 1;
    }
    states_.push_back(state);
    return states_.size() - 1;
}

ShellRegex::Part ShellRegex::single(State state) {
    const std::size_t index = add(state);
    return {index, index};
}

void ShellRegex::addByte(std::bitset<256>& set, char c) const {
    set.set(static_cast<unsigned char>(c));
    if (ignoreCase_) {
        set.set(static_cast<std::size_t>(std::tolower(static_cast<unsigned char>(c))));
        set.set(static_cast<std::size_t>(std::toupper(static_cast<unsigned char>(c))));
    }
}

/// True at an operator: plain in extended expressions, behind a backslash in basic ones.
bool ShellRegex::atOperator(char c) const {
    if (kind_ == Kind::Extended) {
        return rest_.starts_with(c);
    }
    return kind_ == Kind::Basic && rest_.size() > 1 && rest_[0] == '\\' && rest_[1] == c;
}

bool ShellRegex::takeOperator(char c) {
    if (!atOperator(c)) {
        return false;
    }
    rest_.remove_prefix(kind_ == Kind::Extended ? 1 : 2);
    return true;
}

ShellRegex::Part ShellRegex::alternatives(int depth) {
    Part part = sequence(depth);
    while (valid() && takeOperator('|')) {
        const Part other = sequence(depth);
        const std::size_t split = add({State::Kind::Split, {}, part.first, other.first});
        const std::size_t join = add({State::Kind::Split});
        states_[join].other = join;
        states_[part.last].next = join;
        states_[other.last].next = join;
        part = {split, join};
    }
    return part;
}

ShellRegex::Part ShellRegex::sequence(int depth) {
    Part all = single({State::Kind::Split});
    states_[all.last].other = all.last;
    while (valid() && !rest_.empty() && !atOperator('|') && !(depth > 0 && atOperator(')'))) {
        const std::size_t before = states_.size();
        Part part = atom(depth);
        part = repeated(part, before, states_.size(), depth);
        states_[all.last].next = part.first;
        all.last = part.last;
    }
    return all;
}

ShellRegex::Part ShellRegex::atom(int depth) {
    State state{State::Kind::Bytes};
    if (kind_ != Kind::Fixed && takeOperator('(')) {
        if (depth >= kDeepest) {
            error_ = "Regular expression too big";
        }
        const Part inside = valid() ? alternatives(depth + 1) : single(state);
        if (valid() && !takeOperator(')')) {
            error_ = "Unmatched ( or \\(";
        }
        return inside;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (kind_ == Kind::Fixed) {
        addByte(state.bytes, c);
    } else if (c == '.') {
        state.bytes.set();
    } else if (c == '[') {
        state.bytes = bracket();
    } else if (c == '^' && (kind_ == Kind::Extended || states_.size() <= 2)) {
        state.kind = State::Kind::Begin;
    } else if (c == '$' && (kind_ == Kind::Extended || rest_.empty())) {
        state.kind = State::Kind::End;
    } else if (c == '\\' && !rest_.empty()) {
        const char escaped = rest_.front();
        rest_.remove_prefix(1);
        for (int byte = 0; byte < 256; ++byte) {
            const bool word = std::isalnum(byte) != 0 || byte == '_';
            const bool space = std::isspace(byte) != 0;
            if ((escaped == 'w' && word) || (escaped == 'W' && !word) || (escaped == 's' && space) ||
                (escaped == 'S' && !space)) {
                state.bytes.set(static_cast<std::size_t>(byte));
            }
        }
        if (state.bytes.none()) {
            addByte(state.bytes, escaped);
        }
    } else if (c == '\\') {
        error_ = "Trailing backslash";
    } else {
        addByte(state.bytes, c);
    }
    return single(state);
}

std::bitset<256> ShellRegex::bracket() {
    std::bitset<256> set;
    const bool inverted = rest_.starts_with('^');
    rest_.remove_prefix(inverted ? 1 : 0);
    for (bool first = true; first || !rest_.starts_with(']'); first = false) {
        if (rest_.empty()) {
            error_ = "Unmatched [, [^, [:, [., or [=";
            return set;
        }
        const std::size_t close = rest_.starts_with("[:") ? rest_.find(":]", 2) : std::string_view::npos;
        if (close != std::string_view::npos) {
            const std::string_view name = rest_.substr(2, close - 2);
            for (int c = 0; c < 128; ++c) {
                const bool in = name == "digit"   ? std::isdigit(c) != 0
                                : name == "alpha" ? std::isalpha(c) != 0
                                : name == "alnum" ? std::isalnum(c) != 0
                                : name == "upper" ? std::isupper(c) != 0
                                : name == "lower" ? std::islower(c) != 0
                                                  : name == "space" && std::isspace(c) != 0;
                if (in) {
                    addByte(set, static_cast<char>(c));
                }
            }
            rest_.remove_prefix(close + 2);
            continue;
        }
        const auto low = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        auto high = low;
        if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
            high = static_cast<unsigned char>(rest_[1]);
            rest_.remove_prefix(2);
            if (high < low) {
                error_ = "Invalid range end";
                return set;
            }
        }
        for (unsigned c = low; c <= high; ++c) {
            addByte(set, static_cast<char>(c));
        }
    }
    rest_.remove_prefix(1);
    return inverted ? ~set : set;
}

/// Applies * + ? and bounds. The states of `part` are those from `begin` to `end`.
ShellRegex::Part ShellRegex::repeated(Part part, std::size_t begin, std::size_t end, int depth) {
    const bool starAllowed = kind_ == Kind::Extended || begin > 1 || states_[begin].kind != State::Kind::Begin;
    for (int times = 0; kind_ != Kind::Fixed && valid() && times < 4; ++times) {
        const bool star = starAllowed && rest_.starts_with('*');
        const bool plus = !star && atOperator('+');
        const bool option = !star && !plus && atOperator('?');
        if (!star && !plus && !option) {
            break;
        }
        rest_.remove_prefix(star || kind_ == Kind::Extended ? 1 : 2);
        const std::size_t join = add({State::Kind::Split});
        states_[join].other = join;
        const std::size_t split = add({State::Kind::Split, {}, part.first, join});
        states_[part.last].next = option ? join : split;
        part = {plus ? part.first : split, join};
    }
    if (kind_ == Kind::Fixed || !valid() || !takeOperator('{') || depth < 0) {
        return part;
    }
    const std::size_t close = rest_.find(kind_ == Kind::Extended ? "}" : "\\}");
    const std::string_view bounds = rest_.substr(0, std::min(close, rest_.size()));
    const std::size_t comma = bounds.find(',');
    const auto low = parseNumber<std::size_t>(bounds.substr(0, comma));
    const auto high = comma == std::string_view::npos ? low
                      : comma + 1 == bounds.size()    ? std::optional<std::size_t>(33)
                                                      : parseNumber<std::size_t>(bounds.substr(comma + 1));
    if (close == std::string_view::npos || !low || !high || *low > 32 || *high < *low || *high > 33 ||
        end - begin > 1) {
        error_ = "Invalid content of \\{\\}";
        return part;
    }
    rest_.remove_prefix(close + (kind_ == Kind::Extended ? 1 : 2));
    const State single = states_[part.first];
    Part all = this->single({State::Kind::Split});
    states_[all.last].other = all.last;
    const std::size_t exit = add({State::Kind::Split});
    states_[exit].other = exit;
    for (std::size_t i = 1; i <= std::min<std::size_t>(*high, 32); ++i) {
        const std::size_t copy = add(single);
        const std::size_t before = i > *low ? add({State::Kind::Split, {}, copy, exit}) : copy;
        states_[all.last].next = before;
        all.last = copy;
    }
    states_[all.last].next = *high == 33 ? add({State::Kind::Split, {}, all.last, exit}) : exit;
    return {all.first, exit};
}

/// Adds a state, or what is reached from it without a byte.
void ShellRegex::follow(std::size_t state, std::size_t at, std::size_t size, std::vector<std::size_t>& list,
                        std::vector<bool>& in) const {
    std::vector<std::size_t> open{state};
    while (!open.empty()) {
        const std::size_t next = open.back();
        open.pop_back();
        if (in[next]) {
            continue;
        }
        in[next] = true;
        const State& node = states_[next];
        if (node.kind == State::Kind::Split) {
            open.push_back(node.next);
            open.push_back(node.other);
        } else if ((node.kind == State::Kind::Begin && at == 0) || (node.kind == State::Kind::End && at == size)) {
            open.push_back(node.next);
        } else {
            list.push_back(next);
        }
    }
}

std::optional<std::pair<std::size_t, std::size_t>> ShellRegex::search(std::string_view text, std::size_t& steps) const {
    for (std::size_t begin = 0; begin <= text.size() && steps < kMostSteps; ++begin) {
        std::vector<std::size_t> now;
        std::vector<bool> in(states_.size());
        follow(start_, begin, text.size(), now, in);
        std::optional<std::size_t> end;
        for (std::size_t at = begin; !now.empty() && steps < kMostSteps; ++at) {
            std::vector<std::size_t> next;
            in.assign(states_.size(), false);
            steps += states_.size() / 8 + now.size();
            for (const std::size_t index : now) {
                const State& state = states_[index];
                if (state.kind == State::Kind::Accept) {
                    end = at;
                } else if (state.kind == State::Kind::Bytes && at < text.size() &&
                           state.bytes.test(static_cast<unsigned char>(text[at]))) {
                    follow(state.next, at + 1, text.size(), next, in);
                }
            }
            if (at >= text.size()) {
                break;
            }
            now = std::move(next);
        }
        if (end) {
            return std::pair(begin, *end);
        }
    }
    return std::nullopt;
}

}  // namespace apiary::agent
