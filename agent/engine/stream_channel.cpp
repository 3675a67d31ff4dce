#include "agent/engine/stream_host.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

/// Makes room for the channel that the session asked for, and says where the peer may connect.
std::optional<Endpoint> StreamHost::openChannel() {
    silenceChannel();
    dropChannel();
    channelTold_ = false;
    channel_ = std::make_shared<PassiveChannel>(loop(), channelAsked_, *this, spec().limits.idle);
    return channel_->listen(target(), spec().passivePorts, source(), engine().descriptors);
}

/// Tells the session one thing that happened to its channel; returns its answer, or nothing if nothing happened.
/// Reads there only if `reads`.
std::optional<StreamHost::Actions> StreamHost::channelNews(bool reads) {
    if (!channel_) {
        return std::nullopt;
    }
    const ChannelId id = channel_->id();
    if (channel_->state() != PassiveChannel::State::Listening && !channelTold_ && channel_->came()) {
        channelTold_ = true;
        recorder().channelOpened(id, channel_->peer(), channel_->local());
        stayAwake();
        return conversation().channelOpen(id, clock());
    }
    if (auto shook = channel_->takeHandshake()) {
        recorder().handshake(id, shook->first, shook->info ? &*shook->info : nullptr);
        stayAwake();
        if (shook->info) {
            return conversation().channelTls(id, *shook->info, clock());
        }
        silenceChannel();
        dropChannel();
        return conversation().channelTlsFailed(id, clock());
    }
    if (channel_->state() == PassiveChannel::State::Ended) {
        const bool stalled = channel_->stalled();
        const bool came = channel_->came();
        silenceChannel();
        dropChannel();
        stayAwake();
        if (stalled) {  // a peer that takes nothing is a silent one
            end(Outcome::TimedOut);
            return conversation().idle(clock());
        }
        return conversation().channelClosed(id, came ? ChannelEnd::Broken : ChannelEnd::Whole, clock());
    }
    if (!reads || !channel_->readable() || !conversation().readsChannel()) {
        return std::nullopt;
    }
    std::size_t count = 0;
    const Io io = channel_->read(loop().buffer().data(), kPacket, count);
    if (io == Io::Done) {
        const std::string_view bytes(loop().buffer().data(), count);
        noteReceived(id, bytes);
        stayAwake();
        return conversation().channelBytes(id, bytes, clock());
    }
    if (io == Io::WantRead || io == Io::WantWrite || channel_->pending()) {
        return std::nullopt;  // a peer that only listens may say so early
    }
    const ChannelEnd end = io == Io::End && !channel_->cutOff() ? ChannelEnd::Whole : ChannelEnd::Broken;
    silenceChannel();
    dropChannel();
    stayAwake();
    return conversation().channelClosed(id, end, clock());
}

/// Waits until the channel holds no more than `owned` bytes of its own; with 0, until all of it went out. The control
/// connection is not read meanwhile; its loss is noticed.
Task StreamHost::drainChannel(std::size_t owned) {
    if (!channel_ || !channel_->pending()) {
        co_return;
    }
    watch_.wantFailure(*this);  // once: urgent data would wake us again and again
    while (!lost_ && channel_->pending() && (owned == 0 || channel_->owned() > owned)) {
        if (interrupted()) {
            lost_ = true;
        } else if (watch_.failed()) {
            lose(Outcome::Reset);
        } else {
            co_await until(endAt_);
        }
    }
    stayAwake();
    if (channel_->stalled()) {
        lose(Outcome::TimedOut);
    }
}

/// The channel is over for the session: nothing more is recorded of it.
void StreamHost::silenceChannel() {
    if (channel_) {
        channel_->detach();
        if (std::exchange(channelTold_, false)) {
            recorder().channelClosed(channel_->id());
        }
    }
}

/// The peer sees its end.
void StreamHost::dropChannel() {
    if (channel_) {
        channel_->finish();
        channel_.reset();
    }
}

void StreamHost::channelSent(ChannelId channel, std::string_view bytes, Delivery delivery) {
    noteSent(channel, bytes, delivery);
    stayAwake();
}

}  // namespace apiary::agent
