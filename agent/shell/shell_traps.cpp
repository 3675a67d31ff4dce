/// Traps, and the signals that come to a shell.

#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace apiary::agent {

void ShellInterpreter::becomeSubshell() {
    subshell_ = true;
    std::erase_if(environment_.traps, [](const auto& trap) { return !trap.second.empty(); });
}

/// The action of a trap, with $? as it was and is afterwards.
int ShellInterpreter::runTrap(int number, int status) {
    if (inTrap_) {
        return status;
    }
    const std::string action = environment_.traps[number];
    inTrap_ = true;
    environment_.status = status;
    runText(action);
    inTrap_ = false;
    if (flow_ != Flow::Exit) {
        environment_.status = status;
    }
    return environment_.status;
}

void ShellInterpreter::takeSignals() {
    while (!inTrap_ && !work_.stopped()) {
        const int own = subshell_ ? environment_.self : environment_.process;
        const auto found = std::ranges::find(work_.signals, own, &std::pair<int, int>::first);
        if (found == work_.signals.end()) {
            return;
        }
        const int number = found->second;
        work_.signals.erase(found);
        const auto trap = environment_.traps.find(number);
        const bool caught = number != kSignalKill && number != kSignalStop && trap != environment_.traps.end();
        const bool heedless = number >= kSignalChild && number <= 23;  // stops, what children do
        const bool shields =
            environment_.interactive && !subshell_ && (number == kSignalInterrupt || number == kSignalTerminate);
        if (caught) {
            if (!trap->second.empty()) {
                runTrap(number, environment_.status);
            }
        } else if (number != 0 && (number != kSignalQuit || subshell_) && number != 28 && !heedless && !shields) {
            environment_.killedBy = number;
            leave(Flow::Exit);
            return;
        }
    }
}

/// If a key has ended or stopped the job in the foreground, which is `tree`: what ash does then. The status.
int ShellInterpreter::broken(const ShellTree& tree, const ShellWork::Mark& begun, int status) {
    if (subshell_ || !work_.broken()) {
        return status;
    }
    const ShellWork::Break taken = work_.takeBreak();
    const bool resumed =
        tree.kind == ShellTree::Kind::Simple && !tree.words.empty() && tree.words.front() == "fg" && work_.foreground();
    if (taken.signal == kSignalTerminalStop) {
        ShellJobs::Job job;
        if (resumed) {  // it has its number and its text
            job = *work_.foreground();
            work_.jobs.remove(job.number);
        } else {
            job.process = work_.newProcess();
            job.text = shellText(tree);
        }
        if (taken.left) {
            job.ends = work_.moment() + *taken.left;
        } else {
            ShellJobs::Reader reader = job.reader ? *job.reader : ShellJobs::Reader{job.text};
            const ShellJobs::Reader more = work_.since(begun);
            const std::size_t told = resumed ? job.text.size() + 1 : 0;  // by fg
            reader.typed.insert(reader.typed.end(), more.typed.begin(), more.typed.end());
            reader.shown += more.shown - std::min(told, more.shown);
            reader.observed += more.observed - std::min<std::size_t>(resumed ? 1 : 0, more.observed);
            job.reader = std::make_shared<const ShellJobs::Reader>(std::move(reader));
        }
        job.stopped = true;
        job.fresh = false;
        job.signal = kSignalTerminalStop;
        work_.jobs.begin(std::move(job));
    } else if (taken.signal == kSignalInterrupt) {
        work_.signals.emplace_back(environment_.process, kSignalInterrupt);
    } else {
        const std::size_t processes = tree.kind == ShellTree::Kind::Pipeline ? tree.children.size() : 1;
        for (std::size_t i = 0; i < processes; ++i) {
            write(2, std::string(shellSignalText(taken.signal)) + '\n');
        }
    }
    return 128 + taken.signal;
}

void ShellInterpreter::end() {
    const auto trap = environment_.traps.find(0);
    if (trap == environment_.traps.end() || environment_.killedBy != 0 || work_.stopped()) {
        return;
    }
    const std::string action = trap->second;
    environment_.traps.erase(trap);
    const int status = environment_.status;
    flow_ = Flow::On;
    runText(action);
    if (flow_ != Flow::Exit) {
        environment_.status = status;
        flow_ = Flow::Exit;
    }
}

}  // namespace apiary::agent
