#pragma once

#include "agent/protocols/telnet_editor.hpp"
#include "agent/protocols/telnet_terminal.hpp"
#include "agent/shell/shell.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace apiary::agent {

/// The process of a login shell on a terminal: prompts, edits lines, runs them, lets a command read the terminal or
/// take its time. What the commands do is Shell's affair.
///
/// Runs in turns, as TelnetLogin. Where it waits for time, wait() says how long, and endWait() goes on.
class TelnetAsh {
public:
    TelnetAsh(Shell shell, std::string messageOfTheDay)
        : shell_(std::move(shell)), messageOfTheDay_(std::move(messageOfTheDay)), remembered_(shell_.memory()) {}

    bool ready(const TelnetTerminal& terminal) const;
    void run(TelnetTerminal& terminal, Turn& turn);

    /// Until endWait() is due, from the end of run() or endWait() on; zero if it waits for the terminal only.
    Millis wait() const;
    void endWait(TelnetTerminal& terminal, Turn& turn);

    /// The window has another width.
    void resize(TelnetTerminal& terminal);

    /// True once the shell has exited and all is reported.
    bool ended() const { return state_ == State::Ended && evidence_.empty(); }

    /// The session ends. Lines that were typed and not read yet are run for what they tell: their bytes came, though
    /// nobody will see an answer. Then reports what was not reported yet.
    void leave(TelnetTerminal& terminal, Turn& turn);

private:
    enum class State : std::uint8_t { New, Edits, Lingers, Runs, Reads, Ended };

    bool reads(const TelnetTerminal& terminal) const;
    void prompt(TelnetTerminal& terminal);
    void readKey(TelnetTerminal& terminal, Turn& turn);
    void takeKey(TelnetEditor::Outcome outcome, std::string screen, TelnetTerminal& terminal, Turn& turn);
    void finishLine(TelnetTerminal& terminal, Turn& turn);
    void readLine(TelnetTerminal& terminal, Turn& turn);
    void takeSignal(TelnetTerminal::Signal signal, TelnetTerminal& terminal, Turn& turn);
    void perform(Shell::Answer answer, TelnetTerminal& terminal, Turn& turn);
    void showUntilPause(TelnetTerminal& terminal);
    void finish(TelnetTerminal& terminal, Turn& turn);
    void report(Turn& turn);
    void remember(Turn& turn);

    Shell shell_;
    TelnetEditor editor_;
    std::string messageOfTheDay_;
    std::string typed_;                // of a line that a command reads
    std::string output_;               // of the line that runs, as far as it was not shown yet
    std::deque<Shell::Pause> pauses_;  // in output_, counted from its begin
    std::string late_;                 // what comes behind the prompt after it
    std::string remembered_;           // what the source finds again, as told last
    std::deque<Evidence> evidence_;    // that had no place in a turn yet
    Millis takes_{0};                  // from the line to the prompt
    Millis passed_{0};                 // of it
    TelnetEditor::Outcome outcome_ = TelnetEditor::Outcome::More;
    State state_ = State::New;
    unsigned completed_ = 0;  // words, in this turn
    bool exits_ = false;
    bool leaves_ = false;
};

}  // namespace apiary::agent
