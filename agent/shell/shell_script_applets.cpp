/// Applets that scripts of a system use: they take options apart, run what lies in a folder, over and over, or as a
/// daemon. httpd only encodes and decodes: nothing here listens.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace apiary::agent {
namespace {

/// Takes an option without a value off the words.
bool takeWord(ShellCall& call, std::string_view word) {
    return std::erase(call.words, word) > 0;
}

/// What getopt was told about the options, and what it makes of the words.
class OptionReader {
public:
    OptionReader(ShellCall& call, std::string shorts, std::vector<std::string> longs)
        : call_(call), shorts_(std::move(shorts)), longs_(std::move(longs)) {}

    std::string speaker = "getopt";
    bool quiet = false;
    bool quotes = true;
    bool alternative = false;  // long options may have one dash

    int run(std::size_t first) {
        std::vector<std::string> operands;
        for (at_ = first; at_ < call_.words.size(); ++at_) {
            const std::string word = call_.words[at_];
            if (word == "--") {
                operands.insert(operands.end(), call_.words.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                                call_.words.end());
                break;
            }
            if (word.starts_with("--")) {
                takeLong(word.substr(2), "--");
            } else if (word.size() > 1 && word.front() == '-' && alternative && knows(word.substr(1))) {
                takeLong(word.substr(1), "-");
            } else if (word.size() > 1 && word.front() == '-') {
                takeShort(word);
            } else {
                operands.push_back(word);
            }
        }
        text_ += " --";
        for (const std::string& operand : operands) {
            add(operand);
        }
        call_.out(text_ + '\n');
        return status_;
    }

private:
    void complain(const std::string& what) {
        status_ = 1;
        if (!quiet) {
            call_.error(speaker + ": " + what + '\n');
        }
    }

    void add(const std::string& value) {
        if (!quotes) {
            text_ += ' ' + value;
            return;
        }
        text_ += " '";
        for (const char c : value) {
            text_ += c == '\'' ? "'\\''" : std::string(1, c);
        }
        text_ += '\'';
    }

    bool knows(std::string_view name) const {
        return std::ranges::any_of(longs_, [&](const std::string& one) {
            return std::string_view(one).substr(0, one.find(':')) == name.substr(0, name.find('='));
        });
    }

    void takeLong(const std::string& word, const std::string& dashes) {
        const std::string name = word.substr(0, word.find('='));
        std::vector<std::string> meant;
        for (const std::string& one : longs_) {
            const std::string whole = one.substr(0, one.find(':'));
            if (whole == name) {
                meant = {one};
                break;
            }
            if (whole.starts_with(name)) {
                meant.push_back(one);
            }
        }
        if (meant.size() != 1) {
            complain(meant.empty() ? "unrecognized option '" + dashes + name + "'"
                                   : "option '" + dashes + name + "' is ambiguous");
            return;
        }
        const std::string whole = meant.front().substr(0, meant.front().find(':'));
        const std::size_t colons = meant.front().size() - whole.size();
        const bool given = name.size() < word.size();
        if (colons == 0 && given) {
            complain("option '" + dashes + whole + "' doesn't allow an argument");
        } else if (colons == 1 && !given && at_ + 1 == call_.words.size()) {
            complain("option '" + dashes + whole + "' requires an argument");
        } else {
            text_ += " --" + whole;
            if (colons > 0) {
                add(given ? word.substr(name.size() + 1) : colons == 1 ? call_.words[++at_] : std::string{});
            }
        }
    }

    void takeShort(const std::string& word) {
        for (std::size_t i = 1; i < word.size(); ++i) {
            const std::size_t known = word[i] == ':' ? std::string::npos : shorts_.find(word[i]);
            const std::string letter(1, word[i]);
            if (known == std::string::npos) {
                complain("invalid option -- '" + letter + "'");
                continue;
            }
            const bool valued = shorts_.compare(known + 1, 1, ":") == 0;
            const bool possible = shorts_.compare(known + 1, 2, "::") == 0;
            if (!valued) {
                text_ += " -" + letter;
                continue;
            }
            if (i + 1 == word.size() && !possible && at_ + 1 == call_.words.size()) {
                complain("option requires an argument -- '" + letter + "'");
                return;
            }
            text_ += " -" + letter;
            add(i + 1 < word.size() ? word.substr(i + 1) : possible ? std::string{} : call_.words[++at_]);
            return;
        }
    }

    ShellCall& call_;
    std::string shorts_;
    std::vector<std::string> longs_;
    std::size_t at_ = 0;
    std::string text_ = {};
    int status_ = 0;
};

int getOptions(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.fail("missing optstring argument");
    }
    if (!call.words[1].starts_with('-')) {
        const std::string& letters = call.words[1];
        OptionReader reader(call, letters.substr(letters.starts_with('+') ? 1 : 0), {});
        reader.quotes = false;
        return reader.run(2);
    }
    if (!call.parse("+o:n:qQl:aTus:")) {
        return 1;
    }
    constexpr int kEnhanced = 4;  // the status that tells so
    if (call.has('T')) {
        return kEnhanced;
    }
    std::vector<std::string> longs;
    for (const auto& [letter, value] : call.given()) {
        for (std::size_t at = 0; letter == 'l' && at < value.size();) {
            const std::size_t end = std::min(value.find_first_of(", \t\n", at), value.size());
            if (end > at) {
                longs.push_back(value.substr(at, end - at));
            }
            at = end + 1;
        }
    }
    const bool named = call.has('o');
    if (!named && call.words.size() < 2) {
        return call.fail("missing optstring argument");
    }
    OptionReader reader(call, named ? call.value('o') : call.words[1], std::move(longs));
    reader.speaker = call.valueOr('n', "getopt");
    reader.quiet = call.has('q');
    reader.quotes = !call.has('u');
    reader.alternative = call.has('a');
    return reader.run(named ? 1 : 2);
}

int runParts(ShellCall& call) {
    const bool tests = takeWord(call, "--test");
    const bool backwards = takeWord(call, "--reverse");
    const bool stops = takeWord(call, "--exit-on-error");
    if (!call.parse("a:u:")) {
        return 1;
    }
    if (call.words.size() != 2) {
        return call.usage();
    }
    const std::string folder = call.words[1];
    const ShellFiles::Place place = call.locate(folder);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (node == nullptr) {
        call.fail(folder + ": " +
                  std::string(errorText(place.error == ShellError::None ? ShellError::NoEntry : place.error)));
        return 0;
    }
    std::vector<std::string> paths;
    for (const auto& [name, child] : call.files().listed(place.path)) {
        const bool plain =
            std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
        const ShellFiles::Place at = call.locate(folder + '/' + name);
        if (plain && at.error == ShellError::None && call.files().mayExecute(at.path) == ShellError::None) {
            paths.push_back(folder + (folder.ends_with('/') ? "" : "/") + name);
        }
    }
    std::ranges::sort(paths);
    if (backwards) {
        std::ranges::reverse(paths);
    }
    int status = 0;
    for (const std::string& path : paths) {
        if (tests) {
            call.out(path + '\n');
            continue;
        }
        if (!call.work().step()) {
            break;
        }
        std::vector<std::string> words{path};
        for (const auto& [letter, value] : call.given()) {
            if (letter == 'a') {
                words.push_back(value);
            }
        }
        if (const int result = call.shell().file(path, std::move(words)); result != 0) {
            status = call.fail(path + ": exit status " + std::to_string(result));
            if (stops) {
                break;
            }
        }
    }
    return status;
}

int watch(ShellCall& call) {
    if (!call.parse("+n:t")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    constexpr double kShortest = 0.1;
    constexpr std::size_t kDate = 19;  // its width
    const double seconds = std::clamp(std::atof(call.valueOr('n', "2").c_str()), kShortest, 1000.0);
    std::string command;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        command.append(i > 1 ? " " : "").append(call.words[i]);
    }
    while (call.work().step()) {
        std::string head = "\x1b[H\x1b[J";
        if (!call.has('t')) {
            std::string title = printed("Every %.1fs: ", seconds) + command;
            const std::size_t width = std::max<std::size_t>(call.columns(1), kDate + 2) - 1;
            title.resize(width - kDate, ' ');
            const auto now = std::chrono::floor<std::chrono::seconds>(call.work().moment());
            const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(now)};
            const std::string clock = dateOf(now.time_since_epoch().count()).substr(7, 8);
            head += title +
                    printed("%04d-%02u-%02u ", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                            static_cast<unsigned>(day.day())) +
                    clock + "\n\n";
        }
        if (!call.out(head)) {
            break;
        }
        ShellCall shell(call.shell(), {"sh", "-c", command});
        runShellApplet(shell);
        call.work().wait(Millis{static_cast<std::int64_t>(seconds * 1000)});
        if (call.work().takes() >= ShellWork::kMostTime) {
            call.work().stop();  // it goes on until Control-C
        }
    }
    return 0;
}

int startOrStop(ShellCall& call) {
    if (!call.parse("+KSbmtovqp:n:x:a:u:s:c:N:d:R:")) {
        return 1;
    }
    if (call.has('K') == call.has('S') || (call.has('S') && !call.has('x') && !call.has('a'))) {
        return call.usage();
    }
    if (call.has('K')) {
        const std::string which = call.has('n')   ? call.value('n')
                                  : call.has('x') ? call.value('x')
                                  : call.has('p') ? "process in pidfile '" + call.value('p') + '\''
                                                  : "process";
        if (!call.has('q')) {
            call.out("no " + which + " found; none killed\n");
        }
        return call.has('o') ? 0 : 1;
    }
    const std::string program = call.valueOr('x', call.valueOr('a', ""));
    const ShellFiles::Place place = call.locate(program);
    const ShellError error = place.error != ShellError::None            ? place.error
                             : call.files().find(place.path) == nullptr ? ShellError::NoEntry
                                                                        : call.files().mayExecute(place.path);
    if (error != ShellError::None) {
        return call.fail("can't execute '" + program + "': " + std::string(errorText(error)));
    }
    if (call.has('b')) {
        if (call.has('m') && call.has('p')) {
            const ShellStreamPtr file = call.shell().open(call.value('p'), ShellRedirect::Kind::Write);
            if (file) {
                call.work().write(*file, std::to_string(call.work().newProcess()) + '\n');
            }
        }
        return 0;  // what it says goes to /dev/null
    }
    std::vector<std::string> words{call.valueOr('a', program)};
    words.insert(words.end(), call.words.begin() + 1, call.words.end());
    return call.shell().file(program, std::move(words));
}

int webServer(ShellCall& call) {
    if (!call.parse("ifvp:u:r:h:c:m:e:d:")) {
        return 1;
    }
    std::string text;
    if (call.has('d')) {
        const std::string& coded = call.value('d');
        for (std::size_t i = 0; i < coded.size(); ++i) {
            const auto byte = i + 2 < coded.size() && coded[i] == '%'
                                  ? parseNumber<std::uint8_t>(std::string_view(coded).substr(i + 1, 2), 16)
                                  : std::nullopt;
            text += byte ? static_cast<char>(*byte) : coded[i] == '+' ? ' ' : coded[i];
            i += byte ? 2 : 0;
        }
    } else if (call.has('e')) {
        for (const char c : call.value('e')) {
            const auto byte = static_cast<unsigned char>(c);
            text += std::isalnum(byte) != 0 ? std::string(1, c) : printed("&#%d;", byte);
        }
    } else if (call.has('h')) {
        const ShellFiles::Place place = call.locate(call.value('h'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr || node->kind != ShellNode::Kind::Directory) {
            return call.fail("can't change directory to '" + call.value('h') + "': " +
                             std::string(errorText(node == nullptr ? ShellError::NoEntry : ShellError::NotDirectory)));
        }
    }
    if (call.has('p') && call.value('p').find_first_not_of("0123456789.:") != std::string::npos) {
        return call.fail("bad address '" + call.value('p') + "'");
    }
    call.out(text);
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"getopt", getOptions},  {"httpd", webServer, "/usr/sbin"},
    {"run-parts", runParts}, {"start-stop-daemon", startOrStop, "/sbin"},
    {"watch", watch},
};

}  // namespace

std::span<const ShellApplet> shellScriptApplets() {
    return kApplets;
}

}  // namespace apiary::agent
