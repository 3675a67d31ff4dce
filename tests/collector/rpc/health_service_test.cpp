#include "common/rpc/clock_metadata.hpp"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

using grpc::StatusCode;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthServiceTest : public testing::Test {
protected:
    grpc::Status check(Caller caller, const std::string& service = "it") {
        context_ = PeopleServer::context();
        HealthCheckRequest request;
        request.set_service(service);
        return Health::NewStub(server_.channel(caller))->Check(context_.get(), request, &response_);
    }

    PeopleServer server_;
    std::unique_ptr<grpc::ClientContext> context_;
    HealthCheckResponse response_;
};

TEST_F(HealthServiceTest, SaysWhetherAServiceServes) {
    ASSERT_TRUE(check(Caller::Viewer).ok());
    EXPECT_EQ(response_.status(), HealthCheckResponse::SERVING);
    server_.healthy = false;
    ASSERT_TRUE(check(Caller::Viewer).ok());
    EXPECT_EQ(response_.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, AnswersEveryoneWithACertificateAndTellsItsClock) {
    for (const Caller caller : {Caller::Sensor, Caller::Viewer, Caller::Admin}) {
        ASSERT_TRUE(check(caller).ok());
        const auto& metadata = context_->GetServerInitialMetadata();
        const auto clock = metadata.find(kClockMetadata);
        ASSERT_NE(clock, metadata.end());
        const std::chrono::sys_time<std::chrono::microseconds> told{
            std::chrono::microseconds(std::stoll(std::string(clock->second.data(), clock->second.size())))};
        EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - told), std::chrono::minutes(1));
    }
}

TEST_F(HealthServiceTest, KnowsNoOtherService) {
    EXPECT_EQ(check(Caller::Viewer, "that").error_code(), StatusCode::NOT_FOUND);
}

TEST_F(HealthServiceTest, StrangersGetNoAnswer) {
    for (const Caller caller : {Caller::None, Caller::Stranger, Caller::Expired}) {
        EXPECT_EQ(check(caller).error_code(), StatusCode::UNAVAILABLE) << "not past the handshake";
        EXPECT_TRUE(context_->GetServerInitialMetadata().empty());
    }
}

TEST_F(HealthServiceTest, ARevokedOperatorGetsNoAnswer) {
    server_.revoke("viewer");
    EXPECT_EQ(check(Caller::Viewer).error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_TRUE(check(Caller::Admin).ok());
}

TEST_F(HealthServiceTest, WatchTellsOfEachChange) {
    const auto context = PeopleServer::context();
    HealthCheckRequest request;
    request.set_service("it");
    const auto reader = Health::NewStub(server_.channel(Caller::Sensor))->Watch(context.get(), request);
    ASSERT_TRUE(reader->Read(&response_));
    EXPECT_EQ(response_.status(), HealthCheckResponse::SERVING);
    server_.healthy = false;
    ASSERT_TRUE(reader->Read(&response_));
    EXPECT_EQ(response_.status(), HealthCheckResponse::NOT_SERVING);
    server_.healthy = true;
    ASSERT_TRUE(reader->Read(&response_));
    EXPECT_EQ(response_.status(), HealthCheckResponse::SERVING);
    context->TryCancel();
    reader->Finish();
}

TEST_F(HealthServiceTest, WatchOfAnUnknownServiceSaysSo) {
    const auto context = PeopleServer::context();
    HealthCheckRequest request;
    request.set_service("that");
    const auto reader = Health::NewStub(server_.channel(Caller::Viewer))->Watch(context.get(), request);
    ASSERT_TRUE(reader->Read(&response_));
    EXPECT_EQ(response_.status(), HealthCheckResponse::SERVICE_UNKNOWN);
    context->TryCancel();
    reader->Finish();
}

}  // namespace
}  // namespace apiary::test
