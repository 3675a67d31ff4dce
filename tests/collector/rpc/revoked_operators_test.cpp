#include "collector/rpc/revoked_operators.hpp"

#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "proto/apiary/v1/report.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>
#include <pqxx/except>

#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using collector::RevokedOperators;
using grpc::StatusCode;
using Verdict = RevokedOperators::Verdict;

class RevocationTest : public testing::Test {
protected:
    grpc::Status listSensors(Caller caller) {
        const auto context = server_.context();
        v1::FleetState reply;
        return v1::Fleet::NewStub(server_.channel(caller))->ListSensors(context.get(), {}, &reply);
    }

    PeopleServer server_;
};

TEST_F(RevocationTest, OpensNothingMoreToARevokedOperatorAndAllToTheOthers) {
    ASSERT_TRUE(listSensors(Caller::Analyst).ok());
    server_.revoke("analyst");
    const auto refused = listSensors(Caller::Analyst);
    EXPECT_EQ(refused.error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(refused.error_message(), "the operator analyst is revoked");
    EXPECT_TRUE(listSensors(Caller::Viewer).ok());
}

TEST_F(RevocationTest, EndsAStreamThatIsUnderWay) {
    const auto stub = v1::Report::NewStub(server_.channel(Caller::Viewer));
    const auto context = server_.context();
    const auto reader = stub->Watch(context.get(), {});
    v1::LiveBatch batch;
    ASSERT_TRUE(reader->Read(&batch));
    server_.revoke("viewer");
    while (reader->Read(&batch)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(RevocationTest, RefusesASwitchAndNotesThat) {
    const auto sensor = server_.addSensor("roof");
    server_.revoke("admin");
    v1::SwitchServiceRequest request;
    request.set_sensor_id(sensor);
    request.set_service("ftp");
    v1::SwitchServiceReply reply;
    const auto context = server_.context();
    const auto status =
        v1::Fleet::NewStub(server_.channel(Caller::Admin))->SwitchService(context.get(), request, &reply);
    EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(server_.database.ask("SELECT refused FROM apiary.audit_log WHERE action = 'switch_service'"), "t");
}

/// A pool that answers, and what was asked through it.
class RevokedOperatorsTest : public testing::Test {
protected:
    ~RevokedOperatorsTest() override {
        pool_.stop();
        thread_.join();
    }

    /// Ticks until the verdict is `wanted`; how often, or -1 if it does not become that within five seconds.
    int ticksUntil(Verdict wanted) {
        const auto by = std::chrono::steady_clock::now() + 5s;
        for (int ticks = 0; std::chrono::steady_clock::now() < by; ++ticks) {
            if (revoked_->judge("eve") == wanted) {
                return ticks;
            }
            revoked_->tick({});
            std::this_thread::yield();
        }
        return -1;
    }

    TestDatabase database_;
    collector::QueryPool pool_{[this] { return std::make_unique<collector::Connection>(database_.writer()); }, 4};
    std::shared_ptr<RevokedOperators> revoked_ = std::make_shared<RevokedOperators>(pool_);
    std::thread thread_{[this] { pool_.run(); }};
};

TEST_F(RevokedOperatorsTest, TrustsNobodyBeforeTheDatabaseHasAnswered) {
    EXPECT_EQ(revoked_->judge("eve"), Verdict::Unknown);
    EXPECT_GT(ticksUntil(Verdict::Trusted), 0);
}

TEST(RevokedOperatorsWithoutADatabaseTest, AsksMoreAndMoreSeldom) {
    int asked = 0;
    collector::QueryPool pool(
        [&]() -> std::unique_ptr<collector::Connection> {
            ++asked;
            throw pqxx::broken_connection("away");
        },
        1);
    const auto revoked = std::make_shared<RevokedOperators>(pool);
    std::thread thread([&] { pool.run(); });
    // A piece of work behind the question has the thread, so the question is answered when it is done.
    const auto tick = [&] {
        revoked->tick({});
        std::promise<void> done;
        while (!pool.submit([](auto&) {}, [&](auto) { done.set_value(); }, false)) {
            std::this_thread::yield();
        }
        done.get_future().wait();
        --asked;  // for that piece of work
    };
    for (int ticks = 0; ticks < 4 * (1 + 1 + 2 + 4 + 8 + 8); ++ticks) {
        tick();
    }
    pool.stop();
    thread.join();
    EXPECT_EQ(asked, 6);
}

TEST_F(RevokedOperatorsTest, AsksAgainAfterSixteenTicks) {
    ASSERT_GT(ticksUntil(Verdict::Trusted), 0);
    database_.ask("INSERT INTO apiary.operator_revoked(name, revoked_by) VALUES ('eve', 'ann')");
    EXPECT_GE(ticksUntil(Verdict::Revoked), 15);
}

}  // namespace
}  // namespace apiary::test
