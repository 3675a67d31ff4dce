/// sed: what its commands do.

#include "agent/shell/shell_sed.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostSpace = std::size_t{64} << 10U;

/// One of the files that are read, or all of them as one.
struct SedInput {
    std::string text;
    std::size_t at = 0;
    ShellStreamPtr typed = {};  // the terminal, of which the next line is read when it is looked for
};

/// Runs a script over lines. Throws std::invalid_argument with what is wrong with it only now.
class Sed {
public:
    Sed(ShellCall& call, const std::vector<SedCommand>& commands, bool quiet)
        : call_(call), commands_(commands), progress_(commands.size()), quiet_(quiet) {}

    /// `inputs` are one stream of lines. What is written goes to `output`, also if it throws.
    void run(std::vector<SedInput> inputs, std::string& output) {
        inputs_ = std::move(inputs);
        output_ = &output;
        file_ = 0;
        bool restarts = false;
        while (!quit_ && !call_.work().stopped()) {
            if (!restarts && !takeLine(space_)) {
                break;
            }
            restarts = cycle();
        }
    }
    bool quit() const { return quit_; }

private:
    struct Progress {
        bool inside = false;  // between first and second
        bool over = false;    // a range that began with a line's number was met
        std::size_t last = 0;
    };

    bool hasMore() {
        while (file_ < inputs_.size() && inputs_[file_].at == inputs_[file_].text.size()) {
            SedInput& input = inputs_[file_];
            if (input.typed) {
                call_.out(std::exchange(*output_, {}));
                input.at = 0;
                input.text = call_.work().readLine(*input.typed);
            }
            file_ += input.text.empty() || !input.typed ? 1 : 0;
        }
        return file_ < inputs_.size();
    }
    bool takeLine(std::string& into) {
        if (!hasMore()) {
            return false;
        }
        SedInput& input = inputs_[file_];
        const std::size_t end = std::min(input.text.find('\n', input.at), input.text.size());
        into.assign(input.text, input.at, end - input.at);
        ended_ = end < input.text.size();
        input.at = std::min(end + 1, input.text.size());
        ++number_;
        if (input.typed) {
            hasMore();  // sed does not answer to a line before it has the next one, or knows that this was the last
        }
        return call_.work().move(into.size() + 1);
    }
    void print(std::string_view line, bool ended) {
        *output_ += std::exchange(lacksEnd_, !ended) ? "\n" : "";
        output_->append(line);
        *output_ += ended ? "\n" : "";
        if (output_->size() > ShellWork::kMostPiped) {
            call_.work().stop();
        }
    }

    const ShellRegex& regex(const std::shared_ptr<ShellRegex>& pattern) {
        if (pattern) {
            used_ = pattern;
        }
        return used_ ? *used_ : throw std::invalid_argument("no previous regexp");
    }
    bool matches(const std::shared_ptr<ShellRegex>& pattern) {
        std::size_t steps = 0;
        const bool found = regex(pattern).search(space_, steps).has_value();
        return call_.work().move(steps * 4 + 1) && found;
    }
    bool begins(const SedCommand& command, const Progress& progress) {
        const SedAddress& first = command.first;
        const bool range = command.second.kind != SedAddress::Kind::None;
        switch (first.kind) {
            case SedAddress::Kind::None:
                return true;
            case SedAddress::Kind::Line:
                return first.line > 0 && !progress.over && (range ? first.line <= number_ : first.line == number_);
            case SedAddress::Kind::Last:
                return !hasMore();
            default:
                return matches(first.pattern);
        }
    }
    bool ends(const SedCommand& command, const Progress& progress, bool before) {
        switch (command.second.kind) {
            case SedAddress::Kind::Line:
            case SedAddress::Kind::More:
                return progress.last <= number_;
            case SedAddress::Kind::Last:
                return !hasMore();
            case SedAddress::Kind::Pattern:
                return before && matches(command.second.pattern);
            default:
                return true;
        }
    }
    bool chosen(std::size_t index) {
        const SedCommand& command = commands_[index];
        Progress& progress = progress_[index];
        const bool before = progress.inside;
        if (!before && !begins(command, progress)) {
            return false;
        }
        const bool range = command.second.kind != SedAddress::Kind::None;
        if (!before && range) {
            progress.over = command.first.kind == SedAddress::Kind::Line;
            progress.last = command.second.line + (command.second.kind == SedAddress::Kind::More ? number_ : 0);
        }
        progress.inside = range && !ends(command, progress, before);
        return true;
    }

    /// The replacement with what was found in place of & and \1; no more than the line may hold.
    static void replace(std::string_view text, std::string_view found, const ShellRegex::Groups& groups,
                        std::string& into) {
        for (std::size_t i = 0; i < text.size() && into.size() <= kMostSpace; ++i) {
            if (text[i] == '&') {
                const auto& [begin, end] = *groups[0];
                into.append(found.substr(begin, end - begin));
            } else if (text[i] == '\\' && i + 1 < text.size()) {
                const char c = text[++i];
                if (c < '0' || c > '9') {
                    into += c;
                } else if (const auto& group = groups[static_cast<std::size_t>(c - '0')]) {
                    into.append(found.substr(group->first, group->second - group->first));
                }
            } else {
                into += text[i];
            }
        }
    }
    void substitute(const SedCommand& command) {
        const ShellRegex& pattern = regex(command.pattern);
        std::string result;
        std::string_view rest = space_;
        std::size_t found = 0;
        bool changed = false;
        bool beyondEmpty = false;  // the last match ended here: another empty one does not count
        for (bool first = true; !call_.work().stopped(); first = false) {
            std::size_t steps = 0;
            const auto hit = pattern.match(rest, steps, !first);
            if (!call_.work().move(steps * 4 + 1) || !hit) {
                break;
            }
            const auto [begin, end] = *(*hit)[0];
            result.append(rest.substr(0, begin));
            const bool empty = begin == end;
            if (empty && begin == 0 && beyondEmpty) {
                if (rest.empty()) {
                    break;
                }
                result += rest.front();
                rest.remove_prefix(1);
                beyondEmpty = false;
                continue;
            }
            if (++found < command.occurrence) {
                result.append(rest.substr(begin, end - begin));
            } else {
                replace(command.text, rest, *hit, result);
                changed = true;
            }
            rest.remove_prefix(end);
            beyondEmpty = !empty;
            if (empty) {
                if (rest.empty()) {
                    break;
                }
                if (!(changed && !command.global)) {
                    result += rest.front();
                    rest.remove_prefix(1);
                }
            }
            if ((changed && !command.global) || result.size() > kMostSpace) {
                break;
            }
        }
        if (!changed) {
            return;
        }
        result.append(rest);
        space_ = std::move(result);
        replaced_ = true;
        if (command.print) {
            print(space_, true);
        }
        if (!command.file.empty()) {
            writeLine(command.file);
        }
    }
    void writeLine(const std::string& path) {
        if (path == "/dev/stdout") {
            print(space_, true);
            return;
        }
        const ShellFiles::Place place = call_.locate(path);
        ShellStream file{ShellStream::Kind::File, place.path};
        file.append = true;
        call_.work().write(file, space_ + '\n');
    }
    void append(const SedCommand& command) {
        if (command.name == 'a') {
            addBehind(command.text);
            return;
        }
        const ShellFiles::Place place = call_.locate(command.text);
        if (place.error == ShellError::None && call_.files().mayRead(place.path) == ShellError::None) {
            ShellStream file{ShellStream::Kind::File, place.path};
            addBehind(call_.work().read(file, kMostSpace));
        }
    }
    void addBehind(std::string_view text) {
        if (call_.work().move(text.size())) {
            behind_ += text;
        }
        if (behind_.size() > ShellWork::kMostPiped) {
            call_.work().stop();
        }
    }
    void flush() {
        if (!behind_.empty()) {
            *output_ += std::exchange(lacksEnd_, false) ? "\n" : "";
            *output_ += std::exchange(behind_, {});
            if (output_->size() > ShellWork::kMostPiped) {
                call_.work().stop();
            }
        }
    }

    /// All commands for one line. True if the next cycle goes on with what is left of it.
    bool cycle() {
        replaced_ = false;
        for (std::size_t i = 0; i < commands_.size(); ++i) {
            const SedCommand& command = commands_[i];
            if (!call_.work().move(space_.size() / 4 + hold_.size() / 4 + 16)) {
                return false;
            }
            if (chosen(i) == command.negated) {
                i = command.name == '{' ? command.behind - 1 : i;
                continue;
            }
            switch (command.name) {
                case 'b':
                    i = command.behind - 1;
                    break;
                case 't':
                case 'T':
                    i = std::exchange(replaced_, false) == (command.name == 't') ? command.behind - 1 : i;
                    break;
                case 'q':
                    quit_ = true;
                    i = commands_.size();
                    break;
                case 'c':
                    if (!progress_[i].inside) {
                        print(std::string_view(command.text).substr(0, command.text.size() - 1), true);
                    }
                    flush();
                    return false;
                case 'D':
                    if (const std::size_t end = space_.find('\n'); end != std::string::npos) {
                        space_.erase(0, end + 1);
                        flush();
                        return true;
                    }
                    [[fallthrough]];
                case 'd':
                    flush();
                    return false;
                case 'n':
                    if (!quiet_) {
                        print(space_, ended_);
                    }
                    if (!hasMore()) {
                        quit_ = true;
                        flush();
                        return false;
                    }
                    flush();
                    takeLine(space_);
                    break;
                case 'N':
                    if (!hasMore()) {
                        i = commands_.size();
                    } else {
                        std::string next;
                        flush();
                        takeLine(next);
                        space_ += '\n' + next;
                    }
                    break;
                default:
                    change(command);
                    break;
            }
            if (space_.size() > kMostSpace || hold_.size() > kMostSpace) {
                call_.work().stop();
            }
        }
        if (!quiet_) {
            print(space_, ended_);
        }
        flush();
        return false;
    }
    /// The commands that leave the course of the script as it is.
    void change(const SedCommand& command) {
        switch (command.name) {
            case 's':
                substitute(command);
                break;
            case 'p':
                print(space_, true);
                break;
            case 'P':
                print(std::string_view(space_).substr(0, space_.find('\n')), true);
                break;
            case '=':
                *output_ += std::to_string(number_) + '\n';
                break;
            case 'a':
            case 'r':
                append(command);
                break;
            case 'w':
                writeLine(command.text);
                break;
            case 'i':
                print(std::string_view(command.text).substr(0, command.text.size() - 1), true);
                break;
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
                    const std::size_t known = std::string_view(command.text).substr(0, half).find(c);
                    c = known == std::string::npos ? c : command.text[half + known];
                }
                break;
            }
            default:  // l, which this BusyBox takes and does not do; labels and braces
                break;
        }
    }

    ShellCall& call_;
    const std::vector<SedCommand>& commands_;
    std::vector<Progress> progress_;
    bool quiet_;
    std::vector<SedInput> inputs_ = {};
    std::size_t file_ = 0;
    bool quit_ = false;
    bool ended_ = true;      // the line that was read last had its end
    bool lacksEnd_ = false;  // what was printed last had none
    bool replaced_ = false;  // since the line was read, or since a t
    std::size_t number_ = 0;
    std::shared_ptr<ShellRegex> used_ = {};
    std::string space_ = {};
    std::string hold_ = {};
    std::string behind_ = {};
    std::string* output_ = nullptr;
};

/// The scripts of all -e and -f. Nothing after an error.
std::optional<std::string> givenScript(ShellCall& call) {
    std::string script;
    bool begun = false;
    for (const auto& [letter, value] : call.given()) {
        if (letter != 'e' && letter != 'f') {
            continue;
        }
        int status = 0;
        const std::string text = letter == 'e' ? value : call.readAll({value}, status, "-");
        if (status != 0) {
            return std::nullopt;
        }
        script += (std::exchange(begun, true) ? "\n" : "") + text;
    }
    return script;
}

/// Empties the files that the script writes to. False after it said which it cannot.
bool openFiles(ShellCall& call, const std::vector<SedCommand>& commands) {
    for (const SedCommand& command : commands) {
        const std::string& path = command.name == 'w' ? command.text : command.file;
        if (path.empty() || path == "/dev/stdout") {
            continue;
        }
        ShellFiles::Place place = call.locate(path);
        if (place.error == ShellError::None) {
            call.work().report(place.path);
            place.error = call.files().create(place.path, 0666 & ~call.environment().mask, call.work().seconds());
        }
        if (place.error != ShellError::None) {
            call.fail("can't open '" + path + "': " + std::string(errorText(place.error)));
            return false;
        }
    }
    return true;
}

int edit(ShellCall& call, const std::vector<SedCommand>& commands, const std::vector<std::string>& paths,
         const std::string& suffix) {
    int status = 0;
    Sed sed(call, commands, call.has('n'));
    for (const std::string& path : paths) {
        const ShellStreamPtr stream = call.open(path, "-");
        if (!stream) {
            status = 1;
            continue;
        }
        const std::string all = call.work().read(*stream, ShellWork::kMostPiped);
        if (!suffix.empty()) {
            call.files().copy(stream->path, stream->path + suffix, call.work().seconds());
        }
        std::string changed;
        sed.run({{all}}, changed);
        call.work().report(stream->path);
        if (call.files().create(stream->path, 0644, call.work().seconds()) == ShellError::None) {
            ShellStream file{ShellStream::Kind::File, stream->path};
            call.work().write(file, changed);
        }
        if (sed.quit()) {
            break;
        }
    }
    return status;
}

int show(ShellCall& call, const std::vector<SedCommand>& commands, const std::vector<std::string>& paths) {
    int status = 0;
    std::vector<SedInput> inputs;
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        if (path == "-" && call.input()->kind == ShellStream::Kind::Terminal) {
            inputs.push_back({"", 0, call.input()});
        } else {
            inputs.push_back({call.readAll({path}, status, "-")});
        }
    }
    std::string output;
    try {
        Sed(call, commands, call.has('n')).run(std::move(inputs), output);
    } catch (const std::invalid_argument&) {
        call.out(output);
        throw;
    }
    call.out(output);
    return status;
}

}  // namespace

int runSed(ShellCall& call) {
    if (call.words.size() == 2 && call.words[1] == "--version") {
        call.out("This is not GNU sed version 4.0\n");
        return 0;
    }
    static constexpr std::pair<std::string_view, const char*> kLong[] = {{"--quiet", "-n"},
                                                                         {"--silent", "-n"},
                                                                         {"--in-place", "-i"},
                                                                         {"--regexp-extended", "-r"},
                                                                         {"--expression", "-e"}};
    for (std::string& word : call.words) {
        const auto* known = std::ranges::find(kLong, std::string_view(word).substr(0, word.find('=')),
                                              &std::pair<std::string_view, const char*>::first);
        word = known == std::end(kLong)              ? word
               : word.find('=') == std::string::npos ? known->second
                                                     : known->second + word.substr(word.find('=') + 1);
    }
    if (!call.parse("i::nrEe:f:")) {
        return 1;
    }
    std::optional<std::string> script = givenScript(call);
    if (!script) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (!call.has('e') && !call.has('f')) {
        if (paths.empty()) {
            return call.usage();
        }
        *script = paths.front();
        paths.erase(paths.begin());
    }
    try {
        const std::vector<SedCommand> commands = parseSed(*script, call.has('r') || call.has('E'));
        if (!openFiles(call, commands)) {
            return 1;
        }
        return call.has('i') ? edit(call, commands, paths, call.value('i')) : show(call, commands, paths);
    } catch (const std::invalid_argument& wrong) {
        return call.fail(wrong.what());
    }
}

}  // namespace apiary::agent
