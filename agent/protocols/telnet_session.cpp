#include "agent/protocols/telnet_session.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr Millis kSoon{1};   // what a small host takes to switch between processes
constexpr Millis kStart{8};  // and to start one: the first bytes of telnetd are a segment of their own
constexpr std::size_t kPortion = std::size_t{16} << 10U;

std::string escaped(std::string_view text) {
    std::string bytes;
    for (const char c : text) {
        bytes.append(c == '\xff' ? 2 : 1, c);
    }
    return bytes;
}

}  // namespace

void TelnetSession::onOpen(Turn& turn) {
    loginUntil_ = turn.now() + service_.login.timeout;
    turn.send(TelnetFraming::kGreeting);
    terminal_.write(service_.issue(turn.now()));
    setRing(Ring::Soon, turn.now() + kStart, turn);
}

void TelnetSession::onBytes(std::string_view bytes, Turn& turn) {
    if (std::exchange(heldNul_, false)) {
        take('\0');  // it was not the last one
    }
    heldNul_ = bytes.ends_with('\0');
    for (const char byte : bytes.substr(0, bytes.size() - (heldNul_ ? 1 : 0))) {
        take(byte);
    }
    setRing(turn);
}

void TelnetSession::take(char byte) {
    if (const auto event = framing_.take(byte)) {
        take(*event);
    }
}

void TelnetSession::take(const TelnetFraming::Event& event) {
    using Kind = TelnetFraming::Event::Kind;
    if (event.kind == Kind::Data) {
        terminal_.input(event.byte);
    } else if (event.kind == Kind::AreYouThere) {
        answerAreYouThere();
    } else if (event.kind == Kind::Window) {
        if (terminal_.resize(event.columns, event.rows) && ash_) {
            ash_->resize(terminal_);
        }
    } else {
        strange_ = true;
    }
}

/// Real telnetd forgets to answer while an answer still waits to go out.
void TelnetSession::answerAreYouThere() {
    if (!std::exchange(answeredThere_, true)) {
        unsent_ += TelnetFraming::kHere;  // before what the terminal echoes meanwhile
    }
}

void TelnetSession::onAlarm(Turn& turn) {
    const Ring ring = std::exchange(ring_, Ring::None);
    answeredThere_ = heldNul_ = false;
    if (strange_ && !std::exchange(toldStrange_, true)) {
        turn.observe(Anomaly{"unknown Telnet command"});
    }
    if (ring == Ring::LoginTimeout) {
        login_.timeOut(terminal_);
    } else if (ring == Ring::Wait) {
        endWait(turn);
    } else if (!std::exchange(started_, true)) {
        runProcess(turn);
    } else if (!sendsOutput(turn) && ready()) {
        runProcess(turn);
    }
    settle(turn);
}

/// True if there was something to send: then the process runs a moment later.
bool TelnetSession::sendsOutput(Turn& turn) {
    const std::string bytes = std::exchange(unsent_, {}) + escaped(terminal_.takeOutput(kPortion));
    turn.send(bytes);
    return !bytes.empty();
}

bool TelnetSession::ready() const {
    return !terminal_.blocksWriting() && (ash_ ? ash_->ready(terminal_) : login_.accepted() || login_.ready(terminal_));
}

void TelnetSession::runProcess(Turn& turn) {
    if (ash_) {
        ash_->run(terminal_, turn);
    } else if (login_.accepted()) {
        Shell shell(service_.host.get(), login_.user(), recalled_);
        shell.noteLogin(endpointText(peer_), turn.now());
        ash_.emplace(std::move(shell), service_.messageOfTheDay);
        ash_->run(terminal_, turn);
    } else {
        login_.run(terminal_, turn);
    }
    noteWait(turn.now());
}

void TelnetSession::endWait(Turn& turn) {
    waitsUntil_.reset();
    if (ash_) {
        ash_->endWait(terminal_, turn);
    } else {
        login_.endWait(terminal_);
    }
    noteWait(turn.now());
}

void TelnetSession::noteWait(WallTime now) {
    const Millis wait = ash_ ? ash_->wait() : login_.wait();
    waitsUntil_ = wait > Millis::zero() ? std::optional(now + wait) : std::nullopt;
}

/// What follows from what the processes did.
void TelnetSession::settle(Turn& turn) {
    sendsOutput(turn);
    if (ash_ ? ash_->ended() : login_.ended()) {
        leave(turn);
        turn.close();
    } else {
        setRing(turn);
    }
}

/// What is due first. An alarm that is to ring at once is left alone, however much is typed.
void TelnetSession::setRing(Turn& turn) {
    const bool logsIn = !ash_ && !login_.accepted();
    if (ring_ == Ring::Soon) {
        return;
    }
    if (!unsent_.empty() || heldNul_ || terminal_.hasOutput() || ready() || strange_ != toldStrange_) {
        setRing(Ring::Soon, turn.now() + kSoon, turn);
    } else if (waitsUntil_ && !terminal_.blocksWriting() && !(logsIn && loginUntil_ < *waitsUntil_)) {
        setRing(Ring::Wait, *waitsUntil_, turn);
    } else if (logsIn) {
        setRing(Ring::LoginTimeout, loginUntil_, turn);
    } else if (std::exchange(ring_, Ring::None) != Ring::None) {
        turn.setAlarm(Millis::zero());
    }
}

void TelnetSession::setRing(Ring ring, WallTime at, Turn& turn) {
    if (std::exchange(ring_, ring) != ring || std::exchange(ringsAt_, at) != at) {
        turn.setAlarm(std::max(kSoon, std::chrono::ceil<Millis>(at - turn.now())));
    }
    ringsAt_ = at;
}

/// The pseudo-terminal goes away at once, and with it the processes.
void TelnetSession::onPeerClosed(Turn& turn) {
    leave(turn);
    turn.close();
}

/// What was typed before the end counts, though nobody waits for an answer.
void TelnetSession::leave(Turn& turn) {
    while (!ash_ && login_.ready(terminal_)) {
        login_.run(terminal_, turn);
    }
    if (ash_) {
        ash_->leave(terminal_, turn);
    }
}

}  // namespace apiary::agent
