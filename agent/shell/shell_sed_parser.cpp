#include "agent/shell/shell_sed.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostCommands = 1000;
constexpr std::size_t kMostNumber = 1'000'000;
constexpr std::size_t kMostCost = std::size_t{1} << 20U;  // of all patterns of a program, see ShellRegex::cost()

/// \n, \t and \r become what they stand for; `any`: so does each other byte behind a backslash.
std::string unescaped(std::string_view text, bool any) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            made += text[i];
            continue;
        }
        const char c = text[++i];
        const std::size_t known = std::string_view("ntr").find(c);
        if (known != std::string_view::npos) {
            made += "\n\t\r"[known];
        } else {
            made += any ? std::string(1, c) : std::string{'\\', c};
        }
    }
    return made;
}

class SedParser {
public:
    SedParser(std::string_view text, bool extended) : rest_(text), extended_(extended) {}

    std::vector<SedCommand> all() {
        while (!skipBlanks()) {
            if (commands_.size() >= kMostCommands) {
                throw std::invalid_argument("memory exhausted");
            }
            parse();
        }
        findJumps();
        return std::move(commands_);
    }

private:
    bool skipBlanks() {
        while (!rest_.empty() &&
               (std::isspace(static_cast<unsigned char>(rest_.front())) != 0 || rest_.front() == ';')) {
            rest_.remove_prefix(1);
        }
        return rest_.empty();
    }
    char take() {
        if (rest_.empty()) {
            return 0;
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
    bool atDigit() const { return !rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0; }
    std::size_t number() {
        std::size_t value = 0;
        while (atDigit()) {
            value = std::min(value * 10 + static_cast<std::size_t>(take() - '0'), kMostNumber);
        }
        return value;
    }
    /// Up to the end of the line, which is taken as well.
    std::string line() {
        const std::string_view found = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(found.size() + 1, rest_.size()));
        return std::string(found);
    }

    /// Up to the next `end` that neither a backslash nor, in a pattern, a bracket guards.
    std::string upTo(char end, bool pattern) {
        bool bracket = false;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (pattern && bracket) {
                bracket = c != ']';
            } else if (pattern && c == '[') {
                bracket = true;
                i += rest_.substr(i + 1, 1) == "^" ? 1 : 0;
                i += rest_.substr(i + 1, 1) == "]" ? 1 : 0;
            } else if (c == '\\') {
                ++i;
            } else if (c == end) {
                std::string text = unescaped(rest_.substr(0, i), false);
                rest_.remove_prefix(i + 1);
                return text;
            }
        }
        throw std::invalid_argument(std::string("unmatched '") + end + '\'');
    }

    std::shared_ptr<ShellRegex> regex(const std::string& text, bool ignoreCase) {
        if (text.empty()) {
            return nullptr;
        }
        auto made = std::make_shared<ShellRegex>(text, extended_ ? ShellRegex::Kind::Extended : ShellRegex::Kind::Basic,
                                                 ignoreCase);
        if (!made->valid()) {
            throw std::invalid_argument("bad regex '" + text + "': " + made->error());
        }
        cost_ += made->cost();
        if (cost_ > kMostCost) {
            throw std::invalid_argument("out of memory");
        }
        return made;
    }

    SedAddress address(bool second) {
        SedAddress found;
        if (at('$')) {
            take();
            found.kind = SedAddress::Kind::Last;
        } else if (at('/') || at('\\')) {
            const char end = take() == '\\' ? take() : '/';
            found.pattern = regex(upTo(end, true), false);
            found.kind = SedAddress::Kind::Pattern;
        } else if (atDigit()) {
            found.line = number();
            found.kind = SedAddress::Kind::Line;
        } else if (second && at('+') && rest_.size() > 1 && std::isdigit(static_cast<unsigned char>(rest_[1])) != 0) {
            take();
            found.line = number();
            found.kind = SedAddress::Kind::More;
        }
        return found;
    }

    void parse() {
        SedCommand command;
        command.first = address(false);
        while (at(' ')) {
            take();
        }
        if (command.first.kind != SedAddress::Kind::None && at(',')) {
            take();
            while (at(' ')) {
                take();
            }
            command.second = address(true);
            if (command.second.kind == SedAddress::Kind::None) {
                throw std::invalid_argument("no address after comma");
            }
        }
        while (at(' ')) {
            take();
        }
        if (at('!')) {
            take();
            command.negated = true;
        }
        while (at(' ')) {
            take();
        }
        command.name = take();
        arguments(command);
        if (command.name != '#') {
            commands_.push_back(std::move(command));
        }
    }

    void arguments(SedCommand& command) {
        const char name = command.name;
        if (name == 0) {
            throw std::invalid_argument("missing command");
        }
        if (name == '#') {
            line();
        } else if (name == 's') {
            substitution(command);
        } else if (name == 'y') {
            const char end = take();
            command.text = upTo(end, false);
            const std::string to = upTo(end, false);
            if (command.text.size() != to.size()) {
                command.text.resize(std::min(command.text.size(), to.size()));
            }
            command.text += to.substr(0, command.text.size());
        } else if (name == 'a' || name == 'i' || name == 'c') {
            if (name != 'c' && command.second.kind != SedAddress::Kind::None) {
                throw std::invalid_argument(std::string("command '") + name + "' uses only one address");
            }
            added(command);
        } else if (name == 'r' || name == 'w') {
            command.text = fileName();
        } else if (name == ':' || name == 'b' || name == 't' || name == 'T') {
            while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0 && !at('\n')) {
                take();
            }
            const std::size_t end = std::min(rest_.find_first_of("; \n\r\t\v"), rest_.size());
            command.text = rest_.substr(0, end);
            rest_.remove_prefix(end);
        } else if (std::string_view("dDgGhHlnNpPqx={}").find(name) == std::string_view::npos) {
            throw std::invalid_argument(std::string("unsupported command ") + name);
        }
    }

    std::string fileName() {
        while (at(' ') || at('\t')) {
            take();
        }
        std::string name = line();
        return name.empty() ? throw std::invalid_argument("empty filename") : name;
    }

    void substitution(SedCommand& command) {
        const char end = take();
        const std::string pattern = upTo(end, true);
        command.text = upTo(end, false);
        bool ignoreCase = false;
        for (bool flags = true; flags && !rest_.empty();) {
            const char c = rest_.front();
            if (c >= '0' && c <= '9') {
                command.occurrence = std::max<std::size_t>(number(), 1);
                continue;
            }
            if (c == 'w') {
                take();
                command.file = fileName();
                break;
            }
            if (c == 'g') {
                command.global = true;
            } else if (c == 'p') {
                command.print = true;
            } else if (c == 'I' || c == 'i') {
                ignoreCase = true;
            } else if (c == ';' || c == '}' || c == '#' || std::isspace(static_cast<unsigned char>(c)) != 0) {
                break;
            } else {
                throw std::invalid_argument("bad option in substitution expression");
            }
            take();
        }
        command.occurrence = command.global ? 1 : command.occurrence;  // 2g is g
        command.pattern = regex(pattern, ignoreCase);
    }

    /// The text of a, i and c goes to the end of the script, but that a line may end it without a backslash.
    void added(SedCommand& command) {
        while (!rest_.empty()) {
            if (at('\n') || at('\\')) {
                take();
                if (at('\n')) {
                    take();
                }
                break;
            }
            if (std::isspace(static_cast<unsigned char>(rest_.front())) == 0) {
                break;
            }
            take();
        }
        std::size_t end = 0;
        while (end < rest_.size() && rest_[end] != '\n') {
            end += rest_[end] == '\\' ? 2 : 1;
        }
        end = std::min(end, rest_.size());
        command.text = unescaped(rest_.substr(0, end), true) + '\n';
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
    }

    void findJumps() {
        std::vector<std::size_t> open;
        for (std::size_t i = 0; i < commands_.size(); ++i) {
            SedCommand& command = commands_[i];
            command.behind = commands_.size();
            if (command.name == '{') {
                open.push_back(i);
            } else if (command.name == '}' && !open.empty()) {
                commands_[open.back()].behind = i + 1;
                open.pop_back();
            } else if (std::string_view("btT").find(command.name) != std::string_view::npos && !command.text.empty()) {
                const auto label = std::ranges::find_if(
                    commands_, [&](const SedCommand& c) { return c.name == ':' && c.text == command.text; });
                if (label == commands_.end()) {
                    throw std::invalid_argument("can't find label for jump to '" + command.text + "'");
                }
                command.behind = static_cast<std::size_t>(label - commands_.begin());
            }
        }
    }

    std::string_view rest_;
    std::size_t cost_ = 0;  // of all patterns
    bool extended_;
    std::vector<SedCommand> commands_ = {};
};

}  // namespace

std::vector<SedCommand> parseSed(std::string_view script, bool extended) {
    return SedParser(script, extended).all();
}

}  // namespace apiary::agent
