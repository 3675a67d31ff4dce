#pragma once

#include "agent/probes/probe_message.hpp"
#include "agent/record/recording.hpp"
#include "agent/uplink/bound_report.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/net/descriptor.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What apiary-probes told since the agent started.
struct ProbeInletView {
    bool connected = false;
    std::uint64_t rows = 0;
    CaptureFigures figures;
};

/// Takes probes from apiary-probes, which must be root's or have the agent's own user, and has them recorded. One
/// program at a time: two that capture would count everything twice. While the recording is full it reads on no more:
/// the program keeps what it has. view() and bound() may be called from any thread.
class ProbeInlet {
public:
    /// `recording` must outlive it.
    explicit ProbeInlet(Recording& recording, std::string_view name = kProbesName);

    /// Takes what comes until close() is called: the body of one thread.
    void run();

    /// From any thread.
    void close();

    ProbeInletView view() const;

    /// The bound probe_ring: packets of probes of which no row was recorded, for want of room anywhere on their way.
    BoundReport bound() const;

private:
    void listen();
    void accept();
    void receive();
    void record(const std::vector<ProbeRow>& rows);
    void record(const CaptureFigures& figures);

    Recording& recording_;
    const std::string name_;
    Descriptor bell_;
    Descriptor listening_;
    Descriptor peer_;
    bool told_ = false;  // that somebody else has the name
    WallTime lastFigures_;
    std::atomic<bool> closed_{false};
    Guarded<ProbeInletView> view_;
};

}  // namespace apiary::agent
