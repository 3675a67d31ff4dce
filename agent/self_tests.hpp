#pragma once

#include "agent/engine/engine.hpp"
#include "agent/service_board.hpp"
#include "agent/spool/spool.hpp"
#include "common/result.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// How long a visit waits for each of its steps.
struct VisitPatience {
    std::chrono::milliseconds connects = std::chrono::seconds(5);
    std::chrono::milliseconds speaksFirst = std::chrono::seconds(3);  // longer than any greeting takes
    std::chrono::milliseconds answers = std::chrono::seconds(10);
    std::chrono::milliseconds ends = std::chrono::seconds(20);          // a failed login's delay is in it
    std::chrono::milliseconds acknowledged = std::chrono::seconds(30);  // when somebody waits for the result
};

/// How the agent visits its own services.
struct SelfTestSettings {
    std::chrono::minutes every{60};         // 0: never by itself
    bool collector = false;                 // the visit's records must be acknowledged, too
    std::chrono::seconds first{10};         // after a service was seen to be on
    std::chrono::seconds acknowledge{300};  // records may wait so long for the collector
    VisitPatience patience = {};
};

/// Visits every service that is on as a stranger would, over its real listener, and tells the board how far it came:
/// connect; answer (a first byte, or the end of the stream); record (the end of the stream, which a peer sees only when
/// the session's closing is committed to the spool); acknowledge (the collector has it in its database).
///
/// A service that listens everywhere is visited on the loopback. It connects to addresses of the engine's own listeners
/// and to nothing else. Of a datagram service only its arrival is seen: such a session ends by its idle limit. What it
/// sends is an empty line, or a GET to HTTP, and only to who does not speak first.
class SelfTests {
public:
    /// All of them must outlive it.
    SelfTests(SelfTestSettings settings, Engine& engine, const Spool& spool, ServiceBoard& board);

    /// Visits when it is time, until close(). The body of one thread.
    void run();
    void close();

    /// Visits these services now, all that are on if none is named, and waits for the results: by name. An Error if
    /// there is no such service, or it is off. May be called from any thread, beside run().
    Result<std::map<std::string, SelfTestReport>> testNow(std::string_view name);

private:
    using Steady = std::chrono::steady_clock;

    /// A visit that went well so far, until what was recorded is acknowledged.
    struct Waiting {
        std::string service;
        std::chrono::system_clock::time_point at;
        std::vector<LaneView> lanes;  // with the numbers that must be
        Steady::time_point until;
    };

    void look();
    void begin(const ServiceView& service, Steady::time_point until);
    bool settled(const Waiting& waiting);
    void finish(const std::string& service, SelfTestReport report);
    SelfTestReport visit(const ServiceView& service) const;
    bool stopping() const;

    const SelfTestSettings settings_;
    Engine& engine_;
    const Spool& spool_;
    ServiceBoard& board_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::map<std::string, Steady::time_point, std::less<>> due_;  // of the thread of run()
    std::vector<Waiting> waiting_;                                // likewise
};

}  // namespace apiary::agent
