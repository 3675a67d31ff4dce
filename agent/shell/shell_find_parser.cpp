#include "agent/shell/shell_find.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kDeepestExpression = 30;
constexpr std::size_t kMostTests = 200;

/// What the command line asks for. Throws std::invalid_argument.
class FindParser {
public:
    FindParser(ShellCall& call, std::vector<std::string> words) : call_(call), words_(std::move(words)) {}

    FindRequest all() {
        FindTests tests = expression(0);
        if (at_ < words_.size()) {
            unrecognised(words_[at_]);
        }
        if (!acts_) {
            FindTest print;
            print.what = FindTest::What::Print;
            FindTest whole;
            whole.what = FindTest::What::Expression;
            whole.alternatives = std::move(tests);
            tests = {{std::move(whole), std::move(print)}};
        }
        request_.tests = std::move(tests);
        return std::move(request_);
    }

private:
    using What = FindTest::What;

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
    static FindBound bound(std::string text) {
        FindBound made;
        if (text.starts_with('+') || text.starts_with('-')) {
            made.sign = text.front();
            text.erase(0, 1);
        }
        made.value = number(text);
        return made;
    }

    FindTests expression(std::size_t depth) {
        if (depth > kDeepestExpression) {
            throw std::invalid_argument("memory exhausted");
        }
        FindTests tests(1);
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
                FindTest inner;
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
    std::optional<FindTest> one(const std::string& word) {
        FindTest test;
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
            request_.depthFirst = true;
            return std::nullopt;
        }
        if (word == "-follow") {
            request_.followsLinks = true;
            return std::nullopt;
        }
        if (word == "-xdev" || word == "-mount") {
            return std::nullopt;
        }
        if (word == "-maxdepth" || word == "-mindepth") {
            const auto value = static_cast<std::size_t>(number(argument(word)));
            (word == "-maxdepth" ? request_.most : request_.least) = value;
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

    void complete(FindTest& test, const std::string& word) {
        const std::string text = test.text;
        switch (test.what) {
            case What::Regex:
                test.regex = std::make_shared<ShellRegex>(text, ShellRegex::Kind::Basic, false);
                call_.work().move(test.regex->cost());
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

    void command(FindTest& test, const std::string& word) {
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
    FindRequest request_ = {};
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    bool acts_ = false;
};

}  // namespace

FindRequest parseFind(ShellCall& call, std::vector<std::string> words) {
    return FindParser(call, std::move(words)).all();
}

}  // namespace apiary::agent
