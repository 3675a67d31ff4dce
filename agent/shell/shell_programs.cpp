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
        std::string_view line = std::string_view(text).substr(2, text.find('\n') - 2);
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        const std::string_view interpreter = line.substr(0, line.find_first_of(" \t\r"));
        const std::string_view program = nameOf(interpreter);
        const ShellFiles::Place at = files.locate(environment_.directory, interpreter);
        const bool missing = at.error != ShellError::None || files.find(at.path) == nullptr;
        if (missing || line.find('\r') != std::string_view::npos ||
            (program != "sh" && program != "ash" && program != "busybox")) {
            complain("", path + ": not found");
            return 127;
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
    const ShellWork::Level level(work_);
    if (work_.stopped() || !work_.move(text.size())) {
        return environment_.status;
    }
    const std::string before = std::exchange(speaker_, speaker);
    const std::size_t line = line_;
    ShellParser parser(text, &environment_.aliases);
    bool any = false;
    while (!stopped()) {
        ShellParser::State state = parser.next();
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
    inner.runText(text);
    inner.end();
    captured_ = copy.status;
    std::string output = std::move(pipe->buffer);
    std::erase(output, '\0');
    output.erase(output.find_last_not_of('\n') + 1);
    return output;
}

}  // namespace apiary::agent
