#include "agent/protocols/identify_line.hpp"
#include "agent/protocols/identify_look.hpp"
#include "agent/protocols/identify_matchers.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace apiary::agent {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLongest = 512;  // bytes of what is told

Command commandOf(std::string_view line) {
    const auto blank = std::min(line.find(' '), line.size());
    return {std::string(line.substr(0, blank)), std::string(line.substr(std::min(blank + 1, line.size())))};
}

/// The size that a line of RESP gives to the bulk string behind it; nothing if it is something else.
std::optional<std::size_t> bulkSize(std::string_view line) {
    std::size_t size = 0;
    const auto digits = line.substr(std::min<std::size_t>(1, line.size()));
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), size).ec;
    return line.starts_with('$') && error == std::errc{} && size <= kLongest ? std::optional(size) : std::nullopt;
}

/// The name in the list of server_name, the extension whose content this is (RFC 6066).
std::string_view nameIn(std::string_view extension) {
    Look look(extension);
    look.has(2);
    const auto size = look.is(2, "\x00"sv).big(3, 2);
    look.has(5 + size);
    return look.open() ? extension.substr(5, size) : ""sv;
}

}  // namespace

/// The first line: its first word and the rest.
Telling tellLine(std::string_view begin, bool ended) {
    const auto line = firstLine(begin.substr(0, kLongest));
    if (!line.whole && begin.size() < kLongest && !ended) {
        return {Match::NeedMore};
    }
    return line.text.empty() ? Telling{} : Telling{Match::Yes, commandOf(line.text)};
}

/// The words of the first command, which RESP sends counted.
Telling tellRedis(std::string_view begin, bool ended) {
    if (begin[0] != '*') {
        return tellLine(begin, ended);
    }
    const auto all = begin.substr(0, kLongest);
    const bool cut = ended || begin.size() >= kLongest;
    std::size_t words = 0;
    std::from_chars(all.data() + 1, all.data() + all.size(), words);
    std::string text;
    for (auto at = all.find('\n') + 1; words > 0; --words) {
        const auto end = all.find('\n', at);
        if (end == std::string_view::npos && !cut) {
            return {Match::NeedMore};
        }
        const auto size = end == std::string_view::npos ? std::nullopt : bulkSize(all.substr(at, end - at));
        if (!size) {
            break;
        }
        const auto word = all.substr(end + 1, *size);
        if (word.size() < *size && !cut) {
            return {Match::NeedMore};
        }
        text.append(text.empty() ? "" : " ").append(word);
        at = std::min(end + 1 + *size + 2, all.size());
    }
    return text.empty() ? Telling{} : Telling{Match::Yes, commandOf(text)};
}

/// The server name of a ClientHello that lies in its first record.
Telling tellTls(std::string_view begin, bool ended) {
    Look look(begin);
    const auto record = look.is(0, "\x16"sv).big(3, 2);
    const bool whole = look.has(5 + record).open();
    if (look.verdict() == Match::No || (!whole && !ended)) {
        return {look.verdict()};
    }
    Look hello(begin.substr(0, 5 + record));
    std::size_t at = 43;
    at += 1 + hello.big(at, 1);  // session
    at += 2 + hello.big(at, 2);  // cipher suites
    at += 1 + hello.big(at, 1);  // compression methods
    at += 2;
    while (hello.open()) {
        const auto kind = hello.big(at, 2);
        const auto size = hello.big(at + 2, 2);
        if (hello.open() && kind == 0) {
            const auto name = nameIn(hello.from(at + 4).substr(0, size)).substr(0, kLongest);
            return name.empty() ? Telling{} : Telling{Match::Yes, {"SNI", std::string(name)}};
        }
        at += 4 + size;
    }
    return {};
}

}  // namespace apiary::agent
