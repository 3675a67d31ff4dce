/// grep, egrep and fgrep.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostPatterns = 200;
constexpr int kUsed = 2;  // the status of an error

bool isWord(std::string_view text, std::size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
}

class Grep {
public:
    Grep(ShellCall& call, std::vector<ShellRegex> patterns) : call_(call), patterns_(std::move(patterns)) {}

    /// Numbers of -m, -A, -B and -C. False after it said which is none.
    bool takeNumbers() {
        const auto number = [&](char letter, std::size_t fallback) {
            if (!call_.has(letter)) {
                return fallback;
            }
            const auto value = parseNumber<std::uint32_t>(call_.value(letter));
            if (!value) {
                call_.fail("invalid number '" + call_.value(letter) + "'");
                wrong_ = true;
            }
            return static_cast<std::size_t>(value.value_or(0));
        };
        most_ = number('m', std::string::npos);
        const std::size_t around = number('C', 0);
        behind_ = number('A', around);
        before_ = std::min<std::size_t>(number('B', around), 1000);
        return !wrong_;
    }

    int run(std::vector<std::string> paths) {
        named_ = (paths.size() > 1 || call_.has('H')) && !call_.has('h');
        if (paths.empty()) {
            paths = {"-"};
        }
        const bool recursive = call_.has('r') || call_.has('R');
        for (const std::string& path : paths) {
            const ShellFiles::Place place = path == "-" ? ShellFiles::Place{} : call_.locate(path);
            const ShellNode* node =
                path == "-" || place.error != ShellError::None ? nullptr : call_.files().find(place.path);
            if (recursive && node != nullptr && node->kind == ShellNode::Kind::Directory) {
                const bool was = std::exchange(named_, !call_.has('h'));
                below(path, place.path);
                named_ = was;
            } else {
                file(path, path == "-" ? "(standard input)" : path);
            }
            if (over_ || call_.work().stopped()) {
                break;
            }
        }
        if (over_) {
            return 0;
        }
        return failed_ ? kUsed : any_ ? 0 : 1;
    }

private:
    void below(const std::string& shown, const std::string& path) {
        const ShellWork::Level level(call_.work());
        if (!call_.work().step()) {
            return;
        }
        std::vector<std::pair<std::string, ShellNode::Kind>> entries;
        for (const auto& [name, node] : call_.files().entries(path)) {
            entries.emplace_back(name, node->kind);
        }
        std::ranges::reverse(entries);  // a tmpfs lists the newest first
        for (const auto& [name, kind] : entries) {
            const std::string next = shown + (shown.ends_with('/') ? "" : "/") + name;
            if (over_ || call_.work().stopped()) {
                return;
            }
            if (kind == ShellNode::Kind::Directory) {
                below(next, (path == "/" ? "" : path) + '/' + name);
            } else if (kind == ShellNode::Kind::File) {
                file(next, next);
            }
        }
    }

    /// The leftmost match, by whatever pattern; the longest of those.
    std::optional<ShellRegex::Span> search(std::string_view line, std::size_t from) {
        std::optional<ShellRegex::Span> best;
        for (const ShellRegex& pattern : patterns_) {
            std::optional<ShellRegex::Span> hit;
            for (std::size_t at = from; at <= line.size(); at = hit->first + 1) {
                std::size_t steps = 0;
                hit = pattern.search(line.substr(at), steps, at > 0);
                if (!call_.work().move(steps * 4 + 1) || !hit) {
                    hit.reset();
                    break;
                }
                hit = ShellRegex::Span(hit->first + at, hit->second + at);
                const bool whole = hit->first == 0 && hit->second == line.size();
                const bool word = !(hit->first > 0 && isWord(line, hit->first - 1)) && !isWord(line, hit->second);
                if (call_.has('x') ? whole : !call_.has('w') || word) {
                    break;
                }
                if (call_.has('x')) {
                    hit.reset();
                    break;
                }
            }
            if (hit &&
                (!best || hit->first < best->first || (hit->first == best->first && hit->second > best->second))) {
                best = hit;
            }
        }
        return best;
    }

    void print(const std::string& name, std::size_t number, std::string_view line, char sign) {
        if ((before_ > 0 || behind_ > 0) && printed_ > 0 && printed_ + 1 != number) {
            call_.out("--\n");
        }
        printed_ = number;
        std::string text = named_ ? name + sign : "";
        text += call_.has('n') ? std::to_string(number) + sign : "";
        text.append(line);
        call_.out(text + (call_.has('z') ? '\0' : '\n'));
    }

    void file(const std::string& path, const std::string& name) {
        if (!call_.work().step()) {
            return;
        }
        if (path != "-") {
            ShellFiles::Place place = call_.locate(path);
            place.error = place.error == ShellError::None ? call_.files().mayRead(place.path) : place.error;
            if (place.error != ShellError::None) {
                failed_ = true;
                if (!call_.has('s')) {
                    call_.fail(path + ": " + std::string(errorText(place.error)));
                }
                return;
            }
        }
        const ShellStreamPtr stream = call_.open(path, "-");
        if (!stream) {
            failed_ = true;
            return;
        }
        ShellLines from(call_.work(), *stream, call_.has('z') ? '\0' : '\n');
        const std::size_t found = lines(from, name);
        if (call_.work().starved()) {
            over_ = true;
            return;
        }
        any_ |= found > 0;
        if (over_) {
            return;
        }
        if (call_.has('c')) {
            call_.out((named_ ? name + ':' : "") + std::to_string(found) + '\n');
        }
        if (call_.has('l') && found > 0) {
            call_.out(name + '\n');
        }
        if (call_.has('L') && found == 0) {
            call_.out(name + '\n');
        }
    }

    std::size_t lines(ShellLines& from, const std::string& name) {
        std::deque<std::pair<std::size_t, std::string_view>> kept;  // lines before, not shown yet
        std::size_t number = 0;
        std::size_t found = 0;
        std::size_t due = 0;  // lines behind, still to be shown
        const bool silent = call_.has('q') || call_.has('l') || call_.has('L') || call_.has('c');
        while (found < most_ || due > 0) {
            const std::optional<std::string_view> next = from.next();
            if (!next || call_.work().stopped()) {
                break;
            }
            const std::string_view line = *next;
            ++number;
            const auto hit = found < most_ ? search(line, 0) : std::nullopt;
            if (found >= most_ ? due == 0 : call_.work().stopped()) {
                break;
            }
            if (found < most_ && hit.has_value() != call_.has('v')) {
                ++found;
                if (call_.has('q')) {
                    over_ = true;
                    return found;
                }
                if (call_.has('l') || call_.has('L')) {
                    return found;
                }
                if (silent) {
                    continue;
                }
                for (const auto& [earlier, text] : kept) {
                    print(name, earlier, text, '-');
                }
                kept.clear();
                due = behind_;
                if (!call_.has('o')) {
                    print(name, number, line, ':');
                } else if (!call_.has('v')) {
                    parts(name, number, line, hit);
                }
            } else if (due > 0) {
                --due;
                print(name, number, line, '-');
            } else if (before_ > 0) {
                kept.emplace_back(number, line);
                if (kept.size() > before_) {
                    kept.pop_front();
                }
            }
        }
        return found;
    }

    /// -o: each match of a line.
    void parts(const std::string& name, std::size_t number, std::string_view line,
               std::optional<ShellRegex::Span> hit) {
        while (hit && !call_.work().stopped()) {
            if (hit->second > hit->first) {
                print(name, number, line.substr(hit->first, hit->second - hit->first), ':');
            }
            const std::size_t next = hit->second > hit->first ? hit->second : hit->second + 1;
            hit = next <= line.size() ? search(line, next) : std::nullopt;
        }
    }

    ShellCall& call_;
    std::vector<ShellRegex> patterns_;
    std::size_t most_ = 0;
    std::size_t before_ = 0;
    std::size_t behind_ = 0;
    std::size_t printed_ = 0;  // the number of the line that was shown last
    bool wrong_ = false;
    bool named_ = false;
    bool any_ = false;
    bool failed_ = false;
    bool over_ = false;  // -q found something
};

/// The patterns of all -e and -f. Nothing after an error.
std::optional<std::string> givenPatterns(ShellCall& call) {
    std::string patterns;
    bool begun = false;
    for (const auto& [letter, value] : call.given()) {
        if (letter != 'e' && letter != 'f') {
            continue;
        }
        int status = 0;
        std::string text = letter == 'e' ? value : call.readAll({value}, status, "-");
        if (status != 0) {
            return std::nullopt;
        }
        text.resize(text.size() - (letter == 'f' && text.ends_with('\n') ? 1 : 0));
        patterns += (std::exchange(begun, true) ? "\n" : "") + text;
    }
    return patterns;
}

int grep(ShellCall& call) {
    std::erase_if(call.words,
                  [](const std::string& word) { return word == "--color" || word.starts_with("--color="); });
    if (!call.parse("HhnlLoqvsrRiwFEzxce:f:m:A:B:C:")) {
        return kUsed;
    }
    std::optional<std::string> patterns = givenPatterns(call);
    if (!patterns) {
        return kUsed;
    }
    std::vector<std::string> paths = call.operands();
    if (!call.has('e') && !call.has('f')) {
        if (paths.empty()) {
            call.usage();
            return kUsed;
        }
        *patterns = paths.front();
        paths.erase(paths.begin());
    }
    const ShellRegex::Kind kind = call.has('F') || call.name() == "fgrep"   ? ShellRegex::Kind::Fixed
                                  : call.has('E') || call.name() == "egrep" ? ShellRegex::Kind::Egrep
                                                                            : ShellRegex::Kind::Basic;
    std::vector<ShellRegex> regexes;
    for (std::string_view rest = *patterns; regexes.size() < kMostPatterns;) {
        const std::string_view one = rest.substr(0, rest.find('\n'));
        regexes.emplace_back(one, kind, call.has('i'));
        call.work().move(regexes.back().cost());
        if (!regexes.back().valid()) {
            call.fail("bad regex '" + std::string(one) + "'");
            return kUsed;
        }
        if (one.size() == rest.size()) {
            break;
        }
        rest.remove_prefix(one.size() + 1);
    }
    Grep search(call, std::move(regexes));
    return search.takeNumbers() ? search.run(std::move(paths)) : kUsed;
}

constexpr ShellApplet kApplets[] = {
    {"egrep", grep},
    {"fgrep", grep},
    {"grep", grep},
};

}  // namespace

std::span<const ShellApplet> shellGrepApplets() {
    return kApplets;
}

}  // namespace apiary::agent
