/// Applets that need little but their arguments: echo, printf, test, dd and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

int sleep(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    Millis total{0};
    for (const std::string& word : call.operands()) {
        const std::size_t digits = std::min(word.find_first_not_of("0123456789."), word.size());
        const auto whole =
            parseNumber<std::uint32_t>(std::string_view(word).substr(0, std::min(word.find('.'), digits)));
        const std::string_view unit = std::string_view(word).substr(digits);
        if ((!whole && !word.starts_with('.')) ||
            (!unit.empty() && unit != "s" && unit != "m" && unit != "h" && unit != "d")) {
            return call.fail("invalid number '" + word + "'");
        }
        const std::uint64_t factor = unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 1;
        const bool micro = call.name() == "usleep";
        total +=
            Millis(static_cast<std::int64_t>(whole.value_or(0) * factor * (micro ? 1 : 1000) / (micro ? 1000 : 1)));
    }
    call.work().wait(total);
    return 0;
}

int baseName(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    std::string_view path = call.words[1];
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    if (call.name() == "dirname") {
        const std::size_t slash = path.rfind('/');
        call.out(std::string(slash == std::string_view::npos ? "." : slash == 0 ? "/" : path.substr(0, slash)) + '\n');
        return 0;
    }
    std::string name(path == "/" ? path : nameOf(path));
    if (call.words.size() > 2 && name.ends_with(call.words[2]) && name != call.words[2]) {
        name.resize(name.size() - call.words[2].size());
    }
    call.out(name + '\n');
    return 0;
}

int environmentList(ShellCall& call) {
    if (!call.parse("+i0u:")) {
        return 1;
    }
    std::size_t at = 1;
    ShellEnvironment inner = call.environment();
    const bool bare = at < call.words.size() && call.words[at] == "-";
    at += bare ? 1 : 0;
    if (bare || call.has('i')) {
        std::erase_if(inner.variables, [](const auto& entry) { return entry.second.exported; });
    }
    if (call.has('u')) {
        inner.variables.erase(call.value('u'));
    }
    for (; at < call.words.size() && call.words[at].find('=') != std::string::npos; ++at) {
        const std::string& word = call.words[at];
        const std::string name = word.substr(0, word.find('='));
        inner.set(name, word.substr(name.size() + 1));
        if (const auto known = inner.variables.find(name); known != inner.variables.end()) {
            known->second.exported = true;
        }
    }
    if (at == call.words.size()) {
        for (const auto& [name, value] : inner.exported()) {
            call.out(name + '=' + value + (call.has('0') ? '\0' : '\n'));
        }
        return 0;
    }
    const std::vector<std::string> words(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    if (words.front().find('/') == std::string::npos && findShellApplet(words.front()) == nullptr) {
        call.fail("can't execute '" + words.front() + "': No such file or directory");
        return 127;
    }
    ShellInterpreter shell(call.work(), inner, call.shell().streams());
    const int status = shell.runWords(words, true);
    call.environment().nested |= inner.nested;
    return status;
}

int yes(ShellCall& call) {
    std::string text;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        text += (i > 1 ? " " : "") + call.words[i];
    }
    text = (call.words.size() > 1 ? text : "y") + '\n';
    const std::string line = text;
    while (text.size() < 4096) {
        text += line;
    }
    while (call.out(text)) {
    }
    return 1;
}

int sequence(ShellCall& call) {
    std::vector<std::int64_t> numbers;
    for (const std::string& word : call.operands()) {
        const auto number = parseInteger(word);
        if (!number || *number > 1'000'000'000 || *number < -1'000'000'000) {
            return call.fail("invalid number '" + word + "'");
        }
        numbers.push_back(*number);
    }
    if (numbers.empty() || numbers.size() > 3) {
        return call.usage();
    }
    const std::int64_t step = numbers.size() == 3 ? numbers[1] : 1;
    for (std::int64_t i = numbers.size() > 1 ? numbers.front() : 1;
         step >= 0 ? i <= numbers.back() : i >= numbers.back(); i += step) {
        if (!call.out(std::to_string(i) + '\n')) {
            return 1;
        }
    }
    return 0;
}

int which(ShellCall& call) {
    if (!call.parse("a")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& word : call.operands()) {
        std::string path = word;
        bool found = word.find('/') != std::string::npos && call.locate(word).error == ShellError::None &&
                     call.files().mayExecute(call.locate(word).path) == ShellError::None;
        std::string_view folders = call.environment().get("PATH");
        while (!found && word.find('/') == std::string::npos && !folders.empty() && call.work().step()) {
            path = std::string(folders.substr(0, folders.find(':'))) + '/' + word;
            folders.remove_prefix(
                std::min(folders.find(':') + 1 == 0 ? folders.size() : folders.find(':') + 1, folders.size()));
            const ShellFiles::Place place = call.locate(path);
            found = place.error == ShellError::None && call.files().mayExecute(place.path) == ShellError::None;
        }
        if (found) {
            call.out(path + '\n');
        } else {
            status = 1;
        }
    }
    return status;
}

int succeed(ShellCall& /*call*/) {
    return 0;
}

int refuse(ShellCall& /*call*/) {
    return 1;
}

int clear(ShellCall& call) {
    call.out("\x1b[H\x1b[J");
    return 0;
}

int copyBlocks(ShellCall& call) {
    std::map<std::string, std::string, std::less<>> given;
    for (const std::string& word : call.operands()) {
        const std::size_t equals = word.find('=');
        constexpr std::string_view kNames[] = {"if",   "of",   "bs",   "ibs",   "obs",   "count",
                                               "skip", "seek", "conv", "iflag", "oflag", "status"};
        if (equals == std::string::npos || std::ranges::find(kNames, word.substr(0, equals)) == std::end(kNames)) {
            return call.usage();
        }
        given[word.substr(0, equals)] = word.substr(equals + 1);
    }
    std::map<std::string, std::uint64_t, std::less<>> numbers{
        {"bs", 512}, {"skip", 0}, {"seek", 0}, {"count", ~std::uint64_t{0}}};
    for (auto& [name, number] : numbers) {
        if (given.contains(name)) {
            const auto value = parseSize(given[name]);
            if (!value || (name == "bs" && *value == 0)) {
                return call.fail(value ? "number 0 is not in 1..2147483647 range"
                                       : "invalid number '" + given[name] + "'");
            }
            number = *value;
        }
    }
    const std::uint64_t block = std::min<std::uint64_t>(numbers["bs"], ShellFiles::kMostBytes);
    const ShellStreamPtr input = given.contains("if") ? call.open(given["if"]) : call.input();
    if (!input) {
        return 1;
    }
    ShellStreamPtr output;
    if (given.contains("of")) {
        ShellFiles::Place place = call.locate(given["of"]);
        call.work().report(place.error == ShellError::None ? place.path : "");
        const bool keep = given.contains("seek") || given["conv"].find("notrunc") != std::string::npos;
        if (place.error == ShellError::None) {
            place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds(), keep);
        }
        if (place.error != ShellError::None) {
            return call.fail("can't open '" + given["of"] + "': " + std::string(errorText(place.error)));
        }
        output = std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::File, place.path});
        output->offset = numbers["seek"] * block;
    }
    input->offset += numbers["skip"] * block;
    std::uint64_t whole = 0;
    std::uint64_t part = 0;
    std::uint64_t bytes = 0;
    while (whole + part < numbers["count"] && call.work().step()) {
        const std::string piece = call.work().read(*input, block);
        if (piece.empty()) {
            break;
        }
        ++(piece.size() == block ? whole : part);
        bytes += piece.size();
        const ShellError error = output ? call.work().write(*output, piece) : ShellError::None;
        if (error != ShellError::None) {
            return call.fail("error writing '" + given["of"] + "': " + std::string(errorText(error)));
        }
        if (!output && !call.out(piece)) {
            return 1;
        }
    }
    if (given["status"] != "none") {
        const auto summary = [](std::uint64_t a, std::uint64_t b) {
            return std::to_string(a) + '+' + std::to_string(b);
        };
        call.error(summary(whole, part) + " records in\n" + summary(whole, part) + " records out\n");
    }
    return 0;
}

/// The cells of a row as od prints them; `width` bytes a cell.
std::string cell(char format, std::string_view row, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < row.size() ? static_cast<unsigned>(static_cast<unsigned char>(row[i])) : 0U;
    };
    switch (format) {
        case 'b':
            return printed(" %03o", byte(at));
        case '1':
            return printed(" %02x", byte(at));
        case 'x':
            return printed(" %04x", byte(at) | byte(at + 1) << 8U);
        case 'd':
            return printed(" %5u", byte(at) | byte(at + 1) << 8U);
        case 'c': {
            static constexpr std::string_view kControls = "abtnvfr";
            const unsigned char c = static_cast<unsigned char>(row[at]);
            return c == 0                 ? "  \\0"
                   : c >= 7 && c <= 13    ? std::string("  \\") + kControls[c - 7U]
                   : std::isprint(c) != 0 ? std::string("   ") + row[at]
                                          : printed(" %03o", static_cast<unsigned>(c));
        }
        default:
            return printed(" %06o", byte(at) | byte(at + 1) << 8U);
    }
}

std::string octalRow(char format, std::string_view row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); i += format == 'b' || format == '1' || format == 'c' ? 1 : 2) {
        text += cell(format, row, i);
    }
    return text;
}

std::string hexadecimalRow(bool canonical, std::string_view row) {
    std::string text;
    for (std::size_t i = 0; i < 16; i += canonical ? 1 : 2) {
        if (canonical) {
            const std::string digits = i < row.size() ? cell('1', row, i).substr(1) : "  ";
            text += (i % 8 == 0 ? "  " : " ") + digits;
        } else {
            text += i < row.size() ? cell('x', row, i) : "     ";
        }
    }
    if (canonical) {
        std::string shown(row);
        std::ranges::replace_if(
            shown, [](unsigned char c) { return std::isprint(c) == 0; }, '.');
        text += "  |" + shown + '|';
    }
    return text;
}

int dump(ShellCall& call) {
    if (!call.parse("abcdfhiloxCvn:s:e:A:t:N:j:p")) {
        return 1;
    }
    int status = 0;
    std::string all = call.readAll(call.operands(), status, "-");
    if (status != 0 && all.empty()) {
        return status;
    }
    for (const char letter : {'n', 'N'}) {
        all.resize(call.has(letter) ? std::min<std::size_t>(all.size(), parseSize(call.value(letter)).value_or(0))
                                    : all.size());
    }
    for (const char letter : {'s', 'j'}) {
        all.erase(0, call.has(letter) ? parseSize(call.value(letter)).value_or(0) : 0);
    }
    const bool octal = call.name() == "od";
    const std::string type = call.valueOr('t', "");
    const char format = call.has('c') || type == "c"                     ? 'c'
                        : call.has('b') || type == "o1"                  ? 'b'
                        : type == "x1"                                   ? '1'
                        : call.has('x') || call.has('h') || type == "x2" ? 'x'
                        : call.has('d') || type == "u2"                  ? 'd'
                                                                         : 'o';
    const std::string radix = call.valueOr('A', "o");
    const auto address = [&](std::size_t at) {
        return !octal         ? printed(call.has('C') ? "%08zx" : "%07zx", at)
               : radix == "n" ? ""
               : radix == "x" ? printed("%06zx", at)
               : radix == "d" ? printed("%07zu", at)
                              : printed("%07zo", at);
    };
    std::string output;
    std::string_view before;
    bool folded = false;
    for (std::size_t at = 0; at < all.size(); at += 16) {
        const std::string_view row = std::string_view(all).substr(at, 16);
        if (at > 0 && row == before && !call.has('v')) {
            output += std::exchange(folded, true) ? "" : "*\n";
            continue;
        }
        before = row;
        folded = false;
        output += address(at) + (octal ? octalRow(format, row) : hexadecimalRow(call.has('C'), row)) + '\n';
    }
    output += octal && radix == "n" ? "" : all.empty() && !octal ? "" : address(all.size()) + '\n';
    call.out(output);
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"[", runTest, "/usr/bin"},
    {"[[", runTest, "/usr/bin"},
    {"basename", baseName, "/usr/bin"},
    {"clear", clear, "/usr/bin"},
    {"dd", copyBlocks},
    {"dirname", baseName, "/usr/bin"},
    {"echo", runEcho},
    {"env", environmentList, "/usr/bin"},
    {"false", refuse},
    {"hexdump", dump, "/usr/bin"},
    {"od", dump, "/usr/bin"},
    {"printf", runPrintf, "/usr/bin"},
    {"seq", sequence, "/usr/bin"},
    {"sleep", sleep},
    {"sync", succeed},
    {"test", runTest, "/usr/bin"},
    {"true", succeed},
    {"usleep", sleep},
    {"which", which, "/usr/bin"},
    {"yes", yes, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellPlainApplets() {
    return kApplets;
}

}  // namespace apiary::agent
