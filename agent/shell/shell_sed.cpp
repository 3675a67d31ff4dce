/// sed: the commands that scripts use. Left out: back-references in patterns, t, T, y with escapes, w and r.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_regex.hpp"

#include <cctype>
#include <memory>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

struct Address {
    enum class Kind : std::uint8_t { None, Line, Last, Pattern } kind = Kind::None;
    std::size_t line = 0;
    std::shared_ptr<ShellRegex> pattern = {};
};

struct Command {
    Address first = {};
    Address second = {};
    bool negated = false;
    bool inside = false;  // between first and second
    char name = 0;
    std::shared_ptr<ShellRegex> pattern = {};
    std::string text = {};  // of a, i, c; the replacement of s; both halves of y, one after the other
    bool global = false;
    bool print = false;
    std::size_t occurrence = 1;
    std::size_t jump = 0;  // of {: the command behind its }; of s: 1 if it begins with ^
};

class SedScript {
public:
    SedScript(std::string_view text, bool extended) : rest_(text), extended_(extended) {
        while (!skipBlanks()) {
            parse();
        }
        if (!open_.empty()) {
            throw std::invalid_argument("unmatched '{'");
        }
    }

    std::vector<Command> commands;

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

    /// Up to the next `end` that no backslash guards.
    std::string upTo(char end) {
        std::string text;
        while (!rest_.empty() && rest_.front() != end) {
            const char c = take();
            if (c == '\\' && !rest_.empty()) {
                const char next = take();
                text += next == end ? std::string(1, next) : next == 'n' ? "\n" : std::string{c, next};
                continue;
            }
            text += c;
        }
        if (rest_.empty()) {
            throw std::invalid_argument(std::string("unmatched '") + end + '\'');
        }
        rest_.remove_prefix(1);
        return text;
    }

    std::shared_ptr<ShellRegex> regex(const std::string& text, bool ignoreCase) {
        if (!text.empty()) {
            last_ = std::make_shared<ShellRegex>(text, extended_ ? ShellRegex::Kind::Extended : ShellRegex::Kind::Basic,
                                                 ignoreCase);
            if (!last_->valid()) {
                throw std::invalid_argument("bad regex '" + text + "': " + last_->error());
            }
        }
        return last_ ? last_ : throw std::invalid_argument("no previous regexp");
    }

    Address address() {
        Address found;
        if (at('$')) {
            take();
            found.kind = Address::Kind::Last;
        } else if (at('/') || at('\\')) {
            const char end = take() == '\\' ? take() : '/';
            found.pattern = regex(upTo(end), false);
            found.kind = Address::Kind::Pattern;
            if (at('I')) {
                take();
            }
        } else {
            while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0) {
                found.line = std::min<std::size_t>(found.line * 10 + static_cast<std::size_t>(take() - '0'), 1'000'000);
                found.kind = Address::Kind::Line;
            }
        }
        return found;
    }

    void parse() {
        Command command;
        command.first = address();
        if (command.first.kind != Address::Kind::None && at(',')) {
            take();
            command.second = address();
            if (command.second.kind == Address::Kind::None) {
                throw std::invalid_argument("no address after comma");
            }
        }
        while (at(' ') || at('!')) {
            command.negated |= take() == '!';
        }
        command.name = take();
        switch (command.name) {
            case 0:
                throw std::invalid_argument("missing command");
            case '#':
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
                return;
            case '{':
                open_.push_back(commands.size());
                break;
            case '}':
                if (open_.empty()) {
                    throw std::invalid_argument("unexpected }");
                }
                commands[open_.back()].jump = commands.size();
                open_.pop_back();
                return;
            case 's':
                substitution(command);
                break;
            case 'y': {
                const char end = take();
                const std::string from = upTo(end);
                const std::string to = upTo(end);
                if (from.size() != to.size()) {
                    throw std::invalid_argument("bad format in substitution expression");
                }
                command.text = from + to;
                break;
            }
            case 'a':
            case 'i':
            case 'c':
                added(command);
                break;
            case 'p':
            case 'd':
            case 'q':
            case '=':
            case 'n':
            case 'N':
            case 'D':
            case 'P':
            case 'h':
            case 'H':
            case 'g':
            case 'G':
            case 'x':
            case 'l':
                break;
            default:
                throw std::invalid_argument(std::string("unsupported command ") + command.name);
        }
        commands.push_back(std::move(command));
    }

    void substitution(Command& command) {
        const char end = take();
        const std::string pattern = upTo(end);
        std::string replacement;
        while (!rest_.empty() && rest_.front() != end) {
            const char c = take();
            replacement += c;
            if (c == '\\' && !rest_.empty()) {
                const char next = take();
                if (next == end) {
                    replacement.back() = next;
                } else {
                    replacement += next;
                }
            }
        }
        if (rest_.empty()) {
            throw std::invalid_argument(std::string("unmatched '") + end + '\'');
        }
        rest_.remove_prefix(1);
        bool ignoreCase = false;
        for (bool flags = true; flags && !rest_.empty();) {
            const char c = rest_.front();
            if (c == 'g') {
                command.global = true;
            } else if (c == 'p') {
                command.print = true;
            } else if (c == 'I' || c == 'i') {
                ignoreCase = true;
            } else if (c >= '1' && c <= '9') {
                command.occurrence = static_cast<std::size_t>(c - '0');
            } else if (c == ';' || c == '}' || std::isspace(static_cast<unsigned char>(c)) != 0) {
                flags = false;
                break;
            } else {
                throw std::invalid_argument("bad option in substitution expression");
            }
            take();
        }
        command.pattern = regex(pattern, ignoreCase);
        command.jump = pattern.starts_with('^') ? 1 : 0;
        command.text = replacement;
    }

    void added(Command& command) {
        while (at(' ')) {
            take();
        }
        if (at('\\')) {
            take();
            while (at(' ')) {
                take();
            }
            if (at('\n')) {
                take();
            }
        }
        while (!rest_.empty() && rest_.front() != '\n') {
            const char c = take();
            command.text += c == '\\' && !rest_.empty() ? take() : c;
        }
        if (command.text.empty()) {
            throw std::invalid_argument("expected \\ after 'a', 'c' or 'i'");
        }
        command.text += '\n';
    }

    std::string_view rest_;
    bool extended_;
    std::shared_ptr<ShellRegex> last_ = {};
    std::vector<std::size_t> open_ = {};
};

/// Runs a script over lines.
class Sed {
public:
    Sed(ShellCall& call, SedScript& script, bool quiet) : call_(call), script_(script), quiet_(quiet) {}

    std::string run(const std::string& text) {
        std::string_view rest = text;
        while (!rest.empty() && !quit_ && !call_.work().stopped()) {
            takeLine(rest);
            execute(rest);
        }
        return std::move(output_);
    }

private:
    void takeLine(std::string_view& rest) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        ended_ = line.size() < rest.size();
        space_ = line;
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        ++number_;
    }
    void print(std::string_view line) {
        output_.append(line);
        output_ += ended_ ? "\n" : "";
        if (output_.size() > ShellWork::kMostPiped) {
            call_.work().stop();
        }
    }
    bool matches(const ShellRegex& regex) {
        std::size_t steps = 0;
        const bool found = regex.search(space_, steps).has_value();
        return call_.work().move(steps * 4 + 1) && found;
    }
    bool meets(const Address& address, bool last) {
        switch (address.kind) {
            case Address::Kind::None:
                return true;
            case Address::Kind::Line:
                return number_ == address.line;
            case Address::Kind::Last:
                return last;
            case Address::Kind::Pattern:
                return matches(*address.pattern);
        }
        return false;
    }
    bool chosen(Command& command, bool last) {
        if (command.second.kind == Address::Kind::None) {
            return meets(command.first, last);
        }
        if (!command.inside) {
            if (!meets(command.first, last)) {
                return false;
            }
            command.inside = command.second.kind != Address::Kind::Line || command.second.line > number_;
            return true;
        }
        command.inside =
            command.second.kind == Address::Kind::Line ? number_ < command.second.line : !meets(command.second, last);
        return true;
    }
    void substitute(const Command& command) {
        std::string result;
        std::size_t at = 0;
        std::size_t found = 0;
        bool changed = false;
        while (at <= space_.size() && !call_.work().stopped()) {
            std::size_t steps = 0;
            const std::string_view tail = std::string_view(space_).substr(at);
            const auto hit = command.pattern->search(tail, steps);
            if (!call_.work().move(steps * 4 + 1) || !hit || (at > 0 && anchored(command))) {
                break;
            }
            const std::string_view whole = tail.substr(hit->first, hit->second - hit->first);
            result.append(tail.substr(0, hit->first));
            if (++found < command.occurrence) {
                result.append(whole);
            } else {
                result += replacement(command.text, whole);
                changed = true;
            }
            at += hit->second;
            if (hit->second == hit->first) {
                if (at < space_.size()) {
                    result += space_[at];
                }
                ++at;
            }
            if (changed && !command.global) {
                break;
            }
        }
        if (changed) {
            result.append(at < space_.size() ? std::string_view(space_).substr(at) : std::string_view{});
            space_ = std::move(result);
            if (command.print) {
                print(space_);
            }
        }
    }
    /// What begins with ^ is found at the beginning alone.
    static bool anchored(const Command& command) { return command.jump == 1; }
    static std::string replacement(std::string_view text, std::string_view whole) {
        std::string made;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '&') {
                made.append(whole);
            } else if (text[i] == '\\' && i + 1 < text.size()) {
                const char c = text[++i];
                made += c == 'n' ? "\n" : c == 't' ? "\t" : c == '0' ? std::string(whole) : std::string(1, c);
            } else {
                made += text[i];
            }
        }
        return made;
    }

    void execute(std::string_view& rest) {
        std::string behind;
        bool deleted = false;
        for (std::size_t i = 0; i < script_.commands.size() && !deleted; ++i) {
            Command& command = script_.commands[i];
            if (chosen(command, rest.empty()) == command.negated) {
                i = command.name == '{' ? command.jump - 1 : i;
                continue;
            }
            switch (command.name) {
                case 's':
                    substitute(command);
                    break;
                case 'p':
                    print(space_);
                    break;
                case 'P':
                    print(space_.substr(0, space_.find('\n')));
                    break;
                case 'd':
                    deleted = true;
                    break;
                case 'D':
                    deleted = true;
                    break;
                case 'q':
                    quit_ = true;
                    i = script_.commands.size();
                    break;
                case '=':
                    output_ += std::to_string(number_) + '\n';
                    break;
                case 'a':
                    behind += command.text;
                    break;
                case 'i':
                    output_ += command.text;
                    break;
                case 'c':
                    output_ += command.second.kind == Address::Kind::None || !command.inside ? command.text : "";
                    deleted = true;
                    break;
                case 'n':
                    if (rest.empty()) {
                        quit_ = true;
                        i = script_.commands.size();
                        break;
                    }
                    if (!quiet_) {
                        print(space_);
                    }
                    takeLine(rest);
                    break;
                case 'N': {
                    if (rest.empty()) {
                        i = script_.commands.size();
                        break;
                    }
                    std::string before = space_ + '\n';
                    takeLine(rest);
                    space_ = before + space_;
                    break;
                }
                case 'h':
                    hold_ = space_;
                    break;
                case 'H':
                    hold_ += '\n' + space_;
                    break;
                case 'g':
                    space_ = hold_;
                    break;
                case 'G':
                    space_ += '\n' + hold_;
                    break;
                case 'x':
                    std::swap(space_, hold_);
                    break;
                case 'y': {
                    const std::size_t half = command.text.size() / 2;
                    for (char& c : space_) {
                        const std::size_t known = command.text.substr(0, half).find(c);
                        c = known == std::string::npos ? c : command.text[half + known];
                    }
                    break;
                }
                default:
                    break;
            }
            if (!call_.work().move(space_.size() + hold_.size() + 1)) {
                return;
            }
        }
        if (!deleted && !quiet_) {
            print(space_);
        }
        output_ += behind;
    }

    ShellCall& call_;
    SedScript& script_;
    bool quiet_;
    bool quit_ = false;
    bool ended_ = true;
    std::size_t number_ = 0;
    std::string space_ = {};
    std::string hold_ = {};
    std::string output_ = {};
};

}  // namespace

int runSed(ShellCall& call) {
    for (std::string& word : call.words) {  // -i takes no value of its own here: "-i.bak" keeps a copy nobody asks for
        word = word.starts_with("-i") ? "-i" : word == "--quiet" || word == "--silent" ? "-n" : word;
    }
    std::string text;
    for (std::size_t i = 1; i + 1 < call.words.size(); ++i) {
        if (call.words[i] == "-e") {
            text += (text.empty() ? "" : "\n") + call.words[i + 1];
        }
    }
    if (!call.parse("sinrEe:f:")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (text.empty() && call.has('e')) {
        text = call.value('e');
    }
    if (call.has('f')) {
        int status = 0;
        text += call.readAll({call.value('f')}, status);
        if (status != 0) {
            return status;
        }
    }
    if (!call.has('e') && !call.has('f')) {
        if (paths.empty()) {
            return call.usage();
        }
        text = paths.front();
        paths.erase(paths.begin());
    }
    try {
        SedScript script(text, call.has('r') || call.has('E'));
        int status = 0;
        if (!call.has('i')) {
            const std::string all = call.readAll(paths, status, "-");
            call.out(Sed(call, script, call.has('n')).run(all));
            return status;
        }
        for (const std::string& path : paths) {
            const ShellStreamPtr stream = call.open(path, "-");
            if (!stream) {
                status = 1;
                continue;
            }
            const std::string changed =
                Sed(call, script, call.has('n')).run(call.work().read(*stream, ShellWork::kMostPiped));
            if (call.files().create(stream->path, 0644, call.work().seconds()) == ShellError::None) {
                ShellStream file{ShellStream::Kind::File, stream->path};
                call.work().write(file, changed);
            }
        }
        return status;
    } catch (const std::invalid_argument& wrong) {
        return call.fail(wrong.what());
    }
}

}  // namespace apiary::agent
