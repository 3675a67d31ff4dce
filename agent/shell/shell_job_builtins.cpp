/// The builtins of ash for jobs, signals and traps.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

using Job = ShellJobs::Job;

constexpr std::size_t kMostSignals = 64;  // that wait to be taken

/// The job that the word means; null after it said that there is none.
Job* jobOf(ShellCall& call, const std::string& word) {
    std::string problem;
    Job* job = call.work().jobs.find(word, problem);
    if (job == nullptr) {
        call.failBuiltin(problem);
    }
    return job;
}

/// Until it ends. One that does not end is waited for as long as a line may take.
int await(ShellCall& call, int number) {
    ShellWork& work = call.work();
    work.settle();
    const auto find = [&]() -> Job* {
        const auto found = std::ranges::find(work.jobs.list(), number, &Job::number);
        return found == work.jobs.list().end() ? nullptr : &*found;
    };
    Job* job = find();
    if (job == nullptr || job->stopped) {
        return 0;
    }
    if (!job->ends) {
        work.wait(ShellWork::kMostTime);
        if (work.broken()) {
            return 0;
        }
        work.stop();
        return 0;
    }
    if (*job->ends > work.moment()) {
        work.wait(std::chrono::ceil<Millis>(*job->ends - work.moment()));
    }
    if (work.broken()) {
        return 0;
    }
    call.shell().write(1, std::exchange(job->output, {}));
    return job->status;
}

int listSignals(ShellCall& call, std::size_t at) {
    if (at == call.words.size()) {
        for (int number = 1; number <= kLastSignal; ++number) {
            call.out(printed("%2d) %s\n", number, shellSignalName(number).c_str()));
        }
        return 0;
    }
    int status = 0;
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        if (const auto number = parseNumber<unsigned>(word)) {
            const int signal = static_cast<int>(*number & 0x7fU);
            call.out((signal > kLastSignal ? std::to_string(signal) : shellSignalName(signal)) + '\n');
        } else if (const auto named = shellSignal(word)) {
            call.out(std::to_string(*named) + '\n');
        } else {
            status = call.fail("unknown signal '" + word + "'");
        }
    }
    return status;
}

/// False if there is no such process.
bool send(ShellCall& call, int process, int signal) {
    ShellWork& work = call.work();
    const ShellEnvironment& environment = call.environment();
    if (work.signals.size() >= kMostSignals) {
        return true;
    }
    if (Job* job = work.jobs.byProcess(process)) {
        work.jobs.signal(*job, signal, work.moment());
        return true;
    }
    if (process == environment.process || process == -1 || process == 0) {
        work.signals.emplace_back(environment.process, signal);
        return true;
    }
    if (environment.self != 0 && process == environment.self) {
        work.signals.emplace_back(process, signal);
        return true;
    }
    if (process == environment.parent || -process == environment.process) {
        work.signals.emplace_back(environment.parent, signal);
        return true;
    }
    return std::ranges::any_of(work.host().processes(), [&](const auto& other) { return other.id == process; });
}

}  // namespace

int killBuiltin(ShellCall& call) {
    std::size_t at = 1;
    int signal = kSignalTerminate;
    bool named = false;
    if (call.words.size() > 1 && call.words[1].starts_with('-') && call.words[1] != "--") {
        std::string name = call.words[1].substr(1);
        at = 2;
        named = true;
        if (name == "l") {
            return listSignals(call, at);
        }
        if (name == "s" && call.words.size() > 2) {
            name = call.words[2];
            at = 3;
        }
        const auto known = shellSignal(name);
        if (!known || name.empty()) {
            return call.fail("bad signal name '" + name + "'");
        }
        signal = *known;
    }
    at += !named && at < call.words.size() && call.words[at] == "--" ? 1 : 0;
    if (at >= call.words.size()) {
        return call.fail("you need to specify whom to kill");
    }
    int status = 0;
    int failed = 0;  // of those that are no jobs
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        if (word.empty()) {
            continue;
        }
        if (word.starts_with('%') && call.speaksAsShell()) {
            if (Job* job = jobOf(call, word)) {
                call.work().jobs.signal(*job, signal, call.work().moment());
            } else {
                status = 2;
            }
            continue;
        }
        const auto process = parseNumber<int>(word);
        if (!process) {
            ++failed;
            call.fail("invalid number '" + word + "'");
        } else if (!send(call, *process, signal)) {
            ++failed;
            call.fail("can't kill pid " + word + ": No such process");
        } else if (call.files().user() != 0 && *process == 1) {
            ++failed;
            call.fail("can't kill pid " + word + ": Operation not permitted");
        }
    }
    return status != 0 ? status : failed;
}

int jobsBuiltin(ShellCall& call) {
    bool process = false;
    bool alone = false;
    std::size_t at = 1;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        for (const char letter : std::string_view(call.words[at]).substr(1)) {
            if (letter != 'l' && letter != 'p') {
                return call.illegalOption(letter);
            }
            process |= letter == 'l';
            alone |= letter == 'p';
        }
    }
    ShellWork& work = call.work();
    const auto show = [&](std::optional<int> number) {
        if (!alone) {
            call.out(work.jobs.lines(work.moment(), process, number));
            return;
        }
        for (std::size_t i = work.jobs.list().size(); i-- > 0;) {
            if (const Job& job = work.jobs.list()[i]; !number || job.number == *number) {
                call.out(std::to_string(job.process) + '\n');
            }
        }
    };
    if (at == call.words.size()) {
        show({});
    }
    for (; at < call.words.size(); ++at) {
        const Job* job = jobOf(call, call.words[at]);
        if (job == nullptr) {
            return 2;
        }
        show(job->number);
    }
    return 0;
}

int waitBuiltin(ShellCall& call) {
    ShellJobs& jobs = call.work().jobs;
    call.work().settle();
    if (call.words.size() == 1) {
        std::vector<int> numbers;
        for (const Job& job : jobs.list()) {
            numbers.push_back(job.number);
        }
        for (const int number : numbers) {
            await(call, number);
        }
        return 0;
    }
    int status = 0;
    for (const std::string& word : call.operands()) {
        if (!word.starts_with('%') && !parseNumber<unsigned>(word)) {
            status = call.failBuiltin("Illegal number: " + word, 2);
            continue;
        }
        std::string problem;
        Job* job = jobs.find(word, problem);
        if (job == nullptr) {
            status = word.starts_with('%') ? call.failBuiltin(problem, 2) : 127;
            continue;
        }
        const int signal = job->stopped ? 0 : job->signal;
        status = await(call, job->number);
        if (signal != 0 && signal != kSignalInterrupt && signal != kSignalPipe) {
            call.error(std::string(shellSignalText(signal)) + '\n');
        }
    }
    return status;
}

int foregroundBuiltin(ShellCall& call) {
    Job* job = jobOf(call, call.words.size() > 1 ? call.words[1] : "%%");
    if (job == nullptr) {
        return 2;
    }
    const int number = job->number;
    call.out(job->text + '\n');
    ShellWork& work = call.work();
    const Job stopped = *job;
    if (job->stopped) {
        work.jobs.signal(*job, kSignalContinue, work.moment());
    }
    work.setForeground(stopped);
    int status = 0;
    if (stopped.reader) {
        work.jobs.remove(number);
        work.replay(*stopped.reader);
        status = call.shell().resume(stopped.reader->text);
        if (work.starved()) {
            return status;
        }
    } else {
        status = await(call, number);
        work.jobs.remove(number);
    }
    return status;
}

int backgroundBuiltin(ShellCall& call) {
    Job* job = jobOf(call, call.words.size() > 1 ? call.words[1] : "%%");
    if (job == nullptr) {
        return 2;
    }
    call.work().jobs.signal(*job, kSignalContinue, call.work().moment());
    call.out('[' + std::to_string(job->number) + "] " + job->text + '\n');
    return 0;
}

int trapBuiltin(ShellCall& call) {
    std::map<int, std::string>& traps = call.environment().traps;
    std::size_t at = 1;
    if (call.words.size() > 1 && call.words[1].size() > 1 && call.words[1].front() == '-') {
        if (call.words[1] != "--") {
            return call.illegalOption(call.words[1][1]);
        }
        ++at;
    }
    if (at == call.words.size()) {
        for (const auto& [number, action] : traps) {
            call.out("trap -- " + shellQuoted(action) + ' ' + shellSignalName(number) + '\n');
        }
        return 0;
    }
    const bool resets = at + 1 == call.words.size() || parseNumber<unsigned>(call.words[at]);  // without an action
    const std::string action = resets ? "-" : call.words[at++];
    int status = 0;
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        const auto number = word == "ERR" ? std::optional<int>(kTrapOfErrors) : shellSignal(word);
        if (!number) {
            status = call.failBuiltin(word + ": invalid signal specification");
        } else if (action == "-") {
            traps.erase(*number);
        } else {
            traps[*number] = action.substr(0, ShellEnvironment::kLongestTrap);
        }
    }
    return status;
}

}  // namespace apiary::agent
