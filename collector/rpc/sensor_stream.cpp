#include "collector/rpc/sensor_stream.hpp"

#include "collector/ingest/batch_order.hpp"
#include "collector/ingest/text_values.hpp"
#include "common/log/log.hpp"
#include "common/rpc/reaction.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <utility>

namespace apiary::collector {
namespace {

constexpr int kLanes = 1000;     // that one spool may have open
constexpr int kServices = 1000;  // that one sensor may report
constexpr int kListens = 5000;   // addresses of all of them
constexpr std::size_t kLongestVersion = 64;
constexpr auto kHelloWithin = std::chrono::seconds(10);
constexpr std::uint64_t kLatest = 4'102'444'800'000'000;  // 2100

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

/// What is wrong with a hello; nothing if it will do.
std::string flawOf(const v1::Hello& hello) {
    if (!Uuid::ofBytes(hello.spool_id())) {
        return "a spool id that is no UUID";
    }
    if (hello.lanes_size() > kLanes) {
        return "more than " + std::to_string(kLanes) + " lanes";
    }
    const bool beyond = std::ranges::any_of(hello.lanes(), [](const v1::LaneState& lane) {
        return lane.lane() > static_cast<std::uint32_t>(std::numeric_limits<std::int16_t>::max());
    });
    return beyond ? "a lane beyond 32767" : "";
}

}  // namespace

SensorStream::SensorStream(StreamMeeting& meeting, PeerIdentity peer)
    : meeting_(meeting), peer_(std::move(peer)), helloBy_(meeting.clock() + kHelloWithin) {}

SensorStream::Reactor* SensorStream::start(StreamMeeting& meeting, PeerIdentity peer) {
    const auto stream = std::make_shared<SensorStream>(meeting, std::move(peer));
    stream->self_ = stream;
    meeting.ticker.add(stream);
    stream->read();
    return stream.get();
}

/// False if it was over already.
bool SensorStream::end(grpc::StatusCode code, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(over_, true)) {
        return false;
    }
    Reaction::handOver(reactor());
    Finish(code == grpc::StatusCode::OK ? grpc::Status::OK : grpc::Status(code, reason));
    return true;
}

void SensorStream::complain(grpc::StatusCode code, const std::string& reason) {
    if (end(code, reason)) {
        log::warn("sensor " + peer_.uuid.text() + ": " + reason, {{"sensor_uuid", peer_.uuid.text()}});
    }
}

// ---- from the ingest hub

void SensorStream::admitted(const Admission& admission) {
    std::shared_ptr<SensorStream> older;
    meeting_.streams.with([&](auto& streams) {
        auto& present = streams[admission.sensorId];
        older = present.lock();
        present = weak_from_this();
    });
    if (older) {
        older->comeAgain("a newer stream of this sensor takes over");
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
    log::info(
        "sensor " + std::to_string(admission.sensorId) + " (" + peer_.uuid.text() + ") is connected, version " +
            version_,
        {{"sensor_id", std::to_string(admission.sensorId)}, {"sensor_uuid", peer_.uuid.text()}, {"version", version_}});
    bool gone = false;
    {
        const std::lock_guard lock(mutex_);
        admission_ = admission;
        listener_ = std::move(listener);
        welcome_ = welcomeFor(admission);
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

void SensorStream::refused(const std::string& reason) {
    complain(grpc::StatusCode::PERMISSION_DENIED, "not admitted: " + reason);
}

void SensorStream::committed(std::int16_t lane, std::int64_t seq) {
    {
        const std::lock_guard lock(mutex_);
        auto& acked = acks_[lane];
        acked = std::max(acked, seq);
    }
    pump();
}

void SensorStream::outOfOrder(const std::string& reason) {
    complain(grpc::StatusCode::FAILED_PRECONDITION, reason);
}

void SensorStream::comeAgain(const std::string& reason) {
    end(grpc::StatusCode::ABORTED, reason);
}

void SensorStream::roomAgain() {
    read();
}

// ---- from the ticker

void SensorStream::tick(Ticker::Time now) {
    if (now >= peer_.notAfter) {
        complain(grpc::StatusCode::UNAUTHENTICATED, "the certificate has expired: issue another");
    } else if (!greeted_ && now >= helloBy_) {
        complain(grpc::StatusCode::DEADLINE_EXCEEDED, "no hello came");
    } else if (meeting_.closing) {
        {
            const std::lock_guard lock(mutex_);
            if (writing_ || (admission_ && !acks_.empty())) {
                return;  // what is committed is said first
            }
        }
        end(grpc::StatusCode::UNAVAILABLE, "the collector stops: connect again");
    }
}

// ---- to gRPC and from it

void SensorStream::wish(const v1::DesiredState& desired) {
    {
        const std::lock_guard lock(mutex_);
        desired_ = desired;
    }
    pump();
}

/// A fresh message each time: the one before may still be with the hub.
void SensorStream::read() {
    const std::lock_guard lock(mutex_);
    if (over_ || std::exchange(reading_, true)) {
        return;
    }
    incoming_ = std::make_unique<v1::FromSensor>();
    Reaction::handOver(reactor());
    StartRead(incoming_.get());
}

/// Sends what is most pressing: the welcome, wishes, acknowledgements.
void SensorStream::pump() {
    const std::lock_guard lock(mutex_);
    if (over_ || writing_ || !admission_) {
        return;
    }
    outgoing_.Clear();
    if (welcome_) {
        *outgoing_.mutable_welcome() = *std::exchange(welcome_, std::nullopt);
    } else if (desired_) {
        *outgoing_.mutable_desired() = *std::exchange(desired_, std::nullopt);
    } else if (!acks_.empty()) {
        const auto ack = acks_.extract(acks_.begin());
        outgoing_.mutable_ack()->set_lane(static_cast<std::uint32_t>(ack.key()));
        outgoing_.mutable_ack()->set_last_seq(static_cast<std::uint64_t>(ack.mapped()));
    } else {
        return;
    }
    writing_ = true;
    Reaction::handOver(reactor());
    StartWrite(&outgoing_);
}

void SensorStream::OnReadDone(bool ok) {
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
            status(*message->mutable_status());
            break;
        case v1::FromSensor::WHAT_NOT_SET:
            read();  // of a newer agent
            break;
    }
}

void SensorStream::OnWriteDone(bool ok) {
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

void SensorStream::OnCancel() {
    const Reaction reaction(reactor());
    end(grpc::StatusCode::CANCELLED, "the sensor has gone");
}

void SensorStream::OnDone() {
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
void SensorStream::leave() {
    const std::int32_t sensor = admission_->sensorId;
    meeting_.desk->gone(sensor);
    meeting_.fleet.sensorGone(sensor, meeting_.clock());
    meeting_.streams.with([&](auto& streams) {
        const auto present = streams.find(sensor);
        if (present != streams.end() && present->second.lock().get() == this) {
            streams.erase(present);
        }
    });
    log::info("sensor " + std::to_string(sensor) + " has gone", {{"sensor_id", std::to_string(sensor)}});
}

// ---- what the sensor says

void SensorStream::hello(const v1::Hello& hello) {
    const std::string flaw = greeted_ ? "a second hello" : flawOf(hello);
    if (!flaw.empty()) {
        complain(grpc::StatusCode::INVALID_ARGUMENT, flaw);
        return;
    }
    if (!meeting_.ingest.databaseAnswers()) {
        // Sensors that wait here give up and come again: their hellos would pile up in the queue.
        end(grpc::StatusCode::UNAVAILABLE, "the collector has no database now: connect again");
        return;
    }
    std::vector<std::int16_t> lanes;
    for (const v1::LaneState& lane : hello.lanes()) {
        lanes.push_back(static_cast<std::int16_t>(lane.lane()));
        lanes_[lanes.back()] = lane;
    }
    greeted_ = true;
    version_ = plainText(hello.version(), kLongestVersion);
    clockOffsetMs_ = offsetMs(hello.clock_us(), meeting_.clock());
    meeting_.ingest.hello(shared_from_this(), peer_.uuid, *Uuid::ofBytes(hello.spool_id()), std::move(lanes));
}

void SensorStream::batch(v1::FromSensor& message) {
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

void SensorStream::status(v1::SensorStatus& status) {
    const auto admission = admissionIfAny();
    if (!admission) {
        complain(grpc::StatusCode::FAILED_PRECONDITION, "a status before the welcome");
        return;
    }
    if (status.services_size() > kServices) {
        complain(grpc::StatusCode::INVALID_ARGUMENT, "more than " + std::to_string(kServices) + " services");
        return;
    }
    const int listens =
        std::accumulate(status.services().begin(), status.services().end(), 0,
                        [](int count, const v1::ServiceStatus& service) { return count + service.listens_size(); });
    if (listens > kListens) {
        complain(grpc::StatusCode::INVALID_ARGUMENT, "more than " + std::to_string(kListens) + " addresses");
        return;
    }
    const auto now = meeting_.clock();
    clockOffsetMs_ = offsetMs(status.clock_us(), now);
    status.set_spool_oldest_us(std::min<std::uint64_t>(status.spool_oldest_us(), kLatest));
    SensorReport report{.sensorId = admission->sensorId,
                        .arrivedAt = now,
                        .clockOffsetMs = clockOffsetMs_,
                        .agentVersion = version_,
                        .status = std::move(status)};
    meeting_.fleet.reportReceived(report);
    meeting_.desk->reported(std::move(report));
    read();
}

/// Where the sensor is to go on: behind what it knows to be committed, so that what it does not know of is sent again,
/// and seen to be the same. One that was set back is told of a number that it has not given out yet: it takes a new id
/// for its spool then, and sends under that all that nobody has confirmed to it.
v1::Welcome SensorStream::welcomeFor(const Admission& admission) const {
    v1::Welcome welcome;
    for (const auto& [lane, position] : admission.positions) {
        auto& entry = *welcome.add_lanes();
        entry.set_lane(static_cast<std::uint32_t>(lane));
        auto last = static_cast<std::uint64_t>(position);
        if (const auto told = lanes_.find(lane); told != lanes_.end()) {
            const std::uint64_t unconfirmed = told->second.first_unacknowledged();
            if (admission.setBack) {
                last = std::max(last, told->second.last() + 1);
            } else if (unconfirmed > 0 && told->second.last() >= last) {
                last = std::min(last, unconfirmed - 1);
            }
        }
        entry.set_last_seq(last);
    }
    welcome.set_clock_us(microsOf(meeting_.clock()));
    welcome.set_version(APIARY_VERSION);
    return welcome;
}

std::optional<Admission> SensorStream::admissionIfAny() const {
    const std::lock_guard lock(mutex_);
    return admission_;
}

}  // namespace apiary::collector
