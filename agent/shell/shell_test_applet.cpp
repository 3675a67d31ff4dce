/// test, [ and [[.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

class TestParser {
public:
    /// `doubled`: of [[, where the right side of a comparison is a pattern.
    TestParser(ShellCall& call, std::vector<std::string> words, bool doubled)
        : call_(call), words_(std::move(words)), doubled_(doubled) {}

    int status() {
        if (words_.empty()) {
            return 1;
        }
        const bool result = either();
        if (!failed_ && at_ < words_.size()) {
            return fail(words_[at_] + ": unknown operand");
        }
        return failed_ ? 2 : result ? 0 : 1;
    }

private:
    int fail(const std::string& message) {
        if (!failed_) {
            call_.fail(message);
        }
        failed_ = true;
        return 2;
    }
    bool more() const { return at_ < words_.size(); }
    bool take(std::string_view word) {
        if (more() && words_[at_] == word) {
            ++at_;
            return true;
        }
        return false;
    }

    bool either() {
        bool result = both();
        while (take("-o")) {
            const bool other = both();
            result = result || other;
        }
        return result;
    }
    bool both() {
        bool result = negated();
        while (take("-a")) {
            const bool other = negated();
            result = result && other;
        }
        return result;
    }
    bool negated() {
        bool inverted = false;
        if (words_.size() == 3 && at_ == 0 && isBinary(words_[1])) {  // whatever the first one is
            return primary();
        }
        while (more() && words_[at_] == "!" && at_ + 1 < words_.size()) {
            ++at_;
            inverted = !inverted;
        }
        return primary() != inverted;
    }
    bool primary() {
        if (!more()) {
            fail("argument expected");
            return false;
        }
        const std::string word = words_[at_++];
        if (at_ + 1 < words_.size() && isBinary(words_[at_])) {
            const std::string sign = words_[at_++];
            return binary(word, sign, words_[at_++]);
        }
        if (more() && at_ + 1 == words_.size() && isBinary(words_[at_])) {
            fail(words_[at_] + ": argument expected");
            return false;
        }
        if (word == "(" && ++depth_ < 20) {
            const bool result = either();
            if (!take(")")) {
                fail("closing paren expected");
            }
            return result;
        }
        if (word.size() == 2 && word.front() == '-' && more() &&
            std::string_view("bcdefghknprstuwxzLOGS").find(word[1]) != std::string_view::npos) {
            return unary(word[1], words_[at_++]);
        }
        return !word.empty();
    }

    bool isBinary(std::string_view word) const {
        if (word == "=~") {
            return doubled_;
        }
        constexpr std::string_view kSigns[] = {"=",   "==",  "!=",  "<",   ">",   "-eq", "-ne",
                                               "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};
        return std::ranges::find(kSigns, word) != std::end(kSigns);
    }
    bool binary(const std::string& left, std::string_view sign, const std::string& right) {
        if (sign == "=~") {
            std::size_t steps = 0;
            const ShellRegex expression(right, ShellRegex::Kind::Extended, false);
            const bool matches = expression.valid() && expression.search(left, steps).has_value();
            call_.work().move(steps + expression.cost());
            return matches;
        }
        if (doubled_ && (sign == "=" || sign == "==" || sign == "!=")) {
            return call_.work().move(left.size() * (1 + right.size() / 8)) &&
                   matchesPattern(right, left) == (sign != "!=");
        }
        if (sign.front() != '-') {
            return sign == "!="  ? left != right
                   : sign == "<" ? left < right
                   : sign == ">" ? left > right
                                 : left == right;
        }
        if (sign == "-nt" || sign == "-ot" || sign == "-ef") {
            const ShellNode* one = find(left);
            const ShellNode* other = find(right);
            return one != nullptr && other != nullptr &&
                   (sign == "-nt"   ? one->modified > other->modified
                    : sign == "-ot" ? one->modified < other->modified
                                    : one == other);
        }
        const auto a = number(left);
        const auto b = a ? number(right) : std::nullopt;
        if (!a || !b) {
            return false;
        }
        return sign == "-eq"   ? *a == *b
               : sign == "-ne" ? *a != *b
               : sign == "-lt" ? *a < *b
               : sign == "-le" ? *a <= *b
               : sign == "-gt" ? *a > *b
                               : *a >= *b;
    }
    /// A decimal number, with blanks around it; says what is wrong with it.
    std::optional<std::int64_t> number(const std::string& word) {
        constexpr std::string_view kBlanks = " \t\n\v\f\r";
        std::string_view text = word;
        text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
        if (text.empty()) {
            fail("bad number");
            return std::nullopt;
        }
        text.remove_prefix(text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
        if (error == std::errc::result_out_of_range) {
            fail(word + ": out of range");
        } else if (error != std::errc{} || rest.find_first_not_of(kBlanks) != std::string_view::npos) {
            fail(word + ": bad number");
        } else {
            return value;
        }
        return std::nullopt;
    }
    const ShellNode* find(const std::string& path, bool followed = true) {
        const ShellFiles::Place place = call_.locate(path, followed);
        return place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
    }
    bool unary(char kind, const std::string& word) {
        if (kind == 'n' || kind == 'z') {
            return word.empty() == (kind == 'z');
        }
        if (kind == 't') {
            const auto descriptor = number(word);
            return descriptor && *descriptor >= 0 && *descriptor <= 2;
        }
        const bool followed = kind != 'L' && kind != 'h';
        const ShellFiles::Place place = call_.locate(word, followed);
        const ShellNode* node = find(word, followed);
        using Kind = ShellNode::Kind;
        if (node == nullptr) {
            return false;
        }
        switch (kind) {
            case 'd':
                return node->kind == Kind::Directory;
            case 'f':
                return node->kind == Kind::File;
            case 'L':
            case 'h':
                return node->kind == Kind::Link;
            case 'c':
            case 'b':
            case 'p':
                return node->kind == Kind::Device && "cbp"[static_cast<std::size_t>(node->device)] == kind;
            case 's':
                return node->kind == Kind::Directory || node->size() > 0;
            case 'x':
                return node->kind == Kind::Directory || call_.files().mayExecute(place.path) == ShellError::None;
            case 'r':
                return call_.files().mayRead(place.path) == ShellError::None;
            case 'w':
                return call_.files().user() == 0 || node->owner == call_.files().user();
            case 'S':
            case 'u':
            case 'g':
            case 'k':
                return false;
            default:
                return true;
        }
    }

    ShellCall& call_;
    std::vector<std::string> words_;
    bool doubled_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool failed_ = false;
};

}  // namespace

int runTest(ShellCall& call) {
    std::vector<std::string> words = call.operands();
    if (call.name().starts_with('[')) {
        if (words.empty() || words.back() != (call.name() == "[" ? "]" : "]]")) {
            call.fail(call.name() == "[" ? "missing ]" : "missing ]]");
            return 2;
        }
        words.pop_back();
    }
    return TestParser(call, words, call.name() == "[[").status();
}

}  // namespace apiary::agent
