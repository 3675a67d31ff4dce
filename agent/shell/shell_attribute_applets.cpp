/// Applets that show and change what is known of files: chmod, chown, chgrp, stat, readlink, realpath.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

std::vector<std::string> namesIn(ShellCall& call, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& [name, node] : call.files().listed(path)) {
        names.push_back(name);
    }
    return names;
}

int changeOne(ShellCall& call, const std::string& path, const std::string& mode) {
    const ShellWork::Level level(call.work());
    const ShellFiles::Place place = call.locate(path);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (!call.work().step() || node == nullptr) {
        const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.fail(path + ": " + std::string(errorText(error)));
    }
    const bool directory = node->kind == Kind::Directory;
    const std::uint16_t before = node->mode;
    const auto value = modeOf(mode, before, directory, call.environment().mask);
    if (!value) {
        return call.fail("invalid mode '" + mode + "'");
    }
    call.work().report(place.path);
    int status = 0;
    if (const ShellError error = call.files().setMode(place.path, *value); error != ShellError::None) {
        status = call.fail(path + ": " + std::string(errorText(error)));
    } else if (call.has('v') || (call.has('c') && before != *value)) {
        ShellNode shown;
        shown.mode = *value;
        call.out("mode of '" + path + printed("' changed to %04o (", static_cast<unsigned>(*value)) +
                 modeLetters(shown).substr(1) + ")\n");
    }
    if (call.has('R') && directory) {
        for (const std::string& name : namesIn(call, place.path)) {
            const ShellNode* below = call.files().find((place.path == "/" ? "" : place.path) + '/' + name);
            if (below != nullptr && below->kind != Kind::Link) {
                status |= changeOne(call, path + (path.ends_with('/') ? "" : "/") + name, mode);
            }
        }
    }
    return status;
}

int changeMode(ShellCall& call) {
    for (std::size_t i = 1; i < call.words.size() && call.words[i] != "--"; ++i) {
        const std::string& word = call.words[i];
        if (word.size() > 1 && word.front() == '-' &&
            std::string_view("rwxXstugo").find(word[1]) != std::string::npos) {
            call.words.insert(call.words.begin() + static_cast<std::ptrdiff_t>(i), "--");  // a mode, not an option
            break;
        }
    }
    if (call.words.size() < 3) {
        return call.usage();
    }
    if (!call.parse("+Rvcf")) {
        return 1;
    }
    if (call.words.size() < 3) {
        return call.usage();
    }
    int status = 0;
    for (std::size_t i = 2; i < call.words.size(); ++i) {
        if (!modeOf(call.words[1], 0, false, 0)) {
            return call.fail("invalid mode '" + call.words[1] + "'");
        }
        status |= changeOne(call, call.words[i], call.words[1]);
    }
    return status;
}

/// A user or a group by name or number.
std::optional<std::uint32_t> idOf(ShellCall& call, const std::string& name, const char* file) {
    if (const auto number = parseNumber<std::uint32_t>(name)) {
        return number;
    }
    const ShellNode* node = call.files().find(file);
    std::string_view rest = node != nullptr ? node->text() : std::string_view{};
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', std::min(first, line.size() - 1) + 1);
        if (first != std::string_view::npos && second != std::string_view::npos && line.substr(0, first) == name) {
            const std::string_view id = line.substr(second + 1);
            return parseNumber<std::uint32_t>(id.substr(0, id.find(':')));
        }
    }
    return std::nullopt;
}

/// Who a file is to belong to; what is not named stays.
struct Belonging {
    std::optional<std::uint32_t> owner = {};
    std::optional<std::uint32_t> group = {};
};

int give(ShellCall& call, const std::string& path, const Belonging& to) {
    const ShellWork::Level level(call.work());
    const ShellFiles::Place place = call.locate(path, !call.has('h'));
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (!call.work().step() || node == nullptr) {
        const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.fail(path + ": " + std::string(errorText(error)));
    }
    const std::uint32_t owner = to.owner.value_or(node->owner);
    const std::uint32_t group = to.group.value_or(node->group());
    const bool changes = owner != node->owner || group != node->group();
    const bool directory = node->kind == Kind::Directory;
    int status = 0;
    const ShellError error =
        call.files().user() == 0 && !changes ? ShellError::None : call.files().setOwner(place.path, owner, group);
    if (error != ShellError::None) {
        status = call.fail(path + ": " + std::string(errorText(error)));
    } else if (call.has('v') || (call.has('c') && changes)) {
        call.out("changed ownership of '" + path + "' to " + std::to_string(owner) + ':' + std::to_string(group) +
                 '\n');
    }
    if (call.has('R') && directory) {
        for (const std::string& name : namesIn(call, place.path)) {
            const ShellNode* below = call.files().find((place.path == "/" ? "" : place.path) + '/' + name);
            if (below != nullptr && below->kind != Kind::Link) {
                status |= give(call, path + (path.ends_with('/') ? "" : "/") + name, to);
            }
        }
    }
    return status;
}

int changeOwner(ShellCall& call) {
    if (!call.parse("RhLHPcvf")) {
        return 1;
    }
    if (call.words.size() < 3) {
        return call.usage();
    }
    const std::string& name = call.words[1];
    Belonging to;
    if (call.name() == "chgrp") {
        to.group = idOf(call, name, "/etc/group");
        if (!to.group) {
            return call.fail("unknown group " + name);
        }
    } else {
        const std::size_t sign = name.find(':') != std::string::npos ? name.find(':') : name.find('.');
        const std::string user = name.substr(0, sign);
        const bool both = sign != std::string::npos;
        to.owner = idOf(call, user, "/etc/passwd");
        if (both && user.empty()) {
            to.owner.reset();
        } else if (!to.owner) {
            return call.fail((both ? "unknown user/group " : "unknown user ") + name);
        }
        if (both && sign + 1 < name.size()) {
            to.group = idOf(call, name.substr(sign + 1), "/etc/group");
            if (!to.group) {
                return call.fail(user.empty() ? "unknown group " + name.substr(1) : "unknown user/group " + name);
            }
        } else if (both) {
            to.group = to.owner;
        }
    }
    int status = 0;
    for (std::size_t i = 2; i < call.words.size(); ++i) {
        status |= give(call, call.words[i], to);
    }
    return status;
}

std::string_view deviceWords(ShellNode::Device device) {
    return device == ShellNode::Device::Pipe    ? "fifo"
           : device == ShellNode::Device::Block ? "block special file"
                                                : "character special file";
}

std::string_view kindWords(const ShellNode& node) {
    return node.kind == Kind::Directory ? "directory"
           : node.kind == Kind::Link    ? "symbolic link"
           : node.kind == Kind::Device  ? deviceWords(node.device)
           : node.size() == 0           ? "regular empty file"
                                        : "regular file";
}

/// "2026-11-26 19:56:09.104884833 +0000"; a time that was given has no fraction.
std::string stampOf(std::int64_t seconds, std::int64_t now) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::string text = dateOf(seconds);  // "Nov 25 21:15:03 2026"
    const std::size_t month = kMonths.find(text.substr(0, 3)) / 3 + 1;
    std::string day = text.substr(4, 2);
    std::ranges::replace(day, ' ', '0');
    const bool recent = seconds > now - 86'400;
    return text.substr(16) + printed("-%02zu-", month) + day + ' ' + text.substr(7, 8) +
           printed(".%09u +0000", recent ? static_cast<unsigned>(seconds * 7919 % 999'999'937) : 0U);
}

std::string accountText(ShellCall& call, const char* file, std::uint32_t id) {
    return accountOf(call.files(), file, id).value_or("UNKNOWN");
}

/// One letter of a format of stat -c, as text; nothing if there is none such.
std::optional<std::string> stateField(ShellCall& call, char letter, const std::string& path, const std::string& place,
                                      const ShellNode& node) {
    constexpr unsigned deviceBits[] = {020000, 060000, 010000};
    const unsigned kinds[] = {040000, 0100000, 0120000, deviceBits[static_cast<std::size_t>(node.device)]};
    const std::uint64_t kilobytes = kilobytesOf(call.files(), place, node);
    switch (letter) {
        case 'n':
            return path;
        case 'N':
            return node.kind == Kind::Link ? "'" + path + "' -> '" + std::string(node.text()) + "'" : path;
        case 's':
            return std::to_string(sizeOf(call.files(), place, node));
        case 'a':
            return printed("%o", static_cast<unsigned>(node.mode));
        case 'A':
            return modeLetters(node);
        case 'f':
            return printed("%x", kinds[static_cast<std::size_t>(node.kind)] | node.mode);
        case 'u':
            return std::to_string(node.owner);
        case 'g':
            return std::to_string(node.group());
        case 'U':
            return accountText(call, "/etc/passwd", node.owner);
        case 'G':
            return accountText(call, "/etc/group", node.group());
        case 'F':
            return std::string(kindWords(node));
        case 'i':
            return std::to_string(inodeOf(place));
        case 'h':
            return std::to_string(linksOf(call.files(), place, node));
        case 'b':
            return std::to_string(kilobytes * 2);
        case 'B':
            return "512";
        case 'o':
            return "4096";
        case 'd':
            return onTmpfs(place) ? "21" : "7939";
        case 'D':
            return onTmpfs(place) ? "15" : "1f03";
        case 't':
            return printed("%x", static_cast<unsigned>(node.major));
        case 'T':
            return printed("%x", static_cast<unsigned>(node.minor));
        case 'X':
        case 'Y':
        case 'Z':
            return std::to_string(node.modified);
        case 'x':
        case 'y':
        case 'z':
            return stampOf(node.modified, call.work().seconds());
        default:
            return std::nullopt;
    }
}

/// A field with the flags and width that stand before its letter.
std::string padded(const std::string& flags, const std::string& text) {
    return flags == "%" ? text : printed((flags + 's').c_str(), text.c_str());
}

template <typename Field>
std::string formatted(const std::string& format, Field field) {
    std::string line;
    for (std::size_t i = 0; i < format.size() && line.size() < ShellWork::kMostPiped; ++i) {
        if (format[i] != '%') {
            line += format[i];
            continue;
        }
        const std::size_t end = std::min(format.find_first_not_of("0123456789-", i + 1), format.size());
        const std::string flags = format.substr(i, std::min<std::size_t>(end - i, 4));
        i = end;
        if (end < format.size()) {
            const std::optional<std::string> text = field(format[end]);
            line += format[end] == '%' ? "%" : text ? padded(flags, *text) : std::string(1, format[end]);
        }
    }
    return line;
}

void showState(ShellCall& call, const std::string& path, const std::string& place, const ShellNode& node) {
    const std::uint64_t kilobytes = kilobytesOf(call.files(), place, node);
    const unsigned device = onTmpfs(place) ? 0x15 : 0x1f03;
    const std::string stamp = stampOf(node.modified, call.work().seconds());
    const std::string name = node.kind == Kind::Link ? "'" + path + "' -> '" + std::string(node.text()) + "'" : path;
    std::string text = "  File: " + name;
    text += printed("\n  Size: %-10llu\tBlocks: %-10llu IO Block: %-6d ",
                    static_cast<unsigned long long>(sizeOf(call.files(), place, node)),
                    static_cast<unsigned long long>(kilobytes * 2), 4096);
    text += kindWords(node);
    text += printed("\nDevice: %xh/%ud\tInode: %-10zu  Links: %-5zu", device, device, inodeOf(place),
                    linksOf(call.files(), place, node));
    if (node.kind == Kind::Device && node.device != ShellNode::Device::Pipe) {
        text += printed(" Device type: %x,%x", static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor));
    } else {
        text.erase(text.find_last_not_of(' ') + 1);
    }
    text += printed("\nAccess: (%04o/", static_cast<unsigned>(node.mode)) + modeLetters(node);
    text += printed(")  Uid: (%5u/%8s)   Gid: (%5u/%8s)\n", node.owner,
                    accountText(call, "/etc/passwd", node.owner).c_str(), node.group(),
                    accountText(call, "/etc/group", node.group()).c_str());
    call.out(text + "Access: " + stamp + "\nModify: " + stamp + "\nChange: " + stamp + '\n');
}

void showFileSystem(ShellCall& call, const std::string& path, const std::string& place) {
    const bool tmpfs = onTmpfs(place);
    const std::string magic = tmpfs ? "1021994" : "794c7630";
    const std::string type = tmpfs ? "tmpfs" : "UNKNOWN";
    const std::uint64_t blocks = tmpfs ? call.work().host().memory() / 8 : 816;
    if (call.has('c')) {
        call.out(formatted(call.value('c'),
                           [&](char letter) -> std::optional<std::string> {
                               return letter == 'n'                    ? std::optional(path)
                                      : letter == 't'                  ? std::optional(magic)
                                      : letter == 'T'                  ? std::optional(type)
                                      : letter == 'l'                  ? std::optional<std::string>("255")
                                      : letter == 's' || letter == 'S' ? std::optional<std::string>("4096")
                                      : letter == 'b' || letter == 'f' || letter == 'a'
                                          ? std::optional(std::to_string(blocks))
                                          : std::nullopt;
                           }) +
                 '\n');
        return;
    }
    call.out("  File: \"" + path + "\"\n    ID: 0        Namelen: 255     Type: " + type +
             "\nBlock size: 4096      \n" +
             printed("Blocks: Total: %-10llu Free: %-10llu Available: %llu\n", static_cast<unsigned long long>(blocks),
                     static_cast<unsigned long long>(blocks - 23), static_cast<unsigned long long>(blocks - 23)) +
             "Inodes: Total: 30000      Free: 29900\n");
}

int fileState(ShellCall& call) {
    if (!call.parse("Lftlc:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path, call.has('L'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
            status = call.fail((call.has('f') ? "can't read file system information for '" : "can't stat '") + path +
                               "': " + std::string(errorText(error)));
        } else if (call.has('f')) {
            showFileSystem(call, path, place.path);
        } else if (call.has('c') || call.has('t')) {
            call.out(formatted(call.valueOr('c', "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %o"),
                               [&](char letter) { return stateField(call, letter, path, place.path, *node); }) +
                     '\n');
        } else {
            showState(call, path, place.path, *node);
        }
    }
    return status;
}

/// Where a path leads through all links. The last name alone need not be there, but behind a folder or a link.
std::optional<std::string> canonical(ShellCall& call, const std::string& path, ShellError& error) {
    const ShellFiles::Place place = call.locate(path);
    error = place.error;
    if (error != ShellError::None) {
        return std::nullopt;
    }
    const ShellFiles::Place itself = call.locate(path, false);
    const bool link = itself.error == ShellError::None && call.files().find(itself.path) != nullptr;
    if (call.files().find(place.path) == nullptr && path.find('/') == std::string::npos && !link) {
        error = ShellError::NoEntry;
        return std::nullopt;
    }
    return place.path;
}

int readLink(ShellCall& call) {
    if (!call.parse("fnv")) {
        return 1;
    }
    if (call.words.size() != 2) {
        return call.usage();
    }
    const std::string& path = call.words[1];
    ShellError error = ShellError::None;
    if (call.has('f')) {
        const auto found = canonical(call, path, error);
        if (!found) {
            return call.has('v') ? call.fail(path + ": " + std::string(errorText(error))) : 1;
        }
        call.out(*found + (call.has('n') ? "" : "\n"));
        return 0;
    }
    const ShellFiles::Place place = call.locate(path, false);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (node == nullptr || node->kind != Kind::Link) {
        error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.has('v') ? call.fail(path + ": cannot read link: " +
                                         (node != nullptr ? "not a symlink" : std::string(errorText(error))))
                             : 1;
    }
    call.out(std::string(node->text()) + (call.has('n') ? "" : "\n"));
    return 0;
}

int realPath(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        ShellError error = ShellError::None;
        if (const auto found = canonical(call, path, error)) {
            call.out(*found + '\n');
        } else {
            status = call.fail(path + ": " + std::string(errorText(error)));
        }
    }
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"chgrp", changeOwner},
    {"chmod", changeMode},
    {"chown", changeOwner},
    {"readlink", readLink},
    {"realpath", realPath, "/usr/bin"},
    {"stat", fileState},
};

}  // namespace

std::span<const ShellApplet> shellAttributeApplets() {
    return kApplets;
}

}  // namespace apiary::agent
