#pragma once

#include "agent/protocol/recorder.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent::test {

/// What was told of one session.
struct Recorded {
    SessionStart start;
    std::vector<std::string>
        lines;       // in order: "in 0 hello", "out 1 cut abc", "tls TLSv1.3", "open 1", "note ...", ...
    std::string in;  // bytes of the connection
    std::string out;
    std::string channelIn;
    std::string channelOut;
    std::size_t largestPacket = 0;
    std::optional<Outcome> outcome;
};

/// A RecorderSource that keeps what it is told, and can be waited for. Thread-safe.
class Recording final : public RecorderSource {
public:
    std::unique_ptr<Recorder> open(const SessionStart& start) override;
    void refused(const Refusal& refusal) override;
    bool full() const override { return closed_; }

    /// From now on no session is to begin.
    void close() { closed_ = true; }

    /// Waits until `true` is what `holds` makes of the sessions; false after five seconds.
    bool waitUntil(const std::function<bool(const std::vector<Recorded>&)>& holds);
    bool waitForEnds(std::size_t count);

    std::vector<Recorded> sessions() const;

    /// Session `index`, when it has ended.
    Recorded ended(std::size_t index = 0);

    bool waitForRefusals(std::uint64_t count);
    std::vector<Refusal> refusals() const;

    /// From now on ends do not become durable until this is called with false.
    void holdEnds(bool hold);
    void setFull(bool full) { full_ = full; }

    /// Waits until recorders were asked whether they are full so many times more.
    void waitForAsked(std::size_t times) const;

private:
    class Session;

    void change(const std::function<void()>& what);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Recorded> sessions_;
    std::vector<Refusal> refusals_;
    std::vector<std::function<void()>> held_;
    bool hold_ = false;
    std::atomic<bool> full_{false};
    std::atomic<std::size_t> asked_{0};
    std::atomic<bool> closed_{false};
};

}  // namespace apiary::agent::test
