#include "agent/protocol/conversation.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace apiary::agent {

Conversation::Conversation(const Module& module, std::shared_ptr<const Prepared> prepared,
                           const Environment& environment, const Limits& limits)
    : transport_(module.transport),
      limits_(limits),
      prepared_(std::move(prepared)),
      session_(module.open(*prepared_, environment)) {}

Conversation::Awaits Conversation::awaits() const {
    return over_                        ? Awaits::Nothing
           : awaitsTls_                 ? Awaits::Handshake
           : channel_ == Channel::Asked ? Awaits::Passive
           : resumes_                   ? Awaits::Resume
                                        : Awaits::Peer;
}

template <typename Call>
Conversation::Actions Conversation::turn(WallTime now, Call&& call) {
    if (over_) {
        return {};
    }
    Turn turn(now, transport_);
    call(turn);
    resumes_ = resumes_ || turn.resumes();
    Actions kept = admit(std::move(turn).takeActions());
    resumes_ = resumes_ || ((heldClosed_ || !held_.empty()) && readsChannel()) ||
               (heldClosed_ && channel_ == Channel::Securing);
    return kept;
}

/// Keeps of what a turn asked for what the rules and the limits allow.
Conversation::Actions Conversation::admit(std::vector<Action> asked) {
    Actions kept;
    kept.reserve(asked.size());
    for (auto action = asked.begin(); action != asked.end() && !over_; ++action) {
        if (std::visit([&](auto& what) { return admit(what); }, *action)) {
            kept.push_back(std::move(*action));
        }
        if (cutShort_ && !over_) {
            kept.emplace_back(Close{});
            over_ = true;
        }
    }
    return kept;
}

bool Conversation::admit(Send& send) {
    const bool empty = send.bytes.empty();  // a datagram may be
    send.bytes.resize(sendable(kControl, send.bytes.size()));
    return empty || !send.bytes.empty();
}

bool Conversation::admit(SendOn& send) {
    send.bytes.resize(sendable(send.channel, send.bytes.size()));
    return !send.bytes.empty();
}

bool Conversation::admit(SendShared& send) {
    send.length = sendable(send.channel, send.length);
    return send.length > 0;
}

bool Conversation::admit(StartTls& tls) {
    awaitsTls_ = true;
    early_.handedBack = tls.handedBack;
    return true;
}

bool Conversation::admit(OpenPassive& open) {
    channel_ = Channel::Asked;
    forgetHeld();
    open.channel = ++channelId_;
    return true;
}

/// What a host has read there already can be no part of the handshake any more.
bool Conversation::admit(SecureChannel& secure) {
    if (secure.channel != channelId_ || channel_ != Channel::Open) {
        return false;
    }
    channel_ = Channel::Securing;
    held_.clear();
    return !heldClosed_;
}

bool Conversation::admit(EndChannel& end) {
    if (end.channel != channelId_ || channel_ != Channel::Open) {
        return false;
    }
    channel_ = Channel::Ending;
    return true;
}

bool Conversation::admit(CloseChannel& close) {
    if (close.channel != channelId_ || channel_ == Channel::None) {
        return false;
    }
    channel_ = Channel::None;
    forgetHeld();
    return true;
}

bool Conversation::admit(Remember& remember) {
    remember.bytes.resize(std::min(remember.bytes.size(), kRemembered));
    return true;
}

bool Conversation::admit(Close&) {
    return over_ = true;
}

/// Past its limit evidence is dropped, and the session goes on: the peer must not see that we stopped noting. A payload
/// counts once, with its first piece; the others go the way of that one.
bool Conversation::admit(Evidence& evidence) {
    auto* piece = std::get_if<PayloadPiece>(&evidence);
    if (piece != nullptr && payloadId_ == piece->id) {
        return admitPiece(*piece);
    }
    if (piece != nullptr) {
        payloadId_ = piece->last ? std::nullopt : std::optional(piece->id);
        payloadKept_ = false;
        offered_ = 0;
    }
    if (used_.evidence == limits_.evidence) {
        return false;
    }
    if (++used_.evidence == limits_.evidence) {
        evidence = Anomaly{"evidence cut at the limit"};
        return true;
    }
    if (piece == nullptr) {
        return true;
    }
    payloadKept_ = true;
    return admitPiece(*piece);
}

bool Conversation::admitPiece(PayloadPiece& piece) {
    if (piece.last) {
        payloadId_.reset();
    }
    if (!payloadKept_) {
        return false;
    }
    offered_ += piece.bytes.size();
    piece.offered = piece.last ? offered_ : 0;
    piece.bytes.resize(std::min(piece.bytes.size(), limits_.payload - used_.payload));
    used_.payload += piece.bytes.size();
    return piece.last || !piece.bytes.empty();
}

/// How many of `size` bytes may go out on `channel`; counts them, and ends the session where they do not all fit.
std::size_t Conversation::sendable(ChannelId channel, std::size_t size) {
    if (channel != kControl && (channel != channelId_ || channel_ != Channel::Open)) {
        return 0;  // the peer, or the session itself, closed it meanwhile
    }
    const std::size_t room = limits_.sent - used_.sent;
    cutShort_ = cutShort_ || size > room;
    used_.sent += std::min(size, room);
    return std::min(size, room);
}

bool Conversation::receive(std::size_t size) {
    used_.received += size;
    return used_.received <= limits_.received;
}

Conversation::Actions Conversation::cut(WallTime now) {
    Actions last = turn(now, [&](Turn& turn) {
        session_->onCut(turn);
        turn.close();
    });
    std::erase_if(last, [](const Action& action) {
        return !std::holds_alternative<Evidence>(action) && !std::holds_alternative<Remember>(action) &&
               !std::holds_alternative<Close>(action);
    });
    return last;
}

Conversation::Actions Conversation::cutAtLimit(WallTime now) {
    Actions last = cut(now);
    cutShort_ = true;
    return last;
}

Conversation::Actions Conversation::open(WallTime now) {
    return turn(now, [&](Turn& turn) { session_->onOpen(turn); });
}

Conversation::Actions Conversation::bytes(std::string_view bytes, WallTime now) {
    if (over_) {
        return {};
    }
    if (!receive(bytes.size())) {
        return cutAtLimit(now);
    }
    if (awaitsTls_) {
        early_.smuggled.append(bytes);
        return {};
    }
    return turn(now, [&](Turn& turn) { session_->onBytes(bytes, turn); });
}

/// The session has use for the channel now: give it what was kept, as if it came at this moment.
void Conversation::giveHeld(Turn& turn) {
    if (!held_.empty() && readsChannel()) {
        session_->onChannelBytes(channelId_, std::exchange(held_, {}), turn);
    }
    if (heldClosed_ && channel_ == Channel::Securing) {
        forgetHeld();
        channel_ = Channel::None;
        session_->onChannelTlsFailed(channelId_, turn);
    } else if (heldClosed_ && readsChannel()) {
        channel_ = Channel::None;
        session_->onChannelClosed(channelId_, *std::exchange(heldClosed_, std::nullopt), turn);
    }
}

void Conversation::forgetHeld() {
    held_.clear();
    heldClosed_.reset();
}

Conversation::Actions Conversation::resume(WallTime now) {
    resumes_ = false;
    return turn(now, [&](Turn& turn) {
        giveHeld(turn);
        session_->onResume(turn);
    });
}

Conversation::Actions Conversation::alarm(WallTime now) {
    return turn(now, [&](Turn& turn) { session_->onAlarm(turn); });
}

Conversation::Actions Conversation::idle(WallTime now) {
    Actions last = turn(now, [&](Turn& turn) { session_->onIdle(turn); });
    for (Action& action : cut(now)) {
        if (!std::holds_alternative<Close>(action)) {
            last.push_back(std::move(action));
        }
    }
    over_ = true;
    return last;
}

Conversation::Actions Conversation::peerClosed(WallTime now) {
    return turn(now, [&](Turn& turn) { session_->onPeerClosed(turn); });
}

Conversation::EarlyBytes Conversation::takeEarlyBytes() {
    early_.smuggled.insert(0, session_->takeUnread());
    return std::exchange(early_, {});
}

Conversation::Actions Conversation::tls(const TlsInfo& info, WallTime now) {
    assert(early_.handedBack.empty() && early_.smuggled.empty());
    if (!std::exchange(awaitsTls_, false)) {
        return {};
    }
    return turn(now, [&](Turn& turn) { session_->onTls(info, turn); });
}

Conversation::Actions Conversation::tlsFailed(std::string_view error, WallTime now) {
    if (!std::exchange(awaitsTls_, false)) {
        return {};
    }
    return turn(now, [&](Turn& turn) {
        session_->onTlsFailed(error, turn);
        turn.close();
    });
}

Conversation::Actions Conversation::notTls(std::string_view bytesRead, WallTime now) {
    return turn(now, [&](Turn& turn) {
        if (session_->onNotTls(bytesRead, turn)) {
            turn.close();
        }
    });
}

Conversation::Actions Conversation::passive(std::optional<Endpoint> where, WallTime now) {
    if (channel_ != Channel::Asked) {
        return {};
    }
    channel_ = where ? Channel::Listening : Channel::None;
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onPassive(where, turn); });
}

Conversation::Actions Conversation::channelOpen(ChannelId channel, WallTime now) {
    if (channel != channelId_ || channel_ != Channel::Listening) {
        return {};
    }
    channel_ = Channel::Open;
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onChannelOpen(channel, turn); });
}

Conversation::Actions Conversation::channelBytes(ChannelId channel, std::string_view bytes, WallTime now) {
    if (over_ || channel != channelId_ || (channel_ != Channel::Open && channel_ != Channel::Ending)) {
        return {};
    }
    if (!receive(bytes.size())) {
        return cutAtLimit(now);
    }
    if (!readsChannel()) {
        held_.append(bytes);
        return {};
    }
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onChannelBytes(channel, bytes, turn); });
}

Conversation::Actions Conversation::channelClosed(ChannelId channel, ChannelEnd end, WallTime now) {
    const bool open = channel_ == Channel::Open || channel_ == Channel::Ending;
    if (channel != channelId_ || (channel_ != Channel::Listening && !open)) {
        return {};
    }
    if (open && !readsChannel()) {
        heldClosed_ = end;
        return {};
    }
    channel_ = Channel::None;
    forgetHeld();
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onChannelClosed(channel, end, turn); });
}

Conversation::Actions Conversation::channelTls(ChannelId channel, const TlsInfo& info, WallTime now) {
    if (channel != channelId_ || channel_ != Channel::Securing) {
        return {};
    }
    channel_ = Channel::Open;
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onChannelTls(channel, info, turn); });
}

Conversation::Actions Conversation::channelTlsFailed(ChannelId channel, WallTime now) {
    if (channel != channelId_ || channel_ != Channel::Securing) {
        return {};
    }
    channel_ = Channel::None;
    resumes_ = true;
    return turn(now, [&](Turn& turn) { session_->onChannelTlsFailed(channel, turn); });
}

}  // namespace apiary::agent
