#pragma once

#include "collector/ingest/ingest_hub.hpp"
#include "collector/pki/certificate_authority.hpp"
#include "collector/rpc/ingest_service.hpp"
#include "collector/rpc/sensor_desk.hpp"
#include "collector/rpc/ticker.hpp"
#include "proto/apiary/v1/ingest.grpc.pb.h"
#include "tests/support/certificates.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace apiary::test {

/// A database in memory that can be held up, and taken away.
class FakeSink final : public collector::SessionSink {
public:
    std::variant<collector::Admission, collector::Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                                                 std::span<const std::int16_t> lanes) override;
    std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) override;
    collector::SessionOwners findOpen(std::span<const Uuid> sessions) override;
    std::vector<Uuid> findEnded(std::span<const Uuid> sessions) override;
    std::vector<Uuid> findUnheardOf(const Uuid& stream, std::int16_t lane, std::span<const Ending> endings) override;
    collector::OpenCounts countOpen(std::span<const std::int32_t> sensors) override;
    collector::Window window(collector::Moment now) override;
    collector::WriteOutcome write(collector::IngestRows& rows) override;

    void enrol(const Uuid& sensor, std::int32_t number);
    void revoke(const Uuid& sensor);
    void setPosition(const Uuid& stream, std::int16_t lane, std::int64_t seq);

    /// While it is held, write() waits.
    void hold(bool held);
    /// While it is away, admit() fails.
    void takeAway(bool away);
    /// From then on it has heard of no session that anybody asks for.
    void hearOfNothing(bool deaf);

    std::int64_t committed(const Uuid& stream, std::int16_t lane = 0);
    void awaitWrites(int count);
    void awaitAdmissions(int count);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<Uuid, std::int32_t> sensors_;
    std::set<Uuid> revoked_;
    std::map<std::pair<Uuid, std::int16_t>, std::int64_t> ledger_;
    bool held_ = false;
    bool away_ = false;
    bool deaf_ = false;
    int writes_ = 0;      // begun
    int admissions_ = 0;  // asked for
};

/// What operators want and sensors report, in memory.
class FakeFleet final : public collector::SensorStatusSink, public collector::DesiredStateSource {
public:
    void store(const collector::SensorReport& report) override;
    void addCoverage(const collector::CoverageNews& news) override;
    std::map<std::int32_t, v1::DesiredState> newest(std::span<const std::int32_t> sensors) override;
    std::vector<std::int32_t> revoked(std::span<const std::int32_t> sensors) override;

    std::map<std::int32_t, v1::DesiredState> wishes;
    std::set<std::int32_t> shutOut;
    std::set<std::int32_t> refusedReports;  // sensors whose reports fail
    std::map<std::int32_t, collector::SensorReport> stored;
    std::vector<collector::CoverageRow> covered;
    bool refusesCoverage = false;
};

/// The service Ingest over mTLS on a port of its own, with certificates of our authority. The ticker and the desk move
/// only when the test says so.
class IngestServer {
public:
    /// Writes to `store` in the place of `sink` if there is one; it must outlive the server.
    explicit IngestServer(collector::IngestHub::Settings settings = {}, collector::SessionSink* store = nullptr);
    ~IngestServer();
    IngestServer(const IngestServer&) = delete;
    IngestServer& operator=(const IngestServer&) = delete;

    /// Channels of their own connection each.
    std::shared_ptr<grpc::Channel> sensorChannel(const Uuid& sensor);
    std::shared_ptr<grpc::Channel> operatorChannel();

    FakeSink sink;
    FakeFleet wanted;
    collector::LiveFeed feed;
    collector::FleetHub fleet;
    collector::Ticker ticker;
    collector::IngestHub ingest;
    collector::IngestService service;
    collector::SensorDesk desk;

private:
    std::shared_ptr<grpc::Channel> channelOf(const collector::IssuedCertificate& issued, const std::string& name);

    TemporaryFolder folder_;
    collector::CertificateAuthority authority_;
    std::thread worker_;
    std::unique_ptr<grpc::Server> server_;
    std::string address_;
};

/// The sensor's end of a stream.
class SensorEnd {
public:
    explicit SensorEnd(std::shared_ptr<grpc::Channel> channel,
                       std::chrono::milliseconds longest = std::chrono::seconds(20));
    ~SensorEnd();
    SensorEnd(const SensorEnd&) = delete;
    SensorEnd& operator=(const SensorEnd&) = delete;

    /// `unconfirmed` and `last`: of lane 0, as in LaneState.
    void hello(const Uuid& spool, std::uint64_t unconfirmed = 0, std::uint64_t last = 0);
    void hello(const v1::Hello& hello);
    /// False if the stream does not take it.
    bool send(const v1::Batch& batch);
    bool send(const v1::SensorStatus& status);

    /// The next message; one without content if the stream has ended.
    v1::ToSensor next();
    /// Hello, and the answer.
    v1::Welcome greet(const Uuid& spool, std::uint64_t unconfirmed = 0, std::uint64_t last = 0);
    /// How it ended, once it has.
    grpc::Status end();

private:
    grpc::ClientContext context_;
    std::unique_ptr<v1::Ingest::Stub> stub_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::FromSensor, v1::ToSensor>> stream_;
    bool ended_ = false;
};

}  // namespace apiary::test
