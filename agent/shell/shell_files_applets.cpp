/// Applets that change files.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLookUpCost = 64;  // of each byte of a path whose every folder is looked for

using Kind = ShellNode::Kind;

bool isDirectory(ShellCall& call, const std::string& path) {
    const ShellFiles::Place place = call.locate(path);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    return node != nullptr && node->kind == Kind::Directory;
}

std::string within(const std::string& directory, std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return directory + (directory.ends_with('/') ? "" : "/") + std::string(nameOf(path));
}

/// Names in a directory, read before the tree changes.
std::vector<std::string> namesIn(ShellCall& call, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& [name, node] : call.files().entries(path)) {
        names.push_back(name);
    }
    return names;
}

int copyOne(ShellCall& call, const std::string& from, const std::string& to, bool recursive) {
    const ShellWork::Level level(call.work());
    if (!call.work().step()) {
        return 1;
    }
    ShellFiles::Place source = call.locate(from);
    if (source.error == ShellError::None && call.files().find(source.path) == nullptr) {
        source.error = ShellError::NoEntry;
    }
    if (source.error != ShellError::None) {
        return call.fail("can't stat '" + from + "': " + std::string(errorText(source.error)));
    }
    ShellFiles::Place target = call.locate(to);
    if (target.error == ShellError::None && target.path == source.path) {
        return call.fail("'" + from + "' and '" + to + "' are the same file");
    }
    const ShellNode* node = call.files().find(source.path);
    if (node->kind == Kind::Directory) {
        if (!recursive) {
            return call.fail("omitting directory '" + from + "'");
        }
        const std::uint16_t mode = node->mode;
        if (target.error == ShellError::None && call.files().find(target.path) == nullptr) {
            target.error = call.files().makeDirectory(target.path, mode, call.work().seconds());
        }
        int status = 0;
        for (const std::string& name : namesIn(call, source.path)) {
            status |= copyOne(call, from + '/' + name, to + '/' + name, true);
        }
        return status;
    }
    call.work().report(source.path);
    call.work().report(target.path);
    if (target.error == ShellError::None) {
        target.error = node->live == ShellNode::Live::No
                           ? call.files().copy(source.path, target.path, call.work().seconds())
                           : call.files().create(target.path, 0644, call.work().seconds());
    }
    if (target.error != ShellError::None) {
        return call.fail("can't create '" + to + "': " + std::string(errorText(target.error)));
    }
    if (node->live != ShellNode::Live::No) {
        const std::string text = call.work().host().live(node->live, call.work().now(), ShellWork::kMostOutput);
        call.files().write(target.path, 0, text, call.work().seconds());
    }
    return 0;
}

int copy(ShellCall& call) {
    if (!call.parse("arRdpfiLHlsuTt:vDcP")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (paths.size() < 2) {
        return call.usage();
    }
    const std::string target = paths.back();
    paths.pop_back();
    const bool into = isDirectory(call, target);
    if (paths.size() > 1 && !into) {
        return call.fail("target '" + target + "' is not a directory");
    }
    int status = 0;
    for (const std::string& path : paths) {
        status |=
            copyOne(call, path, into ? within(target, path) : target, call.has('r') || call.has('R') || call.has('a'));
    }
    return status;
}

int move(ShellCall& call) {
    if (!call.parse("fint:TuvD")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (paths.size() < 2) {
        return call.usage();
    }
    const std::string target = paths.back();
    paths.pop_back();
    const bool into = isDirectory(call, target);
    if (paths.size() > 1 && !into) {
        return call.fail("target '" + target + "' is not a directory");
    }
    int status = 0;
    for (const std::string& path : paths) {
        const std::string name = into ? within(target, path) : target;
        const ShellFiles::Place from = call.locate(path, false);
        const ShellFiles::Place to = call.locate(name, false);
        call.work().report(from.path);
        call.work().report(to.path);
        ShellError error = from.error == ShellError::None ? to.error : from.error;
        if (error == ShellError::None && from.path == to.path && call.files().find(from.path) != nullptr) {
            status |= call.fail("'" + path + "' and '" + name + "' are the same file");
            continue;
        }
        if (error == ShellError::None) {
            error = call.files().rename(from.path, to.path, call.work().seconds());
        }
        if (error != ShellError::None) {
            status |= call.fail("can't rename '" + path + "': " + std::string(errorText(error)));
        }
    }
    return status;
}

int removeOne(ShellCall& call, const std::string& path, bool recursive, bool force) {
    const ShellWork::Level level(call.work());
    if (!call.work().step()) {
        return 1;
    }
    const ShellFiles::Place place = call.locate(path, false);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (node == nullptr) {
        if (force && (place.error == ShellError::None || place.error == ShellError::NoEntry)) {
            return 0;
        }
        const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.fail("can't remove '" + path + "': " + std::string(errorText(error)));
    }
    if (node->kind == Kind::Directory) {
        const std::string_view name = nameOf(path);
        if (name == "." || name == "..") {
            return call.fail("can't remove '" + path + "': '.' or '..' special");
        }
        if (!recursive) {
            return call.fail("'" + path + "' is a directory");
        }
        int status = 0;
        for (const std::string& entry : namesIn(call, place.path)) {
            status |= removeOne(call, path + (path.ends_with('/') ? "" : "/") + entry, true, force);
            if (call.work().stopped()) {
                return 1;
            }
        }
        if (status != 0 && place.path != "/") {
            return status;
        }
    }
    call.work().report(place.path);
    const ShellError error = call.files().remove(place.path, call.work().seconds());
    if (error != ShellError::None) {
        return call.fail("can't remove '" + path + "': " + std::string(errorText(error)));
    }
    return 0;
}

int remove(ShellCall& call) {
    if (!call.parse("firR")) {
        return 1;
    }
    if (call.words.size() < 2 && !call.has('f')) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        status |= removeOne(call, path, call.has('r') || call.has('R'), call.has('f'));
    }
    return status;
}

int unlink(ShellCall& call) {
    return call.parse("") && call.words.size() == 2 ? removeOne(call, call.words[1], false, false) : 1;
}

int removeDirectory(ShellCall& call) {
    if (!call.parse("p")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path);
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        ShellError error = place.error;
        if (error == ShellError::None) {
            error = node == nullptr                 ? ShellError::NoEntry
                    : node->kind != Kind::Directory ? ShellError::NotDirectory
                                                    : call.files().remove(place.path, call.work().seconds());
        }
        if (error != ShellError::None) {
            status = call.fail("'" + path + "': " + std::string(errorText(error)));
        }
    }
    return status;
}

int makeDirectory(ShellCall& call) {
    if (!call.parse("pm:v")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    const std::uint16_t mode = 0777 & ~call.environment().mask;
    for (const std::string& path : call.operands()) {
        if (path.size() > ShellFiles::kLongestTyped) {
            status =
                call.fail("can't create directory '" + path + "': " + std::string(errorText(ShellError::NameTooLong)));
            continue;
        }
        std::size_t end = call.has('p') ? path.find('/', 1) : path.size();
        for (; call.work().step(); end = path.find('/', end + 1)) {
            const std::string part = path.substr(0, end);
            call.work().move(part.size() * kLookUpCost);
            ShellFiles::Place place = call.locate(part);
            if (place.error == ShellError::None) {
                place.error = call.files().makeDirectory(place.path, mode, call.work().seconds());
            }
            const bool there = place.error == ShellError::Exists && call.has('p') && isDirectory(call, part);
            if (place.error != ShellError::None && !there) {
                status = call.fail("can't create directory '" + part + "': " + std::string(errorText(place.error)));
                break;
            }
            if (end >= path.size()) {
                break;
            }
        }
    }
    return status;
}

/// Makes of "u+x", "755" or "a=rw,o-w" the new mode of a file; nothing if it cannot be read.
std::optional<std::uint16_t> modeOf(std::string_view text, unsigned mode, bool directory, unsigned mask) {
    if (!text.empty() && text.front() >= '0' && text.front() <= '7') {
        const auto value = parseNumber<unsigned>(text, 8);
        return value && *value <= 07777 ? std::optional(static_cast<std::uint16_t>(*value)) : std::nullopt;
    }
    while (!text.empty()) {
        unsigned who = 0;
        while (!text.empty() && std::string_view("ugoa").find(text.front()) != std::string_view::npos) {
            who |= text.front() == 'u' ? 04700U : text.front() == 'g' ? 02070U : text.front() == 'o' ? 01007U : 07777U;
            text.remove_prefix(1);
        }
        const unsigned effective = who == 0 ? 07777U & ~mask : who;
        if (text.empty() || std::string_view("+-=").find(text.front()) == std::string_view::npos) {
            return std::nullopt;
        }
        while (!text.empty() && std::string_view("+-=").find(text.front()) != std::string_view::npos) {
            const char operation = text.front();
            unsigned bits = 0;
            for (text.remove_prefix(1);
                 !text.empty() && std::string_view("rwxXst").find(text.front()) != std::string_view::npos;
                 text.remove_prefix(1)) {
                const char c = text.front();
                bits |= c == 'r'   ? 0444U
                        : c == 'w' ? 0222U
                        : c == 'x' ? 0111U
                        : c == 's' ? 06000U
                        : c == 't' ? 01000U
                                   : (directory || (mode & 0111U) != 0 ? 0111U : 0U);
            }
            mode = operation == '+'   ? mode | (bits & effective)
                   : operation == '-' ? mode & ~(bits & effective)
                                      : (mode & ~effective) | (bits & effective);
        }
        if (!text.empty() && text.front() != ',') {
            return std::nullopt;
        }
        text.remove_prefix(text.empty() ? 0 : 1);
    }
    return static_cast<std::uint16_t>(mode);
}

int changeOne(ShellCall& call, const std::string& path, const std::string& mode, bool recursive) {
    const ShellWork::Level level(call.work());
    const ShellFiles::Place place = call.locate(path);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (!call.work().step() || node == nullptr) {
        const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.fail(path + ": " + std::string(errorText(error)));
    }
    const bool directory = node->kind == Kind::Directory;
    const auto value = modeOf(mode, node->mode, directory, call.environment().mask);
    if (!value) {
        return call.fail("invalid mode '" + mode + "'");
    }
    call.work().report(place.path);
    int status = 0;
    if (const ShellError error = call.files().setMode(place.path, *value); error != ShellError::None) {
        status = call.fail(path + ": " + std::string(errorText(error)));
    }
    if (recursive && directory) {
        for (const std::string& name : namesIn(call, place.path)) {
            status |= changeOne(call, path + '/' + name, mode, true);
        }
    }
    return status;
}

int changeMode(ShellCall& call) {
    if (call.words.size() > 1 && call.words[1].size() > 1 && call.words[1].front() == '-' &&
        std::string_view("rwxst").find(call.words[1][1]) != std::string_view::npos) {
        call.words.insert(call.words.begin() + 1, "--");  // a mode, not an option
    }
    if (!call.parse("+Rvcf")) {
        return 1;
    }
    if (call.words.size() < 3) {
        return call.usage();
    }
    int status = 0;
    for (std::size_t i = 2; i < call.words.size(); ++i) {
        status |= changeOne(call, call.words[i], call.words[1], call.has('R'));
    }
    return status;
}

int changeOwner(ShellCall& call) {
    if (!call.parse("RhLHPvcf")) {
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
        } else if (call.files().user() != 0) {
            status = call.fail(call.words[i] + ": Operation not permitted");
        }
    }
    return status;
}

int touch(ShellCall& call) {
    if (!call.parse("cd:t:r:ham")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        ShellFiles::Place place = call.locate(path);
        if (place.error == ShellError::None && call.files().find(place.path) != nullptr) {
            place.error = call.files().setModified(place.path, call.work().seconds());
        } else if (place.error == ShellError::None && !call.has('c')) {
            place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds());
        }
        if (place.error != ShellError::None) {
            status = call.fail(path + ": " + std::string(errorText(place.error)));
        }
    }
    return status;
}

int link(ShellCall& call) {
    if (!call.parse("sfnbS:vT")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (paths.empty()) {
        return call.usage();
    }
    const std::string target = paths.size() == 1 ? "." : paths.back();
    if (paths.size() > 1) {
        paths.pop_back();
    }
    int status = 0;
    for (const std::string& path : paths) {
        const std::string name = isDirectory(call, target) ? within(target, path) : target;
        ShellFiles::Place place = call.locate(name, false);
        if (place.error == ShellError::None && call.has('f')) {
            call.work().report(place.path);
            call.files().remove(place.path, call.work().seconds());
        }
        if (place.error == ShellError::None && call.has('s')) {
            place.error = call.files().makeLink(place.path, path, call.work().seconds());
        } else if (place.error == ShellError::None) {
            const ShellFiles::Place from = call.locate(path);
            const bool there = from.error == ShellError::None && call.files().find(from.path) != nullptr;
            place.error = call.files().find(place.path) != nullptr ? ShellError::Exists
                          : there ? call.files().copy(from.path, place.path, call.work().seconds())
                                  : ShellError::NoEntry;
        }
        if (place.error != ShellError::None) {
            status = call.fail(name + ": " + std::string(errorText(place.error)));
        }
    }
    return status;
}

int temporary(ShellCall& call) {
    if (!call.parse("dqtup:")) {
        return 1;
    }
    std::string path = call.words.size() > 1 ? call.words[1] : "/tmp/tmp.XXXXXX";
    if (!path.ends_with("XXXXXX")) {
        return call.fail("(null): Invalid argument");
    }
    for (std::size_t i = path.size() - 6; i < path.size(); ++i) {
        path[i] = static_cast<char>('a' + call.work().newProcess() * 7 % 26);
    }
    const ShellFiles::Place place = call.locate(path);
    const std::int64_t now = call.work().seconds();
    const ShellError error = place.error != ShellError::None ? place.error
                             : call.has('d')                 ? call.files().makeDirectory(place.path, 0700, now)
                                                             : call.files().create(place.path, 0600, now);
    if (error != ShellError::None) {
        return call.fail(path + ": " + std::string(errorText(error)));
    }
    call.out(path + '\n');
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"chmod", changeMode},
    {"chown", changeOwner},
    {"cp", copy},
    {"ln", link},
    {"mkdir", makeDirectory},
    {"mktemp", temporary},
    {"mv", move},
    {"rm", remove},
    {"rmdir", removeDirectory},
    {"touch", touch},
    {"unlink", unlink, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellFileApplets() {
    return kApplets;
}

}  // namespace apiary::agent
