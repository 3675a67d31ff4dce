#include "agent/uplink/health_question.hpp"

#include "common/rpc/clock_metadata.hpp"
#include "common/text/escape.hpp"
#include "proto/grpc/health/v1/health.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <charconv>
#include <cstdint>

namespace apiary::agent {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::optional<std::chrono::system_clock::time_point> clockOf(const grpc::ClientContext& context) {
    const auto& metadata = context.GetServerInitialMetadata();
    const auto found = metadata.find(kClockMetadata);
    if (found == metadata.end()) {
        return std::nullopt;
    }
    std::int64_t micros = 0;
    const char* const end = found->second.data() + found->second.size();
    const auto [stop, failed] = std::from_chars(found->second.data(), end, micros);
    if (failed != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return std::chrono::system_clock::time_point(std::chrono::microseconds(micros));
}

}  // namespace

Result<CollectorHealth> askHealth(const std::string& address, const TlsIdentity& identity,
                                  std::chrono::milliseconds patience) {
    const auto channel = openChannel(address, identity);
    if (!channel) {
        return Error{channel.error()};
    }
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    HealthCheckRequest request;
    request.set_service("apiary.v1.Ingest");
    HealthCheckResponse response;
    const grpc::Status status = Health::NewStub(*channel)->Check(&context, request, &response);
    switch (status.error_code()) {
        case grpc::StatusCode::OK:
            return CollectorHealth{response.status() == HealthCheckResponse::SERVING, clockOf(context)};
        case grpc::StatusCode::UNAVAILABLE:
            return Error{explainFailure(address, escape(status.error_message()))};
        case grpc::StatusCode::DEADLINE_EXCEEDED:
            return Error{address + " took the connection and does not answer: is it a collector, and not overloaded?"};
        case grpc::StatusCode::UNIMPLEMENTED:
        case grpc::StatusCode::NOT_FOUND:
            return Error{address + " does not know the question: it is no collector, or one older than this agent"};
        default:
            return Error{"the collector refuses: " + escape(status.error_message())};
    }
}

}  // namespace apiary::agent
