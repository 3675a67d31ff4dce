#include "agent/protocols/ftp_session.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

/// How long a transfer waits for the peer to connect (accept_timeout).
static constexpr Millis kAcceptTimeout = std::chrono::minutes(1);

/// Fits a socket's buffer: sent before the peer can hang up.
static constexpr std::size_t kAtOnce = std::size_t{16} << 10U;

void FtpSession::start(Transfer transfer, Turn& turn) {
    transfer_ = std::make_unique<Transfer>(std::move(transfer));
    if (channel_ == Channel::Failed) {
        onChannelClosed(channelId_, ChannelEnd::Whole, turn);
    } else if (channel_ == Channel::Open) {
        begin(turn);
    } else {
        turn.setAlarm(kAcceptTimeout);
    }
}

/// The peer did not come.
void FtpSession::onAlarm(Turn& turn) {
    if (transfer_ && transfer_->stage == Transfer::Stage::Waits) {
        dropChannel(turn);
        finish(ChannelEnd::Whole, turn);
        turn.askResume();
    }
}

void FtpSession::onChannelOpen(ChannelId, Turn& turn) {
    channel_ = Channel::Open;
    if (transfer_) {
        turn.setAlarm(Millis::zero());
        begin(turn);
    }
}

void FtpSession::begin(Turn& turn) {
    reply(150, transfer_->opening, turn);
    if (privateData_) {
        transfer_->stage = Transfer::Stage::Shakes;
        turn.secureChannel(channelId_);
        return;
    }
    run(turn);
}

/// The real server ends the channel as it would after a transfer, and after its answer the session.
void FtpSession::onChannelTls(ChannelId, const TlsInfo& info, Turn& turn) {
    if (info.resumed) {
        run(turn);
        return;
    }
    transfer_->stage = Transfer::Stage::Refused;
    turn.endChannel(channelId_);
}

/// The real server's process dies of it. Its last words come in plaintext, which no client of TLS can read.
void FtpSession::onChannelTlsFailed(ChannelId, Turn& turn) {
    transfer_.reset();
    turn.close();
}

void FtpSession::run(Turn& turn) {
    Transfer& transfer = *transfer_;
    transfer.stage = Transfer::Stage::Runs;
    if (transfer.kind == Transfer::Kind::Store) {
        return;  // the peer's turn
    }
    const std::size_t length = transfer.content->size() - transfer.offset;
    if (length > 0) {
        turn.sendShared(transfer.content, transfer.offset, length, channelId_);
    }
    if (length > kAtOnce) {
        turn.askResume();
    } else {
        onProgress(turn);
    }
}

/// What was to be sent is sent. With TLS the real server waits until the peer has said that it knows.
void FtpSession::onProgress(Turn& turn) {
    if (!transfer_ || transfer_->stage != Transfer::Stage::Runs || transfer_->kind != Transfer::Kind::Send) {
        return;
    }
    if (privateData_) {
        transfer_->stage = Transfer::Stage::Ends;
        turn.endChannel(channelId_);
        return;
    }
    dropChannel(turn);
    reply(226, std::exchange(transfer_, nullptr)->complete, turn);
}

void FtpSession::onChannelBytes(ChannelId, std::string_view bytes, Turn& turn) {
    if (transfer_ && (transfer_->stage == Transfer::Stage::Ends || transfer_->stage == Transfer::Stage::Refused)) {
        dropChannel(turn);  // a peer that has more to say is not waited for
        finish(ChannelEnd::Broken, turn);
        return;
    }
    if (!storing()) {
        return;
    }
    turn.observe(PayloadPiece{channelId_, std::string(bytes), false});
    keep(bytes);
    transfer_->position += bytes.size();
    transfer_->size = std::max(transfer_->size, transfer_->position);
}

/// The content of an upload: a small one stays with the session, a larger one goes to the shelf.
void FtpSession::keep(std::string_view bytes) {
    Transfer& transfer = *transfer_;
    const std::uint64_t end = transfer.position + bytes.size();
    if (transfer.kept && end <= FtpFiles::kMostKept) {
        std::string& kept = *transfer.kept;
        kept.resize(std::max(kept.size(), static_cast<std::size_t>(end)));
        bytes.copy(kept.data() + transfer.position, bytes.size());
        return;
    }
    if (const auto small = std::exchange(transfer.kept, std::nullopt)) {
        transfer.draft = draftOf(*small);
    }
    if (transfer.draft && !transfer.draft->write(transfer.position, bytes)) {
        transfer.draft.reset();
    }
}

/// Null where there is no room.
std::unique_ptr<Shelf::Draft> FtpSession::draftOf(std::string_view content) const {
    auto draft = shelf_ ? std::make_unique<Shelf::Draft>(*shelf_) : nullptr;
    return draft && draft->write(0, content) ? std::move(draft) : nullptr;
}

void FtpSession::onChannelClosed(ChannelId, ChannelEnd end, Turn& turn) {
    channel_ = transfer_ ? Channel::None : Channel::Failed;
    if (transfer_) {
        finish(end, turn);
    }  // else the next transfer will find out
}

/// The channel is over, and the transfer with it.
void FtpSession::finish(ChannelEnd end, Turn& turn) {
    using Stage = Transfer::Stage;
    const bool store = transfer_->kind == Transfer::Kind::Store;
    if (storing()) {
        finishStore(turn);
    }
    const auto transfer = std::exchange(transfer_, nullptr);
    if (transfer->stage == Stage::Waits) {
        reply(425, "Failed to establish connection.", turn);
    } else if (transfer->stage == Stage::Refused) {
        reply(522, "SSL connection failed: session reuse required", turn);
        turn.close();
    } else if (transfer->stage == Stage::Ends) {
        reply(226, transfer->complete, turn);
    } else if (!store) {
        reply(426, "Failure writing network stream.", turn);
    } else if (end == ChannelEnd::Broken) {
        reply(426, "Failure reading network stream.", turn);
    } else {
        reply(226, "Transfer complete.", turn);
    }
}

bool FtpSession::storing() const {
    return transfer_ && transfer_->stage == Transfer::Stage::Runs && transfer_->kind == Transfer::Kind::Store;
}

void FtpSession::finishStore(Turn& turn) {
    const Transfer& transfer = *transfer_;
    turn.observe(PayloadPiece{channelId_, "", true, transfer.name});
    FtpFiles::Content content{.size = transfer.size};
    if (transfer.kept) {
        content.bytes = std::make_shared<const std::string>(*transfer.kept);
        if (content.size > FtpFiles::kMostInText) {
            const auto draft = draftOf(*transfer.kept);
            content.shelved = draft ? draft->put() : Shelf::kNothing;
        }
    } else if (transfer.draft) {
        content.shelved = transfer.draft->put();
    }
    ownFiles().fill(transfer.path.absolute, std::move(content), ftpSeconds(turn));
    remember(turn);
}

void FtpSession::onIdle(Turn& turn) {
    const auto stage = transfer_ ? transfer_->stage : Transfer::Stage::Waits;
    if (stage == Transfer::Stage::Refused) {
        finish(ChannelEnd::Broken, turn);
        return;
    }
    onCut(turn);
    if (stage == Transfer::Stage::Waits) {
        reply(421, "Timeout.", turn);
    } else if (stage != Transfer::Stage::Shakes) {
        reply(421, "Data timeout. Reconnect. Sorry.", turn);
    }
}

/// An upload is complete as far as it came.
void FtpSession::onCut(Turn& turn) {
    if (storing()) {
        finishStore(turn);
    }
    transfer_.reset();
}

}  // namespace apiary::agent
