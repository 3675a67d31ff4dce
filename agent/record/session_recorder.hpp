#pragma once

#include "agent/protocol/recorder.hpp"
#include "agent/record/record_bodies.hpp"
#include "agent/record/record_queue.hpp"
#include "agent/record/session_account.hpp"
#include "agent/record/shared_answers.hpp"
#include "common/crypto/digest.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// What all recorders of a Recording share. Outlives them.
struct RecorderContext {
    RecordQueue& queue;
    const JournalWriter& journal;
    std::atomic<std::uint64_t>& unlogged;  // sessions that got no log
    SharedAnswers& answers;
};

/// Whether a session gets a log: yes, no, or as soon as its peer says something.
enum class LogChoice : std::uint8_t { Yes, No, WhenSpoken };

/// Makes records and log lines of one session and queues them. Belongs to its connection's thread.
///
/// Times are the start, cut to the millisecond of the session's id, and what a steady clock counted since: they never
/// run backwards. The digest covers the whole text, whether there is a file or not.
class SessionRecorder final : public Recorder {
public:
    SessionRecorder(const RecorderContext& context, const SessionStart& start, const Uuid& session, std::uint32_t lane,
                    LogChoice choice);
    ~SessionRecorder() override;

    void received(ChannelId channel, std::string_view bytes) override;
    void sent(ChannelId channel, std::string_view bytes, Delivery delivery) override;
    void sentShared(ChannelId channel, std::string_view bytes, const SharedPart& part, Delivery delivery) override;
    void handshake(ChannelId channel, std::string_view first, const TlsInfo* info) override;
    void channelOpened(ChannelId channel, const Endpoint& peer, const Endpoint& local) override;
    void channelClosed(ChannelId channel) override;
    void observed(const Evidence& evidence) override;
    bool full() const override;
    void ended(Outcome outcome, std::function<void()> durable) override;

private:
    struct Upload {
        std::uint32_t id;
        std::uint64_t kept = 0;
        Sha256 digest;
    };

    WallTime now() const;
    void packets(bool sent, ChannelId channel, std::string_view bytes);
    void payload(const PayloadPiece& piece);
    Upload& upload(std::uint32_t id);

    /// Queues a record; `text` are its lines in the log, and `path` names that, unless queue() does later.
    template <typename Fill>
    void record(RecordKind kind, WallTime at, std::string text, Fill&& fill, std::string path = {});
    void queue(PendingRecord pending, bool urgent);
    std::string logPath(std::string_view protocol) const;

    RecorderContext context_;
    std::string head_;  // a serialised SessionHead: needed again at the end, and smaller than its parts
    Uuid session_;
    std::uint32_t lane_;
    std::uint32_t seq_ = 0;
    std::uint64_t passed_ = 0;  // bytes in and out
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    SessionLines lines_;
    SessionTally tally_;
    Sha256 digest_;
    LogChoice choice_;
    bool named_;  // the log's path was handed on
    bool ended_ = false;
    std::string held_;  // text that waits for the peer to say something
    std::vector<Upload> uploads_;
};

}  // namespace apiary::agent
