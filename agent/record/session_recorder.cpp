#include "agent/record/session_recorder.hpp"

#include "agent/journal/journal_format.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestHeld = std::size_t{64} << 10U;

/// Few sessions that move much must not hold up many that move little: those that have passed so many bytes wait first.
constexpr std::uint64_t kLarge = std::uint64_t{64} << 10U;
constexpr std::size_t kTimesForSmall = 4;

}  // namespace

SessionRecorder::SessionRecorder(const RecorderContext& context, const SessionStart& start, const Uuid& session,
                                 std::uint32_t lane, LogChoice choice)
    : context_(context),
      session_(session),
      lane_(lane),
      lines_(start.source, start.target),
      choice_(choice),
      named_(choice == LogChoice::Yes) {
    std::string header;
    appendHeader(header, session.time());
    record(
        RecordKind::Opening, session.time(), std::move(header),
        [&](v1::Record& record) {
            setHead(*record.mutable_opened(), start, session_);
            head_ = record.opened().SerializeAsString();
        },
        named_ ? logPath(start.protocol) : std::string());
}

SessionRecorder::~SessionRecorder() {
    if (!ended_) {
        ended(Outcome::Interrupted, {});
    }
}

void SessionRecorder::received(ChannelId channel, std::string_view bytes) {
    if (choice_ == LogChoice::WhenSpoken && !bytes.empty()) {
        choice_ = LogChoice::Yes;
    }
    packets(false, channel, bytes);
}

void SessionRecorder::sent(ChannelId channel, std::string_view bytes, Delivery) {
    packets(true, channel, bytes);
}

void SessionRecorder::sentShared(ChannelId channel, std::string_view bytes, const SharedPart& part, Delivery) {
    const auto answer =
        bytes.size() <= kLongestPacket ? context_.answers.find(part, std::chrono::steady_clock::now()) : nullptr;
    if (!answer) {
        packets(true, channel, bytes);
        return;
    }
    passed_ += bytes.size();
    const WallTime at = now();
    const std::string_view before = bytes.substr(0, part.at);
    const std::string_view after = bytes.substr(part.at + part.length);
    SplitBody body = splitPacketBody(session_, seq_++, at, channel, before, part.length, after);
    PendingRecord pending{.record = {.lane = lane_,
                                     .session = session_,
                                     .kind = RecordKind::Payload,
                                     .at = at,
                                     .body = std::move(body.own),
                                     .shared = answer->bytes,
                                     .sharedAt = body.at},
                          .path = {},
                          .text = {},
                          .durable = {},
                          .shared = answer->escaped};
    lines_.packet(pending.text, at, true, channel, before);
    pending.text.pop_back();  // the line goes on
    pending.sharedAt = pending.text.size();
    digest_.update(pending.text);
    digest_.update(*answer->escaped);
    appendEscaped(pending.text, after);
    pending.text += '\n';
    digest_.update(std::string_view(pending.text).substr(pending.sharedAt));
    tally_.countPacket(true, bytes.size());
    queue(std::move(pending), false);
}

void SessionRecorder::handshake(ChannelId channel, std::string_view first, const TlsInfo* info) {
    record(RecordKind::Observation, now(), {}, [&](v1::Record& record) {
        auto& tls = *record.mutable_tls();
        tls.set_succeeded(info != nullptr);
        tls.set_first(first.data(), first.size());
        tls.set_channel(channel);
        if (info != nullptr) {
            tls.set_sni(info->sni);
            tls.set_version(info->version);
        }
    });
}

void SessionRecorder::channelOpened(ChannelId channel, const Endpoint& peer, const Endpoint& local) {
    lines_.channel(channel, peer.port, local.port);
    record(RecordKind::Observation, now(), {}, [&](v1::Record& record) {
        auto& opened = *record.mutable_channel_opened();
        opened.set_channel(channel);
        opened.set_source_port(peer.port);
        opened.set_target_port(local.port);
    });
}

void SessionRecorder::channelClosed(ChannelId channel) {
    record(RecordKind::Observation, now(), {},
           [&](v1::Record& record) { record.mutable_channel_closed()->set_channel(channel); });
}

void SessionRecorder::observed(const Evidence& evidence) {
    if (const auto* piece = std::get_if<PayloadPiece>(&evidence)) {
        payload(*piece);
    } else {
        record(RecordKind::Observation, now(), {}, [&](v1::Record& record) { setEvidence(record, evidence); });
    }
}

bool SessionRecorder::full() const {
    const std::size_t times = passed_ > kLarge ? 1 : kTimesForSmall;
    return context_.queue.full(times) || context_.journal.full(times);
}

void SessionRecorder::ended(Outcome outcome, std::function<void()> durable) {
    if (std::exchange(ended_, true)) {
        return;
    }
    const WallTime at = now();
    std::string footer;
    const bool logged = choice_ == LogChoice::Yes;
    PendingRecord pending{
        .record = {.lane = lane_, .session = session_, .kind = RecordKind::Closing, .at = at, .body = {}},
        .path = {},
        .text = {},
        .last = logged,
        .durable = std::move(durable)};
    pending.record.body = recordBody(session_, seq_, at, [&](v1::Record& record) {
        auto& closed = *record.mutable_closed();
        closed.mutable_head()->ParseFromString(head_);  // written by the constructor: it cannot fail
        lines_.footer(footer, closed.head().protocol(), endingOf(outcome), at);
        digest_.update(footer);
        closed.set_ended_at_us(microsSince1970(at));
        closed.set_outcome(outcomeOf(endingOf(outcome)));
        tally_.write(closed, seq_ - 1);
        const Sha256Digest digest = digest_.finish();
        closed.set_journal_sha256(digest.data(), digest.size());
        if (logged) {
            closed.set_journal_path(logPath(closed.head().protocol()));
        }
    });
    ++seq_;
    pending.text = std::move(footer);
    context_.unlogged += logged ? 0 : 1;
    queue(std::move(pending), true);
}

WallTime SessionRecorder::now() const {
    return session_.time() + std::chrono::duration_cast<WallTime::duration>(std::chrono::steady_clock::now() - began_);
}

void SessionRecorder::packets(bool sent, ChannelId channel, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kLongestPacket);
        bytes.remove_prefix(piece.size());
        passed_ += piece.size();
        const WallTime at = now();
        std::string line;
        line.reserve(96 + piece.size() + piece.size() / 8);
        lines_.packet(line, at, sent, channel, piece);
        record(RecordKind::Payload, at, std::move(line), [&](v1::Record& record) {
            auto& packet = *record.mutable_packet();
            packet.set_sent(sent);
            packet.set_channel(channel);
            packet.set_bytes(piece.data(), piece.size());
        });
    }
}

void SessionRecorder::payload(const PayloadPiece& piece) {
    std::string_view bytes = piece.bytes;
    while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, kLongestPacket);
        bytes.remove_prefix(part.size());
        Upload& known = upload(piece.id);
        known.kept += part.size();
        known.digest.update(part);
        record(RecordKind::Payload, now(), {}, [&](v1::Record& record) {
            record.mutable_payload()->set_payload(piece.id);
            record.mutable_payload()->set_bytes(part.data(), part.size());
        });
    }
    if (!piece.last) {
        return;
    }
    // The description is a record of its own, and evidence: it outlives the bytes when a bound drops them.
    Upload& known = upload(piece.id);
    const Sha256Digest digest = known.digest.finish();
    record(RecordKind::Observation, now(), {}, [&](v1::Record& record) {
        auto& last = *record.mutable_payload();
        last.set_payload(piece.id);
        last.set_last(true);
        last.set_name(piece.name);
        last.set_size(std::max(piece.offered, known.kept));
        last.set_sha256(digest.data(), digest.size());
        last.set_cut(piece.offered > known.kept);
    });
    std::erase_if(uploads_, [&](const Upload& upload) { return upload.id == piece.id; });
}

SessionRecorder::Upload& SessionRecorder::upload(std::uint32_t id) {
    const auto known = std::ranges::find(uploads_, id, &Upload::id);
    return known != uploads_.end() ? *known : uploads_.emplace_back(Upload{.id = id, .digest = {}});
}

template <typename Fill>
void SessionRecorder::record(RecordKind kind, WallTime at, std::string text, Fill&& fill, std::string path) {
    PendingRecord pending{.record = {.lane = lane_, .session = session_, .kind = kind, .at = at, .body = {}},
                          .path = std::move(path),
                          .text = std::move(text),
                          .durable = {}};
    pending.record.body = recordBody(session_, seq_++, at, [&](v1::Record& record) {
        fill(record);
        tally_.count(record);
    });
    digest_.update(pending.text);
    queue(std::move(pending), false);
}

void SessionRecorder::queue(PendingRecord pending, bool urgent) {
    switch (choice_) {
        case LogChoice::No:
            pending.text = {};
            pending.shared = {};
            break;
        case LogChoice::WhenSpoken:
            if (pending.shared) {
                pending.text.insert(pending.sharedAt, *std::exchange(pending.shared, {}));
            }
            held_ += pending.text;
            pending.text = {};
            choice_ = held_.size() > kLongestHeld ? LogChoice::Yes : choice_;  // of the records to come
            break;
        case LogChoice::Yes:
            if (!held_.empty()) {
                pending.sharedAt += held_.size();
                pending.text.insert(0, std::exchange(held_, {}));
            }
            if (!named_ && !pending.text.empty()) {
                v1::SessionHead head;
                head.ParseFromString(head_);
                pending.path = logPath(head.protocol());
                named_ = true;
            }
    }
    // After the queue was closed nothing more is recorded: the engine had ended its sessions before that.
    context_.queue.push(std::move(pending), urgent);
}

std::string SessionRecorder::logPath(std::string_view protocol) const {
    return context_.journal.folder() + '/' + sessionPath(protocol, lines_.source(), session_);
}

}  // namespace apiary::agent
