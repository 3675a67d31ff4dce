#include "agent/shell/shell_signals.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace apiary::agent {
namespace {

struct Signal {
    std::string_view name;
    std::string_view text;
};

constexpr Signal kSignals[] = {
    {"EXIT", ""},
    {"HUP", "Hangup"},
    {"INT", "Interrupt"},
    {"QUIT", "Quit"},
    {"ILL", "Illegal instruction"},
    {"TRAP", "Trace/breakpoint trap"},
    {"ABRT", "Aborted"},
    {"BUS", "Bus error"},
    {"FPE", "Floating point exception"},
    {"KILL", "Killed"},
    {"USR1", "User defined signal 1"},
    {"SEGV", "Segmentation fault"},
    {"USR2", "User defined signal 2"},
    {"PIPE", "Broken pipe"},
    {"ALRM", "Alarm clock"},
    {"TERM", "Terminated"},
    {"STKFLT", "Stack fault"},
    {"CHLD", "Child exited"},
    {"CONT", "Continued"},
    {"STOP", "Stopped (signal)"},
    {"TSTP", "Stopped"},
    {"TTIN", "Stopped (tty input)"},
    {"TTOU", "Stopped (tty output)"},
    {"URG", "Urgent I/O condition"},
    {"XCPU", "CPU time limit exceeded"},
    {"XFSZ", "File size limit exceeded"},
    {"VTALRM", "Virtual timer expired"},
    {"PROF", "Profiling timer expired"},
    {"WINCH", "Window changed"},
    {"POLL", "I/O possible"},
    {"PWR", "Power failure"},
    {"SYS", "Bad system call"},
};

}  // namespace

std::optional<int> shellSignal(std::string_view name) {
    if (const auto number = parseNumber<unsigned>(name)) {
        return *number <= kLastSignal ? std::optional(static_cast<int>(*number)) : std::nullopt;
    }
    std::string upper(name.substr(0, 16));
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const std::string_view bare = std::string_view(upper).substr(upper.starts_with("SIG") ? 3 : 0);
    const auto* found = std::ranges::find(kSignals, bare, &Signal::name);
    return found == std::end(kSignals) ? std::nullopt : std::optional(static_cast<int>(found - std::begin(kSignals)));
}

std::string shellSignalName(int number) {
    return number >= 0 && number <= kLastSignal ? std::string(kSignals[number].name)
           : number == kTrapOfErrors            ? "ERR"
                                                : std::to_string(number);
}

std::string_view shellSignalText(int number) {
    return number >= 0 && number <= kLastSignal ? kSignals[number].text : std::string_view("Unknown signal");
}

}  // namespace apiary::agent
