/// Applets that read text: cat, head, grep and the like.

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

/// A byte as cat -v shows it.
std::string visible(char c, bool tabs) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || (c == '\t' && !tabs)) {
        return std::string(1, c);
    }
    std::string text = byte >= 128 ? "M-" : "";
    const unsigned low = byte & 127U;
    return text + (low == 127 ? "^?"
                   : low < 32 ? std::string("^") + static_cast<char>(low + 64)
                              : std::string(1, static_cast<char>(low)));
}

int concatenate(ShellCall& call) {
    if (!call.parse("nbvteAu")) {
        return 1;
    }
    int status = 0;
    std::size_t number = 0;
    const bool shows = call.has('v') || call.has('t') || call.has('e') || call.has('A');
    const bool ends = call.has('e') || call.has('A');
    const bool plain = !shows && !call.has('n') && !call.has('b');
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"}) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            status = 1;
            continue;
        }
        const ShellNode* node = stream->kind == ShellStream::Kind::File ? call.files().find(stream->path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::Directory) {
            status = call.fail("read error: Is a directory");
            continue;
        }
        if (node != nullptr) {
            call.work().report(stream->path);
        }
        for (;;) {
            const bool whole = plain && stream->kind != ShellStream::Kind::Terminal;
            const std::string piece = whole ? call.work().read(*stream, 65536) : call.work().readLine(*stream);
            if (piece.empty()) {
                break;
            }
            std::string text;
            if (call.has('n') || (call.has('b') && piece != "\n")) {
                text = printed("%6zu\t", ++number);
            }
            for (const char c : shows ? std::string_view(piece) : std::string_view{}) {
                text += c == '\n' && ends ? "$" : "";
                text += visible(c, call.has('t') || call.has('A'));
            }
            if (!call.out(shows ? text : text + piece)) {
                return 1;
            }
        }
    }
    return status;
}

/// -5 becomes -n 5, as head and tail still take it.
void modernise(ShellCall& call) {
    if (call.words.size() > 1 && call.words[1].size() > 1 && call.words[1].front() == '-' &&
        std::isdigit(static_cast<unsigned char>(call.words[1][1])) != 0) {
        call.words[1] = "-n" + call.words[1].substr(1);
    }
}

int head(ShellCall& call) {
    modernise(call);
    if (!call.parse("n:c:qv")) {
        return 1;
    }
    const bool bytes = call.has('c');
    std::string count = bytes ? call.value('c') : call.valueOr('n', "10");
    const bool allBut = count.starts_with('-');
    const auto number = parseSize(allBut ? std::string_view(count).substr(1) : std::string_view(count));
    if (!number) {
        return call.fail("invalid number '" + count + "'");
    }
    int status = 0;
    const std::vector<std::string> paths = call.operands();
    bool first = true;
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        const ShellStreamPtr stream = call.open(path, "-");
        if (!stream) {
            status = 1;
            continue;
        }
        if ((paths.size() > 1 && !call.has('q')) || call.has('v')) {
            call.out((first ? "==> " : "\n==> ") + path + " <==\n");
        }
        first = false;
        if (allBut) {
            std::string all = call.work().read(*stream, ShellWork::kMostPiped);
            std::uint64_t left = bytes ? *number : static_cast<std::uint64_t>(std::ranges::count(all, '\n'));
            std::size_t end = bytes ? all.size() - std::min<std::size_t>(all.size(), left) : 0;
            for (left = left > *number ? left - *number : 0; !bytes && left > 0; --left) {
                end = all.find('\n', end) + 1;
            }
            call.out(std::string_view(all).substr(0, end));
        } else if (bytes) {
            call.out(call.work().read(*stream, std::min<std::uint64_t>(*number, ShellWork::kMostPiped)));
        } else {
            for (std::uint64_t i = 0; i < *number; ++i) {
                const std::string line = call.work().readLine(*stream);
                if (line.empty() || !call.out(line)) {
                    break;
                }
            }
        }
    }
    return status;
}

int tail(ShellCall& call) {
    modernise(call);
    if (!call.parse("n:c:fs:qvF")) {
        return 1;
    }
    std::string count = call.has('c') ? call.value('c') : call.valueOr('n', "10");
    const bool from = count.starts_with('+');
    const auto number =
        parseSize(from || count.starts_with('-') ? std::string_view(count).substr(1) : std::string_view(count));
    if (!number) {
        return call.fail("invalid number '" + count + "'");
    }
    int status = 0;
    const std::vector<std::string> paths = call.operands();
    bool first = true;
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        const ShellStreamPtr stream = call.open(path);
        if (!stream) {
            call.fail("no files");
            status = 1;
            continue;
        }
        if (paths.size() > 1 && !call.has('q')) {
            call.out((first ? "==> " : "\n==> ") + path + " <==\n");
        }
        first = false;
        const std::string all = call.work().read(*stream, ShellWork::kMostPiped);
        std::size_t begin = 0;
        if (call.has('c')) {
            begin = from ? std::min<std::size_t>(all.size(), *number - std::min<std::uint64_t>(1, *number))
                         : all.size() - std::min<std::size_t>(all.size(), *number);
        } else {
            auto lines = static_cast<std::uint64_t>(std::ranges::count(all, '\n')) +
                         (all.empty() || all.ends_with('\n') ? 0 : 1);
            std::uint64_t skipped = from ? std::max<std::uint64_t>(*number, 1) - 1 : lines - std::min(lines, *number);
            for (skipped = std::min(skipped, lines); skipped > 0; --skipped) {
                begin = std::min(all.find('\n', begin), all.size() - 1) + 1;
            }
        }
        call.out(std::string_view(all).substr(begin));
    }
    return status;
}

int count(ShellCall& call) {
    if (!call.parse("clwLm")) {
        return 1;
    }
    const bool all = !call.has('c') && !call.has('l') && !call.has('w') && !call.has('L') && !call.has('m');
    const std::vector<std::string> paths = call.operands();
    const bool narrow =
        paths.size() <= 1 && (call.has('c') + call.has('l') + call.has('w') + call.has('L') + call.has('m')) == 1;
    const char* format = narrow ? "%zu" : "%9zu";
    std::array<std::size_t, 4> total{};
    int status = 0;
    const auto line = [&](const std::array<std::size_t, 4>& numbers, const std::string& name) {
        std::string text;
        constexpr char kLetters[] = {'l', 'w', 'c', 'L'};
        for (std::size_t i = 0; i < 4; ++i) {
            if ((all && i < 3) || call.has(kLetters[i]) || (i == 2 && call.has('m'))) {
                text += (text.empty() ? "" : " ") + printed(format, numbers[i]);
            }
        }
        call.out(text + (name.empty() ? "" : " " + name) + '\n');
    };
    for (const std::string& path : paths.empty() ? std::vector<std::string>{""} : paths) {
        const ShellStreamPtr stream = path.empty() ? call.input() : call.open(path, "-");
        if (!stream) {
            status = 1;
            continue;
        }
        std::array<std::size_t, 4> numbers{};
        bool inWord = false;
        std::size_t length = 0;
        for (const char c : call.work().read(*stream, ShellFiles::kMostBytes)) {
            const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
            numbers[0] += c == '\n' ? 1 : 0;
            numbers[1] += !space && !inWord && std::isprint(static_cast<unsigned char>(c)) != 0 ? 1 : 0;
            inWord = !space && (inWord || std::isprint(static_cast<unsigned char>(c)) != 0);
            ++numbers[2];
            length = c == '\n' ? 0 : length + 1;
            numbers[3] = std::max(numbers[3], length);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            total[i] += numbers[i];
        }
        line(numbers, path);
    }
    if (paths.size() > 1) {
        line(total, "total");
    }
    return status;
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
            if (!call.work().move(steps + 1)) {
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
                const std::string_view shown =
                    call.has('o') && hit ? line.substr(hit->first, hit->second - hit->first) : line;
                call.out((named ? path + ':' : "") + (call.has('n') ? std::to_string(number) + ':' : "") +
                         std::string(shown) + '\n');
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
    const char delimiter =
        call.valueOr('d', "\t").substr(0, 1).front() == '\0' ? '\t' : call.valueOr('d', "\t").front();
    const auto in = [&](std::size_t index) {
        return std::ranges::any_of(*wanted,
                                   [&](const auto& range) { return range.first <= index && index <= range.second; });
    };
    int status = 0;
    const std::string all = call.readAll(call.operands(), status);
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
    std::vector<std::string> lines = linesOf(call.readAll(call.operands(), status));
    const auto key = [&](const std::string& line) {
        const auto field =
            call.has('k') ? parseNumber<std::size_t>(call.value('k').substr(0, call.value('k').find_first_of(",.")))
                          : std::nullopt;
        std::size_t at = 0;
        for (std::size_t i = 1; field && i < *field && at < line.size(); ++i) {
            at = call.has('t')
                     ? std::min(line.find(call.value('t').front(), at) + 1, line.size())
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
    std::vector<std::string> lines = linesOf(call.readAll(call.operands(), status));
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

int tee(ShellCall& call) {
    if (!call.parse("ai")) {
        return 1;
    }
    const std::string all = call.work().read(*call.input(), ShellWork::kMostPiped);
    int status = 0;
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path);
        ShellError error = place.error;
        if (error == ShellError::None) {
            error =
                call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds(), call.has('a'));
        }
        if (error != ShellError::None) {
            status = call.fail(path + ": " + std::string(errorText(error)));
            continue;
        }
        ShellStream stream{ShellStream::Kind::File, place.path};
        stream.append = call.has('a');
        call.work().write(stream, all);
    }
    call.out(all);
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"cat", concatenate},
    {"cut", cut, "/usr/bin"},
    {"egrep", grep},
    {"fgrep", grep},
    {"grep", grep},
    {"head", head, "/usr/bin"},
    {"rev", reverseLines, "/usr/bin"},
    {"sort", sort, "/usr/bin"},
    {"tac", reverseLines, "/usr/bin"},
    {"tail", tail, "/usr/bin"},
    {"tee", tee, "/usr/bin"},
    {"tr", translate, "/usr/bin"},
    {"uniq", unique, "/usr/bin"},
    {"wc", count, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellTextApplets() {
    return kApplets;
}

}  // namespace apiary::agent
