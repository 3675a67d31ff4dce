#pragma once

#include "agent/protocol/accounts.hpp"
#include "agent/protocols/telnet_terminal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace apiary::agent {

/// What an operator may say of a login.
struct TelnetLoginRules {
    std::string hostName;
    Accounts accounts;
    Millis failedDelay{3000};
    Millis timeout{60'000};
    unsigned tries = 3;
};

/// BusyBox 1.35's login (loginutils/login.c) on a terminal, without PAM: asks for a name and a password, gives up after
/// a number of tries or some time.
///
/// Runs in turns: run() does what the process does before it next waits for the terminal or for time. `rules` must
/// outlive it.
class TelnetLogin {
public:
    explicit TelnetLogin(const TelnetLoginRules& rules) : rules_(rules) {}

    /// True if it has something to do now.
    bool ready(const TelnetTerminal& terminal) const;

    void run(TelnetTerminal& terminal, Turn& turn);

    /// Until endWait() is due, from the end of run() on: the pause after a failed login. Zero if there is none.
    Millis wait() const { return state_ == State::Delay ? rules_.failedDelay : Millis::zero(); }
    void endWait(TelnetTerminal& terminal);

    /// The time for the whole login is over.
    void timeOut(TelnetTerminal& terminal);

    bool accepted() const { return state_ == State::Accepted; }
    bool ended() const { return state_ == State::Ended; }
    const std::string& user() const { return user_; }

private:
    enum class State : std::uint8_t { New, Name, Password, Delay, Accepted, Ended };

    void askName(TelnetTerminal& terminal);
    void takeName(TelnetTerminal& terminal, Turn& turn);
    void takeNameChunk(const TelnetTerminal::Chunk& chunk, TelnetTerminal& terminal, Turn& turn);
    void askPassword(TelnetTerminal& terminal);
    void takePassword(TelnetTerminal& terminal, Turn& turn);
    void check(TelnetTerminal& terminal, Turn& turn);
    void refuse(TelnetTerminal& terminal);

    const TelnetLoginRules& rules_;
    State state_ = State::New;
    std::string typed_;  // of a name or password that goes on
    std::string user_;
    unsigned failures_ = 0;
    unsigned emptyNames_ = 0;
};

}  // namespace apiary::agent
