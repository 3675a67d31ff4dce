#include "agent/engine/stream_host.hpp"

#include <cerrno>
#include <string_view>
#include <sys/socket.h>

namespace apiary::agent {

static constexpr std::chrono::seconds kFarewell{1};
static constexpr Millis kRecorderPoll{10};

/// What the peer had sent before its connection broke, or before it would take no more from us, is here all the same,
/// though nobody answers it any more: it is written down, as far as a session may send.
Task StreamHost::hearRest() {
    const bool broken = lost_ && (outcome_ == Outcome::Reset || outcome_ == Outcome::TimedOut);
    while (broken && wire_.plain() && receivedBytes() < spec().limits.received) {
        if (recorder().full()) {
            if (interrupted()) {
                co_return;
            }
            co_await until(Steady::now() + kRecorderPoll);
            continue;
        }
        std::size_t count = 0;
        if (wire_.read(loop().buffer().data(), kPacket, count) != Io::Done) {
            co_return;
        }
        noteReceived(kControl, std::string_view(loop().buffer().data(), count));
        co_await until(Steady::now());  // others have turns too
    }
}

/// Says goodbye so that the last answer arrives: TLS close_notify, FIN, then discards what still comes in. Closing with
/// unread input would send a reset, which may overtake and destroy the answer.
Task StreamHost::farewell() {
    const auto deadline = Steady::now() + kFarewell;
    while (wire_.closeNotify() == Io::WantWrite && !stopping_ && Steady::now() < deadline) {
        watch_.wantWrite(*this);
        co_await until(deadline);
    }
    if (inputEnded_ && wire_.atEnd()) {
        co_return;  // the peer was first, and nothing is unread: the FIN of closing is all that is left to say
    }
    ::shutdown(watch_.fd(), SHUT_WR);
    for (;;) {
        const ssize_t got = ::recv(watch_.fd(), loop().buffer().data(), kPacket, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN) || stopping_ || Steady::now() >= deadline) {
            break;
        }
        watch_.tookRead(got < static_cast<ssize_t>(kPacket));
        watch_.wantRead(*this);
        co_await until(deadline);
    }
}

}  // namespace apiary::agent
