/// From states and a text to a match.

#include "agent/shell/shell_regex.hpp"

#include <cctype>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostTraced = std::size_t{1} << 22U;  // states times bytes of a match whose groups are asked for

bool wordAt(std::string_view text, std::size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
}

}  // namespace

/// What a match may begin with, so that most places need not be tried.
void ShellRegex::findFirstBytes() {
    std::vector<bool> seen(states_.size());
    std::vector<std::size_t> open{start_};
    while (!open.empty()) {
        const std::size_t index = open.back();
        open.pop_back();
        if (seen[index]) {
            continue;
        }
        seen[index] = true;
        const State& state = states_[index];
        if (state.kind == State::Kind::Bytes) {
            firstBytes_ |= state.bytes;
        } else if (state.kind == State::Kind::Accept || state.kind == State::Kind::Back) {
            mayBeEmpty_ = true;
        } else {
            open.push_back(state.next);
            if (state.kind == State::Kind::Split) {
                open.push_back(state.other);
            }
        }
    }
}

/// Of a state that takes no byte: whether the place is right.
bool ShellRegex::holds(const State& state, const Text& text, std::size_t at) {
    const bool before = at > 0 && wordAt(text.bytes, at - 1);
    const bool behind = wordAt(text.bytes, at);
    switch (state.kind) {
        case State::Kind::Begin:
            return at == 0 && !text.goesOn;
        case State::Kind::End:
            return at == text.bytes.size();
        case State::Kind::Edge:
            return before != behind;
        case State::Kind::NoEdge:
            return before == behind;
        case State::Kind::WordBegin:
            return !before && behind;
        case State::Kind::WordEnd:
            return before && !behind;
        default:
            return true;
    }
}

/// Adds a state, or what is reached from it without a byte. Returns how many states it looked at.
std::size_t ShellRegex::follow(std::size_t state, std::size_t at, const Text& text, std::vector<std::size_t>& list,
                               std::vector<std::size_t>& seen, std::size_t stamp) const {
    std::vector<std::size_t> open{state};
    std::size_t visited = 0;
    while (!open.empty()) {
        ++visited;
        const std::size_t next = open.back();
        open.pop_back();
        if (seen[next] == stamp) {
            continue;
        }
        seen[next] = stamp;
        const State& node = states_[next];
        if (node.kind == State::Kind::Bytes || node.kind == State::Kind::Accept) {
            list.push_back(next);
        } else if (holds(node, text, at)) {
            open.push_back(node.next);
            if (node.kind == State::Kind::Split) {
                open.push_back(node.other);
            }
        }
    }
    return visited;
}

/// The end of the longest match that begins at `begin`.
std::optional<std::size_t> ShellRegex::simulated(const Text& text, std::size_t begin, std::size_t& steps) const {
    std::vector<std::size_t> now;
    std::vector<std::size_t> next;
    std::vector<std::size_t> seen(states_.size());
    std::size_t stamp = 1;
    steps += states_.size() / 8 + follow(start_, begin, text, now, seen, stamp);
    std::optional<std::size_t> end;
    for (std::size_t at = begin; !now.empty() && steps < kMostSteps; ++at) {
        next.clear();
        ++stamp;
        for (const std::size_t index : now) {
            const State& state = states_[index];
            if (state.kind == State::Kind::Accept) {
                end = at;
            } else if (at < text.bytes.size() && state.bytes.test(static_cast<unsigned char>(text.bytes[at]))) {
                steps += follow(state.next, at + 1, text, next, seen, stamp);
            }
        }
        steps += 1 + now.size();
        std::swap(now, next);
    }
    return end;
}

/// Goes the ways through the states in their order, back where one ends: the first to `end`, or the first of the
/// longest.
std::optional<ShellRegex::Groups> ShellRegex::traced(const Text& text, std::size_t begin,
                                                     std::optional<std::size_t> end, std::size_t& steps) const {
    struct Branch {
        std::size_t state;
        std::size_t at;
        Groups groups;
    };
    const std::size_t width = end ? *end - begin + 1 : 0;
    std::vector<bool> seen(backReferences_ ? 0 : states_.size() * width);
    steps += seen.size() / 64;
    std::vector<Branch> open{{start_, begin, {}}};
    std::optional<Groups> best;
    while (!open.empty() && steps < kMostSteps) {
        Branch branch = open.back();
        open.pop_back();
        for (bool goes = true; goes && steps < kMostSteps;) {
            steps += 2;
            if (!seen.empty()) {
                const std::size_t cell = branch.state * width + branch.at - begin;
                if (seen[cell]) {
                    break;
                }
                seen[cell] = true;
            }
            const State& state = states_[branch.state];
            const std::size_t at = branch.at;
            branch.state = state.next;
            switch (state.kind) {
                case State::Kind::Accept:
                    goes = false;
                    branch.groups[0] = Span(begin, at);
                    if (end && at == *end) {
                        return branch.groups;
                    }
                    if (!end && (!best || (*best)[0]->second < at)) {
                        best = branch.groups;
                    }
                    break;
                case State::Kind::Bytes:
                    goes = at < (end ? *end : text.bytes.size()) &&
                           state.bytes.test(static_cast<unsigned char>(text.bytes[at]));
                    ++branch.at;
                    break;
                case State::Kind::Split:
                    if (&states_[state.other] != &state) {
                        open.push_back({state.other, at, branch.groups});
                        steps += 16;
                    }
                    break;
                case State::Kind::Open:
                    if (state.group < kMostGroups) {
                        branch.groups[state.group] = Span(at, std::string_view::npos);
                    }
                    break;
                case State::Kind::Close:
                    if (state.group < kMostGroups && branch.groups[state.group]) {
                        branch.groups[state.group]->second = at;
                    }
                    break;
                case State::Kind::Back: {
                    const auto& group = branch.groups[state.group];
                    goes = group && group->second != std::string_view::npos;
                    if (goes) {
                        const std::string_view said = text.bytes.substr(group->first, group->second - group->first);
                        goes = text.bytes.substr(at).starts_with(said);
                        branch.at += said.size();
                        steps += said.size() / 8;
                    }
                    break;
                }
                default:
                    goes = holds(state, text, at);
                    break;
            }
        }
    }
    return best;
}

std::optional<ShellRegex::Span> ShellRegex::search(std::string_view text, std::size_t& steps, bool goesOn) const {
    if (backReferences_) {
        const auto groups = match(text, steps, goesOn);
        return groups ? (*groups)[0] : std::nullopt;
    }
    const Text whole{text, goesOn};
    const std::size_t before = steps;
    std::size_t own = 0;
    std::optional<Span> found;
    for (std::size_t begin = 0; begin <= text.size() && own < kMostSteps && !found; ++begin) {
        if (!mayBeEmpty_ && (begin == text.size() || !firstBytes_.test(static_cast<unsigned char>(text[begin])))) {
            continue;
        }
        if (const auto end = simulated(whole, begin, own)) {
            found = Span(begin, *end);
        }
    }
    steps = before + own + text.size() / 16;
    return found;
}

std::optional<ShellRegex::Groups> ShellRegex::match(std::string_view text, std::size_t& steps, bool goesOn) const {
    const Text whole{text, goesOn};
    if (!backReferences_) {
        const auto span = search(text, steps, goesOn);
        if (!span) {
            return std::nullopt;
        }
        std::size_t own = 0;
        std::optional<Groups> groups;
        if (groups_ > 0 && states_.size() * (span->second - span->first + 1) <= kMostTraced) {
            groups = traced(whole, span->first, span->second, own);
        }
        steps += own;
        if (!groups) {
            groups.emplace();
            (*groups)[0] = *span;
        }
        return groups;
    }
    std::size_t own = 0;
    std::optional<Groups> groups;
    for (std::size_t begin = 0; begin <= text.size() && own < kMostSteps && !groups; ++begin) {
        if (mayBeEmpty_ || (begin < text.size() && firstBytes_.test(static_cast<unsigned char>(text[begin])))) {
            groups = traced(whole, begin, std::nullopt, own);
        }
    }
    steps += own;
    return groups;
}

}  // namespace apiary::agent
