#include "agent/shell/shell.hpp"

#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_logins.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_signals.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostTyped = 64;  // lines that one command reads
constexpr std::size_t kMostPending = std::size_t{256} << 10U;
constexpr std::size_t kMostParsed = std::size_t{4}
                                    << 20U;  // of an unfinished command, which is read anew with each line
constexpr std::size_t kMostHistory = 15;
constexpr std::size_t kMostShells = 16;  // inside each other

}  // namespace

class Shell::State {
public:
    State(std::shared_ptr<const ShellHost> onHost, const std::string& ofUser, std::string_view recalled)
        : host(std::move(onHost)), files(host->nodes(), host->userId(ofUser)) {
        files.recall(recalled.substr(0, kMostMemory));
        ShellEnvironment environment;
        const std::string home = ofUser == "root" ? "/root" : "/home/" + ofUser;
        const ShellNode* node = files.find(home);
        environment.directory = node != nullptr && node->kind == ShellNode::Kind::Directory ? home : "/";
        environment.home = home;
        environment.user = files.user();
        const std::pair<const char*, std::string> variables[] = {{"HOME", home},
                                                                 {"LOGNAME", ofUser},
                                                                 {"PATH", "/sbin:/usr/sbin:/bin:/usr/bin"},
                                                                 {"PWD", environment.directory},
                                                                 {"SHELL", "/bin/sh"},
                                                                 {"SHLVL", "1"},
                                                                 {"USER", ofUser}};
        for (const auto& [name, value] : variables) {
            environment.set(name, value);
            environment.variables[name].exported = true;
        }
        environment.set("FUNCNAME", "");
        environment.set("HOSTNAME", host->spec().hostName);
        environment.set("IFS", " \t\n");
        environment.set("LINENO", "");
        environment.set("OPTIND", "1");
        environment.set("PS1", "\\w \\$ ");
        environment.set("PS2", "> ");
        environment.set("PS4", "+ ");
        for (const char letter : {'s', 'm', 'i'}) {
            environment.options.turn(letter, true);
        }
        shells.push_back(std::move(environment));
    }

    Answer run(const std::string& text, WallTime now);
    std::shared_ptr<const ShellHost> host;  // shared with the service's other sessions, which may outlive a reload
    ShellFiles files;
    std::vector<ShellEnvironment> shells;  // the last one reads the terminal
    int nextProcess = 0;
    std::set<std::string> unreported;
    std::uint32_t nextPayload = 1;
    std::string appended;
    ShellJobs jobs;
    std::vector<std::string> history;
    std::string shownPrompt;  // of a PS1 that has to be expanded
    std::string clock;        // hours and minutes at the last line
    ShellTerminal terminal;

    std::optional<ShellParser> pending;  // a command that goes on
    std::string pendingText;
    ShellAliases pendingAliases;
    std::size_t pendingBytes = 0;
    std::size_t pendingParsed = 0;  // bytes, over and over

    /// A command that reads the terminal is run anew with each line that is typed, from what was before it.
    struct Reading {
        std::string text;
        std::vector<std::string> typed;
        std::size_t shown = 0;  // bytes of output and pieces of evidence that are out
        std::size_t observed = 0;
        ShellFiles files;
        ShellEnvironment environment;
        int nextProcess;
        std::set<std::string> unreported;
        std::uint32_t nextPayload;
        std::string appended;
        ShellJobs jobs;
        WallTime now;
        int signal = 0;                     // that a key sends to it
        std::optional<Millis> passed = {};  // when; nothing if it reads then
        std::vector<Pause> pauses = {};     // of all its output
    };
    std::optional<Reading> reading;
    std::optional<Reading> finished;  // the line before, which may still seem to run
    bool hides = false;               // what `reading` waits for is a password
    Answer runReading(WallTime now);
    void expandPrompt(ShellWork& work, const ShellEnvironment& environment);
};

/// A PS1 with parameters or substitutions in it is expanded after each line, with what the line has left.
void Shell::State::expandPrompt(ShellWork& work, const ShellEnvironment& environment) {
    const std::string format(environment.get("PS1"));
    shownPrompt.clear();
    bool expands = format.find('`') != std::string::npos;
    for (std::size_t i = 0; i + 1 < format.size() && !expands; ++i) {
        expands = format[i] == '$' && (i == 0 || format[i - 1] != '\\') && format[i + 1] != ' ';
    }
    if (expands && !work.stopped()) {
        ShellEnvironment copy = environment;
        auto stream = std::make_shared<ShellStream>();
        ShellInterpreter interpreter(work, copy, {stream, stream, stream});
        std::string kept;
        for (const char c : format) {  // backslashes are the prompt's own
            kept += c == '\\' ? "\\\\" : std::string(1, c);
        }
        shownPrompt = ShellExpander(interpreter).here(kept);
        work.takeOutput();
    }
}

Shell::Answer Shell::State::run(const std::string& text, WallTime now) {
    reading.emplace(
        Reading{text, {}, 0, 0, files, shells.back(), nextProcess, unreported, nextPayload, appended, jobs, now});
    return runReading(now);
}

/// Runs reading->text with what was typed for it so far. Afterwards `reading` is there if it wants more.
Shell::Answer Shell::State::runReading(WallTime now) {
    files = reading->files;
    ShellEnvironment environment = reading->environment;
    Answer answer;
    {
        ShellWork work(*host, files, reading->now, reading->typed, reading->nextProcess);
        work.unreported = reading->unreported;
        work.nextPayload = reading->nextPayload;
        work.appended = reading->appended;
        work.history = history;
        work.jobs = reading->jobs;
        work.terminal = terminal;
        work.breakOff(reading->signal, reading->passed);
        auto stream = std::make_shared<ShellStream>();
        ShellInterpreter interpreter(work, environment, {stream, stream, stream});
        interpreter.runText(reading->text);
        if (interpreter.flow() == ShellInterpreter::Flow::Exit && shells.size() == 1) {
            interpreter.end();
        }
        const std::set<std::string> written = work.written();
        for (const std::string& path : std::set<std::string>(work.unreported)) {
            if (!written.contains(path) && !work.starved()) {
                work.report(path);
            }
        }
        if (work.spent() && !work.broken()) {  // a loop without an end, yes: on a machine it goes on until Control-C
            work.wait(kMostTime);
        }
        if (const int signal = work.takeBreak().signal; signal != 0) {  // came to no command
            environment.status = 128 + signal;
            interpreter.write(2, std::string(shellSignalText(signal)) + '\n');
        }
        answer.output = work.takeOutput();
        const std::size_t shown = std::min(std::exchange(reading->shown, answer.output.size()), answer.output.size());
        answer.output.erase(0, shown);
        answer.evidence = work.takeEvidence();
        const std::size_t seen =
            std::min(std::exchange(reading->observed, answer.evidence.size()), answer.evidence.size());
        answer.evidence.erase(answer.evidence.begin(), answer.evidence.begin() + static_cast<std::ptrdiff_t>(seen));
        unreported = work.unreported;
        nextPayload = work.nextPayload;
        appended = work.appended;
        if (work.starved() && reading->typed.size() < kMostTyped) {
            hides = work.hidesTyping || !work.terminal.echoes || answer.output.ends_with("assword: ");
            return answer;
        }
        terminal = work.terminal;
        answer.takes = work.takes();
        for (const auto& [at, until] : work.pauses()) {
            answer.pauses.push_back({at - std::min(at, shown), std::min(until, answer.takes)});
            reading->pauses.push_back({at, std::min(until, answer.takes)});
        }
        nextProcess = work.newProcess();
        answer.late = work.takeLate();
        answer.output += work.jobs.takeNews(now + answer.takes);
        for (ShellJobs::Job& job : work.jobs.list()) {
            job.fresh = false;
        }
        jobs = work.jobs;
        answer.exits = interpreter.flow() == ShellInterpreter::Flow::Exit;
        if (interpreter.flow() == ShellInterpreter::Flow::Abort) {
            environment.descriptors = 0;  // ash closes what it has left open
        }
        expandPrompt(work, environment);
    }
    finished = answer.takes > Millis{0} && !answer.exits && !environment.nested ? std::move(reading) : std::nullopt;
    reading.reset();
    const bool nests = std::exchange(environment.nested, false);
    shells.back() = environment;
    if (environment.stopped || environment.killedBy != 0) {
        shells.resize(1);
    } else if (nests && shells.size() < kMostShells) {
        if (const auto user = std::exchange(environment.nestedUser, {})) {
            environment.user = *user;
            const std::string name = accountOf(files, "/etc/passwd", *user).value_or(host->userName(*user));
            setShellUser(environment, files, name, "/bin/sh", environment.nestedLogin);
        }
        environment.begin(environment.nestedLogin ? "-sh" : "sh", nextProcess++);
        environment.interactive = true;
        environment.arguments = std::exchange(environment.nestedArguments, {});
        environment.typedLines = 0;
        for (const char letter : {'s', 'm', 'i'}) {
            environment.options.turn(letter, true);
        }
        shells.push_back(std::move(environment));
        answer.output += "\n\nBusyBox v1.35.0 " + host->spec().build +
                         " built-in shell (ash)\nEnter 'help' for a list of built-in commands.\n\n";
    }
    if (answer.exits && shells.size() > 1) {
        const int status = shells.back().status;
        shells.pop_back();
        shells.back().status = status;
        answer.exits = false;
    }
    files.become(shells.back().user);
    return answer;
}

Shell::Shell(std::shared_ptr<const ShellHost> host, const std::string& user, std::string_view recalled)
    : state_(std::make_unique<State>(std::move(host), user, recalled)) {}

Shell::Shell(Shell&&) noexcept = default;
Shell& Shell::operator=(Shell&&) noexcept = default;
Shell::~Shell() = default;

void Shell::noteLogin(std::string_view from, WallTime at) {
    const std::string user = state_->host->userName(state_->files.user());
    noteShellLogin(state_->files, {user, "pts/0", std::string(from),
                                   std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count()});
}

std::string Shell::banner() const {
    return "\n\nBusyBox v1.35.0 " + state_->host->spec().build +
           " built-in shell (ash)\nEnter 'help' for a list of built-in commands.\n\n";
}

bool Shell::hidesTyping() const {
    return !state_->terminal.echoes || (state_->reading && state_->hides);
}

bool Shell::readsTerminal() const {
    return state_->reading.has_value();
}

ShellPrompt Shell::prompt() const {
    if (state_->reading) {
        return {};
    }
    const ShellEnvironment& environment = state_->shells.back();
    ShellPromptValues values;
    values.directory = environment.directory;
    const std::string& home = environment.home;
    if (!home.empty() && (values.directory == home || values.directory.starts_with(home + '/'))) {
        values.directory = '~' + values.directory.substr(home.size());
    }
    values.user = state_->host->userName(state_->files.user());
    values.host = environment.hostName.empty() ? state_->host->spec().hostName : environment.hostName;
    values.clock = state_->clock;
    values.root = state_->files.user() == 0;
    const std::string_view first =
        state_->shownPrompt.empty() ? environment.get("PS1") : std::string_view(state_->shownPrompt);
    return shellPrompt(state_->pending ? environment.get("PS2") : first, values);
}

const ShellTerminal& Shell::terminal() const {
    return state_->terminal;
}

void Shell::setWindow(unsigned columns, unsigned rows) {
    state_->terminal.columns = columns;
    state_->terminal.rows = rows;
}

ShellCompletion Shell::completion(std::string_view typed) const {
    return completionOf(state_->files, state_->shells.back(), typed);
}

Shell::Answer Shell::line(std::string_view line, WallTime now) {
    State& state = *state_;
    line = line.substr(0, kMostLine);
    if (state.nextProcess == 0) {
        state.nextProcess = state.host->nextProcess(now);
        state.shells.back().process = state.nextProcess++;
        state.shells.back().parent = state.shells.back().process - 1;  // login
        state.shells.back().set("PPID", std::to_string(state.shells.back().parent));
    }
    if (state.reading) {
        state.reading->typed.push_back(std::string(line) + '\n');
        return state.runReading(now);
    }
    state.finished.reset();
    std::string text(line);
    std::erase(text, '\0');
    if (!state.pending) {
        state.pendingAliases = state.shells.back().aliases;
        state.pending.emplace(text + '\n', &state.pendingAliases);
        state.pendingText.clear();
        state.pendingBytes = 0;
        state.pendingParsed = 0;
    } else {
        state.pending->goOn(text + '\n');
    }
    state.pendingText.append(text) += '\n';
    ++state.shells.back().typedLines;
    if (!text.empty() && (state.history.empty() || state.history.back() != text.substr(0, 1024))) {
        state.history.push_back(text.substr(0, 1024));
        state.history.erase(state.history.begin(),
                            state.history.end() - std::min<std::ptrdiff_t>(std::ssize(state.history), kMostHistory));
    }
    state.pendingBytes += text.size() + 1;
    state.clock = dateOf(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count()).substr(7, 5);
    Answer answer;
    if (!state.pending->mayBeComplete(text) && state.pendingBytes < kMostPending) {
        return answer;
    }
    state.pendingParsed += state.pendingBytes;
    const ShellParser::State parsed = state.pending->next();
    if (parsed == ShellParser::State::Incomplete && state.pendingBytes < kMostPending &&
        state.pendingParsed < kMostParsed) {
        return answer;
    }
    if (parsed == ShellParser::State::Broken || parsed == ShellParser::State::Incomplete) {
        answer.output = state.shells.back().name + ": " + state.pending->error() + '\n';
        answer.evidence.emplace_back(Command{text.substr(0, 4096), ""});
        state.shells.back().status = 2;
        state.shells.back().descriptors = 0;
        // ash throws away what is left of the line, with its end, and so does not count it.
        const bool reachedEnd = state.pending->error().find("unexpected newline") != std::string::npos;
        state.shells.back().typedLines -= reachedEnd ? 0 : 1;
    } else if (parsed == ShellParser::State::Complete) {
        const std::string echo = state.shells.back().options.on('v') ? state.pendingText : std::string{};
        state.pending.reset();
        answer = state.run(state.pendingText, now);
        answer.output.insert(0, echo);
        for (Pause& pause : answer.pauses) {
            pause.at += echo.size();
        }
    } else {
        answer.output += state.jobs.takeNews(now);
    }
    state.pending.reset();
    return answer;
}

Shell::Answer Shell::partOfLine(std::string_view part, WallTime now) {
    if (!state_->reading || part.empty()) {
        return {};
    }
    state_->reading->typed.emplace_back(part.substr(0, kMostLine));
    return state_->runReading(now);
}

Shell::Answer Shell::endOfInput(WallTime now) {
    State& state = *state_;
    if (state.reading) {
        state.reading->typed.emplace_back();
        return state.runReading(now);
    }
    if (state.pending && state.pending->neededWhole()) {  // a here-document, which ends here as well
        const std::vector<std::string> history = state.history;
        Answer answer = line(std::string(state.pending->needed()), now);
        state.history = history;
        return answer;
    }
    if (state.pending) {
        Answer answer;
        const std::string& error = state.pending->error();
        answer.output =
            state.shells.back().name + ": " + (error.empty() ? "syntax error: unexpected end of file" : error) + '\n';
        state.shells.back().status = 2;
        state.pending.reset();
        return answer;
    }
    Answer answer = line("exit", now);
    answer.evidence.clear();
    return answer;
}

void Shell::interrupt() {
    state_->pending.reset();
    state_->reading.reset();
    state_->finished.reset();
    state_->shells.back().status = 130;
}

Shell::Answer Shell::press(Key key, Millis passed, WallTime now) {
    State& state = *state_;
    const bool reads = state.reading.has_value();
    const auto trap = state.shells.back().traps.find(kSignalInterrupt);
    const bool trapped = trap != state.shells.back().traps.end();
    if ((!reads && !state.finished) || (key == Key::Interrupt && !trapped)) {
        interrupt();
        Answer answer;
        answer.output = key == Key::Quit ? std::string(shellSignalText(kSignalQuit)) + '\n' : "\n";
        return answer;
    }
    if (!reads) {
        state.reading = std::exchange(state.finished, {});
        const auto waits =
            std::ranges::find_if(state.reading->pauses, [&](const Pause& p) { return p.until > passed; });
        state.reading->shown = waits == state.reading->pauses.end() ? state.reading->shown : waits->at;
        state.reading->passed = passed;
        state.reading->pauses.clear();
        state.reading->observed = std::string::npos;  // all of it is reported
    }
    state.reading->signal = key == Key::Interrupt ? kSignalInterrupt
                            : key == Key::Quit    ? kSignalQuit
                                                  : kSignalTerminalStop;
    Answer answer = state.runReading(now);
    if (!reads) {
        answer.takes -= std::min(passed, answer.takes);
        std::erase_if(answer.pauses, [&](const Pause& pause) { return pause.until <= passed; });
        for (Pause& pause : answer.pauses) {
            pause.until -= passed;
        }
    }
    return answer;
}

std::vector<Evidence> Shell::unreported() {
    std::vector<Evidence> evidence;
    for (const std::string& path : std::exchange(state_->unreported, {})) {
        const ShellNode* node = state_->files.find(path);
        if (node != nullptr && node->kind == ShellNode::Kind::File && node->size() > 0) {
            evidence.emplace_back(PayloadPiece{state_->nextPayload++, std::string(node->text()), true, path});
        }
    }
    return evidence;
}

std::string Shell::memory() const {
    return state_->files.remembered(kMostMemory);
}

}  // namespace apiary::agent
