/// The builtins of ash that take a line or a list of words apart: read, getopts.

#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cstdlib>

namespace apiary::agent {
namespace {

struct ReadOptions {
    bool raw = false;
    bool silent = false;
    std::string prompt = {};
    std::size_t most = std::string::npos;
    char delimiter = '\n';
    std::optional<double> patience = {};
    std::size_t descriptor = 0;
};

/// A line with its backslashes taken off, and which of its bytes they keep.
struct Line {
    std::string bytes;
    std::vector<bool> kept;
    void add(char c, bool keeps) {
        bytes += c;
        kept.push_back(keeps);
    }
};

class Fields {
public:
    Fields(const Line& line, std::string_view ifs) : line_(line), ifs_(ifs) { skipBlanks(); }

    std::string next() {
        std::string field;
        while (at_ < line_.bytes.size() && !parts(at_)) {
            field += line_.bytes[at_++];
        }
        skipBlanks();
        if (at_ < line_.bytes.size() && parts(at_) && !isBlank(at_)) {
            ++at_;
            skipBlanks();
        }
        return field;
    }

    /// All that is left, without the blanks behind it, or a lone delimiter.
    std::string rest() {
        std::size_t end = line_.bytes.size();
        while (end > at_ && parts(end - 1) && isBlank(end - 1)) {
            --end;
        }
        if (end > at_ && parts(end - 1)) {
            bool single = true;
            for (std::size_t i = at_; i + 1 < end; ++i) {
                single &= !parts(i) || isBlank(i);
            }
            end -= single ? 1 : 0;
        }
        return line_.bytes.substr(at_, end - at_);
    }

private:
    bool parts(std::size_t i) const { return !line_.kept[i] && ifs_.find(line_.bytes[i]) != std::string_view::npos; }
    bool isBlank(std::size_t i) const {
        return std::string_view(" \t\n").find(line_.bytes[i]) != std::string_view::npos;
    }
    void skipBlanks() {
        while (at_ < line_.bytes.size() && parts(at_) && isBlank(at_)) {
            ++at_;
        }
    }

    const Line& line_;
    std::string_view ifs_;
    std::size_t at_ = 0;
};

/// The status, or nothing if all is well. `at` is behind the options then.
std::optional<int> parseRead(ShellCall& call, ReadOptions& options, std::size_t& at) {
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        const std::string word = call.words[at];
        if (word == "--") {
            ++at;
            break;
        }
        for (std::size_t i = 1; i < word.size(); ++i) {
            const char letter = word[i];
            if (letter == 'r' || letter == 's') {
                (letter == 'r' ? options.raw : options.silent) = true;
                continue;
            }
            if (std::string_view("pntud").find(letter) == std::string_view::npos) {
                return call.illegalOption(letter);
            }
            if (i + 1 == word.size() && at + 1 == call.words.size()) {
                return call.failBuiltin(std::string("no arg for -") + letter + " option", 2);
            }
            const std::string value = i + 1 < word.size() ? word.substr(i + 1) : call.words[++at];
            const auto number = parseNumber<unsigned>(value);
            if (letter == 'p') {
                options.prompt = value;
            } else if (letter == 'd') {
                options.delimiter = value.empty() ? '\0' : value.front();
            } else if (letter == 't') {
                options.patience = std::clamp(std::atof(value.c_str()), 0.0, 100.0);
            } else if (!number) {
                return call.failBuiltin("Illegal number: " + value, 2);
            } else if (letter == 'n') {
                options.most = *number;
            } else {
                options.descriptor = std::min<std::size_t>(*number, 10);
            }
            break;
        }
    }
    return {};
}

/// False at the end of what there is to read.
bool readInto(ShellCall& call, ShellStream& input, const ReadOptions& options, Line& line) {
    const bool terminal = input.kind == ShellStream::Kind::Terminal;
    bool escaped = false;
    for (;;) {
        const bool byLine = options.delimiter == '\n' && options.most == std::string::npos;
        const std::string piece = byLine || terminal ? call.work().readLine(input) : call.work().read(input, 1);
        if (piece.empty() || call.work().stopped()) {
            return false;
        }
        for (const char c : piece) {
            if (escaped) {
                escaped = false;
                if (c != '\n') {
                    line.add(c, true);
                }
            } else if (c == '\\' && !options.raw) {
                escaped = true;
            } else if (c == options.delimiter) {
                return true;
            } else if (c != '\0') {
                line.add(c, false);
            }
            if (line.bytes.size() >= options.most) {
                return true;
            }
        }
    }
}

/// Sets it, or says why not.
bool give(ShellCall& call, const std::string& name, const std::string& value) {
    if (call.environment().set(name, value)) {
        return true;
    }
    call.failBuiltin(name + ": is read only", 2);
    return false;
}

}  // namespace

int readBuiltin(ShellCall& call) {
    ReadOptions options;
    std::size_t at = 1;
    if (const auto status = parseRead(call, options, at)) {
        return *status;
    }
    std::vector<std::string> names(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    for (const std::string& name : names) {
        if (!isShellName(name)) {
            call.error("sh: read: '" + name + "': bad variable name\n");
            return 1;
        }
    }
    const ShellStreamPtr input =
        options.descriptor < call.shell().streams().size() ? call.shell().streams()[options.descriptor] : nullptr;
    if (!input) {
        return 1;
    }
    const bool terminal = input->kind == ShellStream::Kind::Terminal;
    if (terminal && !options.prompt.empty()) {
        call.error(options.prompt);
    }
    if (terminal && options.patience) {  // nobody types that fast
        call.work().wait(Millis{static_cast<std::int64_t>(*options.patience * 1000)});
        return 1;
    }
    Line line;
    const bool whole = readInto(call, *input, options, line);
    if (call.work().stopped()) {
        call.work().hidesTyping = options.silent && terminal;
        return 1;
    }
    if (names.empty()) {
        return give(call, "REPLY", line.bytes) ? (whole ? 0 : 1) : 2;
    }
    const std::string ifs(call.environment().has("IFS") ? call.environment().get("IFS") : " \t\n");
    Fields fields(line, ifs);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!give(call, names[i], i + 1 == names.size() ? fields.rest() : fields.next())) {
            return 2;
        }
    }
    return whole ? 0 : 1;
}

int getoptsBuiltin(ShellCall& call) {
    if (call.words.size() < 3) {
        return call.failBuiltin("usage: getopts optstring var [arg]", 2);
    }
    ShellEnvironment& environment = call.environment();
    std::string_view letters = call.words[1];
    const std::string& name = call.words[2];
    const std::vector<std::string> given = call.words.size() > 3
                                               ? std::vector<std::string>(call.words.begin() + 3, call.words.end())
                                               : environment.arguments;
    std::size_t index = environment.optionIndex;
    std::size_t within = environment.optionOffset;
    const bool silent = letters.starts_with(':');
    letters.remove_prefix(silent ? 1 : 0);
    std::string result = "?";
    int status = 0;
    environment.variables.erase("OPTARG");
    if (within == 0) {
        const bool option =
            index >= 1 && index <= given.size() && given[index - 1].size() > 1 && given[index - 1].front() == '-';
        if (!option || given[index - 1] == "--") {
            index += option ? 1 : 0;
            status = 1;
        } else {
            within = 1;
        }
    }
    if (status == 0) {
        const std::string word = index <= given.size() ? given[index - 1] : "-";
        const char letter = within < word.size() ? word[within] : '-';
        ++within;
        const std::size_t known = letter == ':' ? std::string_view::npos : letters.find(letter);
        const bool ends = within >= word.size();
        if (known == std::string_view::npos) {
            if (silent) {
                environment.set("OPTARG", std::string(1, letter));
            } else {
                call.error(std::string("Illegal option -") + letter + '\n');
            }
        } else if (letters.substr(known + 1, 1) != ":") {
            environment.set("OPTARG", "");
            result = letter;
        } else if (!ends) {
            environment.set("OPTARG", word.substr(within));
            result = letter;
            within = word.size();
        } else if (index < given.size()) {
            environment.set("OPTARG", given[index]);
            ++index;
            result = letter;
        } else if (silent) {
            environment.set("OPTARG", std::string(1, letter));
            result.assign(1, ':');
        } else {
            call.error(std::string("No arg for -") + letter + " option\n");
        }
        if (within >= word.size()) {
            ++index;
            within = 0;
        }
    }
    environment.set("OPTIND", std::to_string(index));
    environment.optionIndex = index;
    environment.optionOffset = within;
    return give(call, name, result) ? status : 2;
}

}  // namespace apiary::agent
