/// Parameters with a change, splitting into fields, path names.

#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_parser.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

/// Cuts the shortest or longest prefix or suffix that matches off a text.
std::string trimmed(ShellWork& work, const std::string& text, const std::string& pattern, bool prefix, bool longest) {
    const std::size_t size = text.size();
    if (size > 4096 || !work.move(size * size)) {
        return text;
    }
    for (std::size_t i = 0; i <= size; ++i) {
        const std::size_t length = longest ? size - i : i;
        std::string_view part =
            prefix ? std::string_view(text).substr(0, length) : std::string_view(text).substr(text.size() - length);
        part = part.substr(0, part.find('\0'));  // of several arguments
        if (!work.move(part.size() * (pattern.size() / 8))) {
            return text;
        }
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

void ShellExpander::modified(std::string_view name, std::string_view rest, bool quoted, Marked& into) {
    const Mark mark = quoted ? Quoted : Expanded;
    const bool all = name == "@" || name == "*";
    const bool joins = name == "*" && quoted;  // else a NUL stands between the arguments
    const auto value = all ? std::optional(joinedArguments(joins)) : valueOf(name);
    const bool colon = rest.front() == ':';
    const char operation = colon ? (rest.size() > 1 ? rest[1] : '\0') : rest.front();
    const std::string_view word = rest.substr(colon ? std::min<std::size_t>(2, rest.size()) : 1);
    const bool given = value && !(colon && value->empty());
    const auto add = [&](std::string_view text) {
        for (bool first = true; first || text.data() != nullptr; first = false) {
            const std::size_t end = text.find('\0');
            into.add(first ? "" : "x", Break);
            into.add(all && quoted ? "x" : "", Empty);
            into.add(text.substr(0, end), mark);
            text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        }
    };
    if (operation == '-' || operation == '=' || operation == '?') {
        if (given) {
            add(*value);
        } else if (operation == '-') {
            expand(word, quoted, into);
        } else if (operation == '=' && !isShellName(name)) {
            fail("", std::string(name) + ": bad variable name");
        } else if (operation == '=') {
            const std::string assigned = text(std::string(word));
            shell_.environment().set(name, assigned);
            into.add(assigned, mark);
        } else {
            const std::string message = !word.empty() ? text(std::string(word))
                                        : colon       ? "parameter not set or null"
                                                      : "parameter not set";
            fail("", std::string(name) + ": " + message);
        }
    } else if (operation == '+') {
        if (given) {
            expand(word, quoted, into);
        }
    } else if (operation == '%' || operation == '#') {
        const bool longest = word.starts_with(operation);
        const std::string cut = pattern(std::string(word.substr(longest ? 1 : 0)));
        add(trimmed(shell_.work(), value.value_or(""), cut, operation == '#', longest));
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
        add(whole.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
    } else {  // ${name/pattern/replacement}
        const bool each = word.starts_with('/');
        const std::string_view both = word.substr(each ? 1 : 0);
        const std::size_t slash = endOfPattern(both);
        const std::string sought = pattern(std::string(both.substr(0, slash)));
        const std::string by = text(std::string(both.substr(std::min(slash + 1, both.size()))));
        std::string whole = value.value_or("").substr(0, 1024);
        for (std::size_t at = 0; at < whole.size() && !sought.empty();) {
            std::size_t length = std::min(whole.find('\0', at), whole.size()) - at;  // of the argument
            if (!shell_.work().move(length * length)) {
                break;
            }
            while (length > 0 && shell_.work().move(length * (sought.size() / 8)) &&
                   !matchesPattern(sought, std::string_view(whole).substr(at, length))) {
                --length;
            }
            if (length == 0) {
                ++at;
                continue;
            }
            whole.replace(at, length, by);
            at += by.size();
            whole.resize(std::min(whole.find('\0', at), whole.size()));  // the arguments behind are lost
            if (!each || whole.size() > kMostBytes) {
                break;
            }
        }
        add(whole);
    }
}

/// Where the slash stands that ends the pattern: none that is escaped or quoted.
std::size_t ShellExpander::endOfPattern(std::string_view text) {
    char quote = '\0';
    std::size_t at = 0;
    for (; at < text.size() && (text[at] != '/' || quote != '\0'); ++at) {
        if (text[at] == '\\' && quote != '\'') {
            ++at;
        } else if ((text[at] == '\'' || text[at] == '"') && (quote == '\0' || quote == text[at])) {
            quote = quote == '\0' ? text[at] : '\0';
        }
    }
    return std::min(at, text.size());
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
        if (mark == Break) {
            if (open) {
                finish();
            }
        } else if (mark == Expanded && ifs.find(c) != std::string_view::npos) {
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
            if (mark != Empty) {
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

bool ShellExpander::leadsToFolder(const std::string& path) const {
    const ShellFiles& files = shell_.work().files();
    const auto place = files.locate(shell_.environment().directory, path);
    const ShellNode* node = place.error == ShellError::None ? files.find(place.path) : nullptr;
    return node != nullptr && node->kind == ShellNode::Kind::Directory;
}

/// Replaces a field with signs of a pattern by the paths that match.
void ShellExpander::match(const Marked& field, std::vector<std::string>& into) {
    bool wild = false;
    for (std::size_t i = 0; i < field.bytes.size(); ++i) {
        wild |= field.marks[i] != Quoted && std::string_view("*?[").find(field.bytes[i]) != std::string_view::npos;
    }
    if (!wild || shell_.environment().options.on('f') || field.bytes.size() > ShellFiles::kLongestPath) {
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
            pattern += field.marks[i] == Quoted ? "\\" : "";
            pattern += field.bytes[i];
        }
        std::vector<std::string> next;
        for (const std::string& before : found) {
            const auto place = files.locate(shell_.environment().directory, before.empty() ? "." : before);
            if (!shell_.work().move(2048)) {
                return;
            }
            const ShellNode* folder = place.error == ShellError::None ? files.find(place.path) : nullptr;
            const bool dotted = folder != nullptr && folder->kind == ShellNode::Kind::Directory &&
                                (pattern.starts_with('.') || pattern.starts_with("\\."));
            for (const std::string_view name : {".", ".."}) {
                if (dotted && next.size() < kMostWords && matchesPattern(pattern, name)) {
                    next.push_back(before + std::string(name) + (end < field.bytes.size() ? "/" : ""));
                }
            }
            for (const auto& [name, node] : files.entries(place.path)) {
                const bool hidden = name.front() == '.' && pattern.front() != '.';
                if (!hidden && next.size() < kMostWords && shell_.work().move(name.size() * (pattern.size() / 8)) &&
                    matchesPattern(pattern, name) && shell_.work().move(64) &&
                    (end == field.bytes.size() || leadsToFolder(before + name))) {
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
