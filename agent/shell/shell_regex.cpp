/// From an expression to states.

#include "agent/shell/shell_regex.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongest = 4000;  // bytes of an expression that are looked at
constexpr int kDeepest = 20;
constexpr std::size_t kMostTimes = 0x7fff;
constexpr std::size_t kStateCost = 8;

bool isWord(int byte) {
    return std::isalnum(byte) != 0 || byte == '_';
}

/// True at {m}, {m,}, {,n} and {m,n}.
bool isBound(std::string_view text) {
    const std::size_t end = text.find_first_not_of("0123456789,", 1);
    return end != std::string_view::npos && text[end] == '}' && end > 1;
}

}  // namespace

ShellRegex::ShellRegex(std::string_view expression, Kind kind, bool ignoreCase) : kind_(kind), ignoreCase_(ignoreCase) {
    rest_ = expression.substr(0, kLongest);
    const Part all = alternatives(0);
    if (valid() && !rest_.empty()) {
        fail("Unmatched ) or \\)");
    }
    rest_ = {};
    states_[all.last].next = add({State::Kind::Accept});
    start_ = all.first;
    if (valid()) {
        findFirstBytes();
    }
}

bool ShellRegex::fail(const char* why) {
    error_ = error_.empty() ? why : error_;
    rest_ = {};
    return false;
}

void ShellRegex::spend(std::size_t steps) {
    cost_ += steps;
    if (cost_ > kMostCost) {
        fail("Regular expression too big");
    }
}

std::size_t ShellRegex::add(State state) {
    spend(kStateCost);
    if (states_.size() >= kMostStates) {
        fail("Regular expression too big");
        return states_.size() - 1;
    }
    states_.push_back(state);
    return states_.size() - 1;
}

ShellRegex::Part ShellRegex::single(State state) {
    const std::size_t index = add(state);
    return {index, index};
}

/// What matches the empty text.
ShellRegex::Part ShellRegex::nothing() {
    const Part part = single({State::Kind::Split});
    states_[part.last].other = part.last;
    return part;
}

void ShellRegex::addByte(std::bitset<256>& set, char c) {
    spend(1);
    set.set(static_cast<unsigned char>(c));
    if (ignoreCase_) {
        set.set(static_cast<std::size_t>(std::tolower(static_cast<unsigned char>(c))));
        set.set(static_cast<std::size_t>(std::toupper(static_cast<unsigned char>(c))));
    }
}

/// True at an operator: plain in extended expressions, behind a backslash in basic ones.
bool ShellRegex::atOperator(char c) const {
    if (extended()) {
        return rest_.starts_with(c);
    }
    return kind_ == Kind::Basic && rest_.size() > 1 && rest_[0] == '\\' && rest_[1] == c;
}

bool ShellRegex::takeOperator(char c) {
    if (!atOperator(c)) {
        return false;
    }
    rest_.remove_prefix(extended() ? 1 : 2);
    return true;
}

ShellRegex::Part ShellRegex::alternatives(int depth) {
    Part part = sequence(depth);
    while (valid() && takeOperator('|')) {
        const Part other = sequence(depth);
        const std::size_t split = add({State::Kind::Split, {}, part.first, other.first});
        const std::size_t join = nothing().last;
        states_[part.last].next = join;
        states_[other.last].next = join;
        part = {split, join};
    }
    return part;
}

ShellRegex::Part ShellRegex::sequence(int depth) {
    Part all = nothing();
    bool first = true;
    while (valid() && !rest_.empty() && !atOperator('|') && !(depth > 0 && atOperator(')'))) {
        if (kind_ == Kind::Basic && rest_.starts_with("\\)")) {
            fail("Unmatched ( or \\(");
            break;
        }
        const std::string_view before = rest_;
        const std::size_t groupsBefore = groups_;
        Part part = atom(depth, first);
        if (valid()) {
            part = repeated(part, before.substr(0, before.size() - rest_.size()), groupsBefore, depth);
        }
        states_[all.last].next = part.first;
        all.last = part.last;
        first = first && kind_ == Kind::Basic && states_[part.last].kind == State::Kind::Begin;
    }
    return all;
}

ShellRegex::Part ShellRegex::group(int depth) {
    if (depth >= kDeepest) {
        fail("Regular expression too big");
        return nothing();
    }
    const std::size_t number = ++groups_;
    const std::size_t open = add({State::Kind::Open, {}, 0, 0, number});
    const Part inside = alternatives(depth + 1);
    if (valid() && !takeOperator(')')) {
        fail("Unmatched ( or \\(");
    }
    const std::size_t close = add({State::Kind::Close, {}, 0, 0, number});
    states_[open].next = inside.first;
    states_[inside.last].next = close;
    return {open, close};
}

/// `first`: nothing but ^ is before it in its alternative.
ShellRegex::Part ShellRegex::atom(int depth, bool first) {
    State state{State::Kind::Bytes};
    if (kind_ != Kind::Fixed && takeOperator('(')) {
        return group(depth);
    }
    const char c = rest_.front();
    const bool repeats = extended() ? std::string_view("*+?{").find(c) != std::string_view::npos
                                    : kind_ == Kind::Basic && rest_.starts_with("\\{");
    if (first && repeats && kind_ != Kind::Egrep) {
        fail("Invalid preceding regular expression");
        return nothing();
    }
    rest_.remove_prefix(1);
    if (first && repeats) {
        return nothing();
    }
    if (kind_ == Kind::Fixed) {
        addByte(state.bytes, c);
    } else if (c == '.') {
        state.bytes.set();
    } else if (c == '[') {
        state.bytes = bracket();
    } else if (c == '^' && (extended() || (first && states_.back().kind != State::Kind::Begin))) {
        state.kind = State::Kind::Begin;
    } else if (c == '$' && (extended() || rest_.empty() || atOperator('|') || atOperator(')'))) {
        state.kind = State::Kind::End;
    } else if (c == '\\') {
        return escaped();
    } else {
        addByte(state.bytes, c);
    }
    return single(state);
}

/// What is behind a backslash.
ShellRegex::Part ShellRegex::escaped() {
    if (rest_.empty()) {
        fail("Trailing backslash");
        return nothing();
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c >= '1' && c <= '9') {
        const auto number = static_cast<std::size_t>(c - '0');
        if (number > groups_) {
            fail("Invalid back reference");
        }
        backReferences_ = true;
        return single({State::Kind::Back, {}, 0, 0, number});
    }
    static constexpr std::pair<char, State::Kind> kPlaces[] = {
        {'b', State::Kind::Edge},    {'B', State::Kind::NoEdge}, {'<', State::Kind::WordBegin},
        {'>', State::Kind::WordEnd}, {'`', State::Kind::Begin},  {'\'', State::Kind::End}};
    for (const auto& [letter, kind] : kPlaces) {
        if (letter == c) {
            return single({kind});
        }
    }
    spend(256 / kStateCost);
    State state{State::Kind::Bytes};
    for (int byte = 0; byte < 256; ++byte) {
        const bool space = std::isspace(byte) != 0;
        if ((c == 'w' && isWord(byte)) || (c == 'W' && !isWord(byte)) || (c == 's' && space) || (c == 'S' && !space)) {
            state.bytes.set(static_cast<std::size_t>(byte));
        }
    }
    if (state.bytes.none()) {
        addByte(state.bytes, c);
    }
    return single(state);
}

void ShellRegex::addClass(std::bitset<256>& set, std::string_view name) {
    static constexpr std::pair<std::string_view, int (*)(int)> kClasses[] = {
        {"digit", std::isdigit}, {"alpha", std::isalpha}, {"alnum", std::isalnum},   {"upper", std::isupper},
        {"lower", std::islower}, {"space", std::isspace}, {"blank", std::isblank},   {"punct", std::ispunct},
        {"print", std::isprint}, {"graph", std::isgraph}, {"xdigit", std::isxdigit}, {"cntrl", std::iscntrl}};
    const auto* known = std::ranges::find(kClasses, name, &std::pair<std::string_view, int (*)(int)>::first);
    if (known == std::end(kClasses)) {
        fail("Invalid character class name");
        return;
    }
    spend(128 / kStateCost);
    for (int c = 0; c < 128; ++c) {
        if (known->second(c) != 0) {
            addByte(set, static_cast<char>(c));
        }
    }
}

std::bitset<256> ShellRegex::bracket() {
    std::bitset<256> set;
    const bool inverted = rest_.starts_with('^');
    rest_.remove_prefix(inverted ? 1 : 0);
    for (bool first = true; first || !rest_.starts_with(']'); first = false) {
        if (rest_.empty()) {
            fail("Unmatched [, [^, [:, [., or [=");
            return set;
        }
        const bool named =
            rest_.size() > 1 && rest_[0] == '[' && (rest_[1] == ':' || rest_[1] == '.' || rest_[1] == '=');
        const std::size_t close = named ? rest_.find(std::string{rest_[1], ']'}, 2) : std::string_view::npos;
        spend(named ? std::min(close, rest_.size()) / 4 : 0);
        if (rest_.empty()) {
            continue;  // too big
        }
        if (close != std::string_view::npos) {
            const std::string_view name = rest_.substr(2, close - 2);
            const bool isClass = rest_[1] == ':';
            rest_.remove_prefix(close + 2);
            if (isClass) {
                addClass(set, name);
            } else if (name.size() == 1) {
                addByte(set, name.front());
            } else {
                fail("Invalid collation character");
            }
            continue;
        }
        const auto low = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        auto high = low;
        if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
            high = static_cast<unsigned char>(rest_[1]);
            rest_.remove_prefix(2);
            if (high < low) {
                fail("Invalid range end");
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

/// A part that may come `again` and may come `none` at all.
ShellRegex::Part ShellRegex::optional(Part part, bool again, bool none) {
    const std::size_t join = nothing().last;
    const std::size_t split = add({State::Kind::Split, {}, part.first, join});
    states_[part.last].next = again ? split : join;
    return {none ? split : part.first, join};
}

/// Applies * + ? and bounds to the part that `source` was read for.
ShellRegex::Part ShellRegex::repeated(Part part, std::string_view source, std::size_t groupsBefore, int depth) {
    const bool literalStar = kind_ == Kind::Basic && states_[part.last].kind == State::Kind::Begin;
    for (int times = 0; kind_ != Kind::Fixed && valid() && times < 8; ++times) {
        const bool star = !literalStar && rest_.starts_with('*');
        const bool plus = !star && atOperator('+');
        const bool option = !star && !plus && atOperator('?');
        if (star || plus || option) {
            rest_.remove_prefix(star || extended() ? 1 : 2);
            part = optional(part, !option, !plus);
        } else if (kind_ == Kind::Egrep && rest_.starts_with('{') && !isBound(rest_)) {
            break;
        } else if (takeOperator('{')) {
            part = bounded(part, source, groupsBefore, depth);
        } else {
            break;
        }
    }
    return part;
}

/// {m}, {m,}, {,n} and {m,n}: the part is read anew for each time that it may come, a set of bytes is copied.
ShellRegex::Part ShellRegex::bounded(Part part, std::string_view source, std::size_t groupsBefore, int depth) {
    const std::string_view end = extended() ? "}" : "\\}";
    const std::size_t close = rest_.find(end);
    if (close == std::string_view::npos) {
        fail("Unmatched \\{");
        return part;
    }
    const std::string_view bounds = rest_.substr(0, close);
    const std::size_t comma = bounds.find(',');
    const auto low = comma == 0 ? std::optional<std::size_t>(0) : parseNumber<std::size_t>(bounds.substr(0, comma));
    const bool open = comma != std::string_view::npos && comma + 1 == bounds.size();
    const auto high = comma == std::string_view::npos ? low
                      : open                          ? low
                                                      : parseNumber<std::size_t>(bounds.substr(comma + 1));
    if (!low || !high || *high < *low) {
        fail("Invalid content of \\{\\}");
        return part;
    }
    if (*high > kMostTimes) {
        fail("Regular expression too big");
        return part;
    }
    rest_.remove_prefix(close + end.size());
    const std::string_view behind = rest_;
    const std::size_t groupsBehind = groups_;
    Part all = nothing();
    const std::size_t exit = nothing().last;
    const auto append = [&](Part next) {
        states_[all.last].next = next.first;
        all.last = next.last;
    };
    for (std::size_t i = 1; i <= std::max<std::size_t>(*high, open ? 1 : 0) && valid(); ++i) {
        Part next = part;
        if (i > 1 && part.first == part.last && states_[part.first].kind == State::Kind::Bytes) {
            State copy = states_[part.first];
            copy.next = 0;
            next = single(copy);
        } else if (i > 1) {
            rest_ = source;
            groups_ = groupsBefore;
            next = atom(depth, false);
            groups_ = groupsBehind;
        }
        if (open && i >= *high) {
            next = optional(next, true, *low == 0);
        } else if (i > *low) {
            append(single({State::Kind::Split, {}, 0, exit}));
        }
        append(next);
    }
    if (valid()) {
        rest_ = behind;
    }
    append({exit, exit});
    return all;
}

}  // namespace apiary::agent
