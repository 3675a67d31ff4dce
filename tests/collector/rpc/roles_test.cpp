#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>

namespace apiary::test {
namespace {

using grpc::StatusCode;

// One call of each RPC, by a caller who asks for nothing wrong; the code with which it ended.
class RolesTest : public testing::TestWithParam<Caller> {
protected:
    RolesTest() : sensor_(server_.addSensor("roof")), channel_(server_.channel(GetParam())) {}

    template <typename Call>
    StatusCode unary(Call call) {
        const auto context = server_.context();
        const auto status = call(context.get());
        message_ = status.error_message();
        return status.error_code();
    }
    template <typename Message, typename Open>
    StatusCode stream(Open open) {
        const auto context = server_.context();
        const auto reader = open(context.get());
        Message message;
        if (reader->Read(&message)) {
            context->TryCancel();
            reader->Finish();
            return StatusCode::OK;
        }
        return reader->Finish().error_code();
    }

    std::map<std::string, StatusCode> callAll() {
        const auto report = v1::Report::NewStub(channel_);
        const auto fleet = v1::Fleet::NewStub(channel_);
        v1::Scope day;
        day.set_from_us(1'700'000'000'000'000);
        day.set_to_us(1'700'086'400'000'000);
        std::map<std::string, StatusCode> codes;
        codes["Totals"] = unary([&](auto* context) {
            v1::TotalsRequest request;
            *request.mutable_scope() = day;
            v1::TotalsReply reply;
            return report->Totals(context, request, &reply);
        });
        codes["Series"] = unary([&](auto* context) {
            v1::SeriesRequest request;
            *request.mutable_scope() = day;
            v1::SeriesReply reply;
            return report->Series(context, request, &reply);
        });
        codes["TopN"] = unary([&](auto* context) {
            v1::TopNRequest request;
            *request.mutable_scope() = day;
            request.set_field(v1::TOP_FIELD_SOURCE);
            request.set_limit(10);
            v1::TopNReply reply;
            return report->TopN(context, request, &reply);
        });
        codes["ListSessions"] = unary([&](auto* context) {
            v1::ListSessionsRequest request;
            *request.mutable_scope() = day;
            request.set_limit(10);
            v1::ListSessionsReply reply;
            return report->ListSessions(context, request, &reply);
        });
        codes["ListProbes"] = unary([&](auto* context) {
            v1::ListProbesRequest request;
            *request.mutable_scope() = day;
            request.set_tool("masscan");
            request.set_limit(10);
            v1::ListProbesReply reply;
            return report->ListProbes(context, request, &reply);
        });
        codes["GetSession"] = unary([&](auto* context) {
            v1::GetSessionRequest request;
            request.set_session_id(std::string(16, '\1'));
            v1::SessionDetail reply;
            const auto status = report->GetSession(context, request, &reply);
            return status.error_code() == StatusCode::NOT_FOUND ? grpc::Status::OK : status;  // let in, and none there
        });
        codes["ListOpen"] = unary([&](auto* context) {
            v1::ListOpenRequest request;
            request.set_limit(10);
            v1::ListOpenReply reply;
            return report->ListOpen(context, request, &reply);
        });
        codes["Watch"] = stream<v1::LiveBatch>([&](auto* context) { return report->Watch(context, {}); });
        codes["ListSensors"] = unary([&](auto* context) {
            v1::FleetState reply;
            return fleet->ListSensors(context, {}, &reply);
        });
        codes["WatchFleet"] = stream<v1::FleetState>([&](auto* context) { return fleet->WatchFleet(context, {}); });
        codes["SwitchService"] = unary([&](auto* context) {
            v1::SwitchServiceRequest request;
            request.set_sensor_id(sensor_);
            request.set_service("ftp");
            v1::SwitchServiceReply reply;
            return fleet->SwitchService(context, request, &reply);
        });
        return codes;
    }

    PeopleServer server_;
    const std::int32_t sensor_;
    std::shared_ptr<grpc::Channel> channel_;
    std::string message_;  // of the last unary call
};

TEST_P(RolesTest, OpensWhatTheCallerMayHaveAndNothingElse) {
    const auto codes = callAll();
    ASSERT_EQ(codes.size(), 11U);
    for (const auto& [name, code] : codes) {
        switch (GetParam()) {
            case Caller::None:
            case Caller::Stranger:
            case Caller::Expired:
                EXPECT_EQ(code, StatusCode::UNAVAILABLE) << name;  // no further than the handshake
                break;
            case Caller::Sensor:
                EXPECT_EQ(code, StatusCode::PERMISSION_DENIED) << name;
                break;
            case Caller::Viewer:
            case Caller::Analyst:
                EXPECT_EQ(code, name == "SwitchService" ? StatusCode::PERMISSION_DENIED : StatusCode::OK) << name;
                break;
            default:
                EXPECT_EQ(code, StatusCode::OK) << name;
        }
    }
    // Every wish leaves one row, whether it was granted or not; who does not get in leaves none.
    const bool inside = GetParam() != Caller::None && GetParam() != Caller::Stranger && GetParam() != Caller::Expired;
    EXPECT_EQ(server_.database.ask("SELECT count(*) FROM apiary.audit_log"), inside ? "1" : "0");
    const bool granted = GetParam() == Caller::Operator || GetParam() == Caller::Admin;
    EXPECT_EQ(server_.database.ask("SELECT count(*) FROM apiary.desired_state"), granted ? "1" : "0");
    if (inside) {
        EXPECT_EQ(server_.database.ask("SELECT refused FROM apiary.audit_log"), granted ? "f" : "t");
    }
    if (inside && !granted) {
        EXPECT_NE(message_.find("operator"), std::string::npos) << message_;
    }
}

std::string nameOf(const testing::TestParamInfo<Caller>& info) {
    constexpr std::array kNames{"None", "Stranger", "Sensor", "Viewer", "Analyst", "Operator", "Admin", "Expired"};
    return kNames.at(static_cast<std::size_t>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Callers, RolesTest,
                         testing::Values(Caller::None, Caller::Stranger, Caller::Expired, Caller::Sensor,
                                         Caller::Viewer, Caller::Analyst, Caller::Operator, Caller::Admin),
                         nameOf);

}  // namespace
}  // namespace apiary::test
