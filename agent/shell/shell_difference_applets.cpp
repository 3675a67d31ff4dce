/// Applets that compare: cmp, diff.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace apiary::agent {
namespace {

int compare(ShellCall& call) {
    if (!call.parse("lsn:")) {
        return 1;
    }
    const std::size_t count = call.words.size();
    if (count < 2 || count > 5 || (call.has('l') && call.has('s'))) {
        return call.usage();
    }
    std::size_t skipped[2] = {0, 0};
    for (std::size_t i = 3; i < count; ++i) {
        const auto number = parseSize(call.words[i]);
        if (!number) {
            return call.fail("invalid number '" + call.words[i] + "'");
        }
        skipped[i - 3] = *number;
    }
    const std::string names[2] = {call.words[1], count > 2 ? call.words[2] : "-"};
    std::string texts[2];
    for (std::size_t i = 0; i < 2; ++i) {
        const ShellStreamPtr stream = call.open(names[i], "-");
        if (!stream) {
            return 2;
        }
        const ShellNode* node = stream->kind == ShellStream::Kind::File ? call.files().find(stream->path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::Directory) {
            call.fail(names[i] + ": I/O error");
            return 2;
        }
        texts[i] = call.work().read(*stream, ShellWork::kMostPiped);
        texts[i].erase(0, std::min(skipped[i], texts[i].size()));
        if (call.has('n')) {
            texts[i].resize(std::min<std::size_t>(texts[i].size(), parseSize(call.value('n')).value_or(0)));
        }
    }
    const auto& [one, other] = texts;
    std::size_t line = 1;
    int status = 0;
    std::string output;
    for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
        if (one[i] != other[i]) {
            status = 1;
            if (!call.has('l')) {
                call.out(call.has('s')
                             ? ""
                             : names[0] + ' ' + names[1] + printed(" differ: char %zu, line %zu\n", i + 1, line));
                return 1;
            }
            output += printed("%zu %3o %3o\n", i + 1, static_cast<unsigned>(static_cast<unsigned char>(one[i])),
                              static_cast<unsigned>(static_cast<unsigned char>(other[i])));
        }
        line += one[i] == '\n' ? 1 : 0;
    }
    call.out(output);
    if (one.size() != other.size()) {
        if (!call.has('s')) {
            call.fail("EOF on " + (one.size() < other.size() ? names[0] : names[1]));
        }
        return 1;
    }
    return status;
}

using Lines = std::vector<std::string_view>;

Lines linesOf(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        lines.push_back(line);
        text.remove_prefix(line.size());
    }
    return lines;
}

/// Which lines of either stay, by the longest common subsequence; what is too long to compare so is all different.
struct Kept {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
};

Kept keptLines(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    constexpr std::size_t kMostCells = std::size_t{1} << 20U;
    Kept kept;
    std::size_t same = 0;
    while (same < std::min(one.size(), other.size()) && one[same] == other[same]) {
        kept.pairs.emplace_back(same, same);
        ++same;
    }
    const std::size_t rows = one.size() - same;
    const std::size_t columns = other.size() - same;
    if (rows * columns > kMostCells) {
        return kept;
    }
    std::vector<std::uint16_t> lengths((rows + 1) * (columns + 1));
    const auto length = [&](std::size_t r, std::size_t c) -> std::uint16_t& { return lengths[r * (columns + 1) + c]; };
    for (std::size_t r = rows; r-- > 0;) {
        for (std::size_t c = columns; c-- > 0;) {
            length(r, c) = one[same + r] == other[same + c] ? static_cast<std::uint16_t>(length(r + 1, c + 1) + 1)
                                                            : std::max(length(r + 1, c), length(r, c + 1));
        }
    }
    for (std::size_t r = 0, c = 0; r < rows && c < columns;) {
        if (one[same + r] == other[same + c]) {
            kept.pairs.emplace_back(same + r++, same + c++);
        } else if (length(r + 1, c) >= length(r, c + 1)) {
            ++r;
        } else {
            ++c;
        }
    }
    return kept;
}

std::string shownLine(char sign, std::string_view line, bool tab) {
    return sign + std::string(tab ? "\t" : "") + std::string(line) +
           (line.ends_with('\n') ? "" : "\n\\ No newline at end of file\n");
}

/// The hunks of a unified difference, with three lines around each change.
/// `keys` are what is compared of each line.
std::string unified(const Lines& one, const Lines& other, const std::vector<std::string> (&keys)[2], std::size_t around,
                    bool tab) {
    struct Edit {
        char sign;
        std::size_t first;
        std::size_t second;
    };
    std::vector<Edit> edits;
    std::size_t a = 0;
    std::size_t b = 0;
    Kept kept = keptLines(keys[0], keys[1]);
    kept.pairs.emplace_back(one.size(), other.size());
    for (const auto& [first, second] : kept.pairs) {
        for (; a < first; ++a) {
            edits.push_back({'-', a, b});
        }
        for (; b < second; ++b) {
            edits.push_back({'+', a, b});
        }
        if (first < one.size()) {
            edits.push_back({' ', a++, b++});
        }
    }
    std::string text;
    for (std::size_t i = 0; i < edits.size();) {
        if (edits[i].sign == ' ') {
            ++i;
            continue;
        }
        const std::size_t begin = i - std::min(i, around);
        std::size_t last = i;
        for (std::size_t j = i; j < edits.size() && j - last <= 2 * around; ++j) {
            last = edits[j].sign == ' ' ? last : j;
        }
        const std::size_t end = std::min(edits.size(), last + around + 1);
        std::size_t removed = 0;
        std::size_t added = 0;
        std::string body;
        for (std::size_t j = begin; j < end; ++j) {
            removed += edits[j].sign != '+' ? 1 : 0;
            added += edits[j].sign != '-' ? 1 : 0;
            body += shownLine(edits[j].sign, edits[j].sign == '+' ? other[edits[j].second] : one[edits[j].first], tab);
        }
        const auto range = [](std::size_t at, std::size_t size) {
            return std::to_string(size == 0 ? at : at + 1) + (size == 1 ? "" : ',' + std::to_string(size));
        };
        text += "@@ -" + range(edits[begin].first, removed) + " +" + range(edits[begin].second, added) + " @@\n" + body;
        i = end;
    }
    return text;
}

class Difference {
public:
    explicit Difference(ShellCall& call) : call_(call) {
        for (const auto& [letter, value] : call.given()) {
            if (letter == 'L') {
                labels_.push_back(value);
            }
        }
    }

    /// 0 if they are alike, 1 if not, 2 after an error.
    int files(const std::string& one, const std::string& other) {
        std::string texts[2];
        for (std::size_t i = 0; i < 2; ++i) {
            const std::string& path = i == 0 ? one : other;
            if (path == missing_) {
                continue;
            }
            const ShellStreamPtr stream = call_.open(path);
            if (!stream) {
                return 2;
            }
            texts[i] = call_.work().read(*stream, ShellWork::kMostPiped);
        }
        const std::string names = one + " and " + other;
        const Lines lines[2] = {linesOf(texts[0]), linesOf(texts[1])};
        const std::vector<std::string> keys[2] = {keysOf(lines[0]), keysOf(lines[1])};
        if (!call_.work().move(texts[0].size() * 4 + texts[1].size() * 4)) {
            return 2;
        }
        if (keys[0] == keys[1]) {
            call_.out(call_.has('s') && one != other ? "Files " + names + " are identical\n" : "");
            return 0;
        }
        const bool binary = texts[0].find('\0') != std::string::npos || texts[1].find('\0') != std::string::npos;
        if (call_.has('q') || (binary && !call_.has('a'))) {
            call_.out("Files " + names + " differ\n");
            return 1;
        }
        const std::size_t around = parseNumber<std::size_t>(call_.valueOr('U', "3")).value_or(3);
        call_.out("--- " + (labels_.empty() ? one : labels_[0]) + "\n+++ " + (labels_.size() < 2 ? other : labels_[1]) +
                  '\n' + unified(lines[0], lines[1], keys, std::min<std::size_t>(around, 1000), call_.has('T')));
        return 1;
    }

    int folders(const std::string& one, const std::string& other) {
        const ShellWork::Level level(call_.work());
        if (!call_.work().step()) {
            return 2;
        }
        std::set<std::string> names;
        for (const std::string* folder : {&one, &other}) {
            for (const auto& [name, node] : call_.files().entries(call_.locate(*folder).path)) {
                names.insert(name);
            }
        }
        int status = 0;
        for (const std::string& name : names) {
            std::string paths[2] = {within(one, name), within(other, name)};
            const ShellNode* nodes[2] = {nodeAt(paths[0]), nodeAt(paths[1])};
            const bool both = nodes[0] != nullptr && nodes[1] != nullptr;
            if (!both && !(call_.has('N') && call_.has('r'))) {
                call_.out("Only in " + (nodes[0] != nullptr ? one : other) + ": " + name + '\n');
                status = 1;
                continue;
            }
            bool directories[2];
            for (std::size_t i = 0; i < 2; ++i) {
                directories[i] = nodes[i] != nullptr && nodes[i]->kind == ShellNode::Kind::Directory;
                missing_ = nodes[i] == nullptr ? paths[i] : missing_;
            }
            if (directories[0] != directories[1]) {
                static constexpr const char* kKinds[] = {"a regular file", "a directory"};
                call_.out("File " + paths[0] + " is " + kKinds[directories[0]] + " while file " + paths[1] + " is " +
                          kKinds[directories[1]] + '\n');
                status = 1;
            } else if (directories[0]) {
                if (call_.has('r')) {
                    status |= folders(paths[0], paths[1]);
                } else {
                    call_.out("Common subdirectories: " + paths[0] + " and " + paths[1] + '\n');
                }
            } else {
                status |= files(paths[0], paths[1]);
            }
            missing_.clear();
        }
        return status;
    }

    const ShellNode* nodeAt(const std::string& path) {
        const ShellFiles::Place place = call_.locate(path);
        return place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
    }
    static std::string within(const std::string& folder, std::string_view name) {
        return folder + (folder.ends_with('/') ? "" : "/") + std::string(name);
    }

private:
    /// What is compared of each line.
    std::vector<std::string> keysOf(const Lines& lines) const {
        std::vector<std::string> keys;
        for (const std::string_view line : lines) {
            std::string key;
            for (const char c : line) {
                const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
                if (space && (call_.has('w') || (call_.has('b') && (key.empty() || key.back() == ' ')))) {
                    key += call_.has('w') || !key.empty() ? "" : " ";
                    continue;
                }
                const char plain = space && call_.has('b') ? ' ' : c;
                key += call_.has('i') ? static_cast<char>(std::tolower(static_cast<unsigned char>(plain))) : plain;
            }
            key.resize(call_.has('b') ? key.find_last_not_of(' ') + 1 : key.size());
            keys.push_back(std::move(key));
        }
        return keys;
    }

    ShellCall& call_;
    std::vector<std::string> labels_ = {};
    std::string missing_ = {};  // a path that is there on the other side alone
};

int difference(ShellCall& call) {
    std::ranges::replace(call.words, std::string("--brief"), std::string("-q"));
    if (!call.parse("abdiL:NqrsS:tTU:wuB")) {
        return 2;
    }
    if (call.words.size() != 3) {
        call.usage();
        return 1;
    }
    Difference difference(call);
    std::string paths[2] = {call.words[1], call.words[2]};
    bool folders[2];
    for (std::size_t i = 0; i < 2; ++i) {
        const ShellNode* node = difference.nodeAt(paths[i]);
        if (node == nullptr && paths[i] != "-") {
            call.fail("can't stat '" + paths[i] + "': No such file or directory");
            return 2;
        }
        folders[i] = node != nullptr && node->kind == ShellNode::Kind::Directory;
    }
    if (folders[0] && folders[1]) {
        return difference.folders(paths[0], paths[1]);
    }
    if (folders[0] || folders[1]) {
        std::string& folder = paths[folders[0] ? 0 : 1];
        folder = Difference::within(folder, nameOf(paths[folders[0] ? 1 : 0]));
        if (difference.nodeAt(folder) == nullptr) {
            call.fail("can't stat '" + folder + "': No such file or directory");
            return 2;
        }
    }
    return difference.files(paths[0], paths[1]);
}

constexpr ShellApplet kApplets[] = {
    {"cmp", compare, "/usr/bin"},
    {"diff", difference, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellDifferenceApplets() {
    return kApplets;
}

}  // namespace apiary::agent
