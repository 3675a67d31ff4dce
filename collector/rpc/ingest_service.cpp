#include "collector/rpc/ingest_service.hpp"

#include "collector/ingest/batch_order.hpp"
#include "collector/rpc/peer.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"
#include "common/rpc/reaction.hpp"
#include "common/text/escape.hpp"
#include "proto/apiary/v1/ingest.grpc.pb.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace apiary::collector {
namespace {

using Reactor = grpc::ServerBidiReactor<v1::FromSensor, v1::ToSensor>;
using Clock = std::function<Ticker::Time()>;

constexpr int kLanes = 1000;  // that one spool may have open
constexpr std::size_t kLongestVersion = 64;

std::uint64_t microsOf(Ticker::Time at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

/// The sensor's clock minus ours, as far as a column holds it.
std::int32_t offsetMs(std::uint64_t sensorUs, Ticker::Time now) {
    const auto difference = (static_cast<double>(sensorUs) - static_cast<double>(microsOf(now))) / 1000;
    constexpr double kMost = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(difference, -kMost, kMost));
}

class SensorStream;

/// What the streams share.
struct Meeting {
    IngestHub& ingest;
    FleetHub& fleet;
    Ticker& ticker;
    const Clock clock;
    SensorDesk* desk = nullptr;
    Guarded<std::map<std::int32_t, std::weak_ptr<SensorStream>>> streams;
};

/// One sensor's stream. gRPC, the ingest hub, the fleet hub and the ticker all call in; what they share is under one
/// mutex, which is never held while another part is called.
class SensorStream final : public Reactor,
                           public IngestPeer,
                           public Ticker::Client,
                           public std::enable_shared_from_this<SensorStream> {
public:
    SensorStream(Meeting& meeting, PeerIdentity peer) : meeting_(meeting), peer_(std::move(peer)) {}

    static Reactor* start(Meeting& meeting, PeerIdentity peer) {
        const auto stream = std::make_shared<SensorStream>(meeting, std::move(peer));
        stream->self_ = stream;
        meeting.ticker.add(stream);
        stream->read();
        return stream.get();
    }

    void end(grpc::StatusCode code, const std::string& reason) {
        const std::lock_guard lock(mutex_);
        if (std::exchange(over_, true)) {
            return;
        }
        Reaction::handOver(reactor());
        Finish(code == grpc::StatusCode::OK ? grpc::Status::OK : grpc::Status(code, reason));
    }

    void complain(grpc::StatusCode code, const std::string& reason) {
        log::warn("sensor " + peer_.uuid.text() + ": " + reason);
        end(code, reason);
    }

    // ---- from the ingest hub

    void admitted(const Admission& admission) override {
        std::shared_ptr<SensorStream> older;
        meeting_.streams.with([&](auto& streams) {
            auto& present = streams[admission.sensorId];
            older = present.lock();
            present = weak_from_this();
        });
        if (older) {
            older->end(grpc::StatusCode::ABORTED, "a newer stream of this sensor takes over");
        }
        meeting_.fleet.sensorConnected(admission.sensorId, version_, meeting_.clock());
        meeting_.desk->connected(admission.sensorId);
        auto listener =
            meeting_.fleet.onDesired(admission.sensorId, [weak = weak_from_this()](const v1::DesiredState& desired) {
                if (const auto stream = weak.lock()) {
                    stream->wish(desired);
                }
            });
        auto desired = meeting_.fleet.desiredFor(admission.sensorId);
        log::info("sensor " + std::to_string(admission.sensorId) + " (" + peer_.uuid.text() +
                  ") is connected, version " + escapeCut(version_, kLongestVersion));
        v1::Welcome welcome;
        for (const auto& [lane, position] : admission.positions) {
            auto& entry = *welcome.add_lanes();
            entry.set_lane(static_cast<std::uint32_t>(lane));
            entry.set_last_seq(static_cast<std::uint64_t>(position));
        }
        welcome.set_clock_us(microsOf(meeting_.clock()));
        welcome.set_version(APIARY_VERSION);
        bool gone = false;
        {
            const std::lock_guard lock(mutex_);
            admission_ = admission;
            listener_ = std::move(listener);
            welcome_ = std::move(welcome);
            if (desired && !desired_) {
                desired_ = std::move(desired);
            }
            gone = done_;
        }
        if (gone) {
            leave();
            return;
        }
        pump();
        read();
    }

    void refused(const std::string& reason) override {
        complain(grpc::StatusCode::PERMISSION_DENIED, "not admitted: " + reason);
    }

    void committed(std::int16_t lane, std::int64_t seq) override {
        {
            const std::lock_guard lock(mutex_);
            auto& acked = acks_[lane];
            acked = std::max(acked, seq);
        }
        pump();
    }

    void outOfOrder(const std::string& reason) override { complain(grpc::StatusCode::FAILED_PRECONDITION, reason); }

    void roomAgain() override { read(); }

    // ---- from the ticker

    void tick(Ticker::Time now) override {
        if (now >= peer_.notAfter) {
            complain(grpc::StatusCode::UNAUTHENTICATED, "the certificate has expired: issue another");
        }
    }

private:
    void* reactor() { return static_cast<Reactor*>(this); }

    void wish(const v1::DesiredState& desired) {
        {
            const std::lock_guard lock(mutex_);
            desired_ = desired;
        }
        pump();
    }

    /// A fresh message each time: the one before may still be with the hub.
    void read() {
        const std::lock_guard lock(mutex_);
        if (over_ || std::exchange(reading_, true)) {
            return;
        }
        incoming_ = std::make_unique<v1::FromSensor>();
        Reaction::handOver(reactor());
        StartRead(incoming_.get());
    }

    /// Sends what is most pressing: the welcome, acknowledgements, wishes.
    void pump() {
        const std::lock_guard lock(mutex_);
        if (over_ || writing_ || !admission_) {
            return;
        }
        outgoing_.Clear();
        if (welcome_) {
            *outgoing_.mutable_welcome() = *std::exchange(welcome_, std::nullopt);
        } else if (!acks_.empty()) {
            const auto ack = acks_.extract(acks_.begin());
            outgoing_.mutable_ack()->set_lane(static_cast<std::uint32_t>(ack.key()));
            outgoing_.mutable_ack()->set_last_seq(static_cast<std::uint64_t>(ack.mapped()));
        } else if (desired_) {
            *outgoing_.mutable_desired() = *std::exchange(desired_, std::nullopt);
        } else {
            return;
        }
        writing_ = true;
        Reaction::handOver(reactor());
        StartWrite(&outgoing_);
    }

    void OnReadDone(bool ok) override {
        const Reaction reaction(reactor());
        std::unique_ptr<v1::FromSensor> message;
        {
            const std::lock_guard lock(mutex_);
            reading_ = false;
            message = std::move(incoming_);
        }
        if (!ok) {
            end(grpc::StatusCode::OK, {});
            return;
        }
        switch (message->what_case()) {
            case v1::FromSensor::kHello:
                hello(message->hello());
                break;
            case v1::FromSensor::kBatch:
                batch(*message);
                break;
            case v1::FromSensor::kStatus:
                status(message->status());
                break;
            case v1::FromSensor::WHAT_NOT_SET:
                read();  // of a newer agent
                break;
        }
    }

    void OnWriteDone(bool ok) override {
        const Reaction reaction(reactor());
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
        }
        if (ok) {
            pump();
        } else {
            end(grpc::StatusCode::CANCELLED, "the sensor has gone");
        }
    }

    void OnCancel() override {
        const Reaction reaction(reactor());
        end(grpc::StatusCode::CANCELLED, "the sensor has gone");
    }

    void OnDone() override {
        std::shared_ptr<SensorStream> self;
        bool left = false;
        {
            const Reaction reaction(reactor());
            const std::lock_guard lock(mutex_);
            over_ = done_ = true;
            left = admission_.has_value();
            listener_.reset();
            self = std::move(self_);
        }
        if (left) {
            leave();
        }
    }

    /// Once, when an admitted stream is over.
    void leave() {
        const std::int32_t sensor = admission_->sensorId;
        meeting_.desk->gone(sensor);
        meeting_.fleet.sensorGone(sensor, meeting_.clock());
        meeting_.streams.with([&](auto& streams) {
            const auto present = streams.find(sensor);
            if (present != streams.end() && present->second.lock().get() == this) {
                streams.erase(present);
            }
        });
        log::info("sensor " + std::to_string(sensor) + " has gone");
    }

    void hello(const v1::Hello& hello) {
        const auto stream = Uuid::ofBytes(hello.spool_id());
        if (greeted_ || !stream || hello.lanes_size() > kLanes) {
            complain(grpc::StatusCode::INVALID_ARGUMENT, greeted_  ? "a second hello"
                                                         : !stream ? "a spool id that is no UUID"
                                                                   : "too many lanes");
            return;
        }
        std::vector<std::int16_t> lanes;
        for (const v1::LaneState& lane : hello.lanes()) {
            if (lane.lane() > static_cast<std::uint32_t>(std::numeric_limits<std::int16_t>::max())) {
                complain(grpc::StatusCode::INVALID_ARGUMENT, "a lane beyond 32767");
                return;
            }
            lanes.push_back(static_cast<std::int16_t>(lane.lane()));
        }
        greeted_ = true;
        version_ = hello.version().substr(0, kLongestVersion);
        clockOffsetMs_ = offsetMs(hello.clock_us(), meeting_.clock());
        meeting_.ingest.hello(shared_from_this(), peer_.uuid, *stream, std::move(lanes));
    }

    void batch(v1::FromSensor& message) {
        std::unique_ptr<v1::Batch> batch(message.release_batch());
        const auto admission = admissionIfAny();
        if (!admission) {
            complain(grpc::StatusCode::FAILED_PRECONDITION, "a batch before the welcome");
        } else if (const Status checked = checkBatch(*batch); !checked) {
            complain(grpc::StatusCode::INVALID_ARGUMENT, "a bad batch: " + checked.error());
        } else if (meeting_.ingest.submit(shared_from_this(), *admission, clockOffsetMs_, std::move(batch))) {
            read();
        }
    }

    void status(const v1::SensorStatus& status) {
        const auto admission = admissionIfAny();
        if (!admission) {
            complain(grpc::StatusCode::FAILED_PRECONDITION, "a status before the welcome");
            return;
        }
        const auto now = meeting_.clock();
        clockOffsetMs_ = offsetMs(status.clock_us(), now);
        SensorReport report{.sensorId = admission->sensorId,
                            .arrivedAt = now,
                            .clockOffsetMs = clockOffsetMs_,
                            .agentVersion = version_,
                            .status = status};
        meeting_.fleet.reportReceived(report);
        meeting_.desk->reported(std::move(report));
        read();
    }

    std::optional<Admission> admissionIfAny() const {
        const std::lock_guard lock(mutex_);
        return admission_;
    }

    Meeting& meeting_;
    const PeerIdentity peer_;

    // Of the reading reaction, of which one runs at a time; `version_` is settled before the hub is asked.
    bool greeted_ = false;
    std::string version_;
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

/// A call that ends before it began.
class Refusing final : public Reactor {
public:
    explicit Refusing(const grpc::Status& why) { Finish(why); }

private:
    void OnDone() override { delete this; }  // NOLINT(cppcoreguidelines-owning-memory)
};

}  // namespace

class IngestService::Impl final : public v1::Ingest::CallbackService {
public:
    Impl(IngestHub& ingest, FleetHub& fleet, Ticker& ticker, Clock clock)
        : meeting{ingest,           fleet,   ticker,
                  std::move(clock), nullptr, Guarded<std::map<std::int32_t, std::weak_ptr<SensorStream>>>{}} {}

    Reactor* Stream(grpc::CallbackServerContext* context) override {
        const auto peer = peerOf(*context, meeting.clock());
        if (!peer || peer->kind != PeerKind::Sensor) {
            const std::string why = peer ? "an operator's certificate cannot send records" : peer.error();
            log::warn(context->peer() + " was refused: " + why);
            return new Refusing({peer ? grpc::StatusCode::PERMISSION_DENIED : grpc::StatusCode::UNAUTHENTICATED, why});
        }
        return SensorStream::start(meeting, *peer);
    }

    Meeting meeting;
};

IngestService::IngestService(IngestHub& ingest, FleetHub& fleet, Ticker& ticker, std::function<Ticker::Time()> clock)
    : impl_(std::make_unique<Impl>(ingest, fleet, ticker, std::move(clock))) {}

IngestService::~IngestService() = default;

void IngestService::setDesk(SensorDesk& desk) {
    impl_->meeting.desk = &desk;
}

void IngestService::shutOut(std::int32_t sensor) {
    const auto stream = impl_->meeting.streams.with([&](auto& streams) {
        const auto present = streams.find(sensor);
        return present == streams.end() ? nullptr : present->second.lock();
    });
    if (stream) {
        stream->complain(grpc::StatusCode::PERMISSION_DENIED, "this sensor is revoked");
    }
}

grpc::Service& IngestService::service() {
    return *impl_;
}

}  // namespace apiary::collector
