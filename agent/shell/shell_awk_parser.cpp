#include "agent/shell/shell_awk.hpp"
#include "agent/shell/shell_awk_scanner.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = AwkNode::Kind;

constexpr int kDeepest = 60;
constexpr std::size_t kHighest = 250;
constexpr std::size_t kMostNodes = 20'000;
constexpr std::size_t kMostPatterns = 300;
constexpr std::string_view kFunctions[] = {
    "length", "substr", "index", "split", "sub", "gsub", "gensub", "match",  "sprintf", "tolower", "toupper",
    "int",    "sqrt",   "exp",   "log",   "sin", "cos",  "atan2",  "rand",   "srand",   "systime", "strftime",
    "mktime", "system", "close", "and",   "or",  "xor",  "compl",  "lshift", "rshift",  "fflush"};

/// By recursive descent, straight from the text.
class AwkParser {
public:
    AwkParser(std::string_view text, const std::string& name, AwkProgram& program)
        : scan_(text, name), program_(program) {}

    void parse() {
        for (scan_.skipEnds(); !scan_.over(); scan_.skipEnds()) {
            if (scan_.takeWord("function") || scan_.takeWord("func")) {
                function();
                continue;
            }
            AwkRule rule;
            if (scan_.takeWord("BEGIN")) {
                rule.when = AwkRule::When::Begin;
            } else if (scan_.takeWord("END")) {
                rule.when = AwkRule::When::End;
            } else if (!scan_.sees('{')) {
                rule.pattern = expression();
                if (scan_.take(",")) {
                    scan_.skipLines();
                    rule.last = expression();
                }
            }
            scan_.skipBlanks();
            if (scan_.sees('{')) {
                rule.action = block();
            } else if (rule.when != AwkRule::When::Line || !atEnd()) {
                scan_.fail("Unexpected token");
            }
            program_.rules.push_back(std::move(rule));
        }
    }

private:
    struct Level {
        explicit Level(AwkParser& parser) : parser_(parser) {
            if (++parser_.depth_ > kDeepest) {
                parser_.scan_.fail("Too deep recursion");
            }
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.depth_; }
        AwkParser& parser_;
    };

    AwkNodePtr make(Kind kind, std::string text = {}) const {
        if (++program_.nodes > kMostNodes) {
            throw AwkError("out of memory");
        }
        auto node = std::make_unique<AwkNode>();
        node->kind = kind;
        node->text = std::move(text);
        node->line = scan_.line();
        return node;
    }
    template <typename... Parts>
    AwkNodePtr make(Kind kind, std::string text, AwkNodePtr first, Parts... rest) const {
        AwkNodePtr node = make(kind, std::move(text));
        add(*node, std::move(first));
        (add(*node, std::move(rest)), ...);
        return node;
    }
    /// What goes through a tree does so by recursion, also where a loop has built it: 1 + 1 + 1 is one as well.
    void add(AwkNode& node, AwkNodePtr part) const {
        node.height = std::max(node.height, part->height + 1);
        if (node.height > kHighest) {
            scan_.fail("Too deep recursion");
        }
        node.parts.push_back(std::move(part));
    }
    static bool isPlace(const AwkNode& node) {
        return node.kind == Kind::Variable || node.kind == Kind::Field || node.kind == Kind::Element;
    }

    void function() {
        AwkFunction made;
        const std::string name = scan_.name();
        scan_.need("(");
        while (!scan_.take(")")) {
            made.parameters.push_back(scan_.name());
            if (made.parameters.back().empty() || (!scan_.take(",") && !scan_.sees(')'))) {
                scan_.fail("Unexpected token");
            }
        }
        scan_.skipLines();
        if (name.empty() || !scan_.sees('{')) {
            scan_.fail("Unexpected token");
        }
        made.body = block();
        program_.functions[name] = std::move(made);
    }

    AwkNodePtr block() {
        const Level level(*this);
        scan_.need("{");
        AwkNodePtr all = make(Kind::Block);
        for (scan_.skipEnds(); !scan_.take("}"); scan_.skipEnds()) {
            if (scan_.over()) {
                scan_.fail("Unexpected token");
            }
            add(*all, statement());
        }
        return all;
    }

    AwkNodePtr body() {
        scan_.skipLines();
        return scan_.take(";") ? make(Kind::Nothing) : statement();
    }

    void endStatement() {
        if (!atEnd()) {
            scan_.fail("Unexpected token");
        }
        if (scan_.startsWith(";")) {
            scan_.drop(1);
        }
    }
    bool atEnd() {
        scan_.skipBlanks();
        return scan_.over() || scan_.peek() == '}' || scan_.peek() == ';' || scan_.peek() == '\n';
    }

    AwkNodePtr condition() {
        scan_.need("(");
        AwkNodePtr found = expression();
        scan_.need(")");
        return found;
    }

    AwkNodePtr statement() {
        const Level level(*this);
        if (scan_.sees('{')) {
            return block();
        }
        if (scan_.takeWord("if")) {
            AwkNodePtr test = condition();
            AwkNodePtr node = make(Kind::If, "", std::move(test), body());
            const std::string_view before = scan_.rest();
            scan_.skipEnds();
            if (scan_.takeWord("else")) {
                add(*node, body());
            } else {
                scan_.goBack(before);
            }
            return node;
        }
        if (scan_.takeWord("while")) {
            AwkNodePtr test = condition();
            return make(Kind::While, "", std::move(test), body());
        }
        if (scan_.takeWord("do")) {
            AwkNodePtr inner = body();
            scan_.skipEnds();
            if (!scan_.takeWord("while")) {
                scan_.fail("Unexpected token");
            }
            AwkNodePtr test = condition();
            return make(Kind::DoWhile, "", std::move(test), std::move(inner));
        }
        if (scan_.takeWord("for")) {
            return loop();
        }
        AwkNodePtr node = simple();
        endStatement();
        return node;
    }

    AwkNodePtr loop() {
        scan_.need("(");
        const std::string_view before = scan_.rest();
        const std::string variable = scan_.name();
        if (!variable.empty() && scan_.takeWord("in")) {
            const std::string array = scan_.name();
            if (scan_.take(")")) {
                return make(Kind::ForIn, variable + ' ' + array, body());
            }
        }
        scan_.goBack(before);
        AwkNodePtr first = scan_.sees(';') ? make(Kind::Nothing) : simple();
        scan_.need(";");
        scan_.skipLines();
        AwkNodePtr test = scan_.sees(';') ? nullptr : expression();
        if (!test) {
            test = make(Kind::Number);
            test->number = 1;
        }
        scan_.need(";");
        scan_.skipLines();
        AwkNodePtr step = scan_.sees(')') ? make(Kind::Nothing) : simple();
        scan_.need(")");
        return make(Kind::For, "", std::move(first), std::move(test), std::move(step), body());
    }

    AwkNodePtr simple() {
        static constexpr std::pair<std::string_view, Kind> kWords[] = {
            {"nextfile", Kind::NextFile}, {"next", Kind::Next}, {"break", Kind::Break}, {"continue", Kind::Continue}};
        for (const auto& [text, kind] : kWords) {
            if (scan_.takeWord(text)) {
                return make(kind);
            }
        }
        for (const auto& [text, kind] : {std::pair{"exit", Kind::Exit}, {"return", Kind::Return}}) {
            if (scan_.takeWord(text)) {
                AwkNodePtr node = make(kind);
                if (!atEnd()) {
                    add(*node, expression());
                }
                return node;
            }
        }
        if (scan_.takeWord("delete")) {
            AwkNodePtr node = make(Kind::Delete, scan_.name());
            if (scan_.take("[")) {
                add(*node, list("]"));
            }
            return node;
        }
        const bool formatted = scan_.takeWord("printf");
        if (!formatted && !scan_.takeWord("print")) {
            return expression();
        }
        return print(formatted ? Kind::Format : Kind::Print);
    }

    AwkNodePtr print(Kind kind) {
        AwkNodePtr node = make(kind);
        const bool was = std::exchange(printing_, true);
        while (!atEnd() && scan_.peek() != '>' && scan_.peek() != '|') {
            add(*node, expression());
            if (!scan_.take(",")) {
                break;
            }
            scan_.skipLines();
        }
        if (node->parts.size() == 1 && node->parts.front()->kind == Kind::List) {  // print (a, b)
            node->parts = std::move(AwkNodePtr(std::move(node->parts.front()))->parts);
        }
        for (const std::string_view sign : {">>", ">", "|"}) {
            if (scan_.take(sign)) {
                node->text = sign;
                add(*node, joined());
                break;
            }
        }
        printing_ = was;
        return node;
    }

    /// Several, joined as the index of an array is.
    AwkNodePtr list(std::string_view end) {
        AwkNodePtr all = make(Kind::List);
        const bool was = std::exchange(printing_, false);
        do {
            add(*all, expression());
        } while (scan_.take(","));
        printing_ = was;
        scan_.need(end);
        return all;
    }

    AwkNodePtr expression() {
        const Level level(*this);
        AwkNodePtr left = choice();
        scan_.skipBlanks();
        if (!isPlace(*left)) {
            return left;
        }
        static constexpr std::string_view kSigns[] = {"+=", "-=", "*=", "/=", "%=", "^=", "**="};
        for (const std::string_view sign : kSigns) {
            if (scan_.take(sign)) {
                scan_.skipLines();
                return make(Kind::Assign, sign == "**=" ? "^" : std::string(sign.substr(0, 1)), std::move(left),
                            expression());
            }
        }
        if (scan_.startsWith("=") && !scan_.startsWith("==")) {
            scan_.take("=");
            scan_.skipLines();
            return make(Kind::Assign, "", std::move(left), expression());
        }
        return left;
    }

    AwkNodePtr choice() {
        AwkNodePtr test = either();
        if (!scan_.take("?")) {
            return test;
        }
        scan_.skipLines();
        AwkNodePtr yes = expression();
        scan_.skipLines();
        scan_.need(":");
        scan_.skipLines();
        return make(Kind::Choice, "", std::move(test), std::move(yes), expression());
    }
    AwkNodePtr either() {
        AwkNodePtr left = both();
        while (scan_.take("||")) {
            scan_.skipLines();
            left = make(Kind::Binary, "||", std::move(left), both());
        }
        return left;
    }
    AwkNodePtr both() {
        AwkNodePtr left = member();
        while (scan_.take("&&")) {
            scan_.skipLines();
            left = make(Kind::Binary, "&&", std::move(left), member());
        }
        return left;
    }
    AwkNodePtr member() {
        AwkNodePtr left = matched();
        while (scan_.takeWord("in")) {
            left = make(Kind::In, scan_.name(), std::move(left));
        }
        return left;
    }
    AwkNodePtr matched() {
        AwkNodePtr left = compared();
        for (scan_.skipBlanks(); scan_.startsWith("~") || scan_.startsWith("!~"); scan_.skipBlanks()) {
            const std::string sign = scan_.take("~") ? "~" : "!~";
            scan_.take(sign == "!~" ? "!~" : "");
            left = make(Kind::Binary, sign, std::move(left), compared());
        }
        return left;
    }
    AwkNodePtr compared() {
        AwkNodePtr left = piped();
        for (const std::string_view sign : {"<=", ">=", "==", "!=", "<", ">"}) {
            if (((sign == ">" || sign == ">=") && printing_) || !scan_.take(sign)) {
                continue;
            }
            return make(Kind::Binary, std::string(sign), std::move(left), piped());
        }
        return left;
    }
    /// COMMAND | getline
    AwkNodePtr piped() {
        AwkNodePtr left = joined();
        for (;;) {
            const std::string_view before = scan_.rest();
            scan_.skipBlanks();
            if (scan_.startsWith("||") || !scan_.take("|") || !scan_.takeWord("getline")) {
                scan_.goBack(before);
                return left;
            }
            left = make(Kind::Getline, "|", std::move(left));
            if (beginsPlace()) {
                add(*left, behind());
            }
        }
    }
    bool beginsPlace() {
        scan_.skipBlanks();
        return scan_.peek() == '$' || (AwkScanner::isName(scan_.peek()) && !scan_.seesWord("in") &&
                                       std::isdigit(static_cast<unsigned char>(scan_.peek())) == 0);
    }
    bool beginsValue() {
        scan_.skipBlanks();
        if (scan_.over() || scan_.seesWord("in")) {
            return false;
        }
        const char c = scan_.peek();
        return AwkScanner::isName(c) || c == '"' || c == '$' || c == '(' || c == '.' || c == '-' || c == '+' ||
               (c == '!' && !scan_.startsWith("!~") && !scan_.startsWith("!="));
    }
    AwkNodePtr joined() {
        AwkNodePtr left = sum();
        while (beginsValue() && !scan_.startsWith("+") && !scan_.startsWith("-")) {
            left = make(Kind::Join, "", std::move(left), sum());
        }
        return left;
    }
    AwkNodePtr sum() {
        AwkNodePtr left = product();
        for (scan_.skipBlanks(); (scan_.peek() == '+' || scan_.peek() == '-') && scan_.rest().substr(1, 1) != "=";
             scan_.skipBlanks()) {
            const std::string sign(1, scan_.peek());
            scan_.drop(1);
            left = make(Kind::Binary, sign, std::move(left), product());
        }
        return left;
    }
    AwkNodePtr product() {
        AwkNodePtr left = unary();
        for (scan_.skipBlanks();
             !scan_.over() && std::string_view("*/%").find(scan_.peek()) != std::string_view::npos &&
             scan_.rest().substr(1, 1) != "=" && !scan_.startsWith("**");
             scan_.skipBlanks()) {
            const std::string sign(1, scan_.peek());
            scan_.drop(1);
            left = make(Kind::Binary, sign, std::move(left), unary());
        }
        return left;
    }
    AwkNodePtr unary() {
        const Level level(*this);
        scan_.skipBlanks();
        if (scan_.startsWith("!") && !scan_.startsWith("!=") && !scan_.startsWith("!~")) {
            scan_.take("!");
            return make(Kind::Unary, "!", unary());
        }
        for (const std::string_view sign : {"++", "--"}) {
            if (scan_.take(sign)) {
                return make(Kind::Before, std::string(sign.substr(0, 1)), unary());
            }
        }
        if (scan_.startsWith("-") || scan_.startsWith("+")) {
            const std::string sign(1, scan_.peek());
            scan_.drop(1);
            return make(Kind::Unary, sign, unary());
        }
        AwkNodePtr base = behind();
        scan_.skipBlanks();
        for (const std::string_view sign : {"**", "^"}) {
            if (scan_.startsWith(sign) && !scan_.startsWith(std::string(sign) + '=')) {
                scan_.take(sign);
                return make(Kind::Binary, "^", std::move(base), unary());
            }
        }
        return base;
    }
    AwkNodePtr behind() {
        AwkNodePtr value = primary();
        for (const std::string_view sign : {"++", "--"}) {
            if (isPlace(*value) && scan_.take(sign)) {
                return make(Kind::Behind, std::string(sign.substr(0, 1)), std::move(value));
            }
        }
        return value;
    }

    AwkNodePtr primary() {
        const Level level(*this);
        scan_.skipBlanks();
        const char c = scan_.peek();
        if (scan_.take("(")) {
            return grouped();
        }
        if (scan_.take("$")) {
            const bool sign = scan_.sees('+') || scan_.sees('-');
            return make(Kind::Field, "", sign ? unary() : primary());
        }
        if (c == '"') {
            return make(Kind::Text, scan_.quoted('"'));
        }
        if (c == '/') {
            return pattern(scan_.quoted('/'));
        }
        if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') {
            AwkNodePtr node = make(Kind::Number);
            node->number = scan_.number();
            return node;
        }
        if (!AwkScanner::isName(c)) {
            scan_.fail("Unexpected token");
        }
        return named();
    }
    AwkNodePtr grouped() {
        const bool was = std::exchange(printing_, false);
        AwkNodePtr inner = expression();
        if (scan_.sees(',')) {
            AwkNodePtr all = make(Kind::List, "", std::move(inner));
            while (scan_.take(",")) {
                scan_.skipLines();
                add(*all, expression());
            }
            inner = std::move(all);
        }
        scan_.need(")");
        printing_ = was;
        return inner;
    }

    AwkNodePtr named() {
        std::string text = scan_.name();
        if (text == "getline") {
            AwkNodePtr node = make(Kind::Getline);
            AwkNodePtr place = beginsPlace() ? behind() : nullptr;
            if (scan_.take("<")) {
                node->text = "<";
                add(*node, behind());
            }
            if (place) {
                add(*node, std::move(place));
            }
            return node;
        }
        if (std::ranges::find(kFunctions, text) != std::end(kFunctions)) {
            AwkNodePtr node = make(Kind::Call, text);
            if (scan_.take("(")) {
                arguments(*node);
            } else if (text != "length") {
                scan_.fail("Unexpected token");
            }
            return node;
        }
        static constexpr std::string_view kReserved[] = {"function", "func",  "if",  "else", "while", "for",
                                                         "do",       "BEGIN", "END", "in",   "print", "printf"};
        if (std::ranges::find(kReserved, text) != std::end(kReserved)) {
            scan_.fail("Unexpected token");
        }
        if (scan_.startsWith("(")) {
            scan_.take("(");
            AwkNodePtr node = make(Kind::UserCall, std::move(text));
            arguments(*node);
            return node;
        }
        if (scan_.startsWith("[")) {
            scan_.take("[");
            return make(Kind::Element, std::move(text), list("]"));
        }
        return make(Kind::Variable, std::move(text));
    }
    void arguments(AwkNode& node) {
        const bool was = std::exchange(printing_, false);
        while (!scan_.take(")")) {
            scan_.skipLines();
            add(node, expression());
            if (!scan_.take(",") && !scan_.sees(')')) {
                scan_.fail("Unexpected token");
            }
        }
        printing_ = was;
    }

    AwkNodePtr pattern(const std::string& text) const {
        if (++program_.patterns > kMostPatterns) {
            throw AwkError("out of memory");
        }
        AwkNodePtr node = make(Kind::Pattern, text);
        node->regex = std::make_shared<ShellRegex>(text, ShellRegex::Kind::Extended, false);
        if (!node->regex->valid()) {
            throw AwkError("bad regex '" + text + "': " + node->regex->error());
        }
        return node;
    }

    AwkScanner scan_;
    AwkProgram& program_;
    int depth_ = 0;
    bool printing_ = false;  // > would lead into a file
};

void checkCalls(const AwkNode* node, const AwkProgram& program) {
    if (node == nullptr) {
        return;
    }
    if (node->kind == Kind::UserCall && !program.functions.contains(node->text)) {
        throw AwkError(program.name + ':' + std::to_string(node->line) + ": Call to undefined function");
    }
    for (const AwkNodePtr& part : node->parts) {
        checkCalls(part.get(), program);
    }
}

}  // namespace

void parseAwk(std::string_view text, const std::string& name, AwkProgram& program) {
    program.name = name;
    AwkParser(text, name, program).parse();
}

void checkAwk(const AwkProgram& program) {
    for (const AwkRule& rule : program.rules) {
        checkCalls(rule.pattern.get(), program);
        checkCalls(rule.last.get(), program);
        checkCalls(rule.action.get(), program);
    }
    for (const auto& [name, function] : program.functions) {
        checkCalls(function.body.get(), program);
    }
}

}  // namespace apiary::agent
