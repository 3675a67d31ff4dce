/// test, [ and [[.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <algorithm>
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
            std::string_view("bcdefghknoprstuwxzLOGS").find(word[1]) != std::string_view::npos) {
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
        const auto a = parseInteger(left);
        const auto b = parseInteger(right);
        if (!a || !b) {
            fail((a ? right : left) + ": bad number");
            return false;
        }
        return sign == "-eq"   ? *a == *b
               : sign == "-ne" ? *a != *b
               : sign == "-lt" ? *a < *b
               : sign == "-le" ? *a <= *b
               : sign == "-gt" ? *a > *b
                               : *a >= *b;
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
            return word.size() == 1 && word.front() <= '2';
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
