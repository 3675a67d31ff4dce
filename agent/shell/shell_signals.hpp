#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// The signals of Linux, as BusyBox and strsignal() of glibc call them.
enum ShellSignal : int {
    kSignalInterrupt = 2,
    kSignalQuit = 3,
    kSignalKill = 9,
    kSignalPipe = 13,
    kSignalTerminate = 15,
    kSignalChild = 17,
    kSignalContinue = 18,
    kSignalStop = 19,
    kSignalTerminalStop = 20,
    kSignalTerminalInput = 21,
    kLastSignal = 31,
    kTrapOfErrors = 64,  // not a signal: ERR of trap
};

/// A number, or a name with or without SIG in either case; 0 is EXIT. Nothing for another text.
std::optional<int> shellSignal(std::string_view name);

/// "KILL"; the number for one without a name.
std::string shellSignalName(int number);

/// What is said of a process that it ended or stopped: "Killed".
std::string_view shellSignalText(int number);

}  // namespace apiary::agent
