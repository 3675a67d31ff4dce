#include "collector/rpc/rpc_meter.hpp"

#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace apiary::test {
namespace {

using collector::RpcMeter;

grpc::Status listOpen(PeopleServer& server, Caller caller, std::uint32_t limit) {
    const auto context = server.context();
    v1::ListOpenRequest request;
    request.set_limit(limit);
    v1::ListOpenReply reply;
    return v1::Report::NewStub(server.channel(caller))->ListOpen(context.get(), request, &reply);
}

TEST(RpcMeterTest, CountsAMethodsCallsByTheirEnd) {
    PeopleServer server;
    EXPECT_TRUE(listOpen(server, Caller::Viewer, 10).ok());
    EXPECT_TRUE(listOpen(server, Caller::Viewer, 10).ok());
    EXPECT_FALSE(listOpen(server, Caller::Viewer, 0).ok());
    EXPECT_FALSE(listOpen(server, Caller::Sensor, 10).ok());
    const auto views = server.meter.view();
    ASSERT_EQ(views.size(), 1U);
    EXPECT_EQ(views[0].service, "Report");
    EXPECT_EQ(views[0].method, "ListOpen");
    EXPECT_EQ(views[0].ended[grpc::StatusCode::OK], 2U);
    EXPECT_EQ(views[0].ended[grpc::StatusCode::INVALID_ARGUMENT], 1U);
    EXPECT_EQ(views[0].ended[grpc::StatusCode::PERMISSION_DENIED], 1U);
    EXPECT_EQ(std::accumulate(views[0].ended.begin(), views[0].ended.end(), std::uint64_t{0}), 4U);
    EXPECT_EQ(views[0].seconds.count, 4U);
    EXPECT_GT(views[0].seconds.seconds, 0);
}

TEST(RpcMeterTest, LeavesStreamsAndStrangersAlone) {
    PeopleServer server;
    const auto context = server.context();
    const auto reader = v1::Report::NewStub(server.channel(Caller::Viewer))->Watch(context.get(), {});
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));
    context->TryCancel();
    reader->Finish();
    EXPECT_FALSE(listOpen(server, Caller::Stranger, 10).ok());
    EXPECT_TRUE(server.meter.view().empty());
}

TEST(RpcMeterTest, HasAWordForEachCode) {
    EXPECT_EQ(collector::codeText(grpc::StatusCode::OK), "ok");
    EXPECT_EQ(collector::codeText(grpc::StatusCode::UNAVAILABLE), "unavailable");
    EXPECT_EQ(collector::codeText(grpc::StatusCode::UNAUTHENTICATED), "unauthenticated");
}

}  // namespace
}  // namespace apiary::test
