/// Applets that give files another place: cp, mv, ln, link.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

const ShellNode* nodeAt(ShellCall& call, const std::string& path, bool followLast = true) {
    const ShellFiles::Place place = call.locate(path, followLast);
    return place.error == ShellError::None ? call.files().find(place.path) : nullptr;
}

bool isDirectory(ShellCall& call, const std::string& path) {
    const ShellNode* node = nodeAt(call, path);
    return node != nullptr && node->kind == Kind::Directory;
}

std::string within(const std::string& directory, std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return directory + (directory.ends_with('/') ? "" : "/") + std::string(nameOf(path));
}

/// Asks as -i does; the answer comes from standard input.
bool agrees(ShellCall& call, const std::string& question) {
    call.error(question);
    const std::string answer = call.work().readLine(*call.input());
    return answer.starts_with('y') || answer.starts_with('Y');
}

/// SOURCE... and where they go: the last operand, or what -t says. Nothing if operands are missing.
struct Sources {
    std::vector<std::string> paths;
    std::string target;
    bool into = false;  // a directory that they go into
};

std::optional<Sources> sourcesOf(ShellCall& call) {
    Sources sources{call.operands(), call.valueOr('t', ""), false};
    if (!call.has('t')) {
        if (sources.paths.size() < 2) {
            return std::nullopt;
        }
        sources.target = sources.paths.back();
        sources.paths.pop_back();
    } else if (sources.paths.empty()) {
        return std::nullopt;
    }
    sources.into = !call.has('T') && (isDirectory(call, sources.target) || sources.paths.size() > 1 || call.has('t'));
    return sources;
}

class Copier {
public:
    explicit Copier(ShellCall& call) : call_(call), recursive_(call.has('r') || call.has('R') || call.has('a')) {}

    int copy(const std::string& from, const std::string& to) {
        const ShellWork::Level level(call_.work());
        if (!call_.work().step()) {
            return 1;
        }
        const bool keepsLinks = call_.has('d') || call_.has('P') || (recursive_ && !call_.has('L') && !call_.has('H'));
        ShellFiles::Place source = call_.locate(from, !keepsLinks);
        const ShellNode* node = source.error == ShellError::None ? call_.files().find(source.path) : nullptr;
        if (node == nullptr) {
            const ShellError error = source.error == ShellError::None ? ShellError::NoEntry : source.error;
            return call_.fail("can't stat '" + from + "': " + std::string(errorText(error)));
        }
        const ShellFiles::Place target = call_.locate(to);
        const ShellNode* there = target.error == ShellError::None ? call_.files().find(target.path) : nullptr;
        if (target.error == ShellError::NotDirectory) {
            return call_.fail("can't stat '" + to + "': Not a directory");
        }
        if (there != nullptr && target.path == source.path) {
            return call_.fail("'" + from + "' and '" + to + "' are the same file");
        }
        if (node->kind == Kind::Directory) {
            return recursive_ ? copyDirectory(from, source.path, to, target)
                              : call_.fail("omitting directory '" + from + "'");
        }
        if (there != nullptr && there->kind == Kind::Directory) {
            return call_.fail("'" + to + "' is a directory");
        }
        if (there != nullptr && call_.has('n')) {
            return 0;
        }
        if (there != nullptr && call_.has('u') && there->modified >= node->modified) {
            return 0;
        }
        if (there != nullptr && call_.has('i') && !agrees(call_, "cp: overwrite '" + to + "'? ")) {
            return 0;
        }
        const ShellError error = copyFile(source.path, from, target);
        if (error != ShellError::None) {
            return call_.fail("can't create '" + to + "': " + std::string(errorText(error)));
        }
        tell(from, to);
        return 0;
    }

private:
    void tell(const std::string& from, const std::string& to) {
        if (call_.has('v')) {
            call_.out("'" + from + "' -> '" + to + "'\n");
        }
    }

    int copyDirectory(const std::string& from, const std::string& path, const std::string& to,
                      const ShellFiles::Place& target) {
        if (target.error == ShellError::None && (target.path + '/').starts_with(path == "/" ? path : path + '/')) {
            return call_.fail("recursion detected, omitting directory '" + from + "'");
        }
        ShellError error = target.error;
        const ShellNode* there = error == ShellError::None ? call_.files().find(target.path) : nullptr;
        if (there != nullptr && there->kind != Kind::Directory) {
            return call_.fail("target '" + to + "' is not a directory");
        }
        if (error == ShellError::None && there == nullptr) {
            const std::uint16_t mode = call_.files().find(path)->mode;
            error = call_.files().makeDirectory(target.path, mode, call_.work().seconds());
        }
        if (error != ShellError::None) {
            return call_.fail("can't create directory '" + to + "': " + std::string(errorText(error)));
        }
        int status = 0;
        std::vector<std::string> names;
        for (const auto& [name, node] : call_.files().listed(path)) {
            names.push_back(name);
        }
        for (const std::string& name : names) {
            status |= copy(within(from, name), within(to, name));
        }
        tell(from, to);
        return status;
    }

    ShellError copyFile(const std::string& source, const std::string& from, const ShellFiles::Place& target) {
        const std::int64_t now = call_.work().seconds();
        call_.work().report(source);
        call_.work().report(target.path);
        if (target.error != ShellError::None) {
            return target.error;
        }
        if (target.asDirectory) {
            return ShellError::IsDirectory;
        }
        const ShellNode node = *call_.files().find(source);
        if (node.kind == Kind::Link || call_.has('s')) {
            if (call_.files().find(target.path) != nullptr) {
                call_.files().remove(target.path, now);
            }
            return call_.files().makeLink(target.path, call_.has('s') ? from : std::string(node.text()), now);
        }
        if (node.live != ShellNode::Live::No) {
            const ShellError error = call_.files().create(target.path, 0644, now);
            const std::string text = call_.work().host().live(node.live, call_.work().now(), ShellWork::kMostOutput);
            return error != ShellError::None ? error : call_.files().write(target.path, 0, text, now);
        }
        const ShellError error = call_.files().copy(source, target.path, now);
        if (error == ShellError::None && (call_.has('p') || call_.has('a'))) {
            call_.files().setModified(target.path, node.modified);
        }
        return error;
    }

    ShellCall& call_;
    bool recursive_;
};

int copy(ShellCall& call) {
    if (!call.parse("arRdpfinlsuLHPTt:v")) {
        return 1;
    }
    const auto sources = sourcesOf(call);
    if (!sources) {
        return call.usage();
    }
    if (call.has('T') && isDirectory(call, sources->target) && !isDirectory(call, sources->paths.front())) {
        return call.fail("'" + sources->target + "' is a directory");
    }
    int status = 0;
    Copier copier(call);
    for (const std::string& path : sources->paths) {
        status |= copier.copy(path, sources->into ? within(sources->target, path) : sources->target);
    }
    return status;
}

int moveOne(ShellCall& call, const std::string& path, const std::string& name) {
    const ShellFiles::Place from = call.locate(path, false);
    const ShellFiles::Place to = call.locate(name, false);
    const ShellNode* there = to.error == ShellError::None ? call.files().find(to.path) : nullptr;
    if (to.error == ShellError::NotDirectory && from.error == ShellError::None) {
        return call.fail("can't stat '" + name + "': Not a directory");
    }
    if (there != nullptr && call.has('n')) {
        return 0;
    }
    if (there != nullptr && call.has('i') && !agrees(call, "mv: overwrite '" + name + "'? ")) {
        return 0;
    }
    call.work().report(from.path);
    call.work().report(to.path);
    ShellError error = from.error == ShellError::None ? to.error : from.error;
    const ShellNode* source = error == ShellError::None ? call.files().find(from.path) : nullptr;
    if (error == ShellError::None && source != nullptr && to.asDirectory && source->kind != Kind::Directory &&
        there == nullptr) {
        error = ShellError::NotDirectory;
    }
    if (error == ShellError::None && from.path == to.path && source != nullptr) {
        return 0;
    }
    error = error == ShellError::None ? call.files().rename(from.path, to.path, call.work().seconds()) : error;
    if (error != ShellError::None) {
        return call.fail("can't rename '" + path + "': " + std::string(errorText(error)));
    }
    if (call.has('v')) {
        call.out("'" + path + "' -> '" + name + "'\n");
    }
    return 0;
}

int move(ShellCall& call) {
    if (!call.parse("finTt:v")) {
        return 1;
    }
    const auto sources = sourcesOf(call);
    if (!sources) {
        return call.usage();
    }
    if (call.has('T') && isDirectory(call, sources->target)) {
        return call.fail("'" + sources->target + "' is a directory");
    }
    int status = 0;
    for (const std::string& path : sources->paths) {
        status |= moveOne(call, path, sources->into ? within(sources->target, path) : sources->target);
    }
    return status;
}

int linkOne(ShellCall& call, const std::string& path, const std::string& name) {
    if (call.has('s') ? path.empty() : nodeAt(call, path) == nullptr) {
        return call.fail((call.has('s') ? name : path) + ": No such file or directory");
    }
    const std::int64_t now = call.work().seconds();
    const ShellFiles::Place place = call.locate(name, false);
    ShellError error = place.error;
    const ShellNode* there = error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (there != nullptr && there->kind != Kind::Directory) {
        if (call.has('b')) {
            call.files().rename(place.path, place.path + call.valueOr('S', "~"), now);
        } else if (call.has('f')) {
            call.work().report(place.path);
            call.files().remove(place.path, now);
        }
        there = call.files().find(place.path);
    }
    if (error == ShellError::None && there != nullptr) {
        error = ShellError::Exists;
    } else if (error == ShellError::None && call.has('s')) {
        error = call.files().makeLink(place.path, path, now);
    } else if (error == ShellError::None) {
        const ShellFiles::Place from = call.locate(path);
        // Looked for again: it may be what was just replaced.
        const ShellNode* source = from.error == ShellError::None ? call.files().find(from.path) : nullptr;
        error = source == nullptr                 ? ShellError::NoEntry
                : source->kind == Kind::Directory ? ShellError::NotPermitted
                                                  : call.files().copy(from.path, place.path, now);
    }
    if (error != ShellError::None) {
        return call.fail(name + ": " + std::string(errorText(error)));
    }
    if (call.has('v')) {
        call.out("'" + name + "' -> '" + path + "'\n");
    }
    return 0;
}

int link(ShellCall& call) {
    if (!call.parse("sfnbtS:vT")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (paths.empty()) {
        return call.usage();
    }
    const bool alone = paths.size() == 1;
    const std::string target = alone ? std::string(nameOf(paths.front())) : paths.back();
    if (!alone) {
        paths.pop_back();
    }
    const ShellNode* there = nodeAt(call, target, !call.has('n'));
    const bool into = !alone && there != nullptr && there->kind == Kind::Directory;
    if (call.has('T') && into) {
        return call.fail("'" + target + "' is a directory");
    }
    int status = 0;
    for (const std::string& path : paths) {
        status |= linkOne(call, path, into ? within(target, path) : target);
    }
    return status;
}

int hardLink(ShellCall& call) {
    if (call.words.size() != 3) {
        return call.usage();
    }
    const ShellFiles::Place from = call.locate(call.words[1], false);
    const ShellFiles::Place to = call.locate(call.words[2], false);
    ShellError error = from.error == ShellError::None ? to.error : from.error;
    if (error == ShellError::None) {
        error = call.files().find(from.path) == nullptr ? ShellError::NoEntry
                : call.files().find(to.path) != nullptr ? ShellError::Exists
                                                        : call.files().copy(from.path, to.path, call.work().seconds());
    }
    return error == ShellError::None ? 0
                                     : call.fail("can't create hardlink '" + call.words[2] + "' to '" + call.words[1] +
                                                 "': " + std::string(errorText(error)));
}

constexpr ShellApplet kApplets[] = {
    {"cp", copy},
    {"link", hardLink},
    {"ln", link},
    {"mv", move},
};

}  // namespace

std::span<const ShellApplet> shellCopyApplets() {
    return kApplets;
}

}  // namespace apiary::agent
