#include "agent/shell/shell_expander.hpp"

#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_parser.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

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

}  // namespace

std::string shellUnescaped(std::string_view text) {
    constexpr std::string_view kFrom = "abfnrtv\\'\"";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\'\"";
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            result += text[i];
            continue;
        }
        const bool hexadecimal = text[i + 1] == 'x';
        const std::size_t first = i + (hexadecimal ? 2 : 1);
        std::size_t digits = 0;
        unsigned value = 0;
        while (digits < (hexadecimal ? 2U : 3U) && first + digits < text.size()) {
            const auto digit = parseNumber<unsigned>(text.substr(first + digits, 1), hexadecimal ? 16 : 8);
            if (!digit) {
                break;
            }
            value = value * (hexadecimal ? 16 : 8) + *digit;
            ++digits;
        }
        const std::size_t known = kFrom.find(text[i + 1]);
        if (digits > 0) {
            result += static_cast<char>(value);
            i = first + digits - 1;
        } else if (known != std::string_view::npos) {
            result += kTo[known];
            ++i;
        } else {
            result += '\\';
        }
    }
    std::erase(result, '\0');
    return result;
}

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
        if (!addFields(word, all)) {
            break;
        }
    }
    return all;
}

bool ShellExpander::addFields(const std::string& word, std::vector<std::string>& all) {
    Marked marked;
    expand(word, false, marked);
    if (failed_ || !shell_.work().move(marked.bytes.size())) {
        return false;
    }
    for (const Marked& field : split(marked)) {
        match(field, all);
        if (all.size() >= kMostWords) {
            shell_.work().stop();
            return false;
        }
    }
    return true;
}

std::vector<std::string> ShellExpander::command(const std::vector<std::string>& words) {
    constexpr std::string_view kAssigning[] = {"alias", "export", "local", "readonly"};
    std::vector<std::string> all;
    bool assigns = false;
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (assigns && equals != std::string::npos && isShellName(std::string_view(word).substr(0, equals))) {
            all.push_back(word.substr(0, equals + 1) + assigned(word.substr(equals + 1)));
            if (failed_ || shell_.work().stopped()) {
                break;
            }
            continue;
        }
        const bool named = !all.empty();
        if (!addFields(word, all)) {
            break;
        }
        if (!named && !all.empty()) {
            assigns = std::ranges::find(kAssigning, all.front()) != std::end(kAssigning);
        }
    }
    return all;
}

std::string ShellExpander::text(const std::string& word) {
    Marked marked;
    expand(word, false, marked);
    return shell_.work().move(marked.bytes.size()) ? joined(marked) : std::string{};
}

std::string ShellExpander::assigned(const std::string& word) {
    assignment_ = true;
    std::string value = text(word);
    assignment_ = false;
    return value;
}

std::string ShellExpander::joined(const Marked& marked) const {
    std::string result;
    for (std::size_t i = 0; i < marked.bytes.size(); ++i) {
        if (marked.marks[i] == Break) {
            result += ' ';
        } else if (marked.marks[i] != Empty) {
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
        if (marked.marks[i] == Empty || marked.marks[i] == Break) {
            continue;
        }
        if (marked.marks[i] == Quoted) {
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
            marked.add("\"", Quoted);
            ++at;
        } else {
            expandQuoted(body, at, marked);
        }
    }
    std::string result;
    for (std::size_t i = 0; i < marked.bytes.size(); ++i) {
        if (marked.marks[i] != Empty) {
            result += marked.marks[i] == Break ? ' ' : marked.bytes[i];
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
    const bool colons = std::exchange(assignment_, false);
    while (at < word.size() && room(into)) {
        const char c = word[at];
        if (quoted) {
            expandQuoted(word, at, into);
        } else if (c == '\\') {
            if (at + 1 < word.size() && word[at + 1] != '\n') {
                into.add(word.substr(at + 1, 1), Quoted);
            }
            at += 2;
        } else if (c == '\'') {
            const std::size_t end = std::min(word.find('\'', at + 1), word.size());
            into.add("x", Empty);
            into.add(word.substr(at + 1, end - at - 1), Quoted);
            at = end + 1;
        } else if (c == '"') {
            if (word.substr(at) != "\"$@\"") {  // which may be no field at all
                into.add("x", Empty);
            }
            for (++at; at < word.size() && word[at] != '"' && room(into);) {
                expandQuoted(word, at, into);
            }
            ++at;
        } else if (c == '$' && at + 1 < word.size() && word[at + 1] == '\'') {
            std::size_t end = at + 2;
            while (end < word.size() && word[end] != '\'') {
                end += word[end] == '\\' ? 2 : 1;
            }
            into.add("x", Empty);
            into.add(shellUnescaped(word.substr(at + 2, std::min(end, word.size()) - at - 2)), Quoted);
            at = end + 1;
        } else if (c == '$') {
            dollar(word, at, false, into);
        } else if (c == '`') {
            backquote(word, at, false, into);
        } else if ((c == '<' || c == '>') && word.substr(at + 1, 1) == "(") {
            process(word, at, into);
        } else {
            into.add(word.substr(at, 1), Literal);
            ++at;
            if (colons && c == ':' && at < word.size() && word[at] == '~') {
                tilde(word, at, into);
            }
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
            into.add(word.substr(at + 1, 1), Quoted);
        }
        at += 2;
    } else {
        into.add(word.substr(at, 1), Quoted);
        ++at;
    }
}

void ShellExpander::tilde(std::string_view word, std::size_t& at, Marked& into) {
    const std::size_t end = std::min(word.find_first_of("/:", at), word.size());
    const std::string_view user = word.substr(at + 1, end - at - 1);
    if (user.empty() && shell_.environment().has("HOME")) {
        into.add(shell_.environment().get("HOME"), Quoted);
        at = end;
    } else if (user == "root" || user == "nobody" || user == "daemon") {
        into.add(user == "root" ? "/root" : "/var", Quoted);
        at = end;
    }
}

void ShellExpander::dollar(std::string_view word, std::size_t& at, bool quoted, Marked& into) {
    const Mark mark = quoted ? Quoted : Expanded;
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
    } else if (const std::string_view name = shellParameterAt(rest, false); !name.empty()) {
        parameter(name, quoted, into);
        at += 1 + name.size();
    } else {
        into.add("$", quoted ? Quoted : Literal);
        ++at;
    }
}

/// <(list) or >(list): the path of a pipe to it, under a folder that this host does not have.
void ShellExpander::process(std::string_view word, std::size_t& at, Marked& into) {
    const std::size_t end = std::min(closing(word, at + 2, '(', ')'), word.size() + 1);
    const int descriptor = shell_.substitute(std::string(word.substr(at + 2, end - at - 3)), word[at] == '<');
    into.add("/dev/fd/" + std::to_string(descriptor), Quoted);
    at = std::min(end, word.size());
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
    into.add(shell_.capture(text), quoted ? Quoted : Expanded);
}

}  // namespace apiary::agent
