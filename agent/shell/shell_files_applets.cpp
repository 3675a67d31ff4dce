/// Applets that make and remove files: mkdir, rm, touch and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_date.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

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

/// Names in a directory, read before the tree changes.
std::vector<std::string> namesIn(ShellCall& call, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& [name, node] : call.files().listed(path)) {
        names.push_back(name);
    }
    return names;
}

/// Asks as -i does; the answer comes from standard input.
bool agrees(ShellCall& call, const std::string& question) {
    call.error(question);
    const std::string answer = call.work().readLine(*call.input());
    return answer.starts_with('y') || answer.starts_with('Y');
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
    if (call.has('i') && !agrees(call, "rm: remove '" + path + "'? ")) {
        return 0;
    }
    call.work().report(place.path);
    const ShellError error = call.files().remove(place.path, call.work().seconds());
    if (error != ShellError::None) {
        return call.fail("can't remove '" + path + "': " + std::string(errorText(error)));
    }
    if (call.has('v')) {
        call.out("removed '" + path + "'\n");
    }
    return 0;
}

int remove(ShellCall& call) {
    if (!call.parse("firRv")) {
        return 1;
    }
    if (call.words.size() < 2 && !call.has('f')) {
        return call.usage();
    }
    int status = 0;
    for (std::string path : call.operands()) {
        while (path.size() > 1 && path.ends_with('/')) {
            path.pop_back();
        }
        const std::string_view name = nameOf(path);
        if (name == "." || name == "..") {
            status = call.fail("can't remove '.' or '..'");
            continue;
        }
        status |= removeOne(call, path, call.has('r') || call.has('R'), call.has('f'));
    }
    return status;
}

int unlink(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    if (call.words.size() != 2) {
        return call.usage();
    }
    const ShellFiles::Place place = call.locate(call.words[1], false);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    ShellError error = place.error == ShellError::None && node == nullptr ? ShellError::NoEntry : place.error;
    if (error == ShellError::None) {
        call.work().report(place.path);
        error = node->kind == Kind::Directory ? ShellError::IsDirectory
                                              : call.files().remove(place.path, call.work().seconds());
    }
    return error == ShellError::None
               ? 0
               : call.fail("can't remove file '" + call.words[1] + "': " + std::string(errorText(error)));
}

ShellError removeEmpty(ShellCall& call, const std::string& path) {
    const ShellFiles::Place place = call.locate(path);
    if (place.error != ShellError::None) {
        return place.error;
    }
    const ShellNode* node = call.files().find(place.path);
    return node == nullptr                 ? ShellError::NoEntry
           : node->kind != Kind::Directory ? ShellError::NotDirectory
           : nameOf(path) == "."           ? ShellError::Invalid
                                           : call.files().remove(place.path, call.work().seconds());
}

int removeDirectory(ShellCall& call) {
    const auto ignored = std::erase(call.words, "--ignore-fail-on-non-empty");
    std::ranges::replace(call.words, std::string("--parents"), std::string("-p"));
    if (!call.parse("pv")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (std::string path : call.operands()) {
        for (bool more = true; more && call.work().step();) {
            if (call.has('v')) {
                call.out("rmdir: removing directory, '" + path + "'\n");
            }
            const ShellError error = removeEmpty(call, path);
            if (error != ShellError::None && !(error == ShellError::NotEmpty && ignored > 0)) {
                status = call.fail("'" + path + "': " + std::string(errorText(error)));
            }
            const std::size_t slash = path.find_last_not_of('/') == std::string::npos
                                          ? std::string::npos
                                          : path.rfind('/', path.find_last_not_of('/'));
            more = call.has('p') && error == ShellError::None && slash != std::string::npos && slash > 0;
            path.resize(more ? slash : path.size());
        }
    }
    return status;
}

ShellError makeOne(ShellCall& call, const std::string& path, std::uint16_t mode) {
    const ShellFiles::Place place = call.locate(path);
    return place.error == ShellError::None ? call.files().makeDirectory(place.path, mode, call.work().seconds())
                                           : place.error;
}

int makeDirectory(ShellCall& call) {
    if (!call.parse("m:pv")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    const auto between = static_cast<std::uint16_t>(0777 & ~call.environment().mask);
    const auto mode =
        call.has('m') ? modeOf(call.value('m'), 0777, true, call.environment().mask) : std::optional(between);
    if (!mode) {
        return call.fail("invalid mode '" + call.value('m') + "'");
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        if (path.size() > ShellFiles::kLongestTyped) {
            status =
                call.fail("can't create directory '" + path + "': " + std::string(errorText(ShellError::NameTooLong)));
            continue;
        }
        if (!call.has('p') && path.find_first_not_of('/') == std::string::npos && !path.empty()) {
            continue;
        }
        std::size_t end = call.has('p') ? path.find('/', path.find_first_not_of('/')) : std::string::npos;
        while (call.work().step()) {
            end = std::min(path.find_first_not_of('/', end), path.size());
            const std::string part = path.substr(0, end);
            call.work().move(part.size() * kLookUpCost);
            const bool last = end == path.size();
            const ShellError error = makeOne(call, part, last ? *mode : between);
            const bool there = error == ShellError::Exists && isDirectory(call, part) && (call.has('p') || part == ".");
            if (error != ShellError::None && !there) {
                const bool inFile = error == ShellError::Exists && !last;
                status = call.fail("can't create directory '" + part +
                                   "': " + std::string(errorText(inFile ? ShellError::NotDirectory : error)));
                break;
            }
            if (call.has('v') && error == ShellError::None) {
                call.out("created directory: '" + part + "'\n");
            }
            if (last) {
                break;
            }
            end = path.find('/', end);
        }
    }
    return status;
}

int touch(ShellCall& call) {
    if (!call.parse("chamd:t:r:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    std::int64_t time = call.work().seconds();
    if (call.has('r')) {
        const ShellFiles::Place place = call.locate(call.value('r'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            return call.fail("can't stat '" + call.value('r') + "': No such file or directory");
        }
        time = node->modified;
    }
    for (const char letter : {'d', 't'}) {
        if (call.has(letter)) {
            const auto given = parseDate(call.value(letter), call.work().seconds());
            if (!given) {
                return call.fail("invalid date '" + call.value(letter) + "'");
            }
            time = *given;
        }
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        ShellFiles::Place place = call.locate(path, !call.has('h'));
        const bool there = place.error == ShellError::None && call.files().find(place.path) != nullptr;
        if (place.error == ShellError::None && !there) {
            if (call.has('c')) {
                continue;
            }
            place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds());
        }
        if (place.error == ShellError::None && !(call.has('a') && !call.has('m'))) {
            place.error = call.files().setModified(place.path, time);
        }
        if (place.error != ShellError::None && !(call.has('c') && place.error == ShellError::NoEntry)) {
            status = call.fail(path + ": " + std::string(errorText(place.error)));
        }
    }
    return status;
}

int temporary(ShellCall& call) {
    if (!call.parse("dqtp:u")) {
        return 1;
    }
    if (call.words.size() > 2) {
        return call.usage();
    }
    const std::string_view set = call.environment().get("TMPDIR");
    std::string path = call.words.size() > 1 ? call.words[1] : "tmp.XXXXXX";
    if (call.words.size() < 2 || call.has('t') || call.has('p')) {
        const std::string folder = call.has('t') && !set.empty() ? std::string(set) : call.valueOr('p', "/tmp");
        path.insert(0, folder + '/');
    }
    const ShellFiles::Place place = call.locate(path);
    ShellError error = path.ends_with("XXXXXX") ? place.error : ShellError::Invalid;
    if (error == ShellError::None) {
        static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        auto chance = static_cast<std::uint64_t>(call.work().seconds()) +
                      static_cast<std::uint64_t>(call.work().newProcess()) * 2654435761U;
        for (std::size_t i = path.size() - 6; i < path.size(); ++i) {
            chance = chance * 6364136223846793005U + 1442695040888963407U;
            path[i] = kLetters[static_cast<std::size_t>(chance >> 33U) % kLetters.size()];
        }
        const std::string name = call.locate(path).path;
        const std::int64_t now = call.work().seconds();
        error = call.has('u')   ? ShellError::None
                : call.has('d') ? call.files().makeDirectory(name, 0700, now)
                                : call.files().create(name, 0600, now);
    }
    if (error != ShellError::None) {
        return call.has('q') ? 1 : call.fail("(null): " + std::string(errorText(error)));
    }
    call.out(path + '\n');
    return 0;
}

/// Makes a file so many bytes long, by zeros or a cut.
ShellError resize(ShellCall& call, const std::string& path, std::uint64_t size, bool grows) {
    std::string text(call.files().find(path)->text().substr(0, size));
    if (grows && text.size() < call.files().find(path)->size()) {
        return ShellError::None;
    }
    if (size > ShellFiles::kMostBytes) {
        return ShellError::NoSpace;
    }
    text.resize(size, '\0');
    call.work().report(path);
    const ShellError error = call.files().create(path, 0666, call.work().seconds());
    ShellStream file{ShellStream::Kind::File, path};
    return error == ShellError::None ? call.work().write(file, text) : error;
}

int truncate(ShellCall& call) {
    if (!call.parse("cs:")) {
        return 1;
    }
    if (!call.has('s') || call.words.size() < 2) {
        return call.usage();
    }
    const auto size = parseSize(call.value('s'));
    if (!size) {
        return call.fail("invalid number '" + call.value('s') + "'");
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        ShellFiles::Place place = call.locate(path);
        const bool there = place.error == ShellError::None && call.files().find(place.path) != nullptr;
        if (!there && call.has('c')) {
            continue;
        }
        if (place.error == ShellError::None) {
            place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds(), true);
        }
        if (place.error != ShellError::None) {
            status = call.fail(path + ": open: " + std::string(errorText(place.error)));
        } else if (const ShellError error = resize(call, place.path, *size, false); error != ShellError::None) {
            status = call.fail(path + ": truncate: " + std::string(errorText(error)));
        }
    }
    return status;
}

int allocate(ShellCall& call) {
    if (!call.parse("l:o:")) {
        return 1;
    }
    if (!call.has('l') || call.words.size() != 2) {
        return call.usage();
    }
    const auto size = parseSize(call.value('l'));
    const auto offset = parseSize(call.valueOr('o', "0"));
    if (!size || !offset) {
        return call.fail("invalid number '" + call.value(size ? 'o' : 'l') + "'");
    }
    ShellFiles::Place place = call.locate(call.words[1]);
    if (place.error == ShellError::None) {
        place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds(), true);
    }
    if (place.error != ShellError::None) {
        return call.fail("can't open '" + call.words[1] + "': " + std::string(errorText(place.error)));
    }
    const ShellError error = resize(call, place.path, *size + *offset, true);
    return error == ShellError::None ? 0
                                     : call.fail("fallocate '" + call.words[1] + "': " + std::string(errorText(error)));
}

constexpr ShellApplet kApplets[] = {
    {"fallocate", allocate, "/usr/bin"},
    {"mkdir", makeDirectory},
    {"mktemp", temporary},
    {"rm", remove},
    {"rmdir", removeDirectory},
    {"touch", touch},
    {"truncate", truncate, "/usr/bin"},
    {"unlink", unlink, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellFileApplets() {
    return kApplets;
}

}  // namespace apiary::agent
