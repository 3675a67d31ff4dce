#include "agent/shell/shell_expander.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

bool isNameByte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// The name of a parameter at the beginning of a text: a variable, a number (of one digit unless `wide`), or a sign.
std::string_view nameAt(std::string_view text, bool wide) {
    if (text.empty()) {
        return {};
    }
    if (std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
        std::size_t end = 1;
        while (wide && end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
            ++end;
        }
        return text.substr(0, end);
    }
    if (!isNameByte(text.front())) {
        return std::string_view("@*#?-$!").find(text.front()) != std::string_view::npos ? text.substr(0, 1)
                                                                                        : std::string_view{};
    }
    return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, isNameByte) - text.begin()));
}

/// Behind the bracket that closes what was opened just before `at`; npos if none does.
std::size_t closing(std::string_view text, std::size_t at, char open, char close) {
    for (int depth = 1; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') {
            ++at;
        } else if (c == '\'' || c == '`') {
            at = std::min(text.find(c, at + 1), text.size());
        } else if (c == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                at += text[at] == '\\' ? 1 : 0;
            }
        } else if (c == open) {
            ++depth;
        } else if (c == close && --depth == 0) {
            return at + 1;
        }
    }
    return std::string_view::npos;
}

/// Cuts the shortest or longest prefix or suffix that matches off a text.
std::string trimmed(ShellWork& work, const std::string& text, const std::string& pattern, bool prefix, bool longest) {
    const std::size_t size = text.size();
    if (size > 4096 || !work.move(size * size)) {
        return text;
    }
    for (std::size_t i = 0; i <= size; ++i) {
        const std::size_t length = longest ? size - i : i;
        const std::string_view part =
            prefix ? std::string_view(text).substr(0, length) : std::string_view(text).substr(text.size() - length);
        if (matchesPattern(pattern, part)) {
            return prefix ? text.substr(length) : text.substr(0, text.size() - length);
        }
    }
    return text;
}

bool isSpaceOfIfs(std::string_view ifs, char c) {
    return (c == ' ' || c == '\t' || c == '\n') && ifs.find(c) != std::string_view::npos;
}

}  // namespace

bool ShellExpander::room(const Marked& into) {
    if (into.bytes.size() > kMostBytes) {
        shell_.work().stop();
    }
    return !shell_.work().stopped() && !failed_;
}

void ShellExpander::fail(std::string_view command, std::string_view message) {
    if (!failed_) {
        shell_.complain(command, message);
    }
    failed_ = true;
}

std::vector<std::string> ShellExpander::fields(const std::vector<std::string>& words) {
    std::vector<std::string> all;
    for (const std::string& word : words) {
        Marked marked;
        expand(word, false, marked);
        if (failed_ || !shell_.work().move(marked.bytes.size())) {
            break;
        }
        for (const Marked& field : split(marked)) {
            match(field, all);
            if (all.size() >= kMostWords) {
                shell_.work().stop();
                return all;
            }
        }
    }
    return all;
}

std::string ShellExpander::text(const std::string& word) {
    Marked marked;
    expand(word, false, marked);
    std::string result;
    if (!shell_.work().move(marked.bytes.size())) {
        return result;
    }
    for (std::size_t i = 0; i < marked.bytes.size(); ++i) {
        if (marked.marks[i] == kBreak) {
            result += ' ';
        } else if (marked.marks[i] != kEmpty) {
            result += marked.bytes[i];
        }
    }
    return result;
}

std::string ShellExpander::pattern(const std::string& word) {
    Marked marked;
    expand(word, false, marked);
    std::string result;
    for (std::size_t i = 0; i < marked.bytes.size(); ++i) {
        if (marked.marks[i] == kEmpty || marked.marks[i] == kBreak) {
            continue;
        }
        if (marked.marks[i] == kQuoted) {
            result += '\\';
        }
        result += marked.bytes[i];
    }
    return result;
}

std::string ShellExpander::here(const std::string& body) {
    Marked marked;
    std::size_t at = 0;
    while (at < body.size() && room(marked)) {
        if (body[at] == '"') {  // of no meaning here
            marked.add("\"", kQuoted);
            ++at;
        } else {
            expandQuoted(body, at, marked);
        }
    }
    std::string result;
    for (std::size_t i = 0; i < marked.bytes.size(); ++i) {
        if (marked.marks[i] != kEmpty) {
            result += marked.marks[i] == kBreak ? ' ' : marked.bytes[i];
        }
    }
    return result;
}

void ShellExpander::expand(std::string_view word, bool quoted, Marked& into) {
    if (++depth_ > ShellWork::kDeepest) {
        shell_.work().stop();
    }
    std::size_t at = 0;
    if (!quoted && word.starts_with('~')) {
        tilde(word, at, into);
    }
    while (at < word.size() && room(into)) {
        const char c = word[at];
        if (quoted) {
            expandQuoted(word, at, into);
        } else if (c == '\\') {
            if (at + 1 < word.size() && word[at + 1] != '\n') {
                into.add(word.substr(at + 1, 1), kQuoted);
            }
            at += 2;
        } else if (c == '\'') {
            const std::size_t end = std::min(word.find('\'', at + 1), word.size());
            into.add("x", kEmpty);
            into.add(word.substr(at + 1, end - at - 1), kQuoted);
            at = end + 1;
        } else if (c == '"') {
            if (word.substr(at) != "\"$@\"") {  // which may be no field at all
                into.add("x", kEmpty);
            }
            for (++at; at < word.size() && word[at] != '"' && room(into);) {
                expandQuoted(word, at, into);
            }
            ++at;
        } else if (c == '$') {
            dollar(word, at, false, into);
        } else if (c == '`') {
            backquote(word, at, false, into);
        } else {
            into.add(word.substr(at, 1), kLiteral);
            ++at;
        }
    }
    --depth_;
}

/// One unit of what stands between double quotes.
void ShellExpander::expandQuoted(std::string_view word, std::size_t& at, Marked& into) {
    const char c = word[at];
    if (c == '$') {
        dollar(word, at, true, into);
    } else if (c == '`') {
        backquote(word, at, true, into);
    } else if (c == '\\' && at + 1 < word.size() &&
               std::string_view("$`\"\\\n").find(word[at + 1]) != std::string_view::npos) {
        if (word[at + 1] != '\n') {
            into.add(word.substr(at + 1, 1), kQuoted);
        }
        at += 2;
    } else {
        into.add(word.substr(at, 1), kQuoted);
        ++at;
    }
}

void ShellExpander::tilde(std::string_view word, std::size_t& at, Marked& into) {
    const std::size_t end = std::min(word.find('/'), word.size());
    const std::string_view user = word.substr(1, end - 1);
    if (user.empty() && shell_.environment().has("HOME")) {
        into.add(shell_.environment().get("HOME"), kQuoted);
        at = end;
    } else if (user == "root") {
        into.add("/root", kQuoted);
        at = end;
    }
}

void ShellExpander::dollar(std::string_view word, std::size_t& at, bool quoted, Marked& into) {
    const Mark mark = quoted ? kQuoted : kExpanded;
    const std::string_view rest = word.substr(at + 1);
    if (rest.starts_with("((")) {
        const std::size_t end = closing(word, at + 2, '(', ')');
        if (end != std::string_view::npos && word.substr(end - 2, 2) == "))") {
            Marked inner;
            expand(word.substr(at + 3, end - at - 5), true, inner);
            std::string message;
            if (!shell_.work().move(inner.bytes.size())) {
                return;
            }
            const auto value = evaluateArithmetic(inner.bytes, shell_.environment(), message);
            if (!value) {
                fail("", message);
            }
            into.add(std::to_string(value.value_or(0)), mark);
            at = end;
            return;
        }
    }
    if (rest.starts_with('(')) {
        const std::size_t end = std::min(closing(word, at + 2, '(', ')'), word.size() + 1);
        into.add(shell_.capture(std::string(word.substr(at + 2, end - at - 3))), mark);
        at = std::min(end, word.size());
    } else if (rest.starts_with('{')) {
        const std::size_t end = std::min(closing(word, at + 2, '{', '}'), word.size() + 1);
        braces(word.substr(at + 2, end - at - 3), quoted, into);
        at = std::min(end, word.size());
    } else if (const std::string_view name = nameAt(rest, false); !name.empty()) {
        parameter(name, quoted, into);
        at += 1 + name.size();
    } else {
        into.add("$", quoted ? kQuoted : kLiteral);
        ++at;
    }
}

void ShellExpander::backquote(std::string_view word, std::size_t& at, bool quoted, Marked& into) {
    std::string text;
    for (++at; at < word.size() && word[at] != '`'; ++at) {
        const bool escapes = word[at] == '\\' && at + 1 < word.size() &&
                             std::string_view(quoted ? "$`\\\"" : "$`\\").find(word[at + 1]) != std::string_view::npos;
        at += escapes ? 1 : 0;
        text += word[at];
    }
    ++at;
    into.add(shell_.capture(text), quoted ? kQuoted : kExpanded);
}

std::optional<std::string> ShellExpander::valueOf(std::string_view name) const {
    const ShellEnvironment& environment = shell_.environment();
    if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
        const std::size_t index = name.size() > 4 ? 9999 : std::stoul(std::string(name));
        if (index == 0) {
            return environment.name;
        }
        return index <= environment.arguments.size() ? std::optional(environment.arguments[index - 1]) : std::nullopt;
    }
    switch (name.front()) {
        case '#':
            return std::to_string(environment.arguments.size());
        case '?':
            return std::to_string(environment.status);
        case '$':
            return std::to_string(environment.process);
        case '!':
            return environment.lastBackground > 0 ? std::optional(std::to_string(environment.lastBackground))
                                                  : std::nullopt;
        case '-':
            return std::string(environment.interactive ? "smi" : "") + (environment.stopsOnError ? "e" : "");
        default:
            return environment.has(name) ? std::optional(std::string(environment.get(name))) : std::nullopt;
    }
}

void ShellExpander::positional(bool joined, bool quoted, Marked& into) {
    const std::vector<std::string>& arguments = shell_.environment().arguments;
    for (std::size_t i = 0; i < arguments.size() && room(into); ++i) {
        if (i > 0) {
            into.add(" ", joined && quoted ? kQuoted : kBreak);
        }
        if (quoted && !joined) {
            into.add("x", kEmpty);
        }
        into.add(arguments[i], quoted ? kQuoted : kExpanded);
    }
}

void ShellExpander::parameter(std::string_view name, bool quoted, Marked& into) {
    if (name == "@" || name == "*") {
        positional(name == "*", quoted, into);
        return;
    }
    into.add(valueOf(name).value_or(""), quoted ? kQuoted : kExpanded);
}

void ShellExpander::braces(std::string_view inside, bool quoted, Marked& into) {
    if (inside.size() > 1 && inside.front() == '#' && nameAt(inside.substr(1), true).size() == inside.size() - 1) {
        const std::string_view name = inside.substr(1);
        const std::size_t count =
            name == "@" || name == "*" ? shell_.environment().arguments.size() : valueOf(name).value_or("").size();
        into.add(std::to_string(count), quoted ? kQuoted : kExpanded);
        return;
    }
    const std::string_view name = nameAt(inside, true);
    const std::string_view rest = inside.substr(name.size());
    if (name.empty() || (!rest.empty() && std::string_view(":-+=?%#/").find(rest.front()) == std::string_view::npos)) {
        fail("", "syntax error: bad substitution");
    } else if (rest.empty()) {
        parameter(name, quoted, into);
    } else {
        modified(name, rest, quoted, into);
    }
}

void ShellExpander::modified(std::string_view name, std::string_view rest, bool quoted, Marked& into) {
    const Mark mark = quoted ? kQuoted : kExpanded;
    const auto value = name == "@" || name == "*" ? std::optional(std::string()) : valueOf(name);
    const bool colon = rest.front() == ':';
    const char operation = colon ? (rest.size() > 1 ? rest[1] : '\0') : rest.front();
    const std::string_view word = rest.substr(colon ? std::min<std::size_t>(2, rest.size()) : 1);
    const bool given = value && !(colon && value->empty());
    if (operation == '-' || operation == '=' || operation == '?') {
        if (given) {
            into.add(*value, mark);
        } else if (operation == '-') {
            expand(word, quoted, into);
        } else if (operation == '=') {
            const std::string assigned = text(std::string(word));
            shell_.environment().set(name, assigned);
            into.add(assigned, mark);
        } else {
            const std::string message = word.empty() ? "parameter not set" : text(std::string(word));
            fail(name, message);
        }
    } else if (operation == '+') {
        if (given) {
            expand(word, quoted, into);
        }
    } else if (operation == '%' || operation == '#') {
        const bool longest = word.starts_with(operation);
        const std::string cut = pattern(std::string(word.substr(longest ? 1 : 0)));
        into.add(trimmed(shell_.work(), value.value_or(""), cut, operation == '#', longest), mark);
    } else if (colon) {  // ${name:offset:length}
        const std::string_view part = rest.substr(1);
        const std::size_t second = part.size() > 1 ? part.find(':', 1) : std::string_view::npos;
        std::string message;
        const auto number = [&](std::string_view of) {
            return evaluateArithmetic(text(std::string(of)), shell_.environment(), message).value_or(0);
        };
        const std::string whole = value.value_or("");
        const auto size = static_cast<std::int64_t>(whole.size());
        std::int64_t offset = number(part.substr(0, second));
        offset = std::clamp<std::int64_t>(offset < 0 ? size + offset : offset, 0, size);
        std::int64_t length = second == std::string_view::npos ? size - offset : number(part.substr(second + 1));
        length = std::clamp<std::int64_t>(length < 0 ? size - offset + length : length, 0, size - offset);
        into.add(whole.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)), mark);
    } else {  // ${name/pattern/replacement}
        const bool all = word.starts_with('/');
        const std::string_view both = word.substr(all ? 1 : 0);
        const std::size_t slash = std::min(both.find('/'), both.size());
        const std::string sought = pattern(std::string(both.substr(0, slash)));
        const std::string by = text(std::string(both.substr(std::min(slash + 1, both.size()))));
        std::string whole = value.value_or("").substr(0, 1024);
        for (std::size_t at = 0; at < whole.size() && !sought.empty();) {
            std::size_t length = whole.size() - at;
            if (!shell_.work().move(length * length)) {
                break;
            }
            while (length > 0 && !matchesPattern(sought, std::string_view(whole).substr(at, length))) {
                --length;
            }
            if (length == 0) {
                ++at;
                continue;
            }
            whole.replace(at, length, by);
            at += by.size();
            if (!all || whole.size() > kMostBytes) {
                break;
            }
        }
        into.add(whole, mark);
    }
}

std::vector<ShellExpander::Marked> ShellExpander::split(const Marked& whole) const {
    const ShellEnvironment& environment = shell_.environment();
    const std::string_view ifs = environment.has("IFS") ? environment.get("IFS") : std::string_view(" \t\n");
    std::vector<Marked> fields;
    Marked field;
    bool open = false;    // a field has begun, be it empty
    bool closed = false;  // by a white space, which a delimiter may follow
    const auto finish = [&] {
        fields.push_back(std::exchange(field, {}));
        open = false;
    };
    for (std::size_t i = 0; i < whole.bytes.size(); ++i) {
        const char c = whole.bytes[i];
        const char mark = whole.marks[i];
        if (mark == kBreak) {
            if (open) {
                finish();
            }
        } else if (mark == kExpanded && ifs.find(c) != std::string_view::npos) {
            const bool space = isSpaceOfIfs(ifs, c);
            if (open) {
                finish();
                closed = space;
            } else if (!space && !closed) {
                finish();
            } else if (!space) {
                closed = false;
            }
        } else {
            open = true;
            closed = false;
            if (mark != kEmpty) {
                field.bytes += c;
                field.marks += mark;
            }
        }
    }
    if (open) {
        finish();
    }
    return fields;
}

/// Replaces a field with signs of a pattern by the paths that match.
void ShellExpander::match(const Marked& field, std::vector<std::string>& into) {
    bool wild = false;
    for (std::size_t i = 0; i < field.bytes.size(); ++i) {
        wild |= field.marks[i] != kQuoted && std::string_view("*?[").find(field.bytes[i]) != std::string_view::npos;
    }
    if (!wild || field.bytes.size() > ShellFiles::kLongestPath) {
        into.push_back(field.bytes);
        return;
    }
    std::vector<std::string> found{field.bytes.front() == '/' ? "/" : ""};
    const ShellFiles& files = shell_.work().files();
    std::size_t at = field.bytes.find_first_not_of('/');
    while (at < field.bytes.size()) {
        const std::size_t end = std::min(field.bytes.find('/', at), field.bytes.size());
        std::string pattern;
        for (std::size_t i = at; i < end; ++i) {
            pattern += field.marks[i] == kQuoted ? "\\" : "";
            pattern += field.bytes[i];
        }
        std::vector<std::string> next;
        for (const std::string& before : found) {
            const auto place = files.locate(shell_.environment().directory, before.empty() ? "." : before);
            if (!shell_.work().move(2048)) {
                return;
            }
            for (const auto& [name, node] : files.entries(place.path)) {
                const bool hidden = name.front() == '.' && pattern.front() != '.';
                if (!hidden && next.size() < kMostWords && matchesPattern(pattern, name) && shell_.work().move(64)) {
                    next.push_back(before + name + (end < field.bytes.size() ? "/" : ""));
                }
            }
        }
        found = std::move(next);
        at = std::min(field.bytes.find_first_not_of('/', end), field.bytes.size());
    }
    if (found.empty()) {
        found = {field.bytes};
    }
    into.insert(into.end(), found.begin(), found.end());
}

}  // namespace apiary::agent
