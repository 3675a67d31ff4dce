#include "agent/shell/shell_completion.hpp"

#include "agent/shell/shell_applets.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostFolders = 64;                    // of PATH
constexpr std::size_t kMostEntries = 4096;                  // looked at for one completion
constexpr std::size_t kMostUsers = std::size_t{64} << 10U;  // bytes of /etc/passwd
constexpr char16_t kQuoted = 0x100;                         // in a unit: this byte was quoted

enum class Kind : std::uint8_t { Command, Folder, File };

/// The typed bytes without backslashes and quotes; what these quoted is marked.
std::u16string unquoted(std::string_view typed) {
    std::u16string units;
    bool escaped = false;
    for (const char c : typed) {
        const auto unit = static_cast<char16_t>(static_cast<unsigned char>(c));
        if (c == '\\' && !escaped) {
            escaped = true;
            continue;
        }
        units += escaped ? static_cast<char16_t>(unit | kQuoted) : unit;
        escaped = false;
    }
    std::u16string kept;
    char16_t quote = 0;
    for (const char16_t unit : units) {
        if ((unit == u'\'' || unit == u'"') && (quote == 0 || unit == quote)) {
            quote ^= unit;
        } else {
            kept += quote != 0 ? static_cast<char16_t>(unit | kQuoted) : unit;
        }
    }
    return kept;
}

/// Where the last command begins: behind `;`, `&` and `|`, but not those of `>&`, `<&` and `>|`.
std::size_t commandBegin(std::u16string_view units) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
        const char16_t unit = units[i];
        const char16_t before = i > begin ? units[i - 1] : u'\0';
        const bool redirects = (unit == u'&' && (before == u'>' || before == u'<')) || (unit == u'|' && before == u'>');
        if ((unit == u';' || unit == u'&' || unit == u'|') && !redirects) {
            i += i + 1 < units.size() && units[i + 1] == unit ? 1 : 0;
            begin = i + 1;
        }
    }
    return begin;
}

/// A substitution that ended counts as a word; in one that did not, its command counts.
std::u16string withoutSubstitutions(std::u16string_view units) {
    std::u16string kept;
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (units[i] == u'`') {
            const std::size_t end = units.find(u'`', i + 1);
            if (end == std::u16string_view::npos) {
                return std::u16string(units.substr(i + 1));
            }
            i = end;
        }
        kept += units[i];
    }
    return kept;
}

Kind kindOf(std::u16string_view units) {
    const std::size_t word = units.find_first_of(u" <>");
    if (word == std::u16string_view::npos) {
        return Kind::Command;
    }
    const bool changesFolder =
        word == 2 && units[2] == u' ' && (units[0] & 0xffU) == u'c' && (units[1] & 0xffU) == u'd';
    return changesFolder && units.find_first_of(u" <>", 3) == std::u16string_view::npos ? Kind::Folder : Kind::File;
}

/// What is to be completed, and as what.
std::pair<std::string, Kind> wordOf(std::string_view typed) {
    std::u16string units = unquoted(typed);
    units = withoutSubstitutions(std::u16string_view(units).substr(commandBegin(units)));
    units.erase(0, units.find_last_of(u"({") + 1);  // npos + 1 is 0
    units.erase(0, std::min(units.find_first_not_of(u' '), units.size()));
    const Kind kind = kindOf(units);
    units.erase(0, units.find_last_of(u" <>|&=") + 1);
    std::string word;
    std::ranges::transform(units, std::back_inserter(word), [](char16_t unit) { return static_cast<char>(unit); });
    return {word, kind};
}

class Search {
public:
    Search(const ShellFiles& files, const ShellEnvironment& environment) : files_(files), environment_(environment) {}

    /// What follows `~`, as far as names of users begin with it.
    void users(std::string_view word) {
        eachUser([&](std::string_view name, std::string_view) {
            if (name.starts_with(word.substr(1))) {
                add("~" + std::string(name) + '/');
            }
        });
    }

    void names(const std::string& word, Kind kind) {
        const std::size_t slash = word.rfind('/');
        const std::string_view part = std::string_view(word).substr(slash + 1);  // npos + 1 is 0
        if (slash != std::string::npos) {
            inFolder(withHome(word.substr(0, slash + 1)), part, kind, false);
        } else if (kind == Kind::Command) {
            commands(part);
        } else {
            inFolder(".", part, kind, false);
        }
    }

    std::vector<std::string> take() {
        std::ranges::sort(matches_);
        matches_.erase(std::unique(matches_.begin(), matches_.end()), matches_.end());
        return std::move(matches_);
    }

    bool any() const { return !matches_.empty(); }

private:
    /// Names that could do something to a terminal are left out.
    void add(std::string name) {
        if (std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
            matches_.push_back(std::move(name));
        }
    }

    void commands(std::string_view part) {
        for (const std::string_view name : shellAppletNames()) {
            if (name.starts_with(part)) {
                add(std::string(name));
            }
        }
        for (const ShellApplet& builtin : shellBuiltins()) {
            if (builtin.name.starts_with(part)) {
                add(std::string(builtin.name));
            }
        }
        std::string_view path = environment_.get("PATH");
        path = path == ":" ? std::string_view() : path;
        for (std::size_t i = 0; i < kMostFolders; ++i) {
            const std::size_t end = path.find(':');
            inFolder(std::string(path.substr(0, end)), part, Kind::Command, true);
            if (end == std::string_view::npos) {
                break;
            }
            path.remove_prefix(end + 1);
        }
    }

    void inFolder(const std::string& folder, std::string_view part, Kind kind, bool searchesPath) {
        const auto place = files_.locate(environment_.directory, folder.empty() ? "." : folder);
        const ShellNode* node = place.error == ShellError::None ? files_.find(place.path) : nullptr;
        if (node == nullptr || node->kind != ShellNode::Kind::Directory ||
            files_.mayRead(place.path) != ShellError::None) {
            return;
        }
        for (const std::string_view dots : {".", ".."}) {
            if (!part.empty() && dots.starts_with(part) && !searchesPath) {
                add(std::string(dots) + '/');
            }
        }
        for (const auto& [name, found] : files_.entries(place.path)) {
            if (++looked_ > kMostEntries) {
                return;
            }
            if (!name.starts_with(part)) {
                continue;
            }
            const bool isFolder = leadsToFolder(place.path, name, *found);
            if (isFolder ? !searchesPath : kind != Kind::Folder) {
                add(isFolder ? name + '/' : name);
            }
        }
    }

    bool leadsToFolder(const std::string& folder, const std::string& name, const ShellNode& node) const {
        if (node.kind != ShellNode::Kind::Link) {
            return node.kind == ShellNode::Kind::Directory;
        }
        const auto place = files_.locate(folder, name);
        const ShellNode* target = place.error == ShellError::None ? files_.find(place.path) : nullptr;
        return target != nullptr && target->kind == ShellNode::Kind::Directory;
    }

    /// "~/" and "~user/" with where they lead.
    std::string withHome(std::string folder) const {
        if (folder.front() != '~') {
            return folder;
        }
        const std::size_t slash = folder.find('/');
        const std::string_view user = std::string_view(folder).substr(1, slash - 1);
        std::optional<std::string> home;
        if (user.empty()) {
            home = environment_.home;
        } else {
            eachUser([&](std::string_view name, std::string_view directory) {
                if (name == user && !home) {
                    home = directory;
                }
            });
        }
        return home ? *home + folder.substr(slash) : folder;
    }

    /// Name and home of each user that /etc/passwd has.
    template <typename Visitor>
    void eachUser(const Visitor& visit) const {
        const ShellNode* node = files_.find("/etc/passwd");
        std::string_view text = node == nullptr ? std::string_view() : node->text().substr(0, kMostUsers);
        while (!text.empty()) {
            std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            std::string_view fields[6];
            for (std::string_view& field : fields) {
                field = line.substr(0, line.find(':'));
                line.remove_prefix(std::min(field.size() + 1, line.size()));
            }
            if (!fields[0].empty() && !fields[2].empty()) {
                visit(fields[0], fields[5]);
            }
        }
    }

    const ShellFiles& files_;
    const ShellEnvironment& environment_;
    std::vector<std::string> matches_;
    std::size_t looked_ = 0;
};

}  // namespace

ShellCompletion completionOf(const ShellFiles& files, const ShellEnvironment& environment, std::string_view typed) {
    const auto [word, kind] = wordOf(typed);
    Search search(files, environment);
    if (word.starts_with('~') && word.find('/') == std::string::npos) {
        search.users(word);
        if (search.any()) {
            return {search.take(), word};
        }
    }
    search.names(word, kind);
    return {search.take(), word.substr(word.rfind('/') + 1)};
}

}  // namespace apiary::agent
