/// Applets that show what is known of files, or their lines in another form: stat, du, nl, fold, paste.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

std::vector<std::string> linesOf(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines.emplace_back(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

std::string modeLetters(const ShellNode& node) {
    std::string text(1, node.kind == Kind::Directory ? 'd'
                        : node.kind == Kind::Link    ? 'l'
                        : node.kind == Kind::File    ? '-'
                        : node.block                 ? 'b'
                                                     : 'c');
    for (int bit = 8; bit >= 0; --bit) {
        text += (node.mode >> static_cast<unsigned>(bit) & 1U) != 0 ? "xwr"[bit % 3] : '-';
    }
    if ((node.mode & 01000) != 0) {
        text.back() = text.back() == 'x' ? 't' : 'T';
    }
    return text;
}

std::string_view kindWords(const ShellNode& node) {
    return node.kind == Kind::Directory ? "directory"
           : node.kind == Kind::Link    ? "symbolic link"
           : node.kind == Kind::Device  ? (node.block ? "block special file" : "character special file")
           : node.size() == 0           ? "regular empty file"
                                        : "regular file";
}

/// "2026-11-26 19:56:09.104884833 +0000"
std::string stampOf(std::int64_t seconds) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::string text = dateOf(seconds);  // "Nov 25 21:15:03 2026"
    const std::size_t month = kMonths.find(text.substr(0, 3)) / 3 + 1;
    std::string day = text.substr(4, 2);
    std::ranges::replace(day, ' ', '0');
    return text.substr(16) + printed("-%02zu-", month) + day + ' ' + text.substr(7, 8) +
           printed(".%09u +0000", static_cast<unsigned>(seconds * 7919 % 999'999'937));
}

/// A number by which the kernel knows a file: the same for the same path.
std::size_t inodeOf(std::string_view path) {
    std::size_t number = 5381;
    for (const char c : path) {
        number = (number * 33 + static_cast<unsigned char>(c)) % 60'000;
    }
    return number + 12;
}

int fileState(ShellCall& call) {
    if (!call.parse("ltfc:L")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    const ShellHost& host = call.work().host();
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path, call.has('L'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            status = call.fail("can't stat '" + path + "': No such file or directory");
            continue;
        }
        const std::size_t size = node->kind == Kind::Directory ? 4096 : node->size();
        const std::string user = host.userName(node->owner);
        if (!call.has('c')) {
            call.out("  File: " + path + (node->kind == Kind::Link ? " -> " + std::string(node->text()) : "") +
                     printed("\n  Size: %-10zu\tBlocks: %-10zu IO Block: %-6d ", size, (size + 4095) / 4096 * 8, 4096) +
                     std::string(kindWords(*node)) +
                     printed("\nDevice: %xh/%dd\tInode: %-10zu  Links: %-5d\n", 0x1f03, 0x1f03, inodeOf(place.path),
                             node->kind == Kind::Directory ? 2 : 1) +
                     printed("Access: (%04o/", static_cast<unsigned>(node->mode)) + modeLetters(*node) +
                     printed(")  Uid: (%5u/", node->owner) + printed("%8s)   Gid: (%5u/", user.c_str(), node->owner) +
                     printed("%8s)\n", user.c_str()) + "Access: " + stampOf(node->modified) +
                     "\nModify: " + stampOf(node->modified) + "\nChange: " + stampOf(node->modified) + '\n');
            continue;
        }
        std::string line;
        const std::string& format = call.value('c');
        for (std::size_t i = 0; i < format.size(); ++i) {
            if (format[i] != '%' || i + 1 == format.size()) {
                line += format[i];
                continue;
            }
            switch (format[++i]) {
                case 'n':
                    line += path;
                    break;
                case 'N':
                    line += path;
                    break;
                case 's':
                    line += std::to_string(size);
                    break;
                case 'a':
                    line += printed("%o", static_cast<unsigned>(node->mode));
                    break;
                case 'A':
                    line += modeLetters(*node);
                    break;
                case 'u':
                case 'g':
                    line += std::to_string(node->owner);
                    break;
                case 'U':
                case 'G':
                    line += user;
                    break;
                case 'F':
                    line += kindWords(*node);
                    break;
                case 'i':
                    line += std::to_string(inodeOf(place.path));
                    break;
                case 'h':
                    line += "1";
                    break;
                case 'X':
                case 'Y':
                case 'Z':
                    line += std::to_string(node->modified);
                    break;
                case 'x':
                case 'y':
                case 'z':
                    line += stampOf(node->modified);
                    break;
                default:
                    line += format[i];
            }
        }
        call.out(line + '\n');
    }
    return status;
}

int numberLines(ShellCall& call) {
    if (!call.parse("b:w:s:v:i:")) {
        return 1;
    }
    int status = 0;
    std::size_t number = 0;
    for (const std::string& line : linesOf(call.readAll(call.operands(), status, "-"))) {
        if (!call.out(line.empty() && !call.has('b') ? "       \n" : printed("%6zu\t", ++number) + line + '\n')) {
            break;
        }
    }
    return status;
}

int foldLines(ShellCall& call) {
    if (!call.parse("bsw:")) {
        return 1;
    }
    const std::size_t width = parseNumber<std::size_t>(call.valueOr('w', "80")).value_or(80);
    int status = 0;
    std::string folded;
    std::size_t column = 0;
    for (const char c : call.readAll(call.operands(), status, "-")) {
        if (c != '\n' && column >= std::max<std::size_t>(width, 1)) {
            folded += '\n';
            column = 0;
        }
        folded += c;
        column = c == '\n' ? 0 : column + 1;
    }
    call.out(folded);
    return status;
}

int paste(ShellCall& call) {
    if (!call.parse("d:s")) {
        return 1;
    }
    const std::string parts = call.valueOr('d', "\t");
    std::vector<std::vector<std::string>> columns;
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"-"}) {
        const ShellStreamPtr stream = call.open(path, "-");
        if (!stream) {
            return 1;
        }
        columns.push_back(linesOf(call.work().read(*stream, ShellWork::kMostPiped)));
    }
    const auto part = [&](std::size_t i) { return parts.empty() ? "" : std::string(1, parts[i % parts.size()]); };
    if (call.has('s')) {
        for (const auto& column : columns) {
            std::string line;
            for (std::size_t i = 0; i < column.size(); ++i) {
                line += (i == 0 ? "" : part(i - 1)) + column[i];
            }
            call.out(line + '\n');
        }
        return 0;
    }
    std::size_t rows = 0;
    for (const auto& column : columns) {
        rows = std::max(rows, column.size());
    }
    for (std::size_t row = 0; row < rows && !call.work().stopped(); ++row) {
        std::string line;
        bool first = true;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (row < columns[i].size()) {
                line += (first ? "" : part(i - 1)) + columns[i][row];
                first = false;
            }
        }
        call.out(line + '\n');
    }
    return 0;
}

int page(ShellCall& call) {
    std::erase_if(call.words, [](const std::string& word) { return word.size() > 1 && word.front() == '-'; });
    int status = 0;
    call.out(call.readAll(call.operands(), status));
    return status;
}

int changeGroup(ShellCall& call) {
    if (!call.parse("RhLHPcvf")) {
        return 1;
    }
    if (call.words.size() < 3) {
        return call.usage();
    }
    int status = 0;
    for (std::size_t i = 2; i < call.words.size(); ++i) {
        const ShellFiles::Place place = call.locate(call.words[i]);
        if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
            status = call.fail(call.words[i] + ": No such file or directory");
        }
    }
    return status;
}

std::uint64_t diskUse(ShellCall& call, const std::string& path, const std::string& shown, bool summary, bool human) {
    const auto print = [&](std::uint64_t kilobytes) {
        call.out((human ? printed("%.1fK", static_cast<double>(kilobytes)) : std::to_string(kilobytes)) + '\t' + shown +
                 '\n');
    };
    const ShellNode* node = call.files().find(path);
    if (node == nullptr || call.work().stopped() || !call.work().step()) {
        return 0;
    }
    if (node->kind != Kind::Directory) {
        return path.starts_with("/proc/") || node->kind == Kind::Link ? 0 : (node->size() + 4095) / 4096 * 4;
    }
    std::uint64_t sum = path.starts_with("/proc") || path.starts_with("/sys") ? 0 : 4;
    const ShellWork::Level level(call.work());
    for (const auto& [name, entry] : call.files().entries(path)) {
        const std::string below = (path == "/" ? "" : path) + '/' + name;
        sum += diskUse(call, below, (shown == "/" ? "" : shown) + '/' + name, summary, human);
    }
    if (!summary || shown == call.words[1]) {
        print(sum);
    }
    return sum;
}

int diskUsage(ShellCall& call) {
    if (!call.parse("aHLd:clshmkxb")) {
        return 1;
    }
    if (call.words.size() == 1) {
        call.words.emplace_back(".");
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path);
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            status = call.fail(path + ": No such file or directory");
            continue;
        }
        call.words[1] = path;
        const std::uint64_t used = diskUse(call, place.path, path, call.has('s'), call.has('h'));
        if (node->kind != Kind::Directory) {
            call.out((call.has('h') ? printed("%.1fK", static_cast<double>(used)) : std::to_string(used)) + '\t' +
                     path + '\n');
        }
    }
    return status;
}

int workingDirectory(ShellCall& call) {
    call.out(call.environment().directory + '\n');
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"chgrp", changeGroup},
    {"du", diskUsage, "/usr/bin"},
    {"fold", foldLines, "/usr/bin"},
    {"less", page, "/usr/bin"},
    {"more", page},
    {"nl", numberLines, "/usr/bin"},
    {"paste", paste, "/usr/bin"},
    {"pwd", workingDirectory},
    {"stat", fileState},
};

}  // namespace

std::span<const ShellApplet> shellOperandApplets() {
    return kApplets;
}

}  // namespace apiary::agent
