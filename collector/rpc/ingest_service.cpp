#include "collector/rpc/ingest_service.hpp"

#include "collector/rpc/peer.hpp"
#include "collector/rpc/sensor_stream.hpp"
#include "common/log/log.hpp"
#include "common/rpc/reaction.hpp"
#include "proto/apiary/v1/ingest.grpc.pb.h"

#include <grpcpp/server_context.h>

#include <string>
#include <utility>

namespace apiary::collector {
namespace {

using Reactor = SensorStream::Reactor;

/// A call that ends before it began.
class Refusing final : public Reactor {
public:
    explicit Refusing(const grpc::Status& why) {
        Finish(why);
        Reaction::handOver(static_cast<Reactor*>(this));
    }

private:
    void OnDone() override {
        { const Reaction reaction(static_cast<Reactor*>(this)); }
        delete this;  // NOLINT(cppcoreguidelines-owning-memory)
    }
};

Reactor* refuse(const grpc::CallbackServerContext& context, grpc::StatusCode code, const std::string& why) {
    log::warn(context.peer() + " was refused: " + why);
    return new Refusing({code, why});  // NOLINT(cppcoreguidelines-owning-memory): gRPC tells it when to go
}

}  // namespace

class IngestService::Impl final : public v1::Ingest::CallbackService {
public:
    Impl(IngestHub& ingest, FleetHub& fleet, Ticker& ticker, std::function<Ticker::Time()> clock)
        : meeting{.ingest = ingest, .fleet = fleet, .ticker = ticker, .clock = std::move(clock)} {}

    Reactor* Stream(grpc::CallbackServerContext* context) override {
        const auto peer = peerOf(*context, meeting.clock());
        if (!peer) {
            return refuse(*context, grpc::StatusCode::UNAUTHENTICATED, peer.error());
        }
        if (peer->kind != PeerKind::Sensor) {
            return refuse(*context, grpc::StatusCode::PERMISSION_DENIED,
                          "an operator's certificate cannot send records: this needs a sensor's");
        }
        return SensorStream::start(meeting, *peer);
    }

    StreamMeeting meeting;
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

void IngestService::close() {
    impl_->meeting.closing = true;
}

grpc::Service& IngestService::service() {
    return *impl_;
}

}  // namespace apiary::collector
