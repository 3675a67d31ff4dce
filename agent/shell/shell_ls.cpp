/// ls, as BusyBox has it (coreutils/ls.c).

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

constexpr std::string_view kColour = "--color";
constexpr std::int64_t kHalfYear = std::int64_t{3600} * 24 * 365 / 2;
constexpr std::size_t kBetween = 2;  // columns
constexpr std::size_t kInodeWidth = 8;
constexpr std::size_t kBlocksWidth = 5;
constexpr char kFullTime = 1;  // long options as letters that nobody types
constexpr char kFoldersFirst = 2;

struct Shown {
    std::string name;
    std::string title;  // the name with the folder as it was typed
    std::string path;
    const ShellNode* node;

    bool folder() const { return node->kind == Kind::Directory; }
};

bool isPipe(const ShellNode& node) {
    return node.kind == Kind::Device && node.device == ShellNode::Device::Pipe;
}

/// Bytes that are not printable ASCII become question marks.
std::string printable(std::string name) {
    std::ranges::replace_if(
        name, [](unsigned char c) { return c < ' ' || c >= 0x7f; }, '?');
    return name;
}

class Ls {
public:
    explicit Ls(ShellCall& call) : call_(call) {}

    int run() {
        if (!parse()) {
            return 1;
        }
        std::vector<std::string> paths = call_.operands();
        if (paths.empty()) {
            paths = {"."};
        }
        titled_ = paths.size() > 1 || has('R');
        const bool follows = !(has('l') || has('i') || has('s') || has('F')) || has('H');
        std::vector<Shown> files;
        std::vector<Shown> folders;
        for (const std::string& path : paths) {
            if (const auto found = look(path, path, follows || has('L'))) {
                (found->folder() && !has('d') ? folders : files).push_back(*found);
            }
        }
        show(files);
        sort(folders);
        showFolders(folders, files.empty());
        return status_;
    }

private:
    bool has(char letter) const { return letters_.contains(letter); }

    /// The letters that hold: some take others back. Long options have letters of their own.
    bool parse() {
        for (std::string& word : call_.words) {
            colour_ = word.starts_with(kColour) ? word.substr(kColour.size()) : colour_;
            colours_ |= word.starts_with(kColour);
            word = word == "--full-time"                 ? "-\1"
                   : word == "--group-directories-first" ? "-\2"
                   : word.starts_with(kColour)           ? "-\3"
                                                         : word;
        }
        if (!call_.parse("Cadi1lgnsxAkFpRQctuSXrvLHhT:w:\1\2\3")) {
            return false;
        }
        constexpr std::pair<char, std::string_view> kTakesBack[] = {
            {'t', "S"},   {'S', "t"},  {'H', "L"},  {'L', "H"}, {'C', "xl1"},
            {'x', "Cl1"}, {'l', "xC"}, {'1', "Cx"}, {'c', "u"}, {'u', "c"},
        };
        for (const auto& option : call_.given()) {
            const char letter = option.first;
            letters_.insert(letter);
            for (const auto& [stronger, weaker] : kTakesBack) {
                for (const char other : stronger == letter ? weaker : std::string_view()) {
                    letters_.erase(other);
                }
            }
            if (letter == 'n' || letter == 'g' || letter == kFullTime) {
                letters_.insert('l');
            }
        }
        width_ = call_.columns() - 1;
        if (has('w')) {
            const auto width = parseNumber<std::uint32_t>(call_.value('w'));
            if (!width) {
                call_.fail("invalid number '" + call_.value('w') + "'");
                return false;
            }
            width_ = *width;
        }
        const ShellStreamPtr& output = call_.shell().streams()[1];
        const bool terminal = output && output->kind == ShellStream::Kind::Terminal;
        if (!(has('l') || has('1') || has('x') || has('C'))) {
            letters_.insert(terminal ? 'C' : '1');
        }
        if (!has('l') && (has('c') || has('u'))) {
            letters_.insert('t');
        }
        const bool always = colour_.empty() || colour_ == "=always" || colour_ == "=yes" || colour_ == "=force";
        const bool onTerminal = colour_ == "=auto" || colour_ == "=tty" || colour_ == "=if-tty";
        colours_ = colours_ && (always || (onTerminal && terminal));
        return true;
    }

    std::optional<Shown> look(const std::string& title, const std::string& name, bool follow) {
        const ShellFiles::Place place = call_.locate(title, follow);
        const ShellNode* node = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
        if (node == nullptr) {
            const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
            status_ = call_.fail(title + ": " + std::string(errorText(error)));
            return std::nullopt;
        }
        return Shown{name, title, place.path, node};
    }

    void sort(std::vector<Shown>& all) const {
        const auto size = [&](const Shown& shown) { return sizeOf(call_.files(), shown.path, *shown.node); };
        const auto order = [&](const Shown& a, const Shown& b) -> std::int64_t {
            std::int64_t difference = 0;
            if (has(kFoldersFirst) && a.folder() != b.folder()) {
                return a.folder() ? -1 : 1;
            }
            if (has('S')) {
                difference = static_cast<std::int64_t>(size(b) - size(a));
            } else if (has('t')) {
                difference = b.node->modified - a.node->modified;
            } else if (has('v')) {
                difference = ::strverscmp(a.name.c_str(), b.name.c_str());
            } else if (has('X')) {
                const auto extension = [](const Shown& shown) {
                    return std::string_view(shown.name).substr(std::min(shown.name.find('.'), shown.name.size()));
                };
                difference = extension(a).compare(extension(b));
            }
            return difference != 0 ? difference : a.name.compare(b.name);
        };
        std::ranges::stable_sort(
            all, [&](const Shown& a, const Shown& b) { return has('r') ? order(a, b) > 0 : order(a, b) < 0; });
    }

    std::string owners(const ShellNode& node) const {
        const auto named = [&](const char* file, std::uint32_t id) {
            const auto name = has('n') ? std::nullopt : accountOf(call_.files(), file, id);
            return name ? *name : std::to_string(id);
        };
        return (has('g') ? "" : printed("%-8.8s ", named("/etc/passwd", node.owner).c_str())) +
               printed("%-8.8s ", named("/etc/group", node.group()).c_str());
    }

    std::string date(const Shown& shown) const {
        const std::int64_t now = call_.work().seconds();
        const bool current = shown.path.starts_with("/proc") || shown.path.starts_with("/sys");
        const std::int64_t at = current ? now : shown.node->modified;
        const std::string text = dateOf(at);
        if (has(kFullTime)) {
            static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
            std::string day = text.substr(4, 2);
            std::ranges::replace(day, ' ', '0');
            return text.substr(16) + printed("-%02zu-", kMonths.find(text.substr(0, 3)) / 3 + 1) + day + ' ' +
                   text.substr(7, 8) + " +0000 ";
        }
        const std::int64_t age = now - at;
        return (age < kHalfYear && age > -15 * 60 ? text.substr(0, 12)
                                                  : text.substr(0, 6) + "  " + text.substr(16, 4)) +
               ' ';
    }

    /// All that stands before the name.
    std::string head(const Shown& shown) const {
        const ShellNode& node = *shown.node;
        std::string line = has('i') ? printed("%7zu ", inodeOf(shown.path)) : "";
        if (has('s')) {
            line += printed("%6llu ", static_cast<unsigned long long>(kilobytesOf(call_.files(), shown.path, node)));
        }
        if (!has('l')) {
            return line;
        }
        line +=
            printed("%-10s %4zu ", modeLetters(node).c_str(), linksOf(call_.files(), shown.path, node)) + owners(node);
        const std::uint64_t size = sizeOf(call_.files(), shown.path, node);
        line += node.kind == Kind::Device && !isPipe(node)
                    ? printed("%4u, %3u ", static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor))
                : has('h') ? printed("%7s ", humanSize(size).c_str())
                           : printed("%9llu ", static_cast<unsigned long long>(size));
        return line + date(shown);
    }

    std::string quoted(const std::string& name) const {
        std::string text;
        for (const char c : printable(name)) {
            text += has('Q') && (c == '"' || c == '\\') ? "\\" : "";
            text += c;
        }
        return has('Q') ? '"' + text + '"' : text;
    }

    /// With -p and -F. Nothing for a link that leads nowhere.
    std::string mark(const ShellNode* node) const {
        if (!(has('F') || has('p')) || node == nullptr) {
            return "";
        }
        return node->kind == Kind::Directory                           ? "/"
               : !has('F')                                             ? ""
               : node->kind == Kind::File && (node->mode & 0111U) != 0 ? "*"
               : node->kind == Kind::Link                              ? "@"
               : isPipe(*node)                                         ? "|"
                                                                       : "";
    }

    std::string coloured(const std::string& text, const ShellNode* node) const {
        if (!colours_) {
            return text;
        }
        const std::string_view colour = node == nullptr                                         ? "1;31"
                                        : node->kind == Kind::Directory                         ? "1;34"
                                        : node->kind == Kind::Link                              ? "1;36"
                                        : node->kind == Kind::Device                            ? "1;35"
                                        : node->kind == Kind::File && (node->mode & 0111U) != 0 ? "1;32"
                                                                                                : "0;0";
        return "\x1b[" + std::string(colour) + 'm' + text + "\x1b[m";
    }

    /// A name with all that stands around it; `columns` is how many of them that takes.
    std::string single(const Shown& shown, std::size_t& columns) const {
        const std::string before = head(shown);
        std::string name = quoted(shown.name);
        columns = before.size() + name.size();
        std::string sign = mark(shown.node);
        std::string line = before + coloured(name, call_.files().find(call_.locate(shown.title, false).path));
        if (has('l') && shown.node->kind == Kind::Link) {
            const ShellFiles::Place place = call_.files().locate("/", shown.path);
            const ShellNode* target = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
            sign = mark(target);
            line += " -> " + coloured(quoted(std::string(shown.node->text())), target);
        }
        columns += sign.size();
        return line + sign;
    }

    void show(std::vector<Shown> all) {
        sort(all);
        std::size_t across = 1;
        std::size_t column = 0;
        if (!has('l') && !has('1')) {
            for (const Shown& shown : all) {
                column = std::max(column, quoted(shown.name).size());
            }
            column += kBetween + (has('i') ? kInodeWidth : 0) + (has('s') ? kBlocksWidth : 0);
            across = std::max<std::size_t>(1, width_ / column);
        }
        const std::size_t rows = (all.size() + across - 1) / across;
        for (std::size_t row = 0; row < rows; ++row) {
            std::string line;
            std::size_t at = 0;
            std::size_t next = 0;
            for (std::size_t place = 0; place < across; ++place) {
                const std::size_t i = has('x') ? row * across + place : place * rows + row;
                if (i >= all.size()) {
                    break;
                }
                line.append(next - std::min(next, at), ' ');
                at = std::max(at, next);
                next = at + column;
                std::size_t taken = 0;
                line += single(all[i], taken);
                at += taken;
            }
            if (!call_.out(line + '\n') || !call_.work().step()) {
                return;
            }
        }
    }

    void showFolders(const std::vector<Shown>& folders, bool first) {
        for (const Shown& shown : folders) {
            const ShellWork::Level level(call_.work());
            if (!call_.work().step()) {
                return;
            }
            if (titled_) {
                call_.out((std::exchange(first, false) ? "" : "\n") + shown.title + ":\n");
            }
            showFolder(shown);
        }
    }

    void showFolder(const Shown& folder) {
        std::vector<Shown> all;
        const std::uint32_t user = call_.files().user();
        const bool denied = user != 0 && (folder.node->mode & (folder.node->owner == user ? 0400U : 0004U)) == 0;
        if (denied) {
            status_ = call_.fail("can't open '" + folder.title + "': Permission denied");
        }
        const auto add = [&](const std::string& name) {
            const std::string title = folder.title + (folder.title.ends_with('/') ? "" : "/") + name;
            if (const auto found = look(title, name, has('L'))) {
                all.push_back(*found);
            }
        };
        if (has('a') && !denied) {
            add(".");
            add("..");
        }
        for (const auto& [name, node] :
             denied ? std::vector<ShellFiles::Entry>{} : call_.files().entries(folder.path)) {
            if (name.front() != '.' || has('a') || has('A')) {
                add(name);
            }
        }
        if (has('l') || has('s')) {
            std::uint64_t blocks = 0;
            for (const Shown& shown : all) {
                blocks += kilobytesOf(call_.files(), shown.path, *shown.node);
            }
            call_.out("total " +
                      (has('h') ? printed("%-7s", humanSize(blocks * 1024, false).c_str()) : std::to_string(blocks)) +
                      '\n');
        }
        show(all);
        if (has('R')) {
            std::erase_if(
                all, [](const Shown& shown) { return !shown.folder() || shown.name == "." || shown.name == ".."; });
            sort(all);
            showFolders(all, false);
        }
    }

    ShellCall& call_;
    std::set<char> letters_;
    std::string colour_;  // "=always" and the like
    bool colours_ = false;
    bool titled_ = false;
    std::size_t width_ = 0;
    int status_ = 0;
};

int list(ShellCall& call) {
    return Ls(call).run();
}

constexpr ShellApplet kApplets[] = {{"ls", list}};

}  // namespace

std::span<const ShellApplet> shellLsApplets() {
    return kApplets;
}

}  // namespace apiary::agent
