#include "agent/protocols/telnet_login.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

using Mode = TelnetTerminal::Mode;
using Signal = TelnetTerminal::Signal;

constexpr unsigned kMostEmptyNames = 10;
constexpr std::size_t kLongestName = 61;
constexpr std::size_t kLongestPassword = 0xfff;

bool isBlank(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// A C string ends at its first NUL.
std::string upToNul(const std::string& text) {
    return text.substr(0, text.find('\0'));
}

}  // namespace

bool TelnetLogin::ready(const TelnetTerminal& terminal) const {
    const bool reads = state_ == State::Name || state_ == State::Password;
    return state_ == State::New || terminal.signal() != Signal::None || (reads && terminal.hasInput());
}

void TelnetLogin::run(TelnetTerminal& terminal, Turn& turn) {
    const Signal signal = terminal.takeSignal();
    if (state_ == State::Password && signal == Signal::Interrupt) {
        refuse(terminal);
    } else if (signal == Signal::Interrupt || signal == Signal::Quit) {
        state_ = State::Ended;
    } else if (state_ == State::New) {
        terminal.flushInput();
        askName(terminal);
    } else if (state_ == State::Name) {
        takeName(terminal, turn);
    } else if (state_ == State::Password) {
        takePassword(terminal, turn);
    }
}

void TelnetLogin::askName(TelnetTerminal& terminal) {
    state_ = State::Name;
    typed_.clear();
    emptyNames_ = 0;
    terminal.write(rules_.hostName + " login: ");
}

void TelnetLogin::takeName(TelnetTerminal& terminal, Turn& turn) {
    while (state_ == State::Name) {
        const auto chunk = terminal.readLine();
        if (!chunk) {
            return;
        }
        takeNameChunk(*chunk, terminal, turn);
    }
}

void TelnetLogin::takeNameChunk(const TelnetTerminal::Chunk& chunk, TelnetTerminal& terminal, Turn& turn) {
    typed_ += chunk.bytes;
    if (typed_.size() == chunk.bytes.size()) {  // blanks before a name do not count
        typed_.erase(0, static_cast<std::size_t>(std::ranges::find_if_not(typed_, isBlank) - typed_.begin()));
    }
    if (chunk.newline && typed_.empty()) {
        if (++emptyNames_ == kMostEmptyNames) {
            state_ = State::Ended;
        } else {
            terminal.write(rules_.hostName + " login: ");
        }
        return;
    }
    const bool broken = typed_.find('\0', 1) != std::string::npos;
    if (chunk.end || typed_.size() > kLongestName || (chunk.newline && broken)) {
        if (!chunk.end) {
            turn.observe(Anomaly{broken ? "NUL in a user name" : "user name too long"});
        }
        state_ = State::Ended;
        return;
    }
    if (chunk.newline) {
        const auto end =
            std::find_if(typed_.begin() + 1, typed_.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
        user_ = upToNul(std::string(typed_.begin(), end));
        askPassword(terminal);
    }
}

void TelnetLogin::askPassword(TelnetTerminal& terminal) {
    state_ = State::Password;
    typed_.clear();
    terminal.flushInput();
    terminal.write("Password: ");
    terminal.setMode(Mode::Hidden);
}

void TelnetLogin::takePassword(TelnetTerminal& terminal, Turn& turn) {
    while (const auto chunk = terminal.readLine()) {
        typed_ += chunk->bytes;
        typed_.resize(std::min(typed_.size(), kLongestPassword));
        if (chunk->end && typed_.empty()) {
            refuse(terminal);  // there was no password to try
            return;
        }
        if (chunk->newline || chunk->end || typed_.size() == kLongestPassword) {
            check(terminal, turn);
            return;
        }
    }
}

void TelnetLogin::check(TelnetTerminal& terminal, Turn& turn) {
    const std::string password = upToNul(typed_);
    const bool accepted = rules_.accounts.admits(user_, password);
    turn.observe(Credential{user_, password, accepted});
    if (!accepted) {
        refuse(terminal);
        return;
    }
    terminal.setMode(Mode::Cooked);
    terminal.write("\n");
    state_ = State::Accepted;
}

void TelnetLogin::refuse(TelnetTerminal& terminal) {
    terminal.setMode(Mode::Cooked);
    terminal.write("\n");
    state_ = State::Delay;
}

void TelnetLogin::endWait(TelnetTerminal& terminal) {
    terminal.write("Login incorrect\n");
    if (++failures_ >= rules_.tries) {
        state_ = State::Ended;
        return;
    }
    terminal.flushInput();
    askName(terminal);
}

void TelnetLogin::timeOut(TelnetTerminal& terminal) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rules_.timeout).count();
    terminal.setMode(Mode::Cooked);
    terminal.write("\r\nLogin timed out after " + std::to_string(seconds) + " seconds\r\n");
    state_ = State::Ended;
}

}  // namespace apiary::agent
