#pragma once

#include "collector/ingest/ingest_hub.hpp"
#include "collector/pki/peer_identity.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/sensor_desk.hpp"
#include "collector/rpc/ticker.hpp"
#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace apiary::collector {

class SensorStream;

/// What the streams of all sensors share.
struct StreamMeeting {
    IngestHub& ingest;
    FleetHub& fleet;
    Ticker& ticker;
    const std::function<Ticker::Time()> clock;
    SensorDesk* desk = nullptr;
    std::atomic<bool> closing = false;
    Guarded<std::map<std::int32_t, std::weak_ptr<SensorStream>>> streams{};  // of the sensors that are admitted
};

/// One sensor's stream. gRPC, the ingest hub, the fleet hub and the ticker all call in, each on a thread of its own;
/// what they share is under one mutex, which is never held while another part is called. It lives until gRPC and the
/// hub are done with it: whoever calls later finds it over.
class SensorStream final : public grpc::ServerBidiReactor<v1::FromSensor, v1::ToSensor>,
                           public IngestPeer,
                           public Ticker::Client,
                           public std::enable_shared_from_this<SensorStream> {
public:
    using Reactor = grpc::ServerBidiReactor<v1::FromSensor, v1::ToSensor>;

    /// Hands a stream to gRPC and the ticker. `meeting` must outlive the server.
    static Reactor* start(StreamMeeting& meeting, PeerIdentity peer);

    SensorStream(StreamMeeting& meeting, PeerIdentity peer);

    /// Ends it and says so in the log; nothing if it is over already.
    void complain(grpc::StatusCode code, const std::string& reason);

    // From the ingest hub.
    void admitted(const Admission& admission) override;
    void refused(const std::string& reason) override;
    void committed(std::int16_t lane, std::int64_t seq) override;
    void outOfOrder(const std::string& reason) override;
    void comeAgain(const std::string& reason) override;
    void roomAgain() override;

    // From the ticker.
    void tick(Ticker::Time now) override;

private:
    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

    void* reactor() { return static_cast<Reactor*>(this); }
    bool end(grpc::StatusCode code, const std::string& reason);
    void leave();
    void read();
    void pump();
    void wish(const v1::DesiredState& desired);
    void hello(const v1::Hello& hello);
    void batch(v1::FromSensor& message);
    void status(v1::SensorStatus& status);
    v1::Welcome welcomeFor(const Admission& admission) const;
    std::optional<Admission> admissionIfAny() const;

    StreamMeeting& meeting_;
    const PeerIdentity peer_;
    const Ticker::Time helloBy_;
    std::atomic<bool> greeted_ = false;

    // Of the reading reaction, of which one runs at a time; `version_` is settled before the hub is asked.
    std::string version_;
    std::map<std::int16_t, v1::LaneState> lanes_;  // likewise
    std::int32_t clockOffsetMs_ = 0;

    v1::ToSensor outgoing_;  // of the write under way

    mutable std::mutex mutex_;
    std::unique_ptr<v1::FromSensor> incoming_;
    std::optional<Admission> admission_;
    std::optional<v1::Welcome> welcome_;
    std::map<std::int16_t, std::int64_t> acks_;  // committed and not yet said
    std::optional<v1::DesiredState> desired_;
    std::shared_ptr<FleetHub::DesiredListener> listener_;
    bool reading_ = false;
    bool writing_ = false;
    bool over_ = false;
    bool done_ = false;
    std::shared_ptr<SensorStream> self_;  // what gRPC holds
};

}  // namespace apiary::collector
