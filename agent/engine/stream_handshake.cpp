#include "agent/engine/stream_host.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace apiary::agent {

static constexpr std::chrono::seconds kHandshake{10};
static constexpr Millis kTurnPoll{20};
static constexpr std::size_t kRecordHeader = 5;  // of TLS; OpenSSL judges what begins otherwise when it has so much
static constexpr char kHandshakeRecord = 0x16;

/// OpenSSL judges what comes, also what is no handshake, or the end in place of one. Where TLS was due from the start
/// the session may have an answer to plaintext; where it asked for TLS it may have words for the failure.
Task StreamHost::handshake(bool asked) {
    const auto deadline = std::min({Steady::now() + kHandshake, idleAt_, endAt_});
    std::string first;
    if (asked) {
        const auto early = conversation().takeEarlyBytes();
        first = early.handedBack + early.smuggled;
    }
    if (first.empty()) {
        co_await readFirst(first, asked, deadline);
    }
    if (outcome_) {
        if (!first.empty()) {
            recorder().handshake(kControl, first, nullptr);
        }
        co_return;
    }
    bool done = false;
    Actions words;
    if (!asked && !first.starts_with(kHandshakeRecord)) {
        words = conversation().notTls(first, clock());
        if (conversation().over()) {
            recorder().handshake(kControl, first, nullptr);
            end(Outcome::TlsFailed);
            co_await perform(std::move(words));
            co_return;
        }
    }
    if (service().tls) {
        co_await negotiate(first, deadline, done);
    }
    const TlsInfo info = done ? wire_.tlsInfo() : TlsInfo{};
    if (done || !first.empty()) {
        recorder().handshake(kControl, first, done ? &info : nullptr);
    }
    stayAwake();
    if (done) {
        if (asked) {
            co_await perform(conversation().tls(info, clock()));
        }
        co_return;
    }
    end(first.empty() ? Outcome::PeerClosed : Outcome::TlsFailed);
    co_await perform(std::move(words));
    if (asked) {
        co_await perform(conversation().tlsFailed(wire_.failure(), clock()));
    }
}

/// What the peer begins with, as much as is there. Where TLS was due from the start that is a whole header, if it is no
/// handshake, and if the peer ends or is silent before, the session has its outcome. Where it was `asked` for, the end
/// is left to OpenSSL.
Task StreamHost::readFirst(std::string& first, bool asked, Steady::time_point deadline) {
    const std::size_t least = asked ? 1 : kRecordHeader;
    while (!outcome_) {
        std::size_t count = 0;
        const Io io = wire_.read(loop().buffer().data(), kPacket, count);
        if (io == Io::Done) {
            first.append(loop().buffer().data(), count);
            if (first.size() >= least || first.starts_with(kHandshakeRecord)) {
                co_return;
            }
            continue;
        }
        if (io == Io::End && asked && service().tls) {
            inputEnded_ = true;
            co_return;
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
    if (!spec().module->tls.alerts) {
        wire_.withoutAlerts();
    }
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
