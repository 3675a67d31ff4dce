#pragma once

#include "agent/engine/admission.hpp"
#include "agent/engine/allowance.hpp"
#include "agent/engine/memory_gauge.hpp"
#include "agent/engine/reply_credit.hpp"
#include "agent/engine/service_counters.hpp"
#include "agent/engine/source_memory.hpp"
#include "agent/engine/visits.hpp"
#include "agent/engine/wire.hpp"
#include "agent/protocol/shelf.hpp"
#include "common/concurrent/guarded.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace apiary::agent {

/// What a service keeps from one configuration to the next. Shared by its sessions, which may outlive both.
struct ServiceState {
    explicit ServiceState(std::string called) : name(std::move(called)) {}

    const std::string name;
    Guarded<AdmissionControl> admission;  // by source; at hosts by source and host
    Guarded<AdmissionControl> overHosts;  // at hosts: by source, over all of them
    Guarded<ReplyCredit> credit;
    SourceMemory memory;
    const std::shared_ptr<Shelf> shelf = std::make_shared<Shelf>();  // shared: drafts of sessions may not outlive it
    std::atomic<std::size_t> open{0};
    std::atomic<std::uint64_t> sessions{0};    // visits of our own left out
    std::atomic<std::int64_t> lastSession{0};  // start of the newest of them, microseconds since 1970
    ServiceCounters counters;
};

/// A service as one configuration describes it. Its sessions share it to their end; never changed.
struct Service {
    ServiceSpec spec;
    TlsContext tls;  // null without certificate
    std::shared_ptr<ServiceState> state;
};

/// The configuration that a service's listeners give to sessions that start now. Thread-safe.
using CurrentService = Guarded<std::shared_ptr<const Service>>;

/// What all threads of an engine share.
struct EngineState {
    EngineState(RecorderSource& to, std::uint64_t sensorSeed, std::size_t connections, std::size_t fds,
                std::uint64_t memoryLimit)
        : recorders(to),
          seed(sensorSeed),
          sessions(connections),
          flows(connections / 4 + 1),
          descriptors(fds),
          memory(memoryLimit) {}

    RecorderSource& recorders;
    const std::uint64_t seed;
    Allowance sessions;         // connections at once
    Allowance flows;            // datagram flows at once: forged sources must not take the connections' places
    Allowance descriptors;      // sockets of listeners, connections and channels
    Allowance handshakes{512};  // TLS handshakes at once, each of which holds some 50 kB
    MemoryGauge memory;

    /// Contacts that a bound of the whole cost, by the bound.
    struct Refused {
        std::atomic<std::uint64_t> connections{0};
        std::atomic<std::uint64_t> descriptors{0};
        std::atomic<std::uint64_t> memory{0};
        std::atomic<std::uint64_t> recorders{0};
    };
    Refused refused;
    Visits visits;

    std::atomic<std::uint64_t> lastNumber{0};
    std::atomic<bool> stopping{false};

    /// Sessions that are not recorded to their end yet. `mutex` is only for who waits until there are none.
    std::atomic<std::size_t> unrecorded{0};
    std::mutex mutex;
    std::condition_variable noneUnrecorded;
};

}  // namespace apiary::agent
