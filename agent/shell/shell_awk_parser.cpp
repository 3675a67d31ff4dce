#include "agent/shell/shell_awk.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = AwkNode::Kind;

constexpr int kDeepest = 60;
constexpr std::string_view kFunctions[] = {"length",  "substr",  "index",   "split", "sub",     "gsub",   "match",
                                           "sprintf", "tolower", "toupper", "int",   "sqrt",    "exp",    "log",
                                           "sin",     "cos",     "rand",    "srand", "systime", "system", "close"};

AwkNodePtr make(Kind kind, std::string text = {}) {
    auto node = std::make_unique<AwkNode>();
    node->kind = kind;
    node->text = std::move(text);
    return node;
}

template <typename... Parts>
AwkNodePtr make(Kind kind, std::string text, AwkNodePtr first, Parts... rest) {
    AwkNodePtr node = make(kind, std::move(text));
    node->parts.push_back(std::move(first));
    (node->parts.push_back(std::move(rest)), ...);
    return node;
}

bool isName(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// By recursive descent, straight from the text: whether / divides or begins a pattern depends on what is expected.
class AwkParser {
public:
    explicit AwkParser(std::string_view text) : rest_(text) {}

    std::vector<AwkRule> program() {
        std::vector<AwkRule> rules;
        for (skipEnds(); !rest_.empty(); skipEnds()) {
            AwkRule rule;
            if (word("BEGIN")) {
                rule.when = AwkRule::When::Begin;
            } else if (word("END")) {
                rule.when = AwkRule::When::End;
            } else if (!sees('{')) {
                rule.pattern = expression();
            }
            skipBlanks();
            if (sees('{')) {
                rule.action = block();
            } else if (rule.when != AwkRule::When::Line) {
                fail("Unexpected token");
            }
            rules.push_back(std::move(rule));
        }
        return rules;
    }

private:
    struct Level {
        explicit Level(AwkParser& parser) : parser_(parser) {
            if (++parser_.depth_ > kDeepest) {
                parser_.fail("Too deep recursion");
            }
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.depth_; }
        AwkParser& parser_;
    };

    [[noreturn]] void fail(const char* what) { throw AwkError("cmd. line:1: " + std::string(what)); }

    void skipBlanks() {
        for (;;) {
            while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
                rest_.remove_prefix(1);
            }
            if (rest_.starts_with("\\\n")) {
                rest_.remove_prefix(2);
            } else if (rest_.starts_with('#')) {
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            } else {
                return;
            }
        }
    }
    void skipLines() {
        for (skipBlanks(); rest_.starts_with('\n'); skipBlanks()) {
            rest_.remove_prefix(1);
        }
    }
    void skipEnds() {
        for (skipBlanks(); !rest_.empty() && (rest_.front() == '\n' || rest_.front() == ';'); skipBlanks()) {
            rest_.remove_prefix(1);
        }
    }
    bool sees(char c) {
        skipBlanks();
        return rest_.starts_with(c);
    }
    bool take(std::string_view sign) {
        skipBlanks();
        if (!rest_.starts_with(sign)) {
            return false;
        }
        rest_.remove_prefix(sign.size());
        return true;
    }
    void need(std::string_view sign) {
        if (!take(sign)) {
            fail("Unexpected token");
        }
    }
    bool seesWord(std::string_view name) {
        skipBlanks();
        return rest_.starts_with(name) && (rest_.size() == name.size() || !isName(rest_[name.size()]));
    }
    bool word(std::string_view name) {
        const bool there = seesWord(name);
        rest_.remove_prefix(there ? name.size() : 0);
        return there;
    }
    std::string name() {
        std::string text;
        while (!rest_.empty() && isName(rest_.front())) {
            text += rest_.front();
            rest_.remove_prefix(1);
        }
        return text;
    }

    AwkNodePtr block() {
        const Level level(*this);
        need("{");
        AwkNodePtr all = make(Kind::Block);
        for (skipEnds(); !take("}"); skipEnds()) {
            if (rest_.empty()) {
                fail("Unexpected token");
            }
            all->parts.push_back(statement());
        }
        return all;
    }

    AwkNodePtr body() {
        skipLines();
        if (take(";")) {
            return make(Kind::Nothing);
        }
        return statement();
    }

    void endStatement() {
        skipBlanks();
        if (!rest_.empty() && rest_.front() != '}' && rest_.front() != ';' && rest_.front() != '\n') {
            fail("Unexpected token");
        }
        if (rest_.starts_with(';')) {
            rest_.remove_prefix(1);
        }
    }

    AwkNodePtr statement() {
        const Level level(*this);
        if (sees('{')) {
            return block();
        }
        if (word("if")) {
            need("(");
            AwkNodePtr condition = expression();
            need(")");
            AwkNodePtr node = make(Kind::If, "", std::move(condition), body());
            skipEnds();
            if (word("else")) {
                node->parts.push_back(body());
            }
            return node;
        }
        if (word("while")) {
            need("(");
            AwkNodePtr condition = expression();
            need(")");
            return make(Kind::While, "", std::move(condition), body());
        }
        if (word("do")) {
            AwkNodePtr inner = body();
            skipEnds();
            if (!word("while")) {
                fail("Unexpected token");
            }
            need("(");
            AwkNodePtr condition = expression();
            need(")");
            return make(Kind::DoWhile, "", std::move(condition), std::move(inner));
        }
        if (word("for")) {
            return loop();
        }
        AwkNodePtr node = simple();
        endStatement();
        return node;
    }

    AwkNodePtr loop() {
        need("(");
        const std::string_view before = rest_;
        skipBlanks();
        const std::string variable = name();
        if (!variable.empty() && word("in")) {
            skipBlanks();
            const std::string array = name();
            need(")");
            return make(Kind::ForIn, variable + ' ' + array, body());
        }
        rest_ = before;
        AwkNodePtr first = sees(';') ? make(Kind::Nothing) : simple();
        need(";");
        AwkNodePtr condition = sees(';') ? nullptr : expression();
        if (!condition) {
            condition = make(Kind::Number);
            condition->number = 1;
        }
        need(";");
        AwkNodePtr step = sees(')') ? make(Kind::Nothing) : simple();
        need(")");
        return make(Kind::For, "", std::move(first), std::move(condition), std::move(step), body());
    }

    AwkNodePtr simple() {
        for (const auto& [text, kind] :
             {std::pair{"next", Kind::Next}, {"break", Kind::Break}, {"continue", Kind::Continue}}) {
            if (word(text)) {
                return make(kind);
            }
        }
        if (word("exit")) {
            AwkNodePtr node = make(Kind::Exit);
            if (!atEnd()) {
                node->parts.push_back(expression());
            }
            return node;
        }
        if (word("delete")) {
            skipBlanks();
            AwkNodePtr node = make(Kind::Delete, name());
            if (take("[")) {
                node->parts.push_back(list("]"));
            }
            return node;
        }
        const bool formatted = seesWord("printf");
        if (!formatted && !seesWord("print")) {
            return expression();
        }
        word(formatted ? "printf" : "print");
        AwkNodePtr node = make(formatted ? Kind::Format : Kind::Print);
        printing_ = true;
        while (!atEnd()) {
            node->parts.push_back(expression());
            if (!take(",")) {
                break;
            }
        }
        printing_ = false;
        if (node->parts.size() == 1 && node->parts.front()->kind == Kind::Block) {  // print (a, b)
            node->parts = std::move(AwkNodePtr(std::move(node->parts.front()))->parts);
        }
        return node;
    }
    bool atEnd() {
        skipBlanks();
        return rest_.empty() || rest_.front() == '}' || rest_.front() == ';' || rest_.front() == '\n';
    }

    /// Several, joined as the index of an array is.
    AwkNodePtr list(std::string_view end) {
        AwkNodePtr all = make(Kind::Join, "\x1c");
        do {
            all->parts.push_back(expression());
        } while (take(","));
        need(end);
        return all;
    }

    AwkNodePtr expression() {
        const Level level(*this);
        AwkNodePtr left = choice();
        static constexpr std::string_view kSigns[] = {"+=", "-=", "*=", "/=", "%=", "^="};
        const bool place = left->kind == Kind::Variable || left->kind == Kind::Field || left->kind == Kind::Element;
        skipBlanks();
        if (place) {
            for (const std::string_view sign : kSigns) {
                if (take(sign)) {
                    return make(Kind::Assign, std::string(sign.substr(0, 1)), std::move(left), expression());
                }
            }
            if (rest_.starts_with('=') && !rest_.starts_with("==")) {
                take("=");
                return make(Kind::Assign, "", std::move(left), expression());
            }
        }
        return left;
    }

    AwkNodePtr choice() {
        AwkNodePtr condition = either();
        if (!take("?")) {
            return condition;
        }
        skipLines();
        AwkNodePtr yes = expression();
        skipLines();
        need(":");
        skipLines();
        return make(Kind::Choice, "", std::move(condition), std::move(yes), expression());
    }
    AwkNodePtr either() {
        AwkNodePtr left = both();
        while (take("||")) {
            skipLines();
            left = make(Kind::Binary, "||", std::move(left), both());
        }
        return left;
    }
    AwkNodePtr both() {
        AwkNodePtr left = member();
        while (take("&&")) {
            skipLines();
            left = make(Kind::Binary, "&&", std::move(left), member());
        }
        return left;
    }
    AwkNodePtr member() {
        AwkNodePtr left = matched();
        while (word("in")) {
            skipBlanks();
            left = make(Kind::In, name(), std::move(left));
        }
        return left;
    }
    AwkNodePtr matched() {
        AwkNodePtr left = compared();
        for (skipBlanks(); rest_.starts_with('~') || rest_.starts_with("!~"); skipBlanks()) {
            const std::string sign = take("~") ? "~" : "!~";
            take(sign == "!~" ? "!~" : "");
            left = make(Kind::Binary, sign, std::move(left), compared());
        }
        return left;
    }
    AwkNodePtr compared() {
        AwkNodePtr left = joined();
        for (const std::string_view sign : {"<=", ">=", "==", "!=", "<", ">"}) {
            if ((sign == ">" && printing_) || !take(sign)) {
                continue;
            }
            return make(Kind::Binary, std::string(sign), std::move(left), joined());
        }
        return left;
    }
    bool beginsValue() {
        skipBlanks();
        if (rest_.empty() || seesWord("in")) {
            return false;
        }
        const char c = rest_.front();
        return isName(c) || c == '"' || c == '$' || c == '(' || c == '.' || c == '-' || c == '+' ||
               (c == '!' && !rest_.starts_with("!~") && !rest_.starts_with("!="));
    }
    AwkNodePtr joined() {
        AwkNodePtr left = sum();
        while (beginsValue() && !rest_.starts_with('+') && !rest_.starts_with('-')) {
            left = make(Kind::Join, "", std::move(left), sum());
        }
        return left;
    }
    AwkNodePtr sum() {
        AwkNodePtr left = product();
        for (skipBlanks();
             !rest_.empty() && (rest_.front() == '+' || rest_.front() == '-') && !(rest_.size() > 1 && rest_[1] == '=');
             skipBlanks()) {
            const std::string sign(1, rest_.front());
            rest_.remove_prefix(1);
            left = make(Kind::Binary, sign, std::move(left), product());
        }
        return left;
    }
    AwkNodePtr product() {
        AwkNodePtr left = unary();
        for (skipBlanks(); !rest_.empty() && std::string_view("*/%").find(rest_.front()) != std::string_view::npos &&
                           !(rest_.size() > 1 && rest_[1] == '=');
             skipBlanks()) {
            const std::string sign(1, rest_.front());
            rest_.remove_prefix(1);
            left = make(Kind::Binary, sign, std::move(left), unary());
        }
        return left;
    }
    AwkNodePtr unary() {
        const Level level(*this);
        skipBlanks();
        if (rest_.starts_with('!') && !rest_.starts_with("!=")) {
            take("!");
            return make(Kind::Unary, "!", unary());
        }
        for (const std::string_view sign : {"++", "--"}) {
            if (take(sign)) {
                return make(Kind::Before, std::string(sign.substr(0, 1)), unary());
            }
        }
        if (rest_.starts_with('-') || rest_.starts_with('+')) {
            const std::string sign(1, rest_.front());
            rest_.remove_prefix(1);
            return make(Kind::Unary, sign, unary());
        }
        AwkNodePtr base = behind();
        skipBlanks();
        if (rest_.starts_with('^') && !rest_.starts_with("^=")) {
            take("^");
            return make(Kind::Binary, "^", std::move(base), unary());
        }
        return base;
    }
    AwkNodePtr behind() {
        AwkNodePtr value = primary();
        const bool place = value->kind == Kind::Variable || value->kind == Kind::Field || value->kind == Kind::Element;
        for (const std::string_view sign : {"++", "--"}) {
            if (place && take(sign)) {
                return make(Kind::Behind, std::string(sign.substr(0, 1)), std::move(value));
            }
        }
        return value;
    }

    AwkNodePtr primary() {
        const Level level(*this);
        skipBlanks();
        if (rest_.empty()) {
            fail("Unexpected token");
        }
        const char c = rest_.front();
        if (take("(")) {
            const bool was = std::exchange(printing_, false);
            AwkNodePtr inner = expression();
            if (sees(',')) {
                AwkNodePtr all = make(Kind::Block);
                all->parts.push_back(std::move(inner));
                while (take(",")) {
                    all->parts.push_back(expression());
                }
                inner = std::move(all);
            }
            need(")");
            printing_ = was;
            if (inner->kind == Kind::Block && seesWord("in")) {
                inner->kind = Kind::Join;
                inner->text = "\x1c";
            }
            return inner;
        }
        if (take("$")) {
            return make(Kind::Field, "", sees('+') || sees('-') ? unary() : behindField());
        }
        if (c == '"') {
            return make(Kind::Text, quoted('"'));
        }
        if (c == '/') {
            return pattern(quoted('/'));
        }
        if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') {
            const std::string digits(rest_.substr(0, 40));
            char* end = nullptr;
            AwkNodePtr node = make(Kind::Number);
            node->number = std::strtod(digits.c_str(), &end);
            if (end == digits.c_str()) {
                fail("Unexpected token");
            }
            rest_.remove_prefix(static_cast<std::size_t>(end - digits.c_str()));
            return node;
        }
        if (!isName(c)) {
            fail("Unexpected token");
        }
        return named();
    }
    AwkNodePtr behindField() { return primary(); }

    AwkNodePtr named() {
        std::string text = name();
        if (std::ranges::find(kFunctions, text) != std::end(kFunctions)) {
            AwkNodePtr node = make(Kind::Call, text);
            if (take("(")) {
                const bool was = std::exchange(printing_, false);
                while (!take(")")) {
                    node->parts.push_back(expression());
                    if (!take(",") && !sees(')')) {
                        fail("Unexpected token");
                    }
                }
                printing_ = was;
            } else if (text != "length") {
                fail("Unexpected token");
            }
            return node;
        }
        if (rest_.starts_with('(') || text == "getline" || text == "function" || text == "func") {
            fail("Call to undefined function");
        }
        if (rest_.starts_with('[')) {
            take("[");
            const bool was = std::exchange(printing_, false);
            AwkNodePtr node = make(Kind::Element, std::move(text), list("]"));
            printing_ = was;
            return node;
        }
        return make(Kind::Variable, std::move(text));
    }

    AwkNodePtr pattern(const std::string& text) {
        AwkNodePtr node = make(Kind::Pattern, text);
        node->regex = std::make_shared<ShellRegex>(text, ShellRegex::Kind::Extended, false);
        if (!node->regex->valid()) {
            throw AwkError("bad regex '" + text + "': " + node->regex->error());
        }
        return node;
    }

    std::string quoted(char end) {
        std::string text;
        rest_.remove_prefix(1);
        while (!rest_.empty() && rest_.front() != end && rest_.front() != '\n') {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '\\' && !rest_.empty()) {
                const char next = rest_.front();
                rest_.remove_prefix(1);
                static constexpr std::string_view kLetters = "ntrabfv";
                static constexpr std::string_view kBytes = "\n\t\r\a\b\f\v";
                const std::size_t known = kLetters.find(next);
                if (known != std::string_view::npos) {
                    text += kBytes[known];
                } else if (end == '"' && next >= '0' && next <= '7') {
                    int value = next - '0';
                    for (int i = 0; i < 2 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '7'; ++i) {
                        value = value * 8 + (rest_.front() - '0');
                        rest_.remove_prefix(1);
                    }
                    text += static_cast<char>(value);
                } else {
                    text +=
                        next == end || (end == '"' && next == '\\') ? std::string(1, next) : std::string{'\\', next};
                }
                continue;
            }
            text += c;
        }
        if (!rest_.starts_with(end)) {
            fail("Unexpected end of string");
        }
        rest_.remove_prefix(1);
        return text;
    }

    std::string_view rest_;
    int depth_ = 0;
    bool printing_ = false;  // > would lead into a file
};

}  // namespace

std::vector<AwkRule> parseAwk(std::string_view program) {
    return AwkParser(program).program();
}

}  // namespace apiary::agent
