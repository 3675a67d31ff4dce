#pragma once

#include "agent/engine/host_faces.hpp"
#include "agent/engine/visits.hpp"
#include "agent/protocol/conversation.hpp"
#include "agent/protocol/recorder.hpp"
#include "common/result.hpp"
#include "common/uuid.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// A certificate chain and its key, PEM files.
struct TlsFiles {
    std::string certificate;
    std::string key;
};

/// The paper's two defences and their bounds, per source and service.
struct Admission {
    Millis waiting{100};  // between connections of one source, once the burst is used up
    std::size_t burst = 20;
    std::size_t perSource = 100;  // connections at once
};

/// What a datagram service may send back: at most `factor` times what the source sent, and per source /24 (IPv6: /64)
/// at most `replies` and `bytes` a minute.
struct DatagramCredit {
    std::size_t factor = 1;
    std::size_t replies = 5;
    std::size_t bytes = 4096;
};

/// A service as the engine plays it.
struct ServiceSpec {
    std::string name;
    const Module* module = nullptr;  // outlives the engine
    std::shared_ptr<const Prepared> prepared;
    std::vector<Endpoint> listens;  // port 0: the kernel chooses, see ServiceView::listens
    std::string persona;
    std::shared_ptr<const HostFaces>
        hosts;                      // null: played at `listens` only; else persona and prepared are those of the host
    std::vector<Endpoint> steered;  // on the loopback: where what peers send to the hosts arrives
    std::vector<std::uint16_t> answering;  // of datagrams: the ports of hosts from which replies can go
    std::vector<Endpoint> shown;           // what ServiceView::listens says of the hosts
    Limits limits;
    Admission admission;
    DatagramCredit credit;
    std::optional<TlsFiles> tls;    // for StartTls, and for all of it if `implicitTls`
    bool implicitTls = false;       // the peer begins with the handshake
    std::vector<Endpoint> proxies;  // peers from which a PROXY protocol header (v1, v2) is expected; ports are ignored
    std::pair<std::uint16_t, std::uint16_t> passivePorts{0, 0};  // both ends included; 0, 0: the kernel chooses
};

/// Kinds of refusals, for figures: of one source (waiting time, connections), of all together (connections,
/// descriptors, memory).
enum class RefusalClass : std::uint8_t { WaitingTime, PerSource, Connections, Descriptors, Memory, Other };

using RefusalCounts = std::array<std::uint64_t, 6>;  // by RefusalClass
using OutcomeCounts = std::array<std::uint64_t, 8>;  // by Outcome

enum class ServiceActual { Off, Starting, On, Failed, Draining };

/// A service as it is now.
struct ServiceView {
    std::string name;
    std::string protocol;
    Transport transport = Transport::Stream;
    std::vector<Endpoint> listens;  // really bound
    ServiceActual actual = ServiceActual::Off;
    std::string reason;  // why it failed
    std::size_t openSessions = 0;
    std::uint64_t sessions = 0;           // since the engine began, like all that follows; without visits of our own
    std::optional<WallTime> lastSession;  // start of the newest of them
    std::uint64_t refused = 0;
    RefusalCounts refusals{};  // these by their class
    OutcomeCounts outcomes{};  // of the sessions that have ended
    std::uint64_t bytesIn = 0;
    std::uint64_t bytesOut = 0;
    std::uint64_t withheld = 0;  // replies of datagrams that were not paid for, or were not to be given
};

/// A session that is open now.
struct SessionView {
    std::uint64_t number = 0;  // of this engine's sessions, in order of their start
    std::string service;
    Endpoint source;
    Endpoint target;
    WallTime startedAt;
    std::uint64_t bytesIn = 0;
    std::uint64_t bytesOut = 0;
};

struct EngineSettings {
    std::size_t threads = 1;
    std::size_t connections = 10'000;  // in all; lowered to what the descriptors allow, less a reserve
    std::uint64_t seed = 0;            // the sensor's; each session's environment gets one derived from it
    std::uint64_t memory = 0;          // bytes of the whole process, above which no more are taken; 0: no bound
    std::size_t reserve = 320;         // descriptors left to the rest of the program: journal (288), spool, uplink
    SteeredSockets steered = {};       // for services with hosts; may be called under the engine's lock, and wait
};

/// A bound on all services together, and what it has cost since the engine began.
struct EngineBound {
    std::uint64_t used = 0;
    std::uint64_t limit = 0;    // 0: none
    std::uint64_t refused = 0;  // contacts; of memory also sessions that were cut, as they were large
};
struct EngineBounds {
    EngineBound connections;
    EngineBound descriptors;  // of the whole process; the engine leaves its reserve to the others
    EngineBound memory;       // bytes, likewise
    std::uint64_t refusedByRecorders = 0;
};

/// Plays services on sockets: listeners, admission, TLS, data channels, streams and datagrams.
///
/// start(), stop(), the views and shutDown() may be called from any thread. The engine makes no threads: run each of
/// run(0) .. run(threads - 1) on one. A connection never leaves the thread that accepted it.
class Engine {
public:
    /// `recorders` must outlive the engine. Durable-callbacks may be called after the engine's end: they do nothing
    /// then. Destroy the engine only when every run() has returned.
    Engine(EngineSettings settings, RecorderSource& recorders);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// Serves until shutDown() is complete. Call once for each index.
    void run(std::size_t index);

    /// Begins to listen. A service of that name that is on already keeps its sockets where the addresses are the same,
    /// and takes the new settings for sessions that start from now on. An Error (port in use, no such address, bad
    /// certificate) names the address and what to do; the service is then Failed and nothing of it listens.
    Status start(ServiceSpec service);

    /// Stops listening at once; sessions under way go on to their end. Unknown names are ignored.
    void stop(std::string_view name);

    std::vector<ServiceView> services() const;

    /// Connections that the agent makes to its own services are announced here.
    Visits& visits();

    /// At most `most` of the open sessions, newest first.
    std::vector<SessionView> sessions(std::size_t most) const;

    /// Counts the descriptors of the process: not for every packet.
    EngineBounds bounds() const;

    /// Over the bound in memory, gives back to the kernel what can be. Call it now and then, from a thread of your own.
    void relieve();

    /// Stops listening, ends every session as AgentStopped and waits until each is recorded, `deadline` at the longest;
    /// then run() returns. Returns how many sessions had not ended by then.
    std::size_t shutDown(std::chrono::milliseconds deadline);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::agent
