#include "agent/shell/shell_parser.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostJoined = 500;  // by && and ||

constexpr std::string_view kReserved[] = {"if", "then", "elif", "else", "fi", "for", "while", "until",
                                          "do", "done", "case", "esac", "in", "{",   "}",     "!"};
constexpr std::string_view kEnders[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};

template <std::size_t N>
bool among(const std::string_view (&words)[N], std::string_view word) {
    return std::ranges::find(words, word) != std::end(words);
}

bool isName(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool isAssignment(std::string_view word) {
    const std::size_t equals = word.find('=');
    return equals != std::string_view::npos && isName(word.substr(0, equals));
}

}  // namespace

void ShellParser::advance() {
    if (text_[at_++] == '\n') {
        ++line_;
    }
}

void ShellParser::starve(std::string error, std::string needed) {
    if (stopped()) {
        return;
    }
    incomplete_ = true;
    error_ = std::move(error);
    needed_ = std::move(needed);
}

void ShellParser::goOn(std::string_view more) {
    text_.append(more);
    at_ = start_;
    line_ = startLine_;
}

bool ShellParser::mayBeComplete(std::string_view line) const {
    if (!neededWhole_) {
        return line.find(needed_) != std::string_view::npos;
    }
    return line.ends_with(needed_) && line.find_first_not_of('\t') >= line.size() - needed_.size();
}

ShellParser::State ShellParser::next() {
    start_ = at_;
    startLine_ = line_;
    depth_ = 0;
    incomplete_ = false;
    neededWhole_ = false;
    error_.clear();
    needed_.clear();
    heres_.clear();
    skipLines();
    if (atEnd()) {
        return State::Ended;
    }
    Tree tree = list(true);
    if (!stopped() && !atEnd() && peek() != '\n') {
        unexpected();
    }
    if (!stopped()) {
        endLine();
    }
    tree_ = tree;
    if (stopped()) {
        return incomplete_ ? State::Incomplete : State::Broken;
    }
    return State::Complete;
}

void ShellParser::skipBlanks() {
    while (!atEnd()) {
        if (peek() == ' ' || peek() == '\t') {
            ++at_;
        } else if (peek() == '\\' && peek(1) == '\n') {
            advance();
            advance();
            if (atEnd()) {
                starve("");
            }
        } else if (peek() == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else {
            return;
        }
    }
}

void ShellParser::endLine() {
    if (!atEnd()) {
        advance();
    }
    for (Here& here : std::exchange(heres_, {})) {
        readHere(here);
    }
}

void ShellParser::skipLines() {
    for (skipBlanks(); !stopped() && peek() == '\n' && !atEnd(); skipBlanks()) {
        endLine();
    }
}

void ShellParser::readHere(Here& here) {
    std::string body;
    while (!stopped()) {
        if (atEnd()) {
            starve("", here.delimiter);
            neededWhole_ = true;
            return;
        }
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = std::string_view(text_).substr(at_, end - at_);
        at_ = std::min(end + 1, text_.size());
        ++line_;
        if (here.stripTabs) {
            line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
        }
        if (line == here.delimiter) {
            break;
        }
        body.append(line) += '\n';
    }
    here.tree->redirects[here.index].target = std::move(body);
    here.tree->redirects[here.index].literal = here.literal;
}

/// The reserved word or operator that comes next, for errors and decisions; empty for anything else.
std::string_view ShellParser::peekWord() {
    skipBlanks();
    std::size_t end = at_;
    while (end < text_.size() && !endsWord(text_[end])) {
        ++end;
    }
    const std::string_view word = std::string_view(text_).substr(at_, end - at_);
    return among(kReserved, word) ? word : std::string_view{};
}

bool ShellParser::takeReserved(std::string_view word) {
    if (stopped() || peekWord() != word) {
        return false;
    }
    at_ += word.size();
    return true;
}

void ShellParser::expectReserved(std::string_view word) {
    if (!stopped() && !takeReserved(word)) {
        unexpected(word);
    }
}

std::string ShellParser::tokenName() {
    skipBlanks();
    constexpr std::string_view kOperators[] = {";;", "&&", "||", ";", "&", "|", "(", ")"};
    if (const std::string_view reserved = peekWord(); !reserved.empty()) {
        return '"' + std::string(reserved) + '"';
    }
    for (const std::string_view name : kOperators) {
        if (std::string_view(text_).substr(at_).starts_with(name)) {
            return '"' + std::string(name) + '"';
        }
    }
    if (peek() == '<' || peek() == '>') {
        return "redirection";
    }
    return atEnd() ? "end of file" : peek() == '\n' ? "newline" : "word";
}

void ShellParser::unexpected(std::string_view expecting) {
    if (stopped()) {
        return;
    }
    const std::string name = tokenName();
    std::string error = "syntax error: unexpected " + name;
    if (!expecting.empty()) {
        error += " (expecting \"" + std::string(expecting) + "\")";
    }
    if (atEnd()) {
        starve(error);
    } else if (!stopped()) {
        error_ = std::move(error);
    }
}

/// True at what ends a list inside a compound command.
bool ShellParser::listEnds() {
    const std::string_view word = peekWord();
    return atEnd() || peek() == ')' || (peek() == ';' && peek(1) == ';') || among(kEnders, word);
}

ShellParser::Tree ShellParser::list(bool toLineEnd, bool mayBeEmpty) {
    auto sequence = std::make_shared<ShellTree>();
    sequence->kind = ShellTree::Kind::Sequence;
    if (++depth_ > kDeepest) {
        error_ = "syntax error: nested too deep";
    }
    while (!stopped()) {
        if (!toLineEnd) {
            skipLines();
            if (listEnds()) {
                if (!mayBeEmpty && sequence->children.empty() && !atEnd()) {
                    unexpected();
                }
                break;
            }
        }
        const std::size_t start = at_;
        Tree tree = andOr();
        if (stopped()) {
            break;
        }
        skipBlanks();
        if (peek() == '&' && peek(1) != '&') {
            auto background = std::make_shared<ShellTree>();
            background->kind = ShellTree::Kind::Background;
            background->source = text_.substr(start, std::min(at_ - start, std::size_t{120}));
            background->source.erase(background->source.find_last_not_of(' ') + 1);
            background->children.push_back(std::move(tree));
            tree = std::move(background);
            ++at_;
        } else if (peek() == ';' && peek(1) != ';') {
            ++at_;
        } else if (toLineEnd || peek() != '\n') {
            sequence->children.push_back(std::move(tree));
            break;
        }
        sequence->children.push_back(std::move(tree));
        skipBlanks();
        if (toLineEnd && (atEnd() || peek() == '\n')) {
            break;
        }
    }
    --depth_;
    return sequence;
}

ShellParser::Tree ShellParser::andOr() {
    Tree left = pipeline();
    for (std::size_t joined = 0;; ++joined) {
        if (joined == kMostJoined) {  // each is a level of the tree
            error_ = "syntax error: nested too deep";
        }
        skipBlanks();
        const bool both = peek() == '&' && peek(1) == '&';
        if (stopped() || (!both && !(peek() == '|' && peek(1) == '|'))) {
            return left;
        }
        at_ += 2;
        skipLines();
        auto tree = std::make_shared<ShellTree>();
        tree->kind = both ? ShellTree::Kind::And : ShellTree::Kind::Or;
        tree->children = {left, pipeline()};
        left = std::move(tree);
    }
}

ShellParser::Tree ShellParser::pipeline() {
    auto tree = std::make_shared<ShellTree>();
    tree->kind = ShellTree::Kind::Pipeline;
    tree->negated = takeReserved("!");
    for (;;) {
        tree->children.push_back(command());
        skipBlanks();
        if (stopped() || peek() != '|' || peek(1) == '|') {
            break;
        }
        ++at_;
        skipLines();
    }
    if (!tree->negated && tree->children.size() == 1 && !stopped()) {
        return std::const_pointer_cast<ShellTree>(tree->children.front());
    }
    return tree;
}

ShellParser::Tree ShellParser::command() {
    const std::string_view reserved = peekWord();
    if (stopped()) {
        return std::make_shared<ShellTree>();
    }
    if (peek() == '(') {
        Tree tree = subshell();
        redirects(*tree);
        return tree;
    }
    if (reserved.empty() || reserved == "in") {
        return simple();
    }
    Tree tree = compound(reserved);
    redirects(*tree);
    return tree;
}

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
    if (!stopped() && !isName(name)) {
        error_ = "syntax error: bad for loop variable";
    }
    tree->words.push_back(name);
    skipLines();
    tree->negated = !takeReserved("in");
    if (!tree->negated) {
        for (skipBlanks(); !stopped() && !endsWord(peek()); skipBlanks()) {
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
            unexpected("esac");
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

ShellParser::Tree ShellParser::simple() {
    auto tree = std::make_shared<ShellTree>();
    tree->line = line_;
    for (skipBlanks(); !stopped(); skipBlanks()) {
        if (redirect(*tree)) {
            continue;
        }
        if (endsWord(peek()) && !(peek() == '\0' && !atEnd())) {
            break;
        }
        std::string text = word();
        if (tree->words.empty() && isAssignment(text)) {
            tree->assignments.push_back(std::move(text));
            continue;
        }
        tree->words.push_back(std::move(text));
        skipBlanks();
        if (tree->words.size() == 1 && tree->assignments.empty() && peek() == '(') {
            ++at_;
            skipBlanks();
            if (peek() != ')') {
                unexpected(")");
                break;
            }
            ++at_;
            if (!isName(tree->words.front())) {
                error_ = "syntax error: bad function name";
                break;
            }
            skipLines();
            if (++depth_ > kDeepest) {
                error_ = "syntax error: nested too deep";
                break;
            }
            tree->kind = ShellTree::Kind::Function;
            tree->children.push_back(command());
            --depth_;
            return tree;
        }
    }
    if (!stopped() && tree->words.empty() && tree->assignments.empty() && tree->redirects.empty()) {
        unexpected();
    }
    return tree;
}

}  // namespace apiary::agent
