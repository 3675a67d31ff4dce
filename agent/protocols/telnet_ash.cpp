#include "agent/protocols/telnet_ash.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

using Mode = TelnetTerminal::Mode;
using Outcome = TelnetEditor::Outcome;
using Signal = TelnetTerminal::Signal;

constexpr Millis kKeyPatience{50};                        // for the rest of an escape sequence
constexpr Millis kReportPatience{20};                     // after Enter, for the terminal's answer that did not come
constexpr std::size_t kPortion = std::size_t{16} << 10U;  // of output, then the terminal is busy
constexpr unsigned kMostCompleted = 8;  // words at Tab in one turn: the rest waits for the next, if there is one

}  // namespace

bool TelnetAsh::ready(const TelnetTerminal& terminal) const {
    return state_ == State::New || !evidence_.empty() || terminal.signal() != Signal::None || reads(terminal);
}

bool TelnetAsh::reads(const TelnetTerminal& terminal) const {
    return (state_ == State::Edits || state_ == State::Reads) && terminal.hasInput();
}

void TelnetAsh::run(TelnetTerminal& terminal, Turn& turn) {
    if (state_ == State::New) {
        shell_.setWindow(terminal.columns(), terminal.rows());
        terminal.write(messageOfTheDay_);
        terminal.write(shell_.banner());
        prompt(terminal);
    }
    if (const Signal signal = terminal.takeSignal(); signal != Signal::None) {
        takeSignal(signal, terminal, turn);
    }
    report(turn);
    completed_ = leaves_ ? completed_ : 0;
    while (reads(terminal) && !turn.full() && terminal.outputSize() < kPortion &&
           (leaves_ || completed_ < kMostCompleted)) {
        state_ == State::Edits ? readKey(terminal, turn) : readLine(terminal, turn);
    }
}

/// Where a command reads the terminal there is no prompt. Where nothing is echoed lines are not edited.
void TelnetAsh::prompt(TelnetTerminal& terminal) {
    const ShellPrompt prompt = shell_.prompt();
    if (shell_.readsTerminal() || !shell_.terminal().echoes) {
        terminal.write(prompt.text);
        state_ = State::Reads;
        terminal.setMode(shell_.hidesTyping() ? Mode::Hidden : Mode::Cooked);
        return;
    }
    state_ = State::Edits;
    terminal.setMode(Mode::Keys);
    std::string screen;
    editor_.begin(prompt.text, prompt.width, shell_.terminal().columns, screen);
    if (!terminal.hasInput()) {
        editor_.askPosition(screen);
    }
    terminal.write(screen);
}

void TelnetAsh::readKey(TelnetTerminal& terminal, Turn& turn) {
    if (const auto key = terminal.readKey()) {
        std::string screen;
        const Outcome outcome = editor_.take(*key, screen);
        takeKey(outcome, std::move(screen), terminal, turn);
    }
}

void TelnetAsh::takeKey(Outcome outcome, std::string screen, TelnetTerminal& terminal, Turn& turn) {
    if (outcome == Outcome::Completes) {
        const bool answers = ++completed_ <= kMostCompleted;
        editor_.complete(answers ? shell_.completion(editor_.beforeCursor()) : ShellCompletion{}, screen);
    }
    terminal.write(screen);
    if (outcome == Outcome::More || outcome == Outcome::Completes) {
        return;
    }
    outcome_ = outcome;
    if (editor_.asked()) {
        state_ = State::Lingers;
    } else {
        finishLine(terminal, turn);
    }
}

void TelnetAsh::finishLine(TelnetTerminal& terminal, Turn& turn) {
    terminal.setMode(Mode::Cooked);
    if (outcome_ == Outcome::Line) {
        perform(shell_.line(editor_.line(), turn.now()), terminal, turn);
    } else if (outcome_ == Outcome::EndOfFile) {
        Shell::Answer answer = shell_.endOfInput(turn.now());
        terminal.write(answer.output.empty() ? "\n" : "");  // a shell leaves on a line of its own
        perform(std::move(answer), terminal, turn);
    } else {
        terminal.write("^C\n");
        shell_.interrupt();
        prompt(terminal);
    }
}

void TelnetAsh::readLine(TelnetTerminal& terminal, Turn& turn) {
    const auto chunk = terminal.readLine();
    if (!chunk) {
        return;
    }
    typed_ += chunk->bytes;
    const bool ends = chunk->end;
    if (!chunk->newline && !ends && shell_.readsTerminal()) {
        perform(shell_.partOfLine(std::exchange(typed_, {}), turn.now()), terminal, turn);
        return;
    }
    if (chunk->newline || (ends && !typed_.empty())) {
        perform(shell_.line(std::exchange(typed_, {}), turn.now()), terminal, turn);
    }
    if (ends && state_ == State::Reads) {
        perform(shell_.endOfInput(turn.now()), terminal, turn);
    }
    typed_.resize(std::min(typed_.size(), Shell::kMostLine));
}

/// Keys that end or stop a command.
void TelnetAsh::takeSignal(Signal signal, TelnetTerminal& terminal, Turn& turn) {
    if (state_ != State::Runs && state_ != State::Reads) {
        return;
    }
    typed_.clear();
    output_.clear();
    pauses_.clear();
    exits_ = false;
    late_.clear();
    const Shell::Key key = signal == Signal::Suspend ? Shell::Key::Suspend
                           : signal == Signal::Quit  ? Shell::Key::Quit
                                                     : Shell::Key::Interrupt;
    const Millis passed = state_ == State::Runs ? passed_ : Millis::zero();
    perform(shell_.press(key, passed, turn.now()), terminal, turn);
}

void TelnetAsh::perform(Shell::Answer answer, TelnetTerminal& terminal, Turn& turn) {
    evidence_.insert(evidence_.end(), std::make_move_iterator(answer.evidence.begin()),
                     std::make_move_iterator(answer.evidence.end()));
    report(turn);
    terminal.setExpandsTabs(shell_.terminal().expandsTabs);
    output_ = std::move(answer.output);
    late_ = std::move(answer.late);
    exits_ = answer.exits;
    takes_ = answer.takes;
    passed_ = Millis::zero();
    pauses_.assign(answer.pauses.begin(), answer.pauses.end());
    if (takes_ > Millis::zero()) {
        state_ = State::Runs;
        showUntilPause(terminal);
    } else {
        finish(terminal, turn);
    }
}

/// What was said before time passes is seen before it does.
void TelnetAsh::showUntilPause(TelnetTerminal& terminal) {
    const std::size_t said = pauses_.empty() ? 0 : std::min(pauses_.front().at, output_.size());
    terminal.write(std::string_view(output_).substr(0, said));
    output_.erase(0, said);
    for (Shell::Pause& pause : pauses_) {
        pause.at -= std::min(pause.at, said);
    }
}

/// The line has run.
void TelnetAsh::finish(TelnetTerminal& terminal, Turn& turn) {
    pauses_.clear();
    terminal.write(std::exchange(output_, {}));
    remember(turn);
    if (exits_) {
        state_ = State::Ended;
    } else {
        prompt(terminal);
        terminal.write(std::exchange(late_, {}));
    }
}

/// One line may have run hundreds of commands: what this turn has no place for comes with the next.
void TelnetAsh::report(Turn& turn) {
    for (; !evidence_.empty() && !turn.full(); evidence_.pop_front()) {
        turn.observe(std::move(evidence_.front()));
    }
}

void TelnetAsh::remember(Turn& turn) {
    std::string memory = shell_.memory();
    if (memory != remembered_) {
        remembered_ = memory;
        turn.remember(std::move(memory));
    }
}

Millis TelnetAsh::wait() const {
    return state_ == State::Lingers ? kReportPatience
           : state_ == State::Runs  ? (pauses_.empty() ? takes_ : pauses_.front().until) - passed_
           : state_ == State::Edits && editor_.awaitsKey() ? kKeyPatience
                                                           : Millis::zero();
}

void TelnetAsh::endWait(TelnetTerminal& terminal, Turn& turn) {
    if (state_ == State::Lingers) {
        finishLine(terminal, turn);
    } else if (state_ == State::Runs) {
        passed_ = pauses_.empty() ? takes_ : pauses_.front().until;
        if (!pauses_.empty()) {
            pauses_.pop_front();
        }
        if (passed_ >= takes_) {
            finish(terminal, turn);
        } else {
            showUntilPause(terminal);
        }
    } else if (state_ == State::Edits) {
        std::string screen;
        const Outcome outcome = editor_.giveUpKey(screen);
        takeKey(outcome, std::move(screen), terminal, turn);
    }
}

void TelnetAsh::resize(TelnetTerminal& terminal) {
    shell_.setWindow(terminal.columns(), terminal.rows());
    if (state_ == State::Edits && terminal.outputSize() < TelnetTerminal::kMostQueued) {  // else it waits to be drawn
        std::string screen;
        editor_.resize(shell_.terminal().columns, screen);
        terminal.write(screen);
    }
}

void TelnetAsh::leave(TelnetTerminal& terminal, Turn& turn) {
    leaves_ = true;
    completed_ = 0;
    while ((state_ == State::Lingers || state_ == State::Runs || reads(terminal)) && !turn.full()) {
        terminal.dropOutput();  // nobody is there to see it
        if (state_ == State::Lingers) {
            finishLine(terminal, turn);
        } else if (state_ == State::Runs) {
            finish(terminal, turn);
        } else {
            run(terminal, turn);
        }
    }
    auto unreported = shell_.unreported();
    evidence_.insert(evidence_.end(), std::make_move_iterator(unreported.begin()),
                     std::make_move_iterator(unreported.end()));
    for (Evidence& left : evidence_) {  // there is no next turn
        turn.observe(std::move(left));
    }
    evidence_.clear();
    remember(turn);
}

}  // namespace apiary::agent
