#include "agent/protocols/smtp_address.hpp"

#include <algorithm>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kSpecials = "|%!()<>@,;:\\\".[]";

struct Token {
    enum class Kind { Word, Comment, Operator } kind;
    std::string text;  // of a word without its quotes
};

class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    std::vector<Token> tokens() {
        std::vector<Token> found;
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (kBlanks.find(c) != std::string_view::npos) {
                rest_.remove_prefix(1);
            } else {
                found.push_back(next(c));
            }
        }
        return found;
    }

private:
    Token next(char c) {
        if (c == '(') {
            skipComment();
            return {Token::Kind::Comment, {}};
        }
        if (c == '[' || c == '"') {
            rest_.remove_prefix(1);
            const char end = c == '[' ? ']' : '"';
            std::string text = collect([end](char d) { return d != end; });
            rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
            return {Token::Kind::Word, c == '[' ? "[" + text + "]" : text};
        }
        if (c != '\\' && kSpecials.find(c) != std::string_view::npos) {
            rest_.remove_prefix(1);
            return {Token::Kind::Operator, std::string(1, c)};
        }
        return {Token::Kind::Word, collect([](char d) {
                    return kBlanks.find(d) == std::string_view::npos && kSpecials.find(d) == std::string_view::npos;
                })};
    }

    template <typename Wanted>
    std::string collect(Wanted wanted) {
        std::string text;
        for (; !rest_.empty(); rest_.remove_prefix(1)) {
            if (rest_.front() == '\\') {
                rest_.remove_prefix(1);
                if (rest_.empty()) {
                    break;
                }
            } else if (!wanted(rest_.front())) {
                break;
            }
            text += kBlanks.find(rest_.front()) == std::string_view::npos ? rest_.front() : ' ';
        }
        return text;
    }

    void skipComment() {
        int depth = 0;
        do {
            const char c = rest_.front();
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            rest_.remove_prefix(std::min<std::size_t>(c == '\\' ? 2 : 1, rest_.size()));
        } while (depth > 0 && !rest_.empty());
    }

    std::string_view rest_;
};

/// Finds the addresses in a list of tokens, from the right, as Postfix does: "phrase <address>", "group: a, b;", words
/// with an operator between each two.
class Finder {
public:
    explicit Finder(std::vector<Token> tokens) : tokens_(std::move(tokens)), at_(tokens_.size()) {}

    std::size_t count() const { return count_; }
    const std::string& last() const { return last_; }

    void run() {
        while (at_ > 0) {
            const Token& token = tokens_[--at_];
            if (token.kind == Token::Kind::Word) {
                if (!wordMayCome_) {
                    finish();
                }
                wordMayCome_ = false;
                pending_.push_back(&token);
            } else if (token.kind == Token::Kind::Operator) {
                onOperator(token);
            }
        }
        finish();
    }

private:
    void onOperator(const Token& token) {
        wordMayCome_ = true;
        switch (token.text.front()) {
            case ';':
                finish();
                group_ = true;
                break;
            case ',':
                finish();
                break;
            case '>':
                finish();
                takeBracketed();
                break;
            case ':':
                if (group_) {
                    finish();
                    skipUntil(",");
                    break;
                }
                [[fallthrough]];
            default:
                pending_.push_back(&token);
        }
    }

    bool leftIs(std::string_view operators) const {
        const Token& left = tokens_[at_ - 1];
        return left.kind == Token::Kind::Operator && operators.find(left.text.front()) != std::string_view::npos;
    }

    void skipUntil(std::string_view operators) {
        while (at_ > 0 && !leftIs(operators)) {
            --at_;
        }
    }

    void takeBracketed() {
        for (; at_ > 0 && !leftIs("<"); --at_) {
            if (tokens_[at_ - 1].kind != Token::Kind::Comment) {
                pending_.push_back(&tokens_[at_ - 1]);
            }
        }
        finish();
        skipUntil(">;,:");
    }

    void finish() {
        if (!pending_.empty() && ++count_ == 1) {
            for (auto token = pending_.rbegin(); token != pending_.rend(); ++token) {
                last_ += (*token)->text;
            }
        }
        pending_.clear();
    }

    std::vector<Token> tokens_;
    std::size_t at_;  // tokens left to look at
    std::vector<const Token*> pending_;
    bool wordMayCome_ = true;
    bool group_ = false;
    std::size_t count_ = 0;
    std::string last_;
};

/// True for words with single dots between them: what needs no quotes.
bool isPlain(std::string_view local) {
    return !local.empty() && local.front() != '.' && local.back() != '.' &&
           local.find("..") == std::string_view::npos && std::ranges::none_of(local, [](char c) {
               return (c >= 0 && c <= ' ') || c == '\x7f' ||
                      std::string_view("()<>@,;:\\\"[]").find(c) != std::string_view::npos;
           });
}

/// Brings routed forms into user@site.
std::string rewritten(std::string address, bool plain) {
    if (address == "@") {
        return {};
    }
    const auto colon = address.find(':');
    if (address.starts_with('@') && colon != std::string::npos && colon + 1 < address.size()) {
        address.erase(0, colon + 1);
    }
    if (!plain || address.find('@') != std::string::npos) {
        return address;
    }
    if (const auto bang = address.find('!'); bang != std::string::npos) {
        return address.substr(bang + 1) + "@" + address.substr(0, bang);
    }
    if (const auto percent = address.rfind('%'); percent != std::string::npos) {
        address[percent] = '@';
    }
    return address;
}

/// Makes a routing operator in the local part count; false if there is none.
bool openRoute(std::string& local) {
    const bool plain = isPlain(local);
    if (local.find('@') != std::string::npos) {
        local = rewritten(std::move(local), false);
        return true;
    }
    if (local.find_first_of("!%") == std::string::npos) {
        return false;
    }
    if (const auto percent = local.rfind('%'); !plain && percent != std::string::npos) {
        local[percent] = '@';
        return true;
    }
    local = rewritten(std::move(local), true);
    return true;
}

bool isAscii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0; });
}

bool isDomain(std::string_view domain, bool unicode) {
    return domain.starts_with('[') ? smtpIsLiteral(domain) : smtpIsHostname(domain, unicode);
}

bool isLabel(std::string_view label, bool unicode) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [unicode](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                      c == '_' || (unicode && c < 0);
           });
}

}  // namespace

std::optional<std::string> smtpAddress(std::string_view path) {
    if (path.size() > 1 && path.starts_with('<') && path.ends_with('>')) {
        path = path.substr(1, path.size() - 2);
    }
    if (const auto colon = path.find(':'); path.starts_with('@') && colon != std::string_view::npos) {
        path.remove_prefix(colon + 1);
    }
    Finder finder(Scanner(path).tokens());
    finder.run();
    return finder.count() > 1 ? std::nullopt : std::optional(finder.last());
}

SmtpDestination smtpResolve(const std::string& address, bool unicode,
                            const std::function<bool(std::string_view domain)>& ours) {
    if (address == "@") {
        return {};
    }
    std::string rest = rewritten(address, isPlain(address));
    std::optional<std::string> domain;
    bool foreign = false;
    for (std::size_t rounds = address.size() + 100; rounds > 0; --rounds) {
        if (rest.size() > 1 && rest.ends_with('.') && rest.find('@') != std::string::npos &&
            rest[rest.size() - 2] != '.' && rest[rest.size() - 2] != '@') {
            rest.pop_back();
        }
        if (const auto at = rest.rfind('@'); at != std::string::npos) {
            domain = rest.substr(at + 1);
            rest.erase(at);
            foreign = !domain->empty() && !ours(*domain);
        }
        if (foreign || !openRoute(rest)) {
            break;
        }
    }
    const bool minus = rest.starts_with('-');  // refused, lest it be taken for an option of a command
    if (domain && (!isDomain(*domain, true) || (!unicode && !isAscii(*domain)))) {
        return {};
    }
    return {!minus, !foreign, rest.empty() && !foreign ? "MAILER-DAEMON" : rest, domain.value_or("")};
}

bool smtpIsHostname(std::string_view name, bool unicode) {
    const std::string_view whole = name;
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        if (!isLabel(label, unicode)) {
            return false;
        }
        name.remove_prefix(label.size());
        if (name == ".") {
            return false;
        }
        name.remove_prefix(std::min<std::size_t>(1, name.size()));
    }
    return !whole.empty() && whole.size() <= 255 && whole.find_first_not_of("0123456789.") != std::string_view::npos;
}

}  // namespace apiary::agent
