#pragma once

#include "agent/engine/activity.hpp"
#include "agent/engine/service.hpp"
#include "agent/protocol/conversation.hpp"
#include "agent/protocol/recorder.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace apiary::agent {

class SessionHost;

/// The sessions of one thread, which it owns while they last. Only that thread adds, removes and stops them; any
/// thread may look.
class OpenSessions {
public:
    void add(std::uint64_t number, std::shared_ptr<SessionHost> session);
    void remove(std::uint64_t number);

    /// Asks every session to end as AgentStopped.
    void stopAll();

    /// Lets go of them; those that nobody else holds are recorded as interrupted.
    void dropAll();

    /// Appends at most `most` of them, newest first.
    void view(std::size_t most, std::vector<SessionView>& into) const;

private:
    using ByNumber = std::map<std::uint64_t, std::shared_ptr<SessionHost>>;
    Guarded<ByNumber> open_;
};

/// What the hosts of streams and of datagrams have in common: a session's beginning, its times, and its end.
///
/// Invariants: exactly one end is recorded for a session that has begun, unless this is destroyed in mid-session, which
/// records it as interrupted; the first outcome counts; what the peer must not see before the end is durable comes
/// after conclude().
class SessionHost : public Activity {
public:
    ~SessionHost() override;

    /// Ends the session as AgentStopped, soon.
    void stop();

    /// From any thread, once the session is among the OpenSessions.
    SessionView view() const;

protected:
    using Actions = Conversation::Actions;

    SessionHost(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const Service> service);

    static WallTime clock() { return std::chrono::system_clock::now(); }

    /// Whether this service takes `source` now; if not, that is reported.
    bool admitted(const Endpoint& source, const Endpoint& target);

    /// Opens recorder and conversation for a source that was admitted.
    void begin(SessionStart start);

    /// Records the end and waits until it is durable.
    Task conclude();

    /// Takes the session off the books. Nothing of it is recorded afterwards.
    void leave();

    /// A bug in the session's module: logged once; the session ends as interrupted.
    void failed(const std::exception& bug);

    /// The first outcome stands.
    void end(Outcome outcome) { outcome_ = outcome_.value_or(outcome); }

    /// True once the agent stops, or the whole session has lasted too long, or is large while the process holds far
    /// more than it may: then it has its outcome.
    bool interrupted();

    void setAlarm(Millis after);
    std::uint64_t receivedBytes() const { return bytesIn_; }
    void noteReceived(ChannelId channel, std::string_view bytes);
    void noteSent(ChannelId channel, std::string_view bytes, Delivery delivery);
    void noteSent(std::string_view bytes, const SharedPart& part, Delivery delivery);  // on the connection
    void stayAwake() { idleAt_ = Steady::now() + spec().limits.idle; }

    const ServiceSpec& spec() const { return service_->spec; }
    const Service& service() const { return *service_; }
    EngineState& engine() { return engine_; }
    Recorder& recorder() const { return *recorder_; }
    Conversation& conversation() { return *conversation_; }
    const Endpoint& source() const { return source_; }

    /// Whom admission and memory mean by the source: at hosts, somebody else at each of them.
    const Endpoint& visitor() const { return visitor_; }
    const Endpoint& target() const { return target_; }

    std::optional<Outcome> outcome_;
    Steady::time_point idleAt_;
    Steady::time_point endAt_;
    Steady::time_point alarmAt_ = Steady::time_point::max();
    bool stopping_ = false;

private:
    bool askDurable();
    Verdict ask(const Endpoint& source);

    OpenSessions& open_;
    EngineState& engine_;
    std::shared_ptr<const Service> service_;
    Endpoint source_;
    Endpoint target_;
    Endpoint visitor_;
    std::uint64_t number_ = 0;  // 0: not begun
    WallTime startedAt_;
    std::atomic<std::uint64_t> bytesIn_{0};
    std::atomic<std::uint64_t> bytesOut_{0};
    bool admitted_ = false;
    bool atHost_ = false;
    bool visit_ = false;  // by the agent itself
    bool durable_ = false;
    bool listed_ = false;
    std::unique_ptr<Recorder> recorder_;
    std::optional<Conversation> conversation_;
};

}  // namespace apiary::agent
