/// What a session leaves for the next visit of its source: the changes of ShellFiles, as lines of text.
///
///     f MODE MODIFIED SIZE PATH CONTENT    a file, its content or the beginning of it
///     = MODE MODIFIED PATH ORIGINAL        a file with the content of one of the host's
///     d MODE MODIFIED PATH                 a directory
///     l TARGET PATH                        a link
///     n MODE MODIFIED PATH KIND MAJOR MINOR   a device: of characters, of blocks (1), a named pipe (2)
///     - PATH                               a file of the host that is gone
///
/// Fields stand between tabs; paths and contents are escape()d, modes are octal.

#include "agent/shell/shell_files.hpp"
#include "agent/shell/shell_logins.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostContent = 1024;  // escaped bytes of one file: the rest of a binary is not missed

std::string_view takeField(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

template <typename Number>
Number number(std::string_view text, int base = 10) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

std::string octal(std::uint16_t mode) {
    char digits[8];
    return {digits, std::to_chars(digits, digits + sizeof digits, mode & 07777U, 8).ptr};
}

std::string fileLine(const std::string& path, const ShellNode& node) {
    return "f\t" + octal(node.mode) + '\t' + std::to_string(node.modified) + '\t' + std::to_string(node.size()) + '\t' +
           escape(path) + '\t' + escapeCut(node.text(), kMostContent) + '\n';
}

/// A path as it must be: absolute, without empty names, "." and "..".
bool isPlain(std::string_view path) {
    if (!path.starts_with('/') || path.ends_with('/') || path.size() > ShellFiles::kLongestPath ||
        path.find('\0') != std::string_view::npos) {
        return false;
    }
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view name = path.substr(0, path.find('/'));
        if (name.empty() || name == "." || name == ".." || name.size() > 255) {
            return false;
        }
        path.remove_prefix(name.size());
    }
    return true;
}

}  // namespace

/// One line of remembered(); empty if the change is not worth one.
std::string ShellFiles::changeLine(const std::string& path, const std::optional<ShellNode>& node) const {
    const auto original = host_->find(path);
    if (!node) {
        return "-\t" + escape(path) + '\n';
    }
    const std::string times = octal(node->mode) + '\t' + std::to_string(node->modified) + '\t' + escape(path);
    switch (node->kind) {
        case ShellNode::Kind::Directory:
            return original == host_->end() ? "d\t" + times + '\n' : "";
        case ShellNode::Kind::Link:
            return "l\t" + escape(node->text()) + '\t' + escape(path) + '\n';
        case ShellNode::Kind::Device:
            return "n\t" + times + '\t' + std::to_string(static_cast<unsigned>(node->device)) + '\t' +
                   std::to_string(node->major) + '\t' + std::to_string(node->minor) + '\n';
        case ShellNode::Kind::File:
            break;
    }
    const auto same = std::ranges::find_if(
        *host_, [&](const auto& other) { return node->size() > 0 && other.second.content == node->content; });
    return same == host_->end() ? fileLine(path, *node) : "=\t" + times + '\t' + escape(same->first) + '\n';
}

std::string ShellFiles::remembered(std::size_t most) const {
    std::vector<std::pair<std::int64_t, std::string>> lines;
    for (const auto& [path, node] : changes_) {
        if (path == kLoginsFile) {
            continue;
        }
        lines.emplace_back(node ? node->modified : 0, changeLine(path, node));
    }
    std::ranges::stable_sort(lines, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text;
    for (const auto& [modified, line] : lines) {
        if (text.size() + line.size() <= most) {
            text += line;
        }
    }
    return text;
}

void ShellFiles::recallLine(std::string_view line) {
    const std::string_view kind = takeField(line);
    ShellNode node;
    std::optional<std::string> path;
    node.owner = user_;
    if (kind == "-") {
        path = unescape(takeField(line));
        if (path && isPlain(*path) && host_->contains(*path) && changes_.size() < kMostNodes) {
            changes_[*path] = std::nullopt;
        }
        return;
    }
    if (kind == "l") {
        node.kind = ShellNode::Kind::Link;
        node.mode = 0777;
        node.content = std::make_shared<std::string>(unescape(takeField(line)).value_or(""));
        path = unescape(takeField(line));
    } else if (kind == "f" || kind == "=" || kind == "d") {
        node.mode = number<std::uint16_t>(takeField(line), 8) & 07777U;
        node.modified = boundedTime(number<std::int64_t>(takeField(line)));
        const auto size = kind == "f" ? number<std::size_t>(takeField(line)) : 0;
        path = unescape(takeField(line));
        node.kind = kind == "d" ? ShellNode::Kind::Directory : ShellNode::Kind::File;
        if (kind == "=") {
            const auto original = host_->find(unescape(takeField(line)).value_or(""));
            if (original == host_->end() || original->second.kind != ShellNode::Kind::File) {
                return;
            }
            node.content = original->second.content;
        } else if (kind == "f") {
            node.content = std::make_shared<std::string>(unescape(line).value_or(""));
            node.content->resize(std::min(size, kMostBytes / 2));
        }
    }
    if (kind == "n") {
        node.mode = number<std::uint16_t>(takeField(line), 8) & 07777U;
        node.modified = boundedTime(number<std::int64_t>(takeField(line)));
        path = unescape(takeField(line));
        node.kind = ShellNode::Kind::Device;
        node.device = static_cast<ShellNode::Device>(number<std::uint8_t>(takeField(line)) % 3);
        node.major = number<std::uint16_t>(takeField(line));
        node.minor = number<std::uint16_t>(takeField(line));
        node.live = readingOf(node);
    }
    if (!path || !isPlain(*path) || !hasRoom(path->size() + node.size())) {
        return;
    }
    const auto before = host_->find(*path);
    if (before != host_->end() && before->second.kind != node.kind) {
        return;
    }
    put(*path, std::move(node));
}

void ShellFiles::recall(std::string_view remembered) {
    while (!remembered.empty()) {
        const std::string_view line = remembered.substr(0, remembered.find('\n'));
        remembered.remove_prefix(std::min(line.size() + 1, remembered.size()));
        recallLine(line);
    }
    dropOrphans();
}

/// Takes out what stands in no directory: its line was lost, or the text was not ours.
void ShellFiles::dropOrphans() {
    for (auto change = changes_.begin(); change != changes_.end();) {
        const ShellNode* directory = find(directoryOf(change->first));
        const bool orphan = directory == nullptr || directory->kind != ShellNode::Kind::Directory;
        change = orphan && change->second ? changes_.erase(change) : std::next(change);
    }
}

}  // namespace apiary::agent
