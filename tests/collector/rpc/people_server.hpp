#pragma once

#include "collector/ingest/live_feed.hpp"
#include "collector/pki/certificate_authority.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/rpc_meter.hpp"
#include "collector/rpc/ticker.hpp"
#include "common/rpc/credentials.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace apiary::test {

/// Who calls.
enum class Caller { None, Stranger, Sensor, Viewer, Analyst, Operator, Admin, Expired };

/// The services for people, on a database of their own and a port of their own, over mTLS with certificates of our
/// authority.
class PeopleServer {
public:
    /// At most `bound` questions wait; so many reports are made at once.
    explicit PeopleServer(std::size_t bound = 64, std::size_t reportThreads = 1);
    ~PeopleServer();
    PeopleServer(const PeopleServer&) = delete;
    PeopleServer& operator=(const PeopleServer&) = delete;

    /// A channel with this caller's certificate; operators' names are their roles'.
    std::shared_ptr<grpc::Channel> channel(Caller caller);

    /// A context whose call ends within a time that no test needs.
    static std::unique_ptr<grpc::ClientContext> context(std::chrono::milliseconds longest = std::chrono::seconds(60));

    std::int32_t addSensor(const std::string& name) const;

    /// Shuts an operator out, and has the services know it at once.
    void revoke(const std::string& name);

    TestDatabase database;
    collector::FleetHub hub;
    collector::LiveFeed feed;
    collector::Ticker ticker;
    collector::RpcMeter meter;
    std::atomic<bool> healthy = true;  // what the health service says of the service "it"

private:
    TlsIdentity issue(Caller caller);

    TemporaryFolder folder_;
    collector::CertificateAuthority authority_;
    collector::QueryPool reports_;
    collector::QueryPool fleet_;
    std::shared_ptr<collector::RevokedOperators> revoked_;  // with streams
    std::unique_ptr<grpc::Service> reportService_;
    std::unique_ptr<grpc::Service> fleetService_;
    std::unique_ptr<grpc::Service> healthService_;
    std::vector<std::thread> threads_;
    std::unique_ptr<grpc::Server> server_;
    std::string address_;
};

}  // namespace apiary::test
