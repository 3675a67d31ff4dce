/// find: the walk.

#include "agent/shell/shell_find.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

constexpr std::size_t kMostCollected = 500;  // files for one -exec … +

std::string lower(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

class Finder {
public:
    Finder(ShellCall& call, FindRequest asked)
        : call_(call),
          depthFirst_(asked.depthFirst),
          followsLinks_(asked.followsLinks),
          least_(asked.least),
          most_(asked.most),
          tests_(std::move(asked.tests)) {}

    void walk(const std::string& shown, const std::string& path, std::size_t depth) {
        const ShellWork::Level level(call_.work());
        const ShellNode* node = resolved(path);
        if (node == nullptr || quit_ || !call_.work().step()) {
            return;
        }
        const bool directory = node->kind == Kind::Directory;
        pruned_ = false;
        if (!depthFirst_ && depth >= least_) {
            any(tests_, shown, path);
        }
        const bool descends = directory && depth < most_ && !pruned_;
        if (descends) {
            std::vector<std::string> names;
            for (const auto& [name, child] : call_.files().listed(path)) {
                names.push_back(name);
            }
            for (const std::string& name : names) {
                if (quit_ || call_.work().stopped()) {
                    return;
                }
                walk(shown + (shown.ends_with('/') ? "" : "/") + name, (path == "/" ? "" : path) + '/' + name,
                     depth + 1);
            }
        }
        if (depthFirst_ && depth >= least_ && !quit_) {
            any(tests_, shown, path);
        }
    }
    /// What -exec … + waits for.
    void finish() { finish(tests_); }
    bool quit() const { return quit_; }

private:
    const ShellNode* resolved(const std::string& path) const {
        const ShellNode* node = call_.files().find(path);
        if (!followsLinks_ || node == nullptr || node->kind != Kind::Link) {
            return node;
        }
        const ShellFiles::Place place = call_.files().locate("/", path);
        const ShellNode* target = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
        return target != nullptr && target->kind != Kind::Directory ? target : node;
    }

    bool any(FindTests& tests, const std::string& shown, const std::string& path) {
        for (std::vector<FindTest>& all : tests) {
            bool holds = true;
            for (FindTest& test : all) {
                holds = meets(test, shown, path) != test.inverted;
                if (!holds || quit_ || call_.work().stopped()) {
                    break;
                }
            }
            if (holds || quit_ || call_.work().stopped()) {
                return holds;
            }
        }
        return false;
    }

    bool permits(const FindTest& test, std::uint16_t mode) const {
        const auto mask = static_cast<std::uint16_t>(test.bound.value);
        return test.bound.sign == '-'   ? (mode & mask) == mask
               : test.bound.sign == '+' ? mask == 0 || (mode & mask) != 0
                                        : mode == mask;
    }

    bool meets(FindTest& test, const std::string& shown, const std::string& path) {
        using What = FindTest::What;
        const ShellNode* node = resolved(path);
        if (node == nullptr) {  // an action before removed it
            return test.what == What::Print ? call_.out(shown + '\n') : false;
        }
        const auto matches = [&](const std::string& text) {
            return call_.work().move(test.text.size() / 8 + text.size() * (1 + test.text.size() / 8)) &&
                   (test.ignoreCase ? matchesPattern(lower(test.text), lower(text)) : matchesPattern(test.text, text));
        };
        switch (test.what) {
            case What::Name: {
                std::string_view name = shown;
                while (name.size() > 1 && name.ends_with('/')) {
                    name.remove_suffix(1);
                }
                return matches(std::string(name == "/" ? name : nameOf(name)));
            }
            case What::Path:
                return matches(shown);
            case What::Regex: {
                std::size_t steps = 0;
                const auto hit = test.regex->search(shown, steps);
                return call_.work().move(steps + 1) && hit && hit->first == 0 && hit->second == shown.size();
            }
            case What::Type:
                return test.text[0] == (node->kind == Kind::Directory ? 'd'
                                        : node->kind == Kind::Link    ? 'l'
                                        : node->kind == Kind::File    ? 'f'
                                                                      : "cbp"[static_cast<std::size_t>(node->device)]);
            case What::Permissions:
                return permits(test, node->mode);
            case What::Age:
                return test.bound.holdsAge(call_.work().seconds() - node->modified, test.unit);
            case What::Newer:
                return node->modified > test.bound.value;
            case What::Inode:
                return static_cast<std::int64_t>(inodeOf(path)) == test.bound.value;
            case What::Same:
                return path == test.text;
            case What::Owner:
                return node->owner == static_cast<std::uint64_t>(test.bound.value);
            case What::Group:
                return node->group() == static_cast<std::uint64_t>(test.bound.value);
            case What::Size:
                return test.bound.holds(static_cast<std::int64_t>(sizeOf(call_.files(), path, *node)));
            case What::Links:
                return test.bound.holds(static_cast<std::int64_t>(linksOf(call_.files(), path, *node)));
            case What::Empty:
                return node->kind == Kind::Directory ? call_.files().entries(path).empty()
                                                     : node->kind == Kind::File && node->size() == 0;
            case What::Executable:
                return node->kind == Kind::Directory || call_.files().mayExecute(path) == ShellError::None;
            case What::Prune:
                pruned_ = true;
                return true;
            case What::Print:
                return call_.out(shown + '\n');
            case What::PrintZero:
                return call_.out(shown + '\0');
            case What::Run:
                return run(test.words, {shown});
            case What::RunAll:
                if (test.collected.size() < kMostCollected) {
                    test.collected.push_back(shown);
                }
                return true;
            case What::Quit:
                quit_ = true;
                return true;
            case What::Expression:
                return any(test.alternatives, shown, path);
            case What::Always:
                return true;
        }
        return true;
    }

    bool run(const std::vector<std::string>& command, const std::vector<std::string>& found) {
        ShellCall one(call_.shell(), {"find"});
        std::size_t bytes = 0;
        const auto size = [](std::size_t sum, const std::string& word) { return sum + word.size() + 1; };
        for (const std::string& word : command) {
            bytes += word == "{}" ? std::accumulate(found.begin(), found.end(), std::size_t{0}, size) : word.size();
            if (bytes > ShellExpander::kMostBytes) {
                return false;  // longer than a command may be
            }
            if (word == "{}") {
                one.words.insert(one.words.end(), found.begin(), found.end());
                continue;
            }
            std::string filled = word;
            for (std::size_t at = filled.find("{}"); at != std::string::npos && filled.size() < 4096;
                 at = filled.find("{}", at + found.front().size())) {
                filled.replace(at, 2, found.front());
            }
            one.words.push_back(filled);
        }
        return runRest(one, 1, "") == 0;
    }

    void finish(FindTests& tests) {
        for (std::vector<FindTest>& all : tests) {
            for (FindTest& test : all) {
                if (!test.collected.empty()) {
                    run(test.words, std::exchange(test.collected, {}));
                }
                finish(test.alternatives);
            }
        }
    }

    ShellCall& call_;
    bool depthFirst_;
    bool followsLinks_;
    std::size_t least_;
    std::size_t most_;
    FindTests tests_;
    bool pruned_ = false;
    bool quit_ = false;
};

int find(ShellCall& call) {
    std::vector<std::string> paths;
    std::vector<std::string> words;
    bool follows = false;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (words.empty() && (word == "-L" || word == "-H")) {
            follows |= word == "-L";
        } else if (words.empty() && !word.starts_with('-') && word != "!" && word != "(" && word != ")" &&
                   word != ",") {
            paths.push_back(word);
        } else {
            words.push_back(word);
        }
    }
    try {
        FindRequest asked = parseFind(call, std::move(words));
        asked.followsLinks |= follows;
        Finder finder(call, std::move(asked));
        int status = 0;
        for (const std::string& path : paths.empty() ? std::vector<std::string>{"."} : paths) {
            const ShellFiles::Place place = call.locate(path, false);
            if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
                const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
                status = call.fail(path + ": " + std::string(errorText(error)));
            } else if (!finder.quit()) {
                finder.walk(path, place.path, 0);
            }
        }
        finder.finish();
        return status;
    } catch (const std::invalid_argument& wrong) {
        return *wrong.what() == 0 ? 1 : call.fail(wrong.what());
    }
}

constexpr ShellApplet kApplets[] = {
    {"find", find, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellFindApplets() {
    return kApplets;
}

}  // namespace apiary::agent
