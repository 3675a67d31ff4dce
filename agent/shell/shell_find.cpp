/// find.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

constexpr std::size_t kDeepestExpression = 30;
constexpr std::size_t kMostTests = 200;
constexpr std::size_t kMostCollected = 500;  // files for one -exec … +

/// A number that a property is compared with: "+5", "-5" or "5".
struct Bound {
    char sign = 0;
    std::int64_t value = 0;

    bool holds(std::int64_t of) const { return sign == '+' ? of > value : sign == '-' ? of < value : of == value; }
    /// Of an age in units of so many seconds.
    bool holdsAge(std::int64_t age, std::int64_t unit) const {
        const std::int64_t begin = value * unit;
        return sign == '+' ? age >= begin + unit : sign == '-' ? age < begin : age >= begin && age < begin + unit;
    }
};

struct Test {
    enum class What : std::uint8_t {
        Name,
        Path,
        Regex,
        Type,
        Permissions,
        Age,
        Newer,
        Inode,
        Same,
        Owner,
        Group,
        Size,
        Links,
        Empty,
        Executable,
        Prune,
        Print,
        PrintZero,
        Run,
        RunAll,
        Quit,
        Expression,
        Always
    } what = What::Always;
    bool inverted = false;
    bool ignoreCase = false;
    std::string text = {};
    Bound bound = {};
    std::int64_t unit = 1;
    std::vector<std::string> words = {};
    std::shared_ptr<ShellRegex> regex = {};
    std::vector<std::vector<Test>> alternatives = {};  // of Expression: any of them, each all of its tests
    std::vector<std::string> collected = {};           // of RunAll
};

using Tests = std::vector<std::vector<Test>>;

std::string lower(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

/// What the command line asks for. Throws std::invalid_argument.
class FindParser {
public:
    FindParser(ShellCall& call, std::vector<std::string> words) : call_(call), words_(std::move(words)) {}

    Tests all() {
        Tests tests = expression(0);
        if (at_ < words_.size()) {
            unrecognised(words_[at_]);
        }
        if (!acts_) {
            Test print;
            print.what = Test::What::Print;
            Test whole;
            whole.what = Test::What::Expression;
            whole.alternatives = std::move(tests);
            tests = {{std::move(whole), std::move(print)}};
        }
        return tests;
    }

    bool depthFirst = false;
    bool followsLinks = false;
    std::size_t least = 0;
    std::size_t most = 64;

private:
    using What = Test::What;

    [[noreturn]] void unrecognised(const std::string& word) {
        call_.fail("unrecognized: " + word);
        call_.usage();
        throw std::invalid_argument("");
    }
    std::string argument(const std::string& of) {
        return at_ < words_.size() ? words_[at_++] : throw std::invalid_argument(of + " requires an argument");
    }
    static std::int64_t number(const std::string& text) {
        const auto value = parseNumber<std::uint32_t>(text);
        return value ? static_cast<std::int64_t>(*value) : throw std::invalid_argument("invalid number '" + text + "'");
    }
    static Bound bound(std::string text) {
        Bound made;
        if (text.starts_with('+') || text.starts_with('-')) {
            made.sign = text.front();
            text.erase(0, 1);
        }
        made.value = number(text);
        return made;
    }

    Tests expression(std::size_t depth) {
        if (depth > kDeepestExpression) {
            throw std::invalid_argument("memory exhausted");
        }
        Tests tests(1);
        bool inverted = false;
        while (at_ < words_.size() && words_[at_] != ")") {
            if (++count_ > kMostTests) {
                throw std::invalid_argument("memory exhausted");
            }
            const std::string word = words_[at_++];
            if (word == "-o" || word == "-or") {
                tests.emplace_back();
                inverted = false;
            } else if (word == "!" || word == "-not") {
                inverted = !inverted;
            } else if (word == "(") {
                Test inner;
                inner.what = What::Expression;
                inner.alternatives = expression(depth + 1);
                if (at_ >= words_.size()) {
                    throw std::invalid_argument("unpaired '('");
                }
                ++at_;
                inner.inverted = std::exchange(inverted, false);
                tests.back().push_back(std::move(inner));
            } else if (word != "-a" && word != "-and" && word != ",") {
                if (auto test = one(word)) {
                    test->inverted = std::exchange(inverted, false);
                    tests.back().push_back(std::move(*test));
                }
            }
        }
        return tests;
    }

    /// Nothing for an option, which is true.
    std::optional<Test> one(const std::string& word) {
        Test test;
        static constexpr std::pair<std::string_view, What> kPlain[] = {
            {"-print", What::Print}, {"-print0", What::PrintZero}, {"-prune", What::Prune},
            {"-quit", What::Quit},   {"-empty", What::Empty},      {"-executable", What::Executable}};
        const auto* plain = std::ranges::find(kPlain, word, &std::pair<std::string_view, What>::first);
        if (plain != std::end(kPlain)) {
            test.what = plain->second;
            acts_ |= test.what == What::Print || test.what == What::PrintZero || test.what == What::Quit;
            return test;
        }
        if (word == "-depth" || word == "-d") {
            depthFirst = true;
            return std::nullopt;
        }
        if (word == "-follow") {
            followsLinks = true;
            return std::nullopt;
        }
        if (word == "-xdev" || word == "-mount") {
            return std::nullopt;
        }
        if (word == "-maxdepth" || word == "-mindepth") {
            const auto value = static_cast<std::size_t>(number(argument(word)));
            (word == "-maxdepth" ? most : least) = value;
            return std::nullopt;
        }
        static constexpr std::pair<std::string_view, What> kValued[] = {
            {"-name", What::Name},      {"-iname", What::Name},  {"-path", What::Path},   {"-ipath", What::Path},
            {"-wholename", What::Path}, {"-regex", What::Regex}, {"-type", What::Type},   {"-perm", What::Permissions},
            {"-mtime", What::Age},      {"-atime", What::Age},   {"-ctime", What::Age},   {"-mmin", What::Age},
            {"-amin", What::Age},       {"-cmin", What::Age},    {"-newer", What::Newer}, {"-inum", What::Inode},
            {"-samefile", What::Same},  {"-user", What::Owner},  {"-group", What::Group}, {"-size", What::Size},
            {"-links", What::Links},    {"-exec", What::Run}};
        const auto* valued = std::ranges::find(kValued, word, &std::pair<std::string_view, What>::first);
        if (valued == std::end(kValued)) {
            unrecognised(word);
        }
        test.what = valued->second;
        if (test.what == What::Run) {
            command(test, word);
            return test;
        }
        test.text = argument(word);
        test.ignoreCase = word.starts_with("-i") && test.what != What::Inode;
        complete(test, word);
        return test;
    }

    void complete(Test& test, const std::string& word) {
        const std::string text = test.text;
        switch (test.what) {
            case What::Regex:
                test.regex = std::make_shared<ShellRegex>(text, ShellRegex::Kind::Basic, false);
                if (!test.regex->valid()) {
                    throw std::invalid_argument("bad regex '" + text + "': " + test.regex->error());
                }
                break;
            case What::Type:
                if (text.size() != 1 || std::string_view("fdlbcsp").find(text[0]) == std::string_view::npos) {
                    throw std::invalid_argument("invalid argument '" + text + "' to '-type'");
                }
                break;
            case What::Permissions: {
                const bool sign =
                    std::string_view("+-/").find(text.substr(0, 1)) != std::string_view::npos && !text.empty();
                test.bound.sign = sign ? (text[0] == '/' ? '+' : text[0]) : '\0';
                const auto mode = modeOf(std::string_view(text).substr(sign ? 1 : 0), 0, false, 0);
                if (!mode || text.empty()) {
                    throw std::invalid_argument("invalid mode '" + text + "'");
                }
                test.bound.value = *mode;
                break;
            }
            case What::Age:
                test.bound = bound(text);
                test.unit = word.ends_with("time") ? 86'400 : 60;
                break;
            case What::Links:
                test.bound = bound(text);
                break;
            case What::Inode:
                test.bound.value = number(text);
                break;
            case What::Newer:
            case What::Same: {
                const ShellFiles::Place place = call_.locate(text);
                const ShellNode* node = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
                if (node == nullptr) {
                    throw std::invalid_argument("can't stat '" + text + "': No such file or directory");
                }
                test.bound.value = node->modified;
                test.text = place.path;
                break;
            }
            case What::Owner:
            case What::Group: {
                const ShellHost& host = call_.work().host();
                const auto id = parseNumber<std::uint32_t>(text);
                if (!id && host.userName(host.userId(text)) != text) {
                    throw std::invalid_argument((test.what == What::Owner ? "unknown user " : "unknown group ") + text);
                }
                test.bound.value = id ? *id : host.userId(text);
                break;
            }
            case What::Size: {
                const char last = text.empty() ? 'x' : text.back();
                const std::int64_t unit = last == 'c' ? 1 : last == 'k' ? 1024 : last == 'w' ? 2 : 512;
                const bool suffix = std::string_view("ckwb").find(last) != std::string_view::npos;
                const std::string number = text.substr(0, text.size() - (suffix ? 1 : 0));
                const bool plain =
                    number.find_first_not_of("0123456789", number.find_first_not_of("+-")) == std::string::npos;
                test.bound = bound(plain ? number : text);
                test.bound.value *= unit;
                break;
            }
            default:
                break;
        }
    }

    void command(Test& test, const std::string& word) {
        for (;; ++at_) {
            if (at_ >= words_.size()) {
                throw std::invalid_argument(word + " requires an argument");
            }
            if (words_[at_] == ";" || (words_[at_] == "+" && !test.words.empty() && test.words.back() == "{}")) {
                break;
            }
            test.words.push_back(words_[at_]);
        }
        if (test.words.empty()) {
            throw std::invalid_argument(word + " requires an argument");
        }
        test.what = words_[at_++] == ";" ? What::Run : What::RunAll;
        acts_ = true;
    }

    ShellCall& call_;
    std::vector<std::string> words_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    bool acts_ = false;
};

class Finder {
public:
    Finder(ShellCall& call, const FindParser& asked, Tests tests)
        : call_(call),
          depthFirst_(asked.depthFirst),
          followsLinks_(asked.followsLinks),
          least_(asked.least),
          most_(asked.most),
          tests_(std::move(tests)) {}

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

    bool any(Tests& tests, const std::string& shown, const std::string& path) {
        for (std::vector<Test>& all : tests) {
            bool holds = true;
            for (Test& test : all) {
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

    bool permits(const Test& test, std::uint16_t mode) const {
        const auto mask = static_cast<std::uint16_t>(test.bound.value);
        return test.bound.sign == '-'   ? (mode & mask) == mask
               : test.bound.sign == '+' ? mask == 0 || (mode & mask) != 0
                                        : mode == mask;
    }

    bool meets(Test& test, const std::string& shown, const std::string& path) {
        using What = Test::What;
        const ShellNode* node = resolved(path);
        if (node == nullptr) {  // an action before removed it
            return test.what == What::Print ? call_.out(shown + '\n') : false;
        }
        const auto matches = [&](const std::string& text) {
            return test.ignoreCase ? matchesPattern(lower(test.text), lower(text)) : matchesPattern(test.text, text);
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
                                        : node->block                 ? 'b'
                                                                      : 'c');
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
        for (const std::string& word : command) {
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

    void finish(Tests& tests) {
        for (std::vector<Test>& all : tests) {
            for (Test& test : all) {
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
    Tests tests_;
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
        FindParser parser(call, std::move(words));
        Tests tests = parser.all();
        parser.followsLinks |= follows;
        Finder finder(call, parser, std::move(tests));
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
