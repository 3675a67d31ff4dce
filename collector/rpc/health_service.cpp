#include "collector/rpc/health_service.hpp"

#include "collector/rpc/served_call.hpp"
#include "common/rpc/clock_metadata.hpp"
#include "proto/grpc/health/v1/health.grpc.pb.h"

#include <chrono>
#include <string>
#include <utility>

namespace apiary::collector {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus servingStatus(const std::optional<bool>& health) {
    return !health   ? HealthCheckResponse::SERVICE_UNKNOWN
           : *health ? HealthCheckResponse::SERVING
                     : HealthCheckResponse::NOT_SERVING;
}

/// Tells of one service, whenever its status has changed.
class HealthStream final : public ServedStream<HealthCheckResponse> {
public:
    HealthStream(PeerIdentity peer, std::shared_ptr<const RevokedOperators> revoked, ServiceHealth health,
                 std::string service)
        : ServedStream(std::move(peer), std::move(revoked)), health_(std::move(health)), service_(std::move(service)) {}

private:
    /// The first time within a quarter of a second.
    void advance(Ticker::Time) override {
        const auto status = servingStatus(health_(service_));
        if (ready() && told_ != status) {
            told_ = status;
            HealthCheckResponse response;
            response.set_status(status);
            send(std::move(response));
        }
    }

    const ServiceHealth health_;
    const std::string service_;
    std::optional<HealthCheckResponse::ServingStatus> told_;  // of the ticker's thread
};

class HealthService final : public Health::CallbackService {
public:
    HealthService(ServiceHealth health, Ticker& ticker, std::shared_ptr<const RevokedOperators> revoked, Clock clock)
        : health_(std::move(health)), ticker_(ticker), revoked_(std::move(revoked)), clock_(std::move(clock)) {}

    grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const HealthCheckRequest* request,
                                    HealthCheckResponse* response) override {
        if (const auto allowed = allow(peerOf(*context, clock_())); !allowed.ok()) {
            return answer(context, allowed);
        }
        context->AddInitialMetadata(
            kClockMetadata,
            std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(clock_().time_since_epoch()).count()));
        const auto health = health_(request->service());
        if (!health) {
            return answer(context, {grpc::StatusCode::NOT_FOUND, "there is no such service"});
        }
        response->set_status(servingStatus(health));
        return answer(context, grpc::Status::OK);
    }

    grpc::ServerWriteReactor<HealthCheckResponse>* Watch(grpc::CallbackServerContext* context,
                                                         const HealthCheckRequest* request) override {
        auto peer = peerOf(*context, clock_());
        if (const auto allowed = allow(peer); !allowed.ok()) {
            return refuse<HealthCheckResponse>(allowed);
        }
        return HealthStream::start(
            std::make_shared<HealthStream>(*std::move(peer), revoked_, health_, request->service()), ticker_);
    }

private:
    /// A revoked sensor is told as much by ingest; whether an operator is revoked may not be known yet, without a
    /// database, which is what is asked for here.
    grpc::Status allow(const Result<PeerIdentity>& peer) const {
        if (!peer) {
            return {grpc::StatusCode::UNAUTHENTICATED, peer.error()};
        }
        return revoked_->judge(peer->name) == RevokedOperators::Verdict::Revoked ? requireTrust(peer->name, *revoked_)
                                                                                 : grpc::Status::OK;
    }

    const ServiceHealth health_;
    Ticker& ticker_;
    const std::shared_ptr<const RevokedOperators> revoked_;
    const Clock clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> makeHealthService(ServiceHealth health, Ticker& ticker,
                                                 std::shared_ptr<const RevokedOperators> revoked,
                                                 std::function<Ticker::Time()> clock) {
    return std::make_unique<HealthService>(std::move(health), ticker, std::move(revoked), std::move(clock));
}

}  // namespace apiary::collector
