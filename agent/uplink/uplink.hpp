#pragma once

#include "agent/spool/spool.hpp"
#include "agent/uplink/bound_report.hpp"
#include "agent/uplink/egress_report.hpp"
#include "agent/uplink/service_control.hpp"
#include "agent/uplink/uplink_cursor.hpp"
#include "common/rpc/credentials.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent {

struct UplinkSettings {
    std::string address;  // host:port of the collector
    TlsIdentity identity;
    std::string version;                                    // of this program
    Uuid bootNonce;                                         // new at each start
    std::function<std::vector<BoundReport>()> bounds = {};  // for the status, called on run(); empty: none is told
    std::function<EgressReport()> egress = {};              // likewise
    UplinkLimits limits;
    std::chrono::milliseconds statusEvery{3000};
    std::chrono::milliseconds welcomeWithin{15'000};
    std::chrono::milliseconds provenAfter{10'000};  // a stream that lived so long makes the next try a quick one
    std::chrono::milliseconds retryLeast{500};
    std::chrono::milliseconds retryMost{30'000};
};

/// How the link to the collector is, for people.
struct UplinkView {
    enum class State { Connecting, Connected, Away, Refused };
    State state = State::Connecting;
    std::string reason;  // why it is not connected
    std::chrono::system_clock::time_point since;
    std::uint64_t sent = 0;          // records, since the agent started
    std::uint64_t batches = 0;       // in which they went, likewise
    std::uint64_t acknowledged = 0;  // acknowledgements taken, likewise; one may stand for several batches
    std::uint64_t connects = 0;      // streams that were welcomed, likewise
    std::optional<std::chrono::system_clock::time_point> acknowledgedAt;  // the last of them
    std::uint64_t failedReads = 0;                                        // of the spool, since the agent started
    std::string unreadable;                                // why the spool cannot be read; empty while it can
    std::optional<std::chrono::milliseconds> clockOffset;  // our clock minus the collector's, at the last welcome
};

/// Brings the spool's records to the collector and its wishes back, over one stream that is opened again whenever it
/// ends, for as long as the agent lives. What is sent stays in the spool until it is acknowledged; nothing is lost or
/// doubled by an end of the stream. While the spool cannot be read the stream stays, and so do status and wishes.
///
/// run() is the body of one thread, on which ServiceControl is called too; the rest may be called from any thread. The
/// reason of a failure is logged when it changes, not at each try. The files of the identity are read at each try.
class Uplink {
public:
    /// `spool` and `services` must outlive it. Takes the spool's onAppended().
    Uplink(UplinkSettings settings, Spool& spool, ServiceControl& services);
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;
    ~Uplink();

    void run();

    /// Makes run() return: at once without a collector, else when all is sent and acknowledged, or after `within`.
    void stop(std::chrono::milliseconds within);

    /// A service changed: the collector is told now, not only at the next turn.
    void statusChanged();

    UplinkView view() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::agent
