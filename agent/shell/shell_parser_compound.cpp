/// The compound commands of the grammar.

#include "agent/shell/shell_parser.hpp"

#include <utility>

namespace apiary::agent {

ShellParser::Tree ShellParser::compound(std::string_view reserved) {
    if (takeReserved("if")) {
        return ifClause();
    }
    if (reserved == "while" || reserved == "until") {
        const bool until = reserved == "until";
        at_ += reserved.size();
        return whileClause(until);
    }
    if (takeReserved("for")) {
        return forClause();
    }
    if (takeReserved("case")) {
        return caseClause();
    }
    if (takeReserved("{")) {
        return group();
    }
    if (takeReserved("function")) {
        skipBlanks();
        if (endsWord(peek())) {
            error_ = "syntax error: unexpected " + tokenName() + " (expecting word)";
            return std::make_shared<ShellTree>();
        }
        const std::string name = word();
        skipBlanks();
        if (peek() == '(' && peek(1) == ')') {
            at_ += 2;
        }
        return stopped() ? std::make_shared<ShellTree>() : function(name);
    }
    unexpected();
    return std::make_shared<ShellTree>();
}

ShellParser::Tree ShellParser::ifClause() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::If;
    tree->children.push_back(list(false));
    expectReserved("then");
    tree->children.push_back(list(false));
    if (takeReserved("elif")) {
        if (++depth_ > kDeepest) {
            error_ = "syntax error: nested too deep";
            return tree;
        }
        tree->children.push_back(ifClause());
        --depth_;
        return tree;
    }
    if (takeReserved("else")) {
        tree->children.push_back(list(false));
    }
    expectReserved("fi");
    return tree;
}

ShellParser::Tree ShellParser::whileClause(bool until) {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::While;
    tree->negated = until;
    tree->children.push_back(list(false));
    expectReserved("do");
    tree->children.push_back(list(false));
    expectReserved("done");
    return tree;
}

ShellParser::Tree ShellParser::forClause() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::For;
    skipBlanks();
    const std::string name = word();
    if (!stopped() && !isShellName(name)) {
        error_ = "syntax error: bad for loop variable";
    }
    tree->words.push_back(name);
    skipLines();
    tree->negated = !takeReserved("in");
    if (!tree->negated) {
        for (skipBlanks(); !stopped() && wordBegins(); skipBlanks()) {
            tree->words.push_back(word());
        }
    }
    skipBlanks();
    if (peek() == ';' && peek(1) != ';') {
        ++at_;
    }
    skipLines();
    expectReserved("do");
    tree->children.push_back(list(false));
    expectReserved("done");
    return tree;
}

ShellParser::Tree ShellParser::caseClause() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::Case;
    skipBlanks();
    tree->words.push_back(word());
    skipLines();
    expectReserved("in");
    for (skipLines(); !stopped() && !takeReserved("esac"); skipLines()) {
        if (atEnd()) {
            unexpected(")");
            break;
        }
        caseItem(*tree);
    }
    return tree;
}

void ShellParser::caseItem(ShellTree& clause) {
    auto item = std::make_shared<ShellTree>();
    item->kind = ShellTree::Kind::Pattern;
    if (peek() == '(') {
        ++at_;
    }
    for (;;) {
        skipBlanks();
        item->words.push_back(word());
        skipBlanks();
        if (stopped() || peek() != '|') {
            break;
        }
        ++at_;
    }
    if (stopped() || peek() != ')') {
        unexpected(")");
        return;
    }
    ++at_;
    item->children.push_back(list(false, true));
    skipLines();
    if (peek() == ';' && peek(1) == ';') {
        at_ += 2;
    } else if (!stopped() && peekWord() != "esac") {
        unexpected(";;");
    }
    clause.children.push_back(std::move(item));
}

ShellParser::Tree ShellParser::group() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::Group;
    tree->children.push_back(list(false));
    expectReserved("}");
    return tree;
}

ShellParser::Tree ShellParser::subshell() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::Subshell;
    ++at_;
    tree->children.push_back(list(false));
    if (!stopped() && peek() != ')') {
        unexpected(")");
    } else if (!stopped()) {
        ++at_;
    }
    return tree;
}

/// Behind the name and its parentheses.
ShellParser::Tree ShellParser::function(const std::string& name) {
    auto tree = std::make_shared<ShellTree>();
    if (!isShellName(name)) {
        error_ = "syntax error: bad function name";
        return tree;
    }
    skipLines();
    if (++depth_ > kDeepest) {
        error_ = "syntax error: nested too deep";
        return tree;
    }
    tree->kind = ShellTree::Kind::Function;
    tree->words.push_back(name);
    tree->children.push_back(command());
    --depth_;
    return tree;
}

}  // namespace apiary::agent
