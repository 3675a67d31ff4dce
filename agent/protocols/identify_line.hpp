#pragma once

#include "agent/protocols/identify.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace apiary::agent {

/// The first line of a beginning, without its end.
struct FirstLine {
    std::string_view text;
    bool whole;  // its end is there
};

inline FirstLine firstLine(std::string_view begin) {
    const auto end = begin.find('\n');
    const auto text = begin.substr(0, end);
    return {text.substr(0, text.find_last_not_of('\r') + 1), end != std::string_view::npos};
}

constexpr char asciiUpper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// `begin` starts with `words`, which are in capitals, in any case.
inline Match startsWith(std::string_view begin, std::string_view words) {
    const auto size = std::min(begin.size(), words.size());
    const bool same = std::ranges::equal(begin.substr(0, size), words.substr(0, size), {}, asciiUpper);
    return !same ? Match::No : size < words.size() ? Match::NeedMore : Match::Yes;
}

/// `begin` starts with `word`, and the word ends there.
inline Match startsWithWord(std::string_view begin, std::string_view word) {
    const Match match = startsWith(begin, word);
    if (match != Match::Yes || begin.size() > word.size()) {
        const bool ends = match == Match::Yes && std::string_view(" \r\n").find(begin[word.size()]) < 3;
        return match == Match::Yes && !ends ? Match::No : match;
    }
    return Match::NeedMore;
}

inline Match startsWithAnyWord(std::string_view begin, std::initializer_list<std::string_view> words) {
    Match match = Match::No;
    for (const auto word : words) {
        const Match one = startsWithWord(begin, word);
        if (one == Match::Yes) {
            return one;
        }
        match = one == Match::NeedMore ? one : match;
    }
    return match;
}

/// The first line is `word` and nothing else.
inline Match isLine(std::string_view begin, std::string_view word) {
    const Match match = startsWithWord(begin, word);
    const auto line = firstLine(begin);
    return match != Match::Yes              ? match
           : line.text.size() > word.size() ? Match::No
           : line.whole                     ? match
                                            : Match::NeedMore;
}

inline Match isAnyLine(std::string_view begin, std::initializer_list<std::string_view> words) {
    Match match = Match::No;
    for (const auto word : words) {
        const Match one = isLine(begin, word);
        if (one == Match::Yes) {
            return one;
        }
        match = one == Match::NeedMore ? one : match;
    }
    return match;
}

}  // namespace apiary::agent
