/// What the interpreter opens and starts: redirections, programs, scripts, substitutions.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace apiary::agent {
namespace {

/// True for a list with a program that talks to the network.
bool takesItsTime(std::string_view text) {
    constexpr std::string_view kPrograms[] = {"wget", "tftp", "ftpget", "ftpput", "nc ", "telnet"};
    return std::ranges::any_of(kPrograms,
                               [&](std::string_view one) { return text.find(one) != std::string_view::npos; });
}

/// The first line of a script as the kernel reads it: what is behind the path is one argument.
struct Interpreter {
    std::string path;
    std::string argument;
    bool takesArgument;

    explicit Interpreter(std::string_view script) {
        constexpr std::string_view kBlanks = " \t";
        constexpr std::size_t kMost = 255;  // of the line
        std::string_view line = script.substr(2, std::min(script.find('\n'), kMost) - 2);
        line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
        line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
        path = line.substr(0, line.find_first_of(kBlanks));
        line.remove_prefix(path.size());
        line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
        argument = line;
        takesArgument = !line.empty();
    }
};

/// What a program that this host does not have (curl, lwp-download ...) was to fetch is evidence like what wget was.
void observeAddresses(ShellWork& work, const std::vector<std::string>& words) {
    static constexpr std::array<std::string_view, 4> kSchemes{"http://", "https://", "ftp://", "tftp://"};
    static constexpr std::size_t kMost = 8;
    std::size_t seen = 0;
    for (const std::string& word : words) {
        if (std::ranges::any_of(kSchemes, [&](std::string_view scheme) { return word.starts_with(scheme); }) &&
            seen++ < kMost) {
            work.observe({"fetch", word.substr(0, 4096)});
        }
    }
}

}  // namespace

ShellStreamPtr ShellInterpreter::open(const std::string& path, ShellRedirect::Kind kind, bool forced) {
    const bool reads = kind == ShellRedirect::Kind::Read;
    ShellFiles& files = work_.files();
    auto stream = std::make_shared<ShellStream>();
    ShellFiles::Place place = files.locate(environment_.directory, path);
    const ShellNode* node = place.error == ShellError::None ? files.find(place.path) : nullptr;
    if (place.error == ShellError::None && reads) {
        place.error = files.mayRead(place.path);
    } else if (place.error == ShellError::None) {
        const bool kept = kind == ShellRedirect::Kind::Write && !forced && environment_.options.on('C');
        if (place.asDirectory) {
            place.error = ShellError::IsDirectory;
        } else if (kept && node != nullptr && node->kind == ShellNode::Kind::File) {
            place.error = ShellError::Exists;
        } else {
            const bool keeps = kind != ShellRedirect::Kind::Write;
            if (node != nullptr && !keeps) {
                work_.report(place.path);
            }
            place.error = files.create(place.path, 0666 & ~environment_.mask, work_.seconds(), keeps);
        }
    }
    if (place.error != ShellError::None) {
        const bool missing = place.error == ShellError::NoEntry || place.error == ShellError::NotDirectory;
        const std::string_view reason = !missing ? errorText(place.error)
                                        : reads  ? "no such file"
                                                 : "nonexistent directory";
        complain("", std::string(reads ? "can't open " : "can't create ") + path + ": " + std::string(reason));
        return nullptr;
    }
    node = files.find(place.path);
    if (node != nullptr && node->live == ShellNode::Live::Terminal) {
        return stream;
    }
    stream->kind = ShellStream::Kind::File;
    stream->path = place.path;
    stream->append = kind == ShellRedirect::Kind::Append;
    return stream;
}

bool ShellInterpreter::redirect(const std::vector<ShellRedirect>& redirects) {
    for (const ShellRedirect& redirect : redirects) {
        ShellStreamPtr unseen;
        const auto descriptor = static_cast<std::size_t>(redirect.descriptor);
        ShellStreamPtr& stream = descriptor < streams_.size() ? streams_[descriptor] : unseen;
        ShellExpander expander(*this);
        if (redirect.kind == ShellRedirect::Kind::Here) {
            auto text = std::make_shared<ShellStream>();
            text->kind = ShellStream::Kind::Pipe;
            text->buffer = redirect.literal ? redirect.target : expander.here(redirect.target);
            stream = text;
            continue;
        }
        const std::string target = expander.text(redirect.target);
        if (expander.failed() || stopped()) {
            return false;
        }
        if (redirect.kind != ShellRedirect::Kind::Duplicate) {
            stream = open(target, redirect.kind, redirect.forced);
            if (!stream) {
                return false;
            }
        } else if (target == "-") {
            stream = nullptr;
        } else if (target.size() == 1 && target.front() >= '0' && target.front() <= '9') {
            const ShellStreamPtr from = streams_[static_cast<std::size_t>(target.front() - '0')];
            if (!from) {
                complain("", target + ": Bad file descriptor");
                return false;
            }
            stream = from;
        } else if (descriptor == 1) {  // as bash: both outputs into a file
            streams_[1] = open(target, ShellRedirect::Kind::Write);
            streams_[2] = streams_[1] ? streams_[1] : streams_[2];
            if (!streams_[1]) {
                return false;
            }
        } else {
            complain("", "syntax error: bad fd number");
            return false;
        }
    }
    return true;
}

int ShellInterpreter::external(const std::vector<std::string>& words) {
    const ShellWork::Level level(work_);
    if (work_.stopped()) {
        return 1;
    }
    work_.settle();
    const std::string& name = words.front();
    if (name.find('/') != std::string::npos) {
        return file(name, words);
    }
    if (const ShellApplet* applet = findShellApplet(name)) {
        work_.newProcess();
        ShellCall call(*this, words);
        return call.helps() ? 0 : applet->run(call);
    }
    std::string_view path = environment_.get("PATH");
    bool denied = name.empty();  // what was found is no file
    while (!path.empty() && work_.step()) {
        std::string candidate(path.substr(0, path.find(':')));
        path.remove_prefix(std::min(candidate.size() + 1, path.size()));
        candidate.append("/").append(name);
        const auto place = work_.files().locate(environment_.directory, candidate);
        const ShellNode* node = place.error == ShellError::None ? work_.files().find(place.path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::File) {
            return file(place.path, words);
        }
        denied |= node != nullptr;
    }
    observeAddresses(work_, words);
    complain("", name + (denied ? ": Permission denied" : ": not found"));
    return denied ? 126 : 127;
}

int ShellInterpreter::file(const std::string& path, std::vector<std::string> words) {
    const ShellWork::Level level(work_);
    if (work_.stopped()) {
        return 126;
    }
    ShellFiles& files = work_.files();
    const ShellFiles::Place place = files.locate(environment_.directory, path);
    const ShellNode* node = place.error == ShellError::None ? files.find(place.path) : nullptr;
    if (node == nullptr) {
        const bool missing = place.error == ShellError::None || place.error == ShellError::NoEntry ||
                             place.error == ShellError::NotDirectory;
        observeAddresses(work_, words);
        complain("", path + ": " + std::string(missing ? "not found" : errorText(place.error)));
        return missing ? 127 : 126;
    }
    work_.newProcess();
    work_.report(place.path);
    if (const ShellError error = files.mayExecute(place.path); error != ShellError::None) {
        complain("", path + ": " + std::string(errorText(error)));
        return 126;
    }
    const ShellNode* busybox = files.find("/bin/busybox");
    const bool isBusybox = node->content == work_.host().nodes()->at("/bin/busybox").content;
    if (isBusybox || (busybox != nullptr && node->size() > 0 && node->content == busybox->content)) {
        words.front() = nameOf(path);
        if (const ShellApplet* applet = findShellApplet(words.front())) {
            ShellCall call(*this, words);
            call.calledAs = path;
            return call.helps() ? 0 : applet->run(call);
        }
        write(2, words.front() + ": applet not found\n");
        return 127;
    }
    const auto own = work_.host().nodes()->find(place.path);
    if (own != work_.host().nodes()->end() && own->second.content == node->content &&
        node->text().starts_with("\x7f")) {
        return 0;  // one of the host's daemons, which says nothing and goes to the background
    }
    std::string text(node->text());
    if (runsOn(work_.host().spec().machine, text)) {
        write(2, "Segmentation fault\n");
        return 139;
    }
    if (text.starts_with("#!")) {
        const Interpreter interpreter(text);
        const ShellFiles::Place at = files.locate(environment_.directory, interpreter.path);
        if (at.error == ShellError::None && at.path == place.path) {
            complain("", path + ": Too many levels of symbolic links");
            return 127;
        }
        if (!interpreter.path.empty() && (at.error != ShellError::None || files.find(at.path) == nullptr)) {
            complain("", path + ": not found");
            return 127;
        }
        const std::string_view program = nameOf(interpreter.path);
        if (!interpreter.path.empty() && (interpreter.takesArgument || (program != "sh" && program != "ash"))) {
            if (const ShellError error = files.mayExecute(at.path); error != ShellError::None) {
                complain("", path + ": " + std::string(errorText(error)));
                return 126;
            }
            words.front() = path;
            if (interpreter.takesArgument) {
                words.insert(words.begin(), interpreter.argument);
            }
            words.insert(words.begin(), interpreter.path);
            return file(interpreter.path, std::move(words));
        }
    }
    if (!work_.move(text.size())) {
        return 126;
    }
    std::erase(text, '\0');
    ShellEnvironment inner = environment_;
    inner.begin(path, work_.newProcess());
    inner.script = true;
    inner.arguments = {words.begin() + 1, words.end()};
    ShellInterpreter script(work_, inner, streams_);
    script.runText(text);
    script.end();
    return endOf(inner);
}

int ShellInterpreter::endOf(const ShellEnvironment& program) {
    if (program.killedBy == 0) {
        return program.status;
    }
    if (program.killedBy == kSignalInterrupt && environment_.interactive) {
        write(2, "\n");
        environment_.status = 130;
        leave(Flow::Abort);
    } else if (program.killedBy != kSignalInterrupt && program.killedBy != kSignalPipe) {
        write(2, std::string(shellSignalText(program.killedBy)) + '\n');
    }
    return 128 + program.killedBy;
}

int ShellInterpreter::runText(const std::string& text, const std::string& speaker) {
    return runText(text, speaker, 1);
}

int ShellInterpreter::runText(const std::string& text, const std::string& speaker, std::size_t firstLine) {
    const ShellWork::Level level(work_);
    if (work_.stopped() || !work_.move(text.size())) {
        return environment_.status;
    }
    const std::string before = std::exchange(speaker_, speaker);
    const std::size_t line = line_;
    ShellParser parser(text, &environment_.aliases);
    parser.setLineNumber(firstLine);
    bool any = false;
    const bool echoes = environment_.script && speaker.empty();  // under -v: a file's lines, as they are read
    std::size_t read = 0;
    while (!stopped()) {
        ShellParser::State state = parser.next();
        const std::size_t behind = std::min(parser.position(), text.size());
        if (echoes && environment_.options.on('v') && environment_.aliases.empty() && behind > read) {
            write(2, std::string_view(text).substr(read, behind - read));
        }
        read = std::max(read, behind);
        if (state == ShellParser::State::Incomplete && parser.neededWhole()) {
            parser.goOn((text.ends_with('\n') ? "" : "\n") + parser.needed() + '\n');
            state = parser.next();
        }
        if (state == ShellParser::State::Ended) {
            break;
        }
        if (state != ShellParser::State::Complete) {
            line_ = parser.lineNumber();
            complain("", parser.error().empty() ? "syntax error: unexpected end of file" : parser.error());
            environment_.status = 2;
            leave(Flow::Abort);
            break;
        }
        any = true;
        if (work_.move(parser.expanded())) {
            run(*parser.tree());
        }
    }
    if (!any && flow_ == Flow::On) {
        environment_.status = 0;
    }
    speaker_ = before;
    line_ = line;
    return environment_.status;
}

int ShellInterpreter::runInput() {
    const std::string text = streams_[0] ? work_.read(*streams_[0], ShellFiles::kMostBytes) : std::string{};
    return runText(text);
}

int ShellInterpreter::substitute(const std::string& text, bool reads) {
    constexpr int kFirstDescriptor = 64;
    const int descriptor = kFirstDescriptor + environment_.descriptors;
    if (!work_.step()) {
        return descriptor;
    }
    ShellEnvironment copy = environment_;
    ++environment_.descriptors;
    copy.self = work_.newProcess();
    ShellStreams streams = streams_;
    streams[reads ? 1 : 0] = std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::Pipe});
    const bool spent = work_.spent();
    const Millis takes = work_.takes();
    const bool outer = work_.beginBackground();
    ShellInterpreter inner(work_, copy, streams);
    inner.line_ = line_;
    inner.becomeSubshell();
    inner.runText(text);
    inner.end();
    const std::string said = work_.endBackground(outer);
    reads && !takesItsTime(text) ? work_.writeLate(said) : work_.writeLast(said);
    work_.goOn(spent);
    work_.setTakes(takes);
    return descriptor;
}

int ShellInterpreter::resume(const std::string& text) {
    ShellEnvironment copy = environment_;
    copy.self = work_.newProcess();
    ShellInterpreter inner(work_, copy, streams_);
    inner.becomeSubshell();
    inner.runText(text);
    inner.end();
    return endOf(copy);
}

std::string ShellInterpreter::capture(const std::string& text) {
    if (!work_.step()) {
        return {};
    }
    auto pipe = std::make_shared<ShellStream>();
    pipe->kind = ShellStream::Kind::Pipe;
    ShellEnvironment copy = environment_;
    ShellStreams streams = streams_;
    streams[1] = pipe;
    work_.newProcess();
    ShellInterpreter inner(work_, copy, streams);
    inner.line_ = line_;
    inner.becomeSubshell();
    inner.runText(text, "", line_);
    inner.end();
    captured_ = copy.status;
    std::string output = std::move(pipe->buffer);
    std::erase(output, '\0');
    output.erase(output.find_last_not_of('\n') + 1);
    return output;
}

}  // namespace apiary::agent
