/// A command as ash writes it from what it has read, for the list of jobs: cmdtxt() of ash.

#include "agent/shell/shell_parser.hpp"

#include <string>
#include <string_view>

namespace apiary::agent {
namespace {

constexpr std::size_t kMost = 400;

bool isNameByte(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class TreeText {
public:
    std::string of(const ShellTree& tree) {
        add(tree);
        text_.resize(std::min(text_.size(), kMost));
        return std::move(text_);
    }

private:
    using Kind = ShellTree::Kind;

    void add(const ShellTree& tree) {
        if (text_.size() > kMost) {
            return;
        }
        switch (tree.kind) {
            case Kind::Simple:
                words(tree.words, 0, " ");
                break;
            case Kind::Pipeline:
                text_ += tree.negated ? "!" : "";
                children(tree, " | ");
                break;
            case Kind::And:
                children(tree, " && ");
                break;
            case Kind::Or:
                children(tree, " || ");
                break;
            case Kind::Sequence:
                children(tree, "; ");
                break;
            case Kind::Background:
                add(*tree.children.front());
                text_ += " &";
                break;
            case Kind::Subshell:
                text_ += '(';
                add(*tree.children.front());
                text_ += ')';
                break;
            case Kind::Group:
                add(*tree.children.front());
                break;
            case Kind::If:
                text_ += "if ";
                add(*tree.children[0]);
                text_ += "; then ";
                add(*tree.children[1]);
                if (tree.children.size() > 2) {
                    text_ += "; else ";
                    add(*tree.children[2]);
                }
                text_ += "; fi";
                break;
            case Kind::While:
                text_ += tree.negated ? "until " : "while ";
                add(*tree.children[0]);
                text_ += "; do ";
                add(*tree.children[1]);
                text_ += "; done";
                break;
            case Kind::For:
                text_ += "for " + tree.words.front() + " in ";
                words(tree.words, 1, " ");
                text_ += "; do ";
                add(*tree.children.front());
                text_ += "; done";
                break;
            case Kind::Case:
                text_ += "case ";
                word(tree.words.front());
                text_ += " in ";
                for (const ShellTreePtr& item : tree.children) {
                    add(*item);
                }
                text_ += "esac";
                break;
            case Kind::Pattern:
                word(tree.words.front());
                text_ += ") ";
                add(*tree.children.front());
                text_ += ";; ";
                break;
            case Kind::Function:
                text_ += tree.words.front() + "() { ... }";
                break;
        }
        if (tree.kind == Kind::Simple || tree.kind == Kind::Subshell) {
            for (const ShellRedirect& redirect : tree.redirects) {
                add(redirect);
            }
        }
    }

    void children(const ShellTree& tree, std::string_view between) {
        for (std::size_t i = 0; i < tree.children.size(); ++i) {
            text_ += i > 0 ? between : "";
            add(*tree.children[i]);
        }
    }

    void words(const std::vector<std::string>& list, std::size_t from, std::string_view between) {
        for (std::size_t i = from; i < list.size() && text_.size() <= kMost; ++i) {
            text_ += i > from ? between : "";
            word(list[i]);
        }
    }

    void add(const ShellRedirect& redirect) {
        using To = ShellRedirect::Kind;
        text_ += text_.empty() ? "" : " ";
        if (redirect.kind == To::Here) {
            text_ += "<<...";
            return;
        }
        text_ += std::to_string(redirect.descriptor);
        text_ += redirect.kind == To::Read        ? "<"
                 : redirect.kind == To::Write     ? ">"
                 : redirect.kind == To::Append    ? ">>"
                 : redirect.kind == To::ReadWrite ? "<>"
                                                  : (redirect.descriptor == 0 ? "<&" : ">&");
        word(redirect.target);
    }

    /// Quotes of both kinds are double ones, a variable has its braces, a substitution is not told.
    void word(std::string_view typed) {
        for (std::size_t i = 0; i < typed.size() && text_.size() <= kMost; ++i) {
            const char c = typed[i];
            if (c == '\\' && i + 1 < typed.size()) {
                text_ += typed[++i];
            } else if (c == '\'') {
                text_ += '"';
            } else if (c == '`') {
                i = std::min(typed.find('`', i + 1), typed.size());
                text_ += "$(...)";
            } else if (c == '$' && i + 1 < typed.size()) {
                i = dollar(typed, i);
            } else {
                text_ += c;
            }
        }
    }

    /// The last byte of what it read.
    std::size_t dollar(std::string_view typed, std::size_t at) {
        const char next = typed[at + 1];
        if (next == '(' || next == '{') {
            const char close = next == '(' ? ')' : '}';
            int depth = 0;
            std::size_t end = at + 1;
            for (; end < typed.size(); ++end) {
                depth += typed[end] == next ? 1 : typed[end] == close ? -1 : 0;
                if (depth == 0) {
                    break;
                }
            }
            const std::string_view whole = typed.substr(at, end - at + 1);
            text_ += next == '{' || whole.starts_with("$((") ? whole : std::string_view("$(...)");
            return end;
        }
        std::size_t end = at + 1;
        while (end < typed.size() && isNameByte(typed[end])) {
            ++end;
        }
        if (end == at + 1 && std::string_view("@*#?-$!").find(next) == std::string_view::npos) {
            text_ += '$';
            return at;
        }
        end = std::max(end, at + 2);
        text_.append("${").append(typed.substr(at + 1, end - at - 1)) += '}';
        return end - 1;
    }

    std::string text_;
};

}  // namespace

std::string shellText(const ShellTree& tree) {
    return TreeText().of(tree);
}

}  // namespace apiary::agent
