/// Applets that show files and their sizes: du, less, more, pwd.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

int page(ShellCall& call) {
    std::erase_if(call.words, [](const std::string& word) { return word.size() > 1 && word.front() == '-'; });
    int status = 0;
    if (call.name() == "less" || call.words.size() < 2) {
        call.out(call.readAll(call.operands(), status));
        return status;
    }
    for (const std::string& path : call.operands()) {
        call.out(call.readAll({path}, status, "-"));
    }
    return status;
}

class DiskUse {
public:
    DiskUse(ShellCall& call, std::size_t deepest) : call_(call), deepest_(deepest) {}

    std::uint64_t total() const { return total_; }

    void show(std::uint64_t amount, const std::string& name) {
        std::string number = std::to_string(call_.has('m') ? (amount + 512) / 1024 : amount);
        if (call_.has('h')) {
            number = amount == 0     ? "0"
                     : amount < 1024 ? printed("%.1fK", static_cast<double>(amount))
                                     : printed("%.1fM", static_cast<double>(amount) / 1024);
        }
        call_.out(number + '\t' + name + '\n');
    }

    /// Kilobytes, or bytes with -b, of what is at `path` and below; shows them.
    std::uint64_t of(const std::string& path, const std::string& shown, std::size_t depth) {
        const ShellNode* node = call_.files().find(path);
        const ShellWork::Level level(call_.work());
        if (node == nullptr || call_.work().stopped() || !call_.work().step()) {
            return 0;
        }
        const bool directory = node->kind == Kind::Directory;
        std::uint64_t sum = call_.has('b') ? sizeOf(call_.files(), path, *node)
                            : directory    ? own(path)
                                           : kilobytesOf(call_.files(), path, *node);
        if (directory) {
            std::vector<std::string> names;
            for (const auto& [name, entry] : call_.files().listed(path)) {
                names.push_back(name);
            }
            for (const std::string& name : names) {
                sum += of((path == "/" ? "" : path) + '/' + name, shown + (shown.ends_with('/') ? "" : "/") + name,
                          depth + 1);
            }
        }
        if (depth == 0 || ((directory || call_.has('a')) && depth <= deepest_ && !call_.has('s'))) {
            show(sum, shown);
        }
        total_ += depth == 0 ? sum : 0;
        return sum;
    }

private:
    /// A folder's own blocks.
    static std::uint64_t own(const std::string& path) {
        return path.starts_with("/proc") || path.starts_with("/sys") || onTmpfs(path) ? 0 : 4;
    }

    ShellCall& call_;
    std::size_t deepest_;
    std::uint64_t total_ = 0;
};

int diskUsage(ShellCall& call) {
    if (!call.parse("aHkLsxd:lchmb")) {
        return 1;
    }
    const auto deepest = parseNumber<std::uint32_t>(call.valueOr('d', "60"));
    if (!deepest) {
        return call.fail("invalid number '" + call.value('d') + "'");
    }
    int status = 0;
    DiskUse use(call, *deepest);
    for (const std::string& path : call.words.size() > 1 ? call.operands() : std::vector<std::string>{"."}) {
        const ShellFiles::Place place = call.locate(path, call.has('L') || call.has('H'));
        if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
            const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
            status = call.fail(path + ": " + std::string(errorText(error)));
            continue;
        }
        use.of(place.path, path, 0);
    }
    if (call.has('c')) {
        use.show(use.total(), "total");
    }
    return status;
}

int workingDirectory(ShellCall& call) {
    call.out(call.environment().directory + '\n');
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"du", diskUsage, "/usr/bin"},
    {"less", page, "/usr/bin"},
    {"more", page},
    {"pwd", workingDirectory},
};

}  // namespace

std::span<const ShellApplet> shellOperandApplets() {
    return kApplets;
}

}  // namespace apiary::agent
