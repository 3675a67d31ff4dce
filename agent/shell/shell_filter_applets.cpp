/// Applets that change or choose lines: grep, cut, tr, sort and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

/// The next line of a text with its end, taken off it.
std::string_view takeLine(std::string_view& text) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    return line;
}

std::string_view withoutEnd(std::string_view line) {
    return line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
}

int grep(ShellCall& call) {
    if (!call.parse("HhnlLoqvsrRiwFExce:f:m:A:B:C:")) {
        return 2;
    }
    std::vector<std::string> paths = call.operands();
    std::string expression;
    if (call.has('e')) {
        expression = call.value('e');
    } else if (!paths.empty()) {
        expression = paths.front();
        paths.erase(paths.begin());
    } else {
        call.usage();
        return 2;
    }
    const bool fixed = call.has('F') || call.name() == "fgrep";
    const bool extended = call.has('E') || call.name() == "egrep";
    ShellRegex regex(expression,
                     fixed      ? ShellRegex::Kind::Fixed
                     : extended ? ShellRegex::Kind::Extended
                                : ShellRegex::Kind::Basic,
                     call.has('i'));
    if (!regex.valid()) {
        call.fail("bad regex '" + expression + "'");
        return 2;
    }
    bool any = false;
    bool failed = false;
    const bool named = (paths.size() > 1 || call.has('H')) && !call.has('h');
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        const ShellFiles::Place place = call.locate(path);
        const bool missing =
            path != "-" && (place.error != ShellError::None || call.files().find(place.path) == nullptr);
        if (missing) {
            if (!call.has('s')) {
                call.fail(path + ": No such file or directory");
            }
            failed = true;
            continue;
        }
        const ShellStreamPtr stream = call.open(path, "-");
        if (!stream) {
            failed = true;
            continue;
        }
        const std::string all = call.work().read(*stream, ShellWork::kMostPiped);
        std::string_view rest = all;
        std::size_t number = 0;
        std::size_t found = 0;
        while (!rest.empty() && !call.work().stopped()) {
            const std::string_view line = withoutEnd(takeLine(rest));
            ++number;
            std::size_t steps = 0;
            auto hit = regex.search(line, steps);
            if (hit && call.has('x') && (hit->first != 0 || hit->second != line.size())) {
                hit.reset();
            }
            if (!call.work().move(steps * 4 + 1)) {
                break;
            }
            if (hit.has_value() == call.has('v')) {
                continue;
            }
            any = true;
            ++found;
            if (call.has('q')) {
                return 0;
            }
            if (call.has('l')) {
                call.out(path + '\n');
                break;
            }
            if (!call.has('c')) {
                std::string_view tail = line;
                do {  // -o shows each match of a line
                    const std::string_view shown =
                        call.has('o') && hit ? tail.substr(hit->first, hit->second - hit->first) : line;
                    call.out((named ? path + ':' : "") + (call.has('n') ? std::to_string(number) + ':' : "") +
                             std::string(shown) + '\n');
                    tail.remove_prefix(hit ? hit->second : 0);
                    hit = call.has('o') && hit && hit->second > hit->first ? regex.search(tail, steps) : std::nullopt;
                } while (hit && hit->second > hit->first && call.work().move(steps * 4 + 1));
            }
            if (call.has('m') && found >= parseNumber<std::size_t>(call.value('m')).value_or(1)) {
                break;
            }
        }
        if (call.has('c')) {
            call.out((named ? path + ':' : "") + std::to_string(found) + '\n');
        }
    }
    return failed ? 2 : any ? 0 : 1;
}

/// "1,3-5,7-" as pairs of first and last, from 1.
std::optional<std::vector<std::pair<std::size_t, std::size_t>>> ranges(std::string_view text) {
    std::vector<std::pair<std::size_t, std::size_t>> all;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const std::size_t dash = part.find('-');
        const auto low = dash == 0 ? std::optional<std::size_t>(1) : parseNumber<std::size_t>(part.substr(0, dash));
        const auto high = dash == std::string_view::npos ? low
                          : dash + 1 == part.size()      ? std::optional<std::size_t>(std::string_view::npos)
                                                         : parseNumber<std::size_t>(part.substr(dash + 1));
        if (!low || !high || *low == 0 || *high < *low || all.size() > 64) {
            return std::nullopt;
        }
        all.emplace_back(*low, *high);
    }
    return all;
}

int cut(ShellCall& call) {
    if (!call.parse("b:c:f:d:sno:")) {
        return 1;
    }
    const char kind = call.has('f') ? 'f' : call.has('c') ? 'c' : 'b';
    if (!call.has(kind)) {
        return call.fail("expected a list of bytes, characters, or fields");
    }
    const auto wanted = ranges(call.value(kind));
    if (!wanted) {
        return call.fail("invalid range");
    }
    const std::string separator = call.valueOr('d', "\t");
    const char delimiter = separator.empty() || separator.front() == '\0' ? '\t' : separator.front();
    const auto in = [&](std::size_t index) {
        return std::ranges::any_of(*wanted,
                                   [&](const auto& range) { return range.first <= index && index <= range.second; });
    };
    int status = 0;
    const std::string all = call.readAll(call.operands(), status, "-");
    std::string output;
    for (std::string_view rest = all; !rest.empty() && call.work().move(16);) {
        const std::string_view line = withoutEnd(takeLine(rest));
        if (kind == 'f' && line.find(delimiter) == std::string_view::npos) {
            output += call.has('s') ? "" : std::string(line) + '\n';
            continue;
        }
        std::string kept;
        bool first = true;
        std::size_t index = 1;
        for (std::size_t at = 0; at <= line.size(); ++index) {
            const std::size_t end = kind == 'f' ? std::min(line.find(delimiter, at), line.size()) : at;
            if (in(index)) {
                if (kind == 'f') {
                    kept.append(first ? "" : std::string(1, delimiter)).append(line.substr(at, end - at));
                } else if (at < line.size()) {
                    kept += line[at];
                }
                first = false;
            }
            at = end + 1;
        }
        output += kept + '\n';
    }
    call.out(output);
    return status;
}

/// The bytes of a set of tr: ranges, escapes, classes.
std::string setOf(std::string_view text) {
    std::string set;
    while (!text.empty() && set.size() < 1024) {
        struct Class {
            std::string_view name;
            int (*in)(int);
        };
        constexpr Class kClasses[] = {
            {"[:upper:]", std::isupper}, {"[:lower:]", std::islower}, {"[:digit:]", std::isdigit},
            {"[:alpha:]", std::isalpha}, {"[:alnum:]", std::isalnum}, {"[:space:]", std::isspace},
            {"[:punct:]", std::ispunct}, {"[:cntrl:]", std::iscntrl}, {"[:print:]", std::isprint}};
        const auto* named = std::ranges::find_if(kClasses, [&](const Class& c) { return text.starts_with(c.name); });
        if (named != std::end(kClasses)) {
            for (int c = 0; c < 128; ++c) {
                set += named->in(c) != 0 ? std::string(1, static_cast<char>(c)) : "";
            }
            text.remove_prefix(named->name.size());
            continue;
        }
        char c = text.front();
        text.remove_prefix(1);
        if (c == '\\' && !text.empty()) {
            constexpr std::string_view kFrom = "ntrabfv\\";
            constexpr std::string_view kTo = "\n\t\r\a\b\f\v\\";
            const std::size_t known = kFrom.find(text.front());
            if (text.front() >= '0' && text.front() <= '7') {
                const std::size_t digits =
                    std::min<std::size_t>({3, text.size(), std::min(text.find_first_not_of("01234567"), text.size())});
                c = static_cast<char>(parseNumber<unsigned>(text.substr(0, digits), 8).value_or(0));
                text.remove_prefix(digits);
            } else {
                c = known == std::string_view::npos ? text.front() : kTo[known];
                text.remove_prefix(1);
            }
        }
        if (text.size() >= 2 && text.front() == '-') {
            for (int next = static_cast<unsigned char>(c); next < static_cast<unsigned char>(text[1]); ++next) {
                set += static_cast<char>(next);
            }
            text.remove_prefix(1);
            continue;
        }
        set += c;
    }
    return set;
}

int translate(ShellCall& call) {
    if (!call.parse("+cCds")) {
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    if (operands.empty() || (operands.size() == 1 && !call.has('d') && !call.has('s'))) {
        return call.usage();
    }
    std::string from = setOf(operands[0]);
    if (call.has('c') || call.has('C')) {
        std::string others;
        for (int c = 0; c < 256; ++c) {
            others += from.find(static_cast<char>(c)) == std::string::npos ? std::string(1, static_cast<char>(c)) : "";
        }
        from = others;
    }
    const std::string to = operands.size() > 1 ? setOf(operands[1]) : "";
    std::string output;
    for (const char c : call.work().read(*call.input(), ShellWork::kMostPiped)) {
        const std::size_t at = from.find(c);
        char made = c;
        if (at != std::string::npos) {
            if (call.has('d')) {
                continue;
            }
            made = to.empty() ? c : to[std::min(at, to.size() - 1)];
        }
        const bool squeezes =
            call.has('s') && (to.empty() ? at != std::string::npos : to.find(made) != std::string::npos);
        if (!squeezes || output.empty() || output.back() != made) {
            output += made;
        }
    }
    call.out(output);
    return 0;
}

std::vector<std::string> linesOf(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < 50'000) {
        lines.emplace_back(withoutEnd(takeLine(text)));
    }
    return lines;
}

void outLines(ShellCall& call, const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + '\n';
    }
    call.out(text);
}

int sort(ShellCall& call) {
    if (!call.parse("nrugMcszbdfiok:t:o:T:S:")) {
        return 2;
    }
    int status = 0;
    std::vector<std::string> lines = linesOf(call.readAll(call.operands(), status, "-"));
    const auto key = [&](const std::string& line) {
        const auto field =
            call.has('k') ? parseNumber<std::size_t>(call.value('k').substr(0, call.value('k').find_first_of(",.")))
                          : std::nullopt;
        std::size_t at = 0;
        for (std::size_t i = 1; field && i < *field && at < line.size(); ++i) {
            const std::size_t next =
                call.has('t') && !call.value('t').empty() ? line.find(call.value('t').front(), at) : std::string::npos;
            at = call.has('t')
                     ? (next == std::string::npos ? line.size() : next + 1)
                     : std::min(line.find_first_of(" \t", std::min(line.find_first_not_of(" \t", at), line.size())),
                                line.size());
        }
        return line.substr(at);
    };
    const auto less = [&](const std::string& a, const std::string& b) {
        if (call.has('n') || call.has('g')) {
            const auto number = [](std::string text) {
                text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
                const std::size_t sign = text.starts_with('-') ? 1 : 0;
                return parseNumber<std::int64_t>(
                           text.substr(0, std::min(text.find_first_not_of("0123456789", sign), text.size())))
                    .value_or(0);
            };
            const std::int64_t left = number(key(a));
            const std::int64_t right = number(key(b));
            return left != right ? left < right : a < b;
        }
        return call.has('k') && key(a) != key(b) ? key(a) < key(b) : a < b;
    };
    std::ranges::sort(lines, less);
    if (call.has('r')) {
        std::ranges::reverse(lines);
    }
    if (call.has('u')) {
        lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    }
    outLines(call, lines);
    return status;
}

int unique(ShellCall& call) {
    if (!call.parse("cduif:s:w:z")) {
        return 1;
    }
    int status = 0;
    const std::vector<std::string> paths = call.operands();
    const std::vector<std::string> lines =
        linesOf(call.readAll(paths.empty() ? paths : std::vector<std::string>{paths.front()}, status));
    std::string output;
    for (std::size_t i = 0; i < lines.size();) {
        std::size_t next = i + 1;
        while (next < lines.size() && lines[next] == lines[i]) {
            ++next;
        }
        const std::size_t times = next - i;
        if (!(call.has('d') && times == 1) && !(call.has('u') && times > 1)) {
            output += (call.has('c') ? printed("%7zu ", times) : "") + lines[i] + '\n';
        }
        i = next;
    }
    call.out(output);
    return status;
}

int reverseLines(ShellCall& call) {
    int status = 0;
    std::vector<std::string> lines = linesOf(call.readAll(call.operands(), status, "-"));
    if (call.name() == "tac") {
        std::ranges::reverse(lines);
    } else {
        for (std::string& line : lines) {
            std::ranges::reverse(line);
        }
    }
    outLines(call, lines);
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"cut", cut, "/usr/bin"},
    {"egrep", grep},
    {"fgrep", grep},
    {"grep", grep},
    {"rev", reverseLines, "/usr/bin"},
    {"awk", runAwk, "/usr/bin"},
    {"sed", runSed},
    {"sort", sort, "/usr/bin"},
    {"tac", reverseLines, "/usr/bin"},
    {"tr", translate, "/usr/bin"},
    {"uniq", unique, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellFilterApplets() {
    return kApplets;
}

}  // namespace apiary::agent
