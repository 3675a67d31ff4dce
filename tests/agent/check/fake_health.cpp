#include "tests/agent/check/fake_health.hpp"

#include "common/rpc/clock_metadata.hpp"
#include "proto/grpc/health/v1/health.grpc.pb.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <stdexcept>

namespace apiary::agent::test {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class FakeHealth::Service final : public Health::Service {
public:
    explicit Service(Says says) : says_(says) {}

    grpc::Status Check(grpc::ServerContext* context, const HealthCheckRequest* request,
                       HealthCheckResponse* response) override {
        if (request->service() != "apiary.v1.Ingest") {
            return {grpc::StatusCode::NOT_FOUND, "there is no such service"};
        }
        if (says_.tellsClock) {
            const auto clock = std::chrono::system_clock::now() + says_.ahead;
            context->AddInitialMetadata(
                kClockMetadata,
                std::to_string(
                    std::chrono::duration_cast<std::chrono::microseconds>(clock.time_since_epoch()).count()));
        }
        response->set_status(says_.serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
        return grpc::Status::OK;
    }

private:
    const Says says_;
};

struct FakeHealth::Server {
    std::unique_ptr<grpc::Server> server;
};

FakeHealth::FakeHealth(const TlsIdentity& identity, Says says)
    : service_(std::make_unique<Service>(says)), server_(std::make_unique<Server>()) {
    const auto credentials = serverCredentials(identity);
    if (!credentials) {
        throw std::runtime_error(credentials.error());
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    configureServer(builder);
    builder.RegisterService(service_.get());
    server_->server = builder.BuildAndStart();
}

FakeHealth::~FakeHealth() {
    server_->server->Shutdown(std::chrono::system_clock::now());
}

}  // namespace apiary::agent::test
