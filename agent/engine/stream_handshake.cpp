#include "agent/engine/stream_host.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace apiary::agent {

static constexpr std::chrono::seconds kHandshake{10};
static constexpr Millis kTurnPoll{20};
static constexpr std::size_t kRecordHeader = 5;  // of TLS; OpenSSL judges what begins otherwise when it has so much

/// Looks at the first byte itself where the session spoke plaintext before: OpenSSL would answer what is no handshake
/// with an alert, in binary, where the session has words. Where TLS was due from the start the alert is the answer,
/// unless the session knows one.
Task StreamHost::handshake(bool asked) {
    const auto deadline = std::min({Steady::now() + kHandshake, idleAt_, endAt_});
    std::string first;
    if (asked) {
        const auto early = conversation().takeEarlyBytes();
        first = early.handedBack + early.smuggled;
    }
    if (first.empty()) {
        co_await readFirst(first, asked ? 1 : kRecordHeader, deadline);
    }
    if (outcome_) {
        if (!first.empty()) {
            recorder().handshake(kControl, first, nullptr);
        }
        co_return;
    }
    const bool plausible = first.starts_with('\x16');
    bool done = false;
    Actions words;
    if (!asked && !plausible) {
        words = conversation().notTls(first, clock());
        if (conversation().over()) {
            recorder().handshake(kControl, first, nullptr);
            end(Outcome::TlsFailed);
            co_await perform(std::move(words));
            co_return;
        }
    }
    if (service().tls && (plausible || !asked)) {
        co_await negotiate(first, deadline, done);
    }
    const TlsInfo info = done ? wire_.tlsInfo() : TlsInfo{};
    recorder().handshake(kControl, first, done ? &info : nullptr);
    stayAwake();
    if (done) {
        if (asked) {
            co_await perform(conversation().tls(info, clock()));
        }
        co_return;
    }
    end(Outcome::TlsFailed);
    co_await perform(std::move(words));
    if (asked) {
        auto lastWords = conversation().tlsFailed(first, clock());
        lost_ = lost_ || (plausible && service().tls);  // then OpenSSL has said its alert already
        co_await perform(std::move(lastWords));
    }
}

/// What the peer begins with, as much as is there: a whole header, if it is no handshake. If it ends or is silent
/// before, the session has its outcome.
Task StreamHost::readFirst(std::string& first, std::size_t least, Steady::time_point deadline) {
    while (!outcome_) {
        std::size_t count = 0;
        const Io io = wire_.read(loop().buffer().data(), kPacket, count);
        if (io == Io::Done) {
            first.append(loop().buffer().data(), count);
            if (first.size() >= least || first.starts_with('\x16')) {
                co_return;
            }
            continue;
        }
        if (io != Io::WantRead) {
            lose(io == Io::End ? Outcome::PeerClosed : Outcome::Reset);
        } else if (interrupted()) {
            lost_ = true;
        } else if (Steady::now() >= deadline) {
            lose(Outcome::TimedOut);
        } else {
            ask(io);
            co_await until(deadline);
        }
    }
}

/// Waits for its turn first, as only so many may be under way.
Task StreamHost::negotiate(std::string first, Steady::time_point deadline, bool& done) {
    auto turn = engine().handshakes.take();
    while (!turn && !interrupted() && Steady::now() < deadline) {
        co_await until(std::min(deadline, Steady::now() + kTurnPoll));
        turn = engine().handshakes.take();
    }
    if (!turn) {
        lost_ = true;
        co_return;
    }
    wire_.beginTls(*service().tls, first);
    for (;;) {
        const Io io = wire_.handshake();
        done = io == Io::Done;
        if (io != Io::WantRead && io != Io::WantWrite) {
            co_return;
        }
        if (interrupted() || Steady::now() >= deadline) {
            lost_ = true;
            co_return;
        }
        ask(io);
        co_await until(deadline);
    }
}

}  // namespace apiary::agent
