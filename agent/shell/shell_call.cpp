#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

ShellWork& ShellCall::work() {
    return shell_.work();
}

ShellFiles& ShellCall::files() {
    return shell_.work().files();
}

ShellEnvironment& ShellCall::environment() {
    return shell_.environment();
}

bool ShellCall::out(std::string_view text) {
    const ShellStreamPtr& stream = shell_.streams()[1];
    const ShellError result = stream ? work().write(*stream, text) : ShellError::NoEntry;
    if (result == ShellError::None) {
        return !work().stopped();
    }
    if (result != ShellError::BrokenPipe) {
        fail("write error: " + std::string(stream ? errorText(result) : "Bad file descriptor"));
    }
    return false;
}

void ShellCall::error(std::string_view text) {
    shell_.write(2, text);
}

int ShellCall::fail(std::string_view text) {
    error((asShell_ ? "sh" : name()) + ": " + std::string(text) + '\n');
    return 1;
}

int ShellCall::failBuiltin(std::string_view text, int status) {
    shell_.complain(name(), text);
    return status;
}

int ShellCall::illegalOption(char letter, char sign) {
    failBuiltin(std::string("illegal option ") + sign + letter, 2);
    if (isSpecialShellBuiltin(name())) {
        shell_.leave(ShellInterpreter::Flow::Abort);
    }
    return 2;
}

ShellFiles::Place ShellCall::locate(std::string_view path, bool followLast) {
    return files().locate(environment().directory, path, followLast);
}

ShellStreamPtr ShellCall::input() {
    return shell_.streams()[0] ? shell_.streams()[0]
                               : std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::Pipe});
}

ShellStreamPtr ShellCall::open(const std::string& path, std::string_view complaint) {
    if (path == "-") {
        return input();
    }
    ShellFiles::Place place = locate(path);
    if (place.error == ShellError::None) {
        place.error = files().mayRead(place.path);
    }
    if (place.error != ShellError::None) {
        const std::string_view verb = complaint.empty() ? std::string_view("can't open") : complaint;
        fail((verb == "-" ? "" : std::string(verb) + ' ' + (complaint.empty() ? "'" + path + "'" : path) + ": ") +
             (verb == "-" ? path + ": " : "") + std::string(errorText(place.error)));
        return nullptr;
    }
    auto stream = std::make_shared<ShellStream>();
    const ShellNode* node = files().find(place.path);
    if (node->live == ShellNode::Live::Terminal) {
        return stream;
    }
    stream->kind = ShellStream::Kind::File;
    stream->path = place.path;
    return stream;
}

std::string ShellCall::readAll(const std::vector<std::string>& paths, int& status, std::string_view complaint) {
    std::string all;
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
        const ShellStreamPtr stream = open(path, complaint);
        if (!stream) {
            status = 1;
            continue;
        }
        if (stream->kind == ShellStream::Kind::File && files().find(stream->path) != nullptr &&
            files().find(stream->path)->kind == ShellNode::Kind::Directory) {
            fail("read error: Is a directory");
            status = 1;
            continue;
        }
        all += work().read(*stream, ShellWork::kMostPiped);
    }
    return all;
}

std::size_t ShellCall::columns(std::size_t descriptor) {
    constexpr unsigned kUsual = 80;
    constexpr unsigned kGreatest = 30'000;
    const ShellStreamPtr& stream = shell_.streams()[descriptor];
    unsigned value = stream && stream->kind == ShellStream::Kind::Terminal ? work().terminal.columns : 0;
    const auto given = environment().variables.find("COLUMNS");
    if (given != environment().variables.end() && given->second.exported && given->second.set) {
        const std::string& text = given->second.value;
        value = parseNumber<unsigned>(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
    }
    return value <= 1 || value >= kGreatest ? kUsual : value;
}

int ShellCall::usage() {
    const std::string_view text = shellUsage(name());
    error(work().host().busybox() + " multi-call binary.\n\n" +
          std::string(text.empty() ? "No help available\n" : text));
    return 1;
}

bool ShellCall::helps() {
    const bool asked = words.size() == 2 && words[1] == "--help" && !shellUsage(name()).empty() && name() != "true" &&
                       name() != "false" && name() != "echo";
    if (asked) {
        usage();
    }
    return asked;
}

bool ShellCall::parse(std::string_view letters) {
    const bool ordered = letters.starts_with('+');
    letters.remove_prefix(ordered ? 1 : 0);
    std::vector<std::string> operands{words.front()};
    std::size_t index = 1;
    for (; index < words.size(); ++index) {
        const std::string& word = words[index];
        if (word == "--") {
            ++index;
            break;
        }
        if (word.size() < 2 || word.front() != '-') {
            if (ordered) {
                break;
            }
            operands.push_back(word);
            continue;
        }
        if (word == "--help") {
            usage();
            return false;
        }
        if (word.starts_with("--")) {
            if (!parseLong(index)) {
                return false;
            }
            continue;
        }
        if (!parseShort(letters, index)) {
            return false;
        }
    }
    operands.insert(operands.end(), words.begin() + static_cast<std::ptrdiff_t>(std::min(index, words.size())),
                    words.end());
    words = std::move(operands);
    return true;
}

/// The letters of one word, and perhaps the next word as the value of the last.
bool ShellCall::parseShort(std::string_view letters, std::size_t& index) {
    const std::string word = words[index];
    for (std::size_t i = 1; i < word.size(); ++i) {
        const std::size_t known = word[i] == ':' ? std::string_view::npos : letters.find(word[i]);
        if (known == std::string_view::npos) {
            fail(std::string("invalid option -- '") + word[i] + "'");
            usage();
            return false;
        }
        if (letters.substr(known + 1, 1) != ":") {
            options_[word[i]] = "";
            given_.emplace_back(word[i], "");
            continue;
        }
        if (letters.substr(known + 1, 2) == "::") {
            options_[word[i]] = word.substr(i + 1);
            given_.emplace_back(word[i], word.substr(i + 1));
            break;
        }
        if (i + 1 == word.size() && index + 1 >= words.size()) {
            fail(std::string("option requires an argument -- '") + word[i] + "'");
            usage();
            return false;
        }
        options_[word[i]] = i + 1 < word.size() ? word.substr(i + 1) : words[++index];
        given_.emplace_back(word[i], options_[word[i]]);
        break;
    }
    return true;
}

}  // namespace apiary::agent
