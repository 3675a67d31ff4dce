#include "agent/shell/shell_files.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr int kMostLinks = 16;
constexpr std::size_t kLongestName = 255;

std::string joined(std::string_view directory, std::string_view name) {
    std::string path(directory == "/" ? "" : directory);
    path += '/';
    return path.append(name);
}

/// True where the kernel shows its own state: nothing can be made there.
bool isKernels(std::string_view path) {
    return path.starts_with("/proc/") || path.starts_with("/sys/");
}

/// A value of the kernel that root may set.
bool isSetting(std::string_view path) {
    return path.starts_with("/proc/sys/");
}

}  // namespace

std::string_view errorText(ShellError error) {
    switch (error) {
        case ShellError::None:
            return "Success";
        case ShellError::NoEntry:
            return "No such file or directory";
        case ShellError::IsDirectory:
            return "Is a directory";
        case ShellError::NotDirectory:
            return "Not a directory";
        case ShellError::Exists:
            return "File exists";
        case ShellError::Denied:
            return "Permission denied";
        case ShellError::NotPermitted:
            return "Operation not permitted";
        case ShellError::ReadOnly:
            return "Read-only file system";
        case ShellError::NoSpace:
            return "No space left on device";
        case ShellError::NotEmpty:
            return "Directory not empty";
        case ShellError::NameTooLong:
            return "File name too long";
        case ShellError::Loops:
            return "Too many levels of symbolic links";
        case ShellError::Invalid:
            return "Invalid argument";
        case ShellError::Busy:
            return "Device or resource busy";
        case ShellError::BrokenPipe:
            return "Broken pipe";
        case ShellError::InputOutput:
            return "Input/output error";
    }
    return "";
}

std::string_view directoryOf(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::string_view nameOf(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

const ShellNode* ShellFiles::find(std::string_view path) const {
    if (const auto changed = changes_.find(path); changed != changes_.end()) {
        return changed->second ? &*changed->second : nullptr;
    }
    const auto node = host_->find(path);
    return node == host_->end() ? nullptr : &node->second;
}

ShellFiles::Place ShellFiles::locate(std::string_view directory, std::string_view path, bool followLast) const {
    if (path.empty()) {
        return {"", ShellError::NoEntry};
    }
    if (path.size() > kLongestTyped) {
        return {"", ShellError::NameTooLong};
    }
    std::string rest(path);
    std::string at(path.front() == '/' ? "/" : directory);
    const bool asDirectory = path.back() == '/';
    for (int links = 0; !rest.empty();) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string name = rest.substr(0, end);
        rest.erase(0, std::min(rest.find_first_not_of('/', end), rest.size()));
        if (name.size() > kLongestName || at.size() + name.size() > kLongestPath) {
            return {at, ShellError::NameTooLong};
        }
        const ShellNode* here = find(at);
        if (here == nullptr || here->kind != ShellNode::Kind::Directory) {
            return {at, here == nullptr ? ShellError::NoEntry : ShellError::NotDirectory};
        }
        if (name.empty() || name == ".") {
            continue;
        }
        if (name == "..") {
            at = directoryOf(at);
            continue;
        }
        const std::string next = joined(at, name);
        const ShellNode* node = find(next);
        if (node != nullptr && node->kind == ShellNode::Kind::Link && (followLast || asDirectory || !rest.empty())) {
            if (++links > kMostLinks || node->size() > kLongestPath) {
                return {next, ShellError::Loops};
            }
            rest.insert(0, rest.empty() ? std::string(node->text()) : std::string(node->text()) + '/');
            at = rest.starts_with('/') ? "/" : at;
            continue;
        }
        if (node == nullptr && !rest.empty()) {
            return {next, ShellError::NoEntry};
        }
        at = next;
    }
    const ShellNode* node = find(at);
    if (asDirectory && node != nullptr && node->kind != ShellNode::Kind::Directory) {
        return {at, ShellError::NotDirectory, true};
    }
    return {at, ShellError::None, asDirectory};
}

std::vector<ShellFiles::Entry> ShellFiles::entries(std::string_view directory) const {
    std::map<std::string, const ShellNode*, std::less<>> found;
    const std::string below = joined(directory, "");
    const auto isHere = [&](std::string_view path) {
        return path.starts_with(below) && path.size() > below.size() &&
               path.find('/', below.size()) == std::string_view::npos;
    };
    for (auto node = host_->lower_bound(below); node != host_->end() && node->first.starts_with(below); ++node) {
        if (isHere(node->first)) {
            found[node->first.substr(below.size())] = &node->second;
        }
    }
    for (auto node = changes_.lower_bound(below); node != changes_.end() && node->first.starts_with(below); ++node) {
        if (!isHere(node->first)) {
            continue;
        }
        if (node->second) {
            found[node->first.substr(below.size())] = &*node->second;
        } else {
            found.erase(node->first.substr(below.size()));
        }
    }
    return {found.begin(), found.end()};
}

std::vector<ShellFiles::Entry> ShellFiles::listed(std::string_view directory) const {
    std::vector<Entry> all = entries(directory);
    std::ranges::stable_sort(all, [](const Entry& a, const Entry& b) { return a.second->made > b.second->made; });
    return all;
}

ShellError ShellFiles::mayRead(std::string_view path) const {
    const ShellNode* node = find(path);
    if (node == nullptr) {
        return ShellError::NoEntry;
    }
    const unsigned shift = node->owner == user_ ? 6 : 0;
    return user_ == 0 || (node->mode >> shift & 4U) != 0 ? ShellError::None : ShellError::Denied;
}

ShellError ShellFiles::mayExecute(std::string_view path) const {
    const ShellNode* node = find(path);
    if (node == nullptr) {
        return ShellError::NoEntry;
    }
    if (node->kind != ShellNode::Kind::File) {
        return ShellError::Denied;
    }
    const unsigned bits = user_ == 0 ? 0111U : node->owner == user_ ? 0100U : 0001U;
    return (node->mode & bits) != 0 ? ShellError::None : ShellError::Denied;
}

/// Whether the directory of `path` lets its entries be made and removed.
ShellError ShellFiles::mayChangeIn(std::string_view path) const {
    const ShellNode* directory = find(directoryOf(path));
    if (directory == nullptr) {
        return ShellError::NoEntry;
    }
    if (directory->kind != ShellNode::Kind::Directory) {
        return ShellError::NotDirectory;
    }
    const unsigned shift = directory->owner == user_ ? 6 : 0;
    return user_ == 0 || (directory->mode >> shift & 2U) != 0 ? ShellError::None : ShellError::Denied;
}

void ShellFiles::touchParent(std::string_view path, std::int64_t now) {
    const std::string directory(directoryOf(path));
    if (changes_.size() < kMostNodes || changes_.contains(directory)) {
        if (ShellNode* node = own(directory)) {
            node->modified = now;
        }
    }
}

bool ShellFiles::hasRoom(std::size_t bytes) const {
    for (const auto& [path, node] : changes_) {
        bytes += path.size();
        if (node) {
            const auto original = host_->find(path);
            const bool borrowed = original != host_->end() && original->second.content == node->content;
            bytes += borrowed ? 0 : node->size();
        }
    }
    return bytes <= kMostBytes;
}

/// The node for changing: the session's own copy of it. Null if it is not there, or if there is no room for a copy.
ShellNode* ShellFiles::own(const std::string& path) {
    if (const auto changed = changes_.find(path); changed != changes_.end()) {
        return changed->second ? &*changed->second : nullptr;
    }
    const ShellNode* node = find(path);
    if (node == nullptr || changes_.size() >= kMostNodes || !hasRoom(path.size())) {
        return nullptr;
    }
    return &*changes_.emplace(path, *node).first->second;
}

ShellError ShellFiles::put(const std::string& path, ShellNode node) {
    const auto changed = changes_.find(path);
    node.made = ++made_;
    if (changed == changes_.end()) {
        if (changes_.size() >= kMostNodes || !hasRoom(path.size())) {
            return ShellError::NoSpace;
        }
        changes_.emplace(path, std::move(node));
    } else {
        changed->second = std::move(node);
    }
    return ShellError::None;
}

ShellError ShellFiles::create(const std::string& path, std::uint16_t mode, std::int64_t now, bool keep) {
    if (const ShellNode* node = find(path)) {
        if (node->kind == ShellNode::Kind::Directory) {
            return ShellError::IsDirectory;
        }
        const unsigned shift = node->owner == user_ ? 6 : 0;
        if (user_ != 0 && (node->mode >> shift & 2U) == 0) {
            return ShellError::Denied;
        }
        if (keep || node->kind == ShellNode::Kind::Device || (isKernels(path) && !isSetting(path))) {
            return ShellError::None;
        }
        ShellNode* mine = own(path);
        if (mine == nullptr) {
            return ShellError::NoSpace;
        }
        mine->content = std::make_shared<std::string>();
        mine->modified = now;
        return ShellError::None;
    }
    if (isKernels(path)) {
        return path.starts_with("/sys/") ? ShellError::Denied : ShellError::NoEntry;
    }
    if (const ShellError error = mayChangeIn(path); error != ShellError::None) {
        return error;
    }
    ShellNode node;
    node.mode = mode;
    node.owner = user_;
    node.modified = now;
    node.content = std::make_shared<std::string>();
    const ShellError error = put(path, std::move(node));
    if (error == ShellError::None) {
        touchParent(path, now);
    }
    return error;
}

ShellError ShellFiles::write(const std::string& path, std::size_t offset, std::string_view bytes, std::int64_t now) {
    const ShellNode* node = find(path);
    const bool kept = isKernels(path) && !isSetting(path);
    if (node == nullptr || node->kind == ShellNode::Kind::Device || kept) {
        return kept ? ShellError::InputOutput : ShellError::None;
    }
    ShellNode* mine = own(path);
    if (mine == nullptr || !hasRoom(bytes.size())) {
        return ShellError::NoSpace;
    }
    if (!mine->content || mine->content.use_count() > 1) {
        if (!hasRoom(mine->size() + bytes.size())) {
            return ShellError::NoSpace;
        }
        mine->content = std::make_shared<std::string>(mine->text());
    }
    offset = std::min(offset, mine->content->size());
    mine->content->replace(offset, bytes.size(), bytes);
    mine->modified = now;
    return ShellError::None;
}

ShellError ShellFiles::copy(const std::string& from, const std::string& to, std::int64_t now) {
    const ShellNode* source = find(from);
    if (source == nullptr) {
        return ShellError::NoEntry;
    }
    const std::shared_ptr<std::string> content = source->content;
    const std::uint16_t mode = source->mode;
    if (changes_.contains(from) && !hasRoom(source->size())) {
        return ShellError::NoSpace;
    }
    if (const ShellError error = create(to, mode, now); error != ShellError::None) {
        return error;
    }
    if (ShellNode* node = own(to); node != nullptr && node->kind == ShellNode::Kind::File) {
        node->content = content;
    }
    return ShellError::None;
}

ShellError ShellFiles::layDown(const std::string& path, std::string content, std::int64_t now) {
    const ShellNode* folder = find(directoryOf(path));
    if (folder == nullptr || folder->kind != ShellNode::Kind::Directory) {
        return ShellError::NoEntry;
    }
    if (const ShellNode* there = find(path); there != nullptr && there->kind != ShellNode::Kind::File) {
        return ShellError::Exists;
    }
    ShellNode node;
    node.modified = now;
    node.content = std::make_shared<std::string>(std::move(content));
    return put(path, std::move(node));
}

ShellError ShellFiles::makeDirectory(const std::string& path, std::uint16_t mode, std::int64_t now) {
    if (find(path) != nullptr) {
        return ShellError::Exists;
    }
    if (isKernels(path)) {
        return ShellError::NoEntry;
    }
    if (const ShellError error = mayChangeIn(path); error != ShellError::None) {
        return error;
    }
    ShellNode node;
    node.kind = ShellNode::Kind::Directory;
    node.mode = mode;
    node.owner = user_;
    node.modified = now;
    const ShellError error = put(path, std::move(node));
    if (error == ShellError::None) {
        touchParent(path, now);
    }
    return error;
}

ShellError ShellFiles::makeDevice(const std::string& path, ShellNode node, std::int64_t now) {
    if (const ShellError error = makeDirectory(path, node.mode, now); error != ShellError::None) {
        return error;
    }
    node.owner = user_;
    node.modified = now;
    ShellNode* mine = own(path);
    node.made = mine->made;
    *mine = std::move(node);
    return ShellError::None;
}

ShellError ShellFiles::makeLink(const std::string& path, std::string target, std::int64_t now) {
    if (const ShellError error = makeDirectory(path, 0777, now); error != ShellError::None) {
        return error;
    }
    ShellNode* node = own(path);
    node->kind = ShellNode::Kind::Link;
    node->content = std::make_shared<std::string>(std::move(target));
    return ShellError::None;
}

ShellError ShellFiles::remove(const std::string& path, std::int64_t now) {
    const ShellNode* node = find(path);
    if (node == nullptr) {
        return ShellError::NoEntry;
    }
    if (path == "/" || isKernels(path)) {
        return path == "/" ? ShellError::Busy : ShellError::NotPermitted;
    }
    if (node->kind == ShellNode::Kind::Directory && !entries(path).empty()) {
        return ShellError::NotEmpty;
    }
    if (const ShellError error = mayChangeIn(path); error != ShellError::None) {
        return error;
    }
    const auto changed = changes_.find(path);
    if (changed == changes_.end()) {
        changes_.emplace(path, std::nullopt);  // as many as the host has files, at most
    } else if (host_->contains(path)) {
        changed->second.reset();
    } else {
        changes_.erase(changed);
    }
    touchParent(path, now);
    return ShellError::None;
}

ShellError ShellFiles::rename(const std::string& from, const std::string& to, std::int64_t now) {
    const ShellNode* source = find(from);
    if (source == nullptr) {
        return ShellError::NoEntry;
    }
    if (isKernels(from) || isKernels(to)) {
        return ShellError::NotPermitted;
    }
    if (from == to) {
        return ShellError::None;
    }
    if (to.starts_with(from + '/')) {
        return ShellError::Invalid;
    }
    for (const std::string* path : {&from, &to}) {
        if (const ShellError error = mayChangeIn(*path); error != ShellError::None) {
            return error;
        }
    }
    const ShellNode* target = find(to);
    const bool directory = source->kind == ShellNode::Kind::Directory;
    if (target != nullptr && (target->kind == ShellNode::Kind::Directory) != directory) {
        return directory ? ShellError::NotDirectory : ShellError::IsDirectory;
    }
    if (target != nullptr && directory && !entries(to).empty()) {
        return ShellError::NotEmpty;
    }
    std::vector<std::string> below;  // names, read before the tree changes
    if (directory) {
        for (const Entry& entry : listed(from)) {
            below.insert(below.begin(), entry.first);  // the oldest first: their order stays
        }
    }
    ShellNode moved = *source;
    if (const ShellError error = put(to, std::move(moved)); error != ShellError::None) {
        return error;
    }
    for (const std::string& name : below) {
        if (const ShellError error = rename(joined(from, name), joined(to, name), now); error != ShellError::None) {
            return error;
        }
    }
    return remove(from, now);
}

ShellError ShellFiles::setMode(const std::string& path, std::uint16_t mode) {
    const ShellNode* node = find(path);
    if (node == nullptr) {
        return ShellError::NoEntry;
    }
    if (isKernels(path) || (user_ != 0 && node->owner != user_)) {
        return ShellError::NotPermitted;
    }
    ShellNode* mine = own(path);
    if (mine == nullptr) {
        return ShellError::NoSpace;
    }
    mine->mode = mode;
    return ShellError::None;
}

ShellError ShellFiles::setOwner(const std::string& path, std::uint32_t owner, std::uint32_t group) {
    const ShellNode* node = find(path);
    if (node == nullptr) {
        return ShellError::NoEntry;
    }
    if (isKernels(path) || (user_ != 0 && (owner != node->owner || node->owner != user_))) {
        return ShellError::NotPermitted;
    }
    ShellNode* mine = own(path);
    if (mine == nullptr) {
        return ShellError::NoSpace;
    }
    mine->owner = owner;
    mine->groupId = group == owner ? std::nullopt : std::optional(group);
    return ShellError::None;
}

ShellError ShellFiles::setModified(const std::string& path, std::int64_t now) {
    if (ShellNode* mine = own(path)) {
        mine->modified = boundedTime(now);
        return ShellError::None;
    }
    return find(path) == nullptr ? ShellError::NoEntry : ShellError::NoSpace;
}

}  // namespace apiary::agent
