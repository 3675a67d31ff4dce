#pragma once

/// An emulated BusyBox 1.35 ash, for every protocol behind which a shell stands: TELNET first.
///
///     line ─▶ ShellParser ─▶ ShellTree ─▶ ShellInterpreter ─▶ builtin or applet (a function of a ShellCall)
///                                            │ ShellExpander       │
///                                            ▼                     ▼
///                               ShellWork: budget, output, evidence; ShellFiles: the host's files and what was changed
///
/// The words of its answers are those of Debian's busybox-static; tests/agent/shell/recorded has what that one says.
/// The machine is a decoy of the sensor's own (ShellHost). Evidence is each simple command; an address that a program
/// was to fetch, as Command "fetch"; and each file that was written, whole, once the user goes on to something else
/// than writing it, uses it, or is about to lose it. A long upload by `echo >>` is one Command and one PayloadPiece.
///
/// Everything that would leave the machine fails as without a network. A program that was uploaded does not run: for
/// another machine it is taken for a script, as ash does; for this one it dies with "Segmentation fault". A command
/// that reads the terminal is run anew from where the line began, with one more line typed: so there is no second
/// thread of control to keep. A command in the background runs at once; what it says comes when it would have said it,
/// with the answer to the next line at the latest. A line that uses up its steps goes on, as it seems, for kMostTime.
/// Left out on purpose: the editing of lines (the terminal's), and what
/// programs for devices, archives and daemons would do: `busybox` lists all 269 applets, those
/// (shell_rare_applets.cpp) say how they are used and what is missing, and change nothing.

#include "agent/protocol/session.hpp"
#include "agent/shell/shell_completion.hpp"
#include "agent/shell/shell_host.hpp"
#include "agent/shell/shell_prompt.hpp"
#include "agent/shell/shell_terminal.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// An interactive ash of one user on one host. Interprets; never executes, opens or resolves anything of the real
/// machine.
///
/// Each session has its own; what its user changes is seen by that session alone, and at the next visit by way of
/// memory(). Whatever is typed, a line costs a bounded number of steps and answers at most kMostOutput bytes.
/// Not thread-safe.
class Shell {
public:
    static constexpr std::size_t kMostOutput = std::size_t{64} << 10U;  // of one line
    static constexpr std::size_t kMostLine = std::size_t{64} << 10U;    // bytes beyond are dropped
    static constexpr std::size_t kMostMemory = 4096;                    // as Conversation::kRemembered
    static constexpr Millis kMostTime{10'000};                          // that one line may take

    /// `recalled` is what memory() gave at an earlier visit, or empty, or anything (it is checked).
    Shell(std::shared_ptr<const ShellHost> host, const std::string& user, std::string_view recalled);
    Shell(Shell&&) noexcept;
    Shell& operator=(Shell&&) noexcept;
    ~Shell();

    /// login's part: who and w tell of it. `from` is the peer with its port, "192.0.2.7:41000".
    void noteLogin(std::string_view from, WallTime at);

    /// What ash says before its first prompt.
    std::string banner() const;

    /// What ash prints when it waits for a line: "~ # "; "> " inside a command that goes on.
    ShellPrompt prompt() const;

    /// True while a command such as `cat` reads the terminal: there is no prompt then.
    bool readsTerminal() const;

    /// True while what is typed is not to be echoed: passwd asks for a password, or `stty -echo` has run.
    bool hidesTyping() const;

    /// The terminal as stty has left it.
    const ShellTerminal& terminal() const;
    /// The window has another size; 0 if it is not known.
    void setWindow(unsigned columns, unsigned rows);

    /// What the word may become at whose end Tab is pressed, behind `typed` on the line.
    ShellCompletion completion(std::string_view typed) const;

    /// The output from `at` on comes when `until` has passed since the line.
    struct Pause {
        std::size_t at = 0;
        Millis until{0};
    };

    struct Answer {
        std::string output;              // with "\n" line ends; the terminal makes CRLF of them
        std::string late;                // comes behind the prompt: said by commands in the background
        std::vector<Evidence> evidence;  // Command for each simple command and each address, PayloadPiece for files
        bool exits = false;              // exit, or the end of input
        Millis takes{0};                 // before the prompt comes: sleep, a command that does not end; bounded
        std::vector<Pause> pauses;       // until the last of them is over the output behind it does not come
    };

    /// One line as typed, without its end.
    Answer line(std::string_view line, WallTime now);

    /// The beginning of a line that Control-D has pushed: for what reads the terminal, else without effect.
    Answer partOfLine(std::string_view part, WallTime now);

    /// Control-D on an empty line: ends what reads the terminal, or the shell.
    Answer endOfInput(WallTime now);

    /// Control-C: gives up what was typed and what runs.
    void interrupt();

    enum class Key : std::uint8_t { Interrupt, Quit, Suspend };  // Control-C, Control-\, Control-Z

    /// A key while a command reads, or while it runs, since `passed` at least. What ash makes of it: Control-C gives up
    /// the line unless it is trapped; else the command ends, or is a job from then on, and the rest of the line runs.
    Answer press(Key key, Millis passed, WallTime now);

    /// The files written that no answer has reported yet. To be asked for when the session ends.
    std::vector<Evidence> unreported();

    /// What this source finds again at its next visit; at most kMostMemory bytes, oldest files dropped first.
    std::string memory() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace apiary::agent
