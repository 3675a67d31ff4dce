/// Applets that read text: cat, head, grep and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_lines.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

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
        if (path == "-" && !call.shell().streams()[0]) {
            status = call.fail("read error: Bad file descriptor");
            continue;
        }
        const ShellStreamPtr stream = call.open(path, call.has('n') || call.has('b') ? "-" : "");
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

/// -5 becomes -n 5, as head and tail still take it; +5 becomes -n +5, for tail alone.
void modernise(ShellCall& call) {
    if (call.words.size() < 2 || call.words[1].size() < 2 ||
        std::isdigit(static_cast<unsigned char>(call.words[1][1])) == 0) {
        return;
    }
    std::string& word = call.words[1];
    if (word.front() == '-' || (word.front() == '+' && call.name() == "tail")) {
        word = "-n" + word.substr(word.front() == '-' ? 1 : 0);
    }
}

/// A count with the suffixes that head and tail know.
std::optional<std::uint64_t> countOf(std::string_view text) {
    return text.empty() || std::string_view("cwGB").find(text.back()) != std::string_view::npos ? std::nullopt
                                                                                                : parseSize(text);
}

int head(ShellCall& call) {
    modernise(call);
    if (!call.parse("n:c:qv")) {
        return 1;
    }
    const bool bytes = call.has('c');
    std::string count = bytes ? call.value('c') : call.valueOr('n', "10");
    const bool allBut = count.starts_with('-');
    const auto number = countOf(allBut ? std::string_view(count).substr(1) : std::string_view(count));
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
        countOf(from || count.starts_with('-') ? std::string_view(count).substr(1) : std::string_view(count));
    if (!number) {
        return call.fail("invalid number '" + count + "'");
    }
    int status = 0;
    const std::vector<std::string> paths = call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"};
    std::vector<std::pair<std::string, ShellStreamPtr>> opened;
    for (const std::string& path : paths) {
        const ShellStreamPtr stream = call.open(path);
        status = stream ? status : 1;
        if (stream) {
            opened.emplace_back(path, stream);
        }
    }
    if (opened.empty()) {
        return call.fail("no files");
    }
    bool first = true;
    for (const auto& [path, stream] : opened) {
        if ((opened.size() > 1 && !call.has('q')) || call.has('v')) {
            call.out((first ? "==> " : "\n==> ") + path + " <==\n");
        }
        first = false;
        const std::string all = readToTheEnd(call.work(), *stream);
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
    if (call.has('f') || call.has('F')) {  // nobody else writes
        call.work().wait(ShellWork::kMostTime);
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
        const ShellNode* node = stream->kind == ShellStream::Kind::File ? call.files().find(stream->path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::Directory) {
            status = call.fail(path + ": Is a directory");
        }
        bool inWord = false;
        std::size_t length = 0;
        for (const char c : call.work().read(*stream, ShellFiles::kMostBytes)) {
            const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
            numbers[0] += c == '\n' ? 1 : 0;
            numbers[1] += !space && !inWord && std::isprint(static_cast<unsigned char>(c)) != 0 ? 1 : 0;
            inWord = !space && (inWord || std::isprint(static_cast<unsigned char>(c)) != 0);
            ++numbers[2];
            length = c == '\n' || c == '\r' || c == '\f' ? 0 : c == '\t' ? length + 8 - length % 8 : length + 1;
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

int tee(ShellCall& call) {
    if (!call.parse("ai")) {
        return 1;
    }
    const ShellStreamPtr input = call.input();
    std::string all;
    if (input->kind == ShellStream::Kind::Terminal) {  // what is typed comes back line by line
        for (std::string line = call.work().readLine(*input); !line.empty(); line = call.work().readLine(*input)) {
            all += line;
            call.out(line);
        }
        if (call.work().starved()) {
            return 0;
        }
    } else {
        all = call.work().read(*input, ShellWork::kMostPiped);
    }
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
    if (input->kind != ShellStream::Kind::Terminal) {
        call.out(all);
    }
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"cat", concatenate},     {"head", head, "/usr/bin"}, {"tail", tail, "/usr/bin"},
    {"tee", tee, "/usr/bin"}, {"wc", count, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellTextApplets() {
    return kApplets;
}

}  // namespace apiary::agent
