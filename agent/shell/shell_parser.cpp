#include "agent/shell/shell_parser.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostJoined = 500;  // by && and ||

constexpr std::string_view kReserved[] = {"if",   "then", "elif", "else", "fi", "for", "while", "until",   "do",
                                          "done", "case", "esac", "in",   "{",  "}",   "!",     "function"};
constexpr std::string_view kEnders[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};

template <std::size_t N>
bool among(const std::string_view (&words)[N], std::string_view word) {
    return std::ranges::find(words, word) != std::end(words);
}

bool isAssignment(std::string_view word) {
    const std::size_t equals = word.find('=');
    return equals != std::string_view::npos && isShellName(word.substr(0, equals));
}

}  // namespace

bool isShellName(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

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
    if (needed_ == ")" && text_.size() - start_ <= 2048) {
        return true;  // or broken: the commands in it are read, too
    }
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
    open_.clear();
    expanded_ = 0;
    nextMayExpand_.reset();
    overwritten_.clear();
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
    if (incomplete_) {  // it will be read anew
        text_.replace(start_, overwritten_.size(), overwritten_);
    }
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
    if (redirectionBegins()) {
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
        Tree tree = andOr();
        if (stopped()) {
            break;
        }
        skipBlanks();
        if (peek() == '&' && peek(1) != '&') {
            auto background = std::make_shared<ShellTree>();
            background->kind = ShellTree::Kind::Background;
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
    std::string_view reserved = peekWord();
    while (reserved.empty() && !stopped() && expandAlias()) {
        reserved = peekWord();
    }
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

ShellParser::Tree ShellParser::simple() {
    auto tree = std::make_shared<ShellTree>();
    tree->line = line_;
    bool doubled = false;  // inside [[ ]]
    for (skipBlanks(); !stopped(); skipBlanks()) {
        if (nextMayExpand_ && text_.size() - at_ <= *nextMayExpand_) {
            nextMayExpand_.reset();
            expandAlias();
            skipBlanks();
        }
        if (redirect(*tree)) {
            continue;
        }
        if (doubled && (peek() == '&' || peek() == '|') && peek(1) == peek()) {
            tree->words.emplace_back(peek() == '&' ? "-a" : "-o");
            at_ += 2;
            continue;
        }
        if (!wordBegins()) {
            break;
        }
        std::string text = word();
        if (tree->words.empty() && isAssignment(text)) {
            tree->assignments.push_back(std::move(text));
            if (!nextMayExpand_) {
                expandAlias();
            }
            continue;
        }
        doubled = text == "[[" || (doubled && text != "]]");
        tree->words.push_back(std::move(text));
        skipBlanks();
        if (tree->words.size() == 1 && tree->assignments.empty() && tree->redirects.empty() && peek() == '(') {
            ++at_;
            skipBlanks();
            if (peek() != ')') {
                const bool inWord = !peekWord().empty();
                if (inWord) {
                    error_ = "syntax error: unexpected word (expecting \")\")";
                }
                unexpected(")");
                break;
            }
            ++at_;
            return function(tree->words.front());
        }
    }
    if (!stopped() && tree->words.empty() && tree->assignments.empty() && tree->redirects.empty()) {
        unexpected();
    }
    return tree;
}

}  // namespace apiary::agent
