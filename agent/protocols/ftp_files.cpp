#include "agent/protocols/ftp_files.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestPath = 4095;

/// The part of a line up to the next tab, which is taken off it.
std::string_view takeField(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

template <typename Number>
bool read(std::string_view text, Number& number, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string octal(unsigned value) {
    char digits[8];
    return {digits, std::to_chars(digits, digits + sizeof digits, value, 8).ptr};
}

/// `+`: a node, and behind `:` its content, `=` the decoy it came from, `#` its number on the shelf, or `-`: nothing.
/// `-`: a decoy that is gone.
std::string lineOf(const std::string& path, const FtpNode& node) {
    return std::string("+\t") + (node.directory ? 'd' : 'f') + (node.owner == FtpUser::Local ? 'l' : 'a') + '\t' +
           octal(node.mode) + '\t' + std::to_string(node.size) + '\t' + std::to_string(node.modified) + '\t' +
           escape(path) + '\t';
}

}  // namespace

std::string_view ftpDirectoryOf(std::string_view path) {
    const auto slash = path.rfind('/');
    return path.substr(0, std::max<std::size_t>(slash, 1));
}

std::string_view ftpNameOf(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

FtpFiles::FtpFiles(Nodes decoys) : nodes_(std::move(decoys)) {}

const FtpNode* FtpFiles::find(std::string_view path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : &found->second;
}

std::optional<FtpPath> FtpFiles::resolve(std::string_view workingDirectory, std::string_view path, FtpUser who) const {
    if (path.empty() || path.size() > kLongestPath) {
        return std::nullopt;
    }
    FtpPath result{path.front() == '/' ? "/" : std::string(workingDirectory), path.back() == '/', false};
    bool gone = find(result.absolute) == nullptr;  // the way up is there all the same
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(name.size() + 1, path.size()));
        if (name.empty()) {
            continue;
        }
        result.throughDots = name == "." || name == "..";
        gone = gone && result.throughDots;
        const FtpNode* directory = find(result.absolute);  // in which the name is looked up
        const bool found = gone || (directory != nullptr && directory->directory && maySearch(*directory, who));
        if (!found || name.size() > kLongestName) {
            return std::nullopt;
        }
        if (name == "..") {
            result.absolute = std::string(ftpDirectoryOf(result.absolute));
        } else if (name != ".") {
            result.absolute += (result.absolute == "/" ? "" : "/") + std::string(name);
        }
    }
    if (result.absolute.size() > kLongestPath) {
        return std::nullopt;
    }
    const FtpNode* last = find(result.absolute);
    if (last != nullptr && result.asDirectory && !last->directory) {
        return std::nullopt;
    }
    return result;
}

bool FtpFiles::maySearch(const FtpNode& node, FtpUser who) {
    return (node.mode & (node.owner == who ? 0100U : 0001U)) != 0;
}

bool FtpFiles::mayRead(const FtpNode& node, FtpUser who) {
    return (node.mode & (node.owner == who ? 0400U : 0004U)) != 0;
}

bool FtpFiles::mayWriteIn(std::string_view directory, FtpUser who) const {
    const FtpNode* node = find(directory);
    return node != nullptr && node->directory && mayChange(*node, who);
}

bool FtpFiles::mayChange(const FtpNode& node, FtpUser who) const {
    return (node.mode & (node.owner == who ? 0200U : 0002U)) != 0;
}

bool FtpFiles::hasRoomFor(std::string_view path) const {
    return addedNodes_ < kMostNodes && addedBytes_ + path.size() <= kMostPathBytes;
}

bool FtpFiles::empty(std::string_view directory) const {
    const auto next = nodes_.upper_bound(std::string(directory) + '/');
    return next == nodes_.end() || !next->first.starts_with(std::string(directory) + '/');
}

void FtpFiles::touch(std::string_view path, std::int64_t now) {
    if (const auto directory = nodes_.find(ftpDirectoryOf(path)); directory != nodes_.end()) {
        directory->second.modified = now;
    }
}

void FtpFiles::add(std::string path, FtpNode node) {
    ++addedNodes_;
    addedBytes_ += path.size();
    nodes_.insert_or_assign(std::move(path), std::move(node));
}

void FtpFiles::drop(Nodes::iterator node) {
    addedNodes_ -= std::min<std::size_t>(addedNodes_, 1);
    addedBytes_ -= std::min(addedBytes_, node->first.size());
    nodes_.erase(node);
}

bool FtpFiles::write(const FtpPath& path, FtpUser who, std::uint16_t mode, Content content, std::int64_t now) {
    const auto found = nodes_.find(path.absolute);
    if (found != nodes_.end()) {
        if (found->second.directory || !mayChange(found->second, who)) {
            return false;
        }
        fill(path.absolute, std::move(content), now);
        return true;
    }
    if (path.asDirectory || path.throughDots || !mayWriteIn(ftpDirectoryOf(path.absolute), who) ||
        !hasRoomFor(path.absolute)) {
        return false;
    }
    add(path.absolute, {false, who, mode, content.size, now, std::move(content.bytes), content.shelved});
    touch(path.absolute, now);
    return true;
}

void FtpFiles::fill(std::string_view path, Content content, std::int64_t now) {
    if (const auto found = nodes_.find(path); found != nodes_.end() && !found->second.directory) {
        FtpNode& node = found->second;
        node.size = content.size;
        node.content = std::move(content.bytes);
        node.shelved = content.shelved;
        node.modified = now;
    }
}

bool FtpFiles::makeDirectory(const FtpPath& path, FtpUser who, std::uint16_t mode, std::int64_t now) {
    if (find(path.absolute) != nullptr || path.throughDots || !mayWriteIn(ftpDirectoryOf(path.absolute), who) ||
        !hasRoomFor(path.absolute)) {
        return false;
    }
    add(path.absolute, {true, who, mode, 4096, now, nullptr});
    touch(path.absolute, now);
    return true;
}

bool FtpFiles::removeFile(const FtpPath& path, FtpUser who, std::int64_t now) {
    const auto found = nodes_.find(path.absolute);
    if (found == nodes_.end() || found->second.directory || !mayWriteIn(ftpDirectoryOf(path.absolute), who)) {
        return false;
    }
    drop(found);
    touch(path.absolute, now);
    return true;
}

bool FtpFiles::removeDirectory(const FtpPath& path, FtpUser who, std::int64_t now) {
    const auto found = nodes_.find(path.absolute);
    if (found == nodes_.end() || !found->second.directory || path.throughDots || path.absolute == "/" ||
        !empty(path.absolute) || !mayWriteIn(ftpDirectoryOf(path.absolute), who)) {
        return false;
    }
    drop(found);
    touch(path.absolute, now);
    return true;
}

bool FtpFiles::rename(const FtpPath& from, const FtpPath& to, FtpUser who, std::int64_t now) {
    const auto source = nodes_.find(from.absolute);
    if (source == nodes_.end() || from.throughDots || to.throughDots || from.absolute == "/" || to.absolute == "/" ||
        !mayWriteIn(ftpDirectoryOf(from.absolute), who) || !mayWriteIn(ftpDirectoryOf(to.absolute), who)) {
        return false;
    }
    if (from.absolute == to.absolute) {
        return true;
    }
    const FtpNode* target = find(to.absolute);
    const bool directory = source->second.directory;
    const std::string below = from.absolute + '/';
    if ((to.asDirectory && !directory) || to.absolute.starts_with(below) ||
        (target != nullptr && (target->directory != directory || (directory && !empty(to.absolute))))) {
        return false;
    }
    std::vector<std::pair<std::string, FtpNode>> moved{{to.absolute, source->second}};
    auto next = nodes_.lower_bound(below);
    for (; next != nodes_.end() && next->first.starts_with(below); ++next) {
        moved.emplace_back(to.absolute + next->first.substr(from.absolute.size()), next->second);
    }
    std::size_t bytes = 0;
    for (const auto& [path, node] : moved) {
        bytes += path.size();
    }
    if (addedNodes_ + moved.size() > kMostNodes || addedBytes_ + bytes > kMostPathBytes) {
        return false;
    }
    nodes_.erase(nodes_.lower_bound(below), next);
    drop(source);
    for (auto& [path, node] : moved) {
        add(std::move(path), std::move(node));
    }
    touch(from.absolute, now);
    touch(to.absolute, now);
    return true;
}

bool FtpFiles::setMode(std::string_view path, FtpUser who, std::uint16_t mode) {
    const auto found = nodes_.find(path);
    if (found == nodes_.end() || found->second.owner != who) {
        return false;
    }
    found->second.mode = mode;
    return true;
}

bool FtpFiles::setModified(std::string_view path, FtpUser who, std::int64_t modified) {
    const auto found = nodes_.find(path);
    if (found == nodes_.end() || found->second.directory || found->second.owner != who) {
        return false;
    }
    found->second.modified = modified;
    return true;
}

std::string FtpFiles::remembered(const FtpFiles& decoys, std::size_t most) const {
    std::string text;
    for (const auto& [path, node] : decoys.nodes_) {
        if (std::string line = "-\t" + escape(path) + '\n';
            find(path) == nullptr && text.size() + line.size() <= most) {
            text += line;
        }
    }
    std::vector<Nodes::const_iterator> changed;
    for (auto node = nodes_.begin(); node != nodes_.end(); ++node) {
        const FtpNode* decoy = decoys.find(node->first);
        if (decoy == nullptr || *decoy != node->second) {
            changed.push_back(node);
        }
    }
    std::ranges::stable_sort(changed, [](auto a, auto b) { return a->second.modified > b->second.modified; });
    std::vector<std::string> lines;
    std::size_t size = text.size();
    for (const auto node : changed) {
        lines.push_back(lineOf(node->first, node->second));
        if (node->second.shelved != 0) {
            lines.back() += '#' + std::to_string(node->second.shelved);
        }
        size += lines.back().size() + 2;  // one byte for the content, and the end of the line
        if (size > most) {
            lines.pop_back();
            break;
        }
    }
    std::size_t room = most - std::min(most, size);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto& content = changed[i]->second.content;
        if (changed[i]->second.shelved != 0) {
            text += lines[i] + '\n';
            continue;
        }
        std::string kept = "-";
        if (content != nullptr) {
            const auto decoy =
                std::ranges::find_if(decoys.nodes_, [&](const auto& other) { return other.second.content == content; });
            kept = decoy != decoys.nodes_.end() ? '=' + escape(decoy->first) : ':' + escape(*content);
        }
        if (kept.size() - 1 > room) {
            kept = "-";
        }
        room -= kept.size() - 1;
        text += lines[i] + kept + '\n';
    }
    return text;
}

void FtpFiles::recall(std::string_view remembered, const FtpFiles& decoys) {
    while (!remembered.empty()) {
        std::string_view line = remembered.substr(0, remembered.find('\n'));
        remembered.remove_prefix(std::min(line.size() + 1, remembered.size()));
        const bool there = takeField(line) == "+";
        const std::string_view kind = there ? takeField(line) : "--";
        FtpNode node;
        const bool numbers = !there || (read(takeField(line), node.mode, 8) && read(takeField(line), node.size) &&
                                        read(takeField(line), node.modified));
        const auto path = unescape(takeField(line));
        if (kind.size() != 2 || !numbers || !path || !path->starts_with('/')) {
            continue;
        }
        if (!there) {
            nodes_.erase(*path);
            continue;
        }
        node.directory = kind[0] == 'd';
        node.owner = kind[1] == 'l' ? FtpUser::Local : FtpUser::Anonymous;
        if (const auto content = unescape(line.substr(std::min<std::size_t>(1, line.size())));
            content && line.starts_with(':')) {
            node.content = std::make_shared<const std::string>(*content);
        } else if (content && line.starts_with('=')) {
            const FtpNode* decoy = decoys.find(*content);
            node.content = decoy != nullptr ? decoy->content : nullptr;
        } else if (content && line.starts_with('#')) {
            static_cast<void>(read(*content, node.shelved));
        }
        if (decoys.find(*path) != nullptr) {
            nodes_.insert_or_assign(*path, std::move(node));
        } else if (hasRoomFor(*path)) {
            add(*path, std::move(node));
        }
    }
    for (auto node = nodes_.begin();
         node != nodes_.end();) {  // a directory that was not remembered takes its files along
        const FtpNode* directory = find(ftpDirectoryOf(node->first));
        const bool orphan = directory == nullptr || !directory->directory;
        orphan ? static_cast<void>(node = nodes_.erase(node)) : static_cast<void>(++node);
    }
}

}  // namespace apiary::agent
