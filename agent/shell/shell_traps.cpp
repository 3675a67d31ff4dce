/// Traps, and the signals that come to a shell.

#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
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
    while (!subshell_ && !inTrap_ && !work_.stopped()) {
        const auto found = std::ranges::find(work_.signals, environment_.process, &std::pair<int, int>::first);
        if (found == work_.signals.end()) {
            return;
        }
        const int number = found->second;
        work_.signals.erase(found);
        const auto trap = environment_.traps.find(number);
        const bool caught = number != kSignalKill && number != kSignalStop && trap != environment_.traps.end();
        const bool heedless = number >= kSignalChild && number <= 23;  // stops, what children do
        const bool shields = environment_.interactive && (number == kSignalInterrupt || number == kSignalTerminate);
        if (caught) {
            if (!trap->second.empty()) {
                runTrap(number, environment_.status);
            }
        } else if (number != 0 && number != kSignalQuit && number != 28 && !heedless && !shields) {
            environment_.killedBy = number;
            leave(Flow::Exit);
            return;
        }
    }
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
