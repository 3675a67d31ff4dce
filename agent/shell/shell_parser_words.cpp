/// The words of the grammar, aliases in their place, and redirections.

#include "agent/shell/shell_parser.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostExpanded = std::size_t{16} << 10U;  // bytes of aliases in one command
constexpr std::size_t kMostChecked = 2048;                     // bytes of a substitution without an end

/// The delimiter of a here-document without its quotes.
std::string unquoted(std::string_view word) {
    std::string text;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] == '\\' && i + 1 < word.size()) {
            text += word[++i];
        } else if (word[i] != '\'' && word[i] != '"') {
            text += word[i];
        }
    }
    return text;
}

}  // namespace

bool ShellParser::endsWord(char c) {
    return c == '\0' || std::string_view(" \t\n;&|<>()").find(c) != std::string_view::npos;
}

/// Puts what an alias stands for in the place of the word that comes next. False if it is none.
///
/// It is written over what was read already, up to the word's end: the text behind it, which may be long, stays where
/// it is.
bool ShellParser::expandAlias() {
    if (aliases_ == nullptr || aliases_->empty()) {
        return false;
    }
    skipBlanks();
    std::erase_if(open_, [&](const auto& alias) { return text_.size() - at_ <= alias.second; });
    const std::size_t end = std::min(text_.find_first_of(" \t\n;&|<>()'\"`\\$", at_), text_.size());
    const std::string name = text_.substr(at_, end - at_);
    const auto found = aliases_->find(name);
    const bool ends = end == text_.size() || endsWord(text_[end]);
    const bool inUse = std::ranges::any_of(open_, [&](const auto& alias) { return alias.first == name; });
    if (name.empty() || !ends || inUse || found == aliases_->end() ||
        (expanded_ += name.size() + found->second.size()) > kMostExpanded) {
        return false;
    }
    open_.emplace_back(name, text_.size() - end);
    if (found->second.ends_with(' ') || found->second.ends_with('\t')) {
        nextMayExpand_ = text_.size() - end;
    }
    if (start_ + overwritten_.size() < end) {
        overwritten_.append(text_, start_ + overwritten_.size(), end - start_ - overwritten_.size());
    }
    const std::string& value = found->second;
    if (value.size() > end) {
        text_.insert(0, kMostExpanded, ' ');
        start_ += kMostExpanded;
        at_ += kMostExpanded;
    }
    at_ += name.size() - value.size();
    text_.replace(at_, value.size(), value);
    return true;
}

void ShellParser::redirects(ShellTree& tree) {
    for (skipBlanks(); !stopped() && redirect(tree); skipBlanks()) {
    }
}

bool ShellParser::redirect(ShellTree& tree) {
    if (peek() == '&' && peek(1) == '>') {  // as bash: both outputs
        ++at_;
        if (peek(1) == '>') {  // but not this
            unexpected();
            return true;
        }
        const std::size_t count = tree.redirects.size();
        redirect(tree);
        if (tree.redirects.size() > count) {
            tree.redirects.push_back({.kind = ShellRedirect::Kind::Duplicate, .descriptor = 2, .target = "1"});
        }
        return true;
    }
    if (substitutesProcess()) {
        return false;
    }
    std::size_t at = at_;
    while (at < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at])) != 0) {
        ++at;
    }
    const bool numbered = at > at_;
    if (at >= text_.size() || (text_[at] != '<' && text_[at] != '>')) {
        return false;
    }
    ShellRedirect redirect;
    const bool input = text_[at] == '<';
    redirect.descriptor = !numbered ? (input ? 0 : 1) : at == at_ + 1 ? text_[at_] - '0' : ShellRedirect::kOutOfSight;
    at_ = at + 1;
    bool stripTabs = false;
    using Kind = ShellRedirect::Kind;
    redirect.kind = input ? Kind::Read : Kind::Write;
    if (peek() == '&') {
        redirect.kind = Kind::Duplicate;
        ++at_;
    } else if (input && peek() == '<') {
        redirect.kind = Kind::Here;
        ++at_;
        stripTabs = peek() == '-';
        at_ += stripTabs ? 1 : 0;
    } else if (input && peek() == '>') {
        redirect.kind = Kind::ReadWrite;
        ++at_;
    } else if (!input && (peek() == '>' || peek() == '|')) {
        redirect.kind = peek() == '>' ? Kind::Append : Kind::Write;
        redirect.forced = peek() == '|';
        ++at_;
    }
    skipBlanks();
    if (!wordBegins() || redirectionBegins()) {
        unexpected();
        return true;
    }
    redirect.target = word();
    if (redirect.kind == Kind::Here) {
        const bool literal = redirect.target.find_first_of("'\"\\") != std::string::npos;
        heres_.push_back({unquoted(redirect.target), literal, stripTabs, &tree, tree.redirects.size()});
    }
    tree.redirects.push_back(std::move(redirect));
    return true;
}

/// At `<(` or `>(`, as bash has them: a word, or a part of one.
bool ShellParser::substitutesProcess() const {
    return (peek() == '<' || peek() == '>') && peek(1) == '(';
}

/// With or without the number of a descriptor.
bool ShellParser::redirectionBegins() const {
    const std::size_t sign = text_.find_first_not_of("0123456789", at_);
    return sign != std::string::npos && (text_[sign] == '<' || text_[sign] == '>') &&
           (sign > at_ || !substitutesProcess());
}

bool ShellParser::wordBegins() const {
    return !endsWord(peek()) || (peek() == '\0' && !atEnd()) || substitutesProcess();
}

std::string ShellParser::word() {
    const std::size_t start = at_;
    while (!stopped() && wordBegins()) {
        const char c = peek();
        if (substitutesProcess()) {
            at_ += 2;
            skipParentheses();
            continue;
        }
        if (c == '\\') {
            if (at_ + 2 >= text_.size() && peek(1) != '\0' && peek(1) != '\n') {
                advance();  // the last byte of a text without a line end
                advance();
                continue;
            }
            if (at_ + 2 >= text_.size()) {
                starve("");
                break;
            }
            advance();
            advance();
        } else if (c == '\'' || c == '"' || c == '`') {
            advance();
            skipQuoted(c);
        } else if (c == '$') {
            skipDollar(true);
        } else {
            advance();
        }
    }
    return text_.substr(start, at_ - start);
}

/// Behind the opening quote, to behind the closing one.
void ShellParser::skipQuoted(char quote) {
    while (!stopped()) {
        if (atEnd()) {
            starve(quote == '`' ? "syntax error: EOF in backquote substitution"
                                : "syntax error: unterminated quoted string",
                   std::string(1, quote));
            return;
        }
        const char c = peek();
        if (c == quote) {
            advance();
            return;
        }
        if (c == '\\' && quote != '\'' && at_ + 1 < text_.size()) {
            advance();
            advance();
        } else if (quote == '"' && c == '$') {
            skipDollar();
        } else if (quote == '"' && c == '`') {
            advance();
            skipQuoted('`');
        } else {
            advance();
        }
    }
}

/// `plain`: not between double quotes.
void ShellParser::skipDollar(bool plain) {
    advance();
    if (++depth_ > kDeepest) {
        error_ = "syntax error: nested too deep";
        return;
    }
    if (peek() == '\'' && plain) {
        advance();
        while (!atEnd() && peek() != '\'') {
            at_ += peek() == '\\' && at_ + 1 < text_.size() ? 1 : 0;
            advance();
        }
        if (atEnd()) {
            starve("syntax error: unterminated quoted string", "'");
        } else {
            advance();
        }
    } else if (peek() == '(') {
        advance();
        skipParentheses();
    } else if (peek() == '{') {
        advance();
        skipBraces();
    }
    --depth_;
}

void ShellParser::skipParentheses() {
    const std::size_t start = at_;
    for (int open = 1; open > 0 && !stopped();) {
        if (atEnd()) {
            checkUnfinished(start);
            starve("syntax error: unexpected end of file (expecting \")\")", ")");
            return;
        }
        const char c = peek();
        if (c == '\'' || c == '"' || c == '`') {
            advance();
            skipQuoted(c);
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            advance();
            advance();
        } else if (c == '$') {
            skipDollar();
        } else {
            open += c == '(' ? 1 : c == ')' ? -1 : 0;
            advance();
        }
    }
}

/// ash reads the commands of a substitution as they come: what is wrong there is found before its end is.
void ShellParser::checkUnfinished(std::size_t start) {
    if (text_.size() - start > kMostChecked || text_.compare(start, 1, "(") == 0) {
        return;
    }
    ShellParser inner(text_.substr(start));
    State state = State::Complete;
    while (state == State::Complete) {
        state = inner.next();
    }
    if (state == State::Broken) {
        error_ = inner.error();
    }
}

void ShellParser::skipBraces() {
    while (!stopped()) {
        if (atEnd()) {
            starve("syntax error: missing '}'", "}");
            return;
        }
        const char c = peek();
        if (c == '\'' || c == '"' || c == '`') {
            advance();
            skipQuoted(c);
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            advance();
            advance();
        } else if (c == '$') {
            skipDollar();
        } else {
            advance();
            if (c == '}') {
                return;
            }
        }
    }
}

}  // namespace apiary::agent
