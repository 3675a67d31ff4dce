#include "tests/collector/rpc/ingest_server.hpp"

#include "collector/pki/durable_file.hpp"
#include "common/rpc/credentials.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using collector::CertificateAuthority;

std::chrono::system_clock::time_point now() {
    return std::chrono::system_clock::now();
}

template <typename T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error());
    }
    return *std::move(result);
}

}  // namespace

// ---------------------------------------------------------------- the database

std::variant<collector::Admission, collector::Refusal> FakeSink::admit(const Uuid& sensor, const Uuid& stream,
                                                                       std::span<const std::int16_t> lanes) {
    const std::lock_guard lock(mutex_);
    ++admissions_;
    changed_.notify_all();
    if (away_) {
        throw collector::SinkUnavailable("it is away");
    }
    if (!sensors_.contains(sensor) || revoked_.contains(sensor)) {
        return collector::Refusal{revoked_.contains(sensor) ? "it is revoked" : "nobody knows it"};
    }
    collector::Admission admission{.sensorId = sensors_.at(sensor), .stream = stream, .positions = {}};
    for (const std::int16_t lane : lanes) {
        admission.positions[lane] = ledger_[{stream, lane}];
    }
    return admission;
}

std::optional<std::int64_t> FakeSink::position(std::int32_t /*sensorId*/, const Uuid& stream, std::int16_t lane) {
    return committed(stream, lane);
}

collector::SessionOwners FakeSink::findOpen(std::span<const Uuid> /*sessions*/) {
    return {};
}

std::vector<Uuid> FakeSink::findEnded(std::span<const Uuid> /*sessions*/) {
    return {};
}

std::vector<Uuid> FakeSink::findUnheardOf(const Uuid&, std::int16_t, std::span<const Ending> endings) {
    const std::lock_guard lock(mutex_);
    std::vector<Uuid> sessions;
    for (const Ending& ending : endings) {
        if (deaf_) {
            sessions.push_back(ending.session);
        }
    }
    return sessions;
}

collector::OpenCounts FakeSink::countOpen(std::span<const std::int32_t> /*sensors*/) {
    return {};
}

collector::Window FakeSink::window(collector::Moment now) {
    return {.from = now - 2400h, .to = now + 24h};
}

collector::WriteOutcome FakeSink::write(collector::IngestRows& rows) {
    std::unique_lock lock(mutex_);
    ++writes_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    for (const collector::LedgerStep& step : rows.ledger) {
        if (ledger_[{step.stream, step.lane}] != step.first - 1) {
            return collector::Stale{};
        }
        ledger_[{step.stream, step.lane}] = step.last;
    }
    return collector::Committed{};
}

void FakeSink::enrol(const Uuid& sensor, std::int32_t number) {
    const std::lock_guard lock(mutex_);
    sensors_[sensor] = number;
}

void FakeSink::revoke(const Uuid& sensor) {
    const std::lock_guard lock(mutex_);
    revoked_.insert(sensor);
}

void FakeSink::setPosition(const Uuid& stream, std::int16_t lane, std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    ledger_[{stream, lane}] = seq;
}

void FakeSink::hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
}

void FakeSink::takeAway(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
}

void FakeSink::hearOfNothing(bool deaf) {
    const std::lock_guard lock(mutex_);
    deaf_ = deaf;
}

std::int64_t FakeSink::committed(const Uuid& stream, std::int16_t lane) {
    const std::lock_guard lock(mutex_);
    return ledger_[{stream, lane}];
}

void FakeSink::awaitWrites(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return writes_ >= count; });
}

void FakeSink::awaitAdmissions(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return admissions_ >= count; });
}

void FakeFleet::store(const collector::SensorReport& report) {
    if (refusedReports.contains(report.sensorId)) {
        throw std::runtime_error("not this one");
    }
    stored[report.sensorId] = report;
}

void FakeFleet::addCoverage(const collector::CoverageNews& news) {
    if (refusesCoverage) {
        throw std::runtime_error("not now");
    }
    covered.insert(covered.end(), news.rows.begin(), news.rows.end());
}

std::map<std::int32_t, v1::DesiredState> FakeFleet::newest(std::span<const std::int32_t> sensors) {
    std::map<std::int32_t, v1::DesiredState> found;
    for (const std::int32_t sensor : sensors) {
        if (const auto wish = wishes.find(sensor); wish != wishes.end()) {
            found.insert(*wish);
        }
    }
    return found;
}

std::vector<std::int32_t> FakeFleet::revoked(std::span<const std::int32_t> sensors) {
    std::vector<std::int32_t> found;
    for (const std::int32_t sensor : sensors) {
        if (shutOut.contains(sensor)) {
            found.push_back(sensor);
        }
    }
    return found;
}

// ---------------------------------------------------------------- the server

IngestServer::IngestServer(collector::IngestHub::Settings settings, collector::SessionSink* store)
    : ingest(
          store == nullptr ? sink : *store, feed, [] { return std::chrono::floor<std::chrono::microseconds>(now()); },
          settings),
      service(ingest, fleet, ticker, now),
      desk(wanted, wanted, fleet, [this](std::int32_t sensor) { service.shutOut(sensor); }),
      authority_(must(CertificateAuthority::open(folder_.path("pki"), now()))) {
    service.setDesk(desk);
    worker_ = std::thread([this] { ingest.run(); });
    authority_.ensureCollector({}, {}, now());
    const TlsIdentity own{folder_.path("pki/ca.crt"), folder_.path("pki/collector.crt"),
                          folder_.path("pki/collector.key")};
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", must(serverCredentials(own)), &port);
    configureServer(builder);
    builder.RegisterService(&service.service());
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
}

IngestServer::~IngestServer() {
    sink.takeAway(false);
    sink.hold(false);
    ingest.stop();
    worker_.join();
    server_->Shutdown(now());
    server_->Wait();
}

std::shared_ptr<grpc::Channel> IngestServer::channelOf(const collector::IssuedCertificate& issued,
                                                       const std::string& name) {
    collector::writeDurably(folder_.path(name + ".crt"), issued.certificate, 0600);
    collector::writeDurably(folder_.path(name + ".key"), issued.key, 0600);
    return must(
        openChannel(address_, {folder_.path("pki/ca.crt"), folder_.path(name + ".crt"), folder_.path(name + ".key")}));
}

std::shared_ptr<grpc::Channel> IngestServer::sensorChannel(const Uuid& sensor) {
    return channelOf(must(authority_.issueSensor(sensor, "roof", now())), sensor.text());
}

std::shared_ptr<grpc::Channel> IngestServer::operatorChannel() {
    return channelOf(must(authority_.issueOperator("ann", collector::Role::Admin, now())), "ann");
}

// ---------------------------------------------------------------- the sensor

SensorEnd::SensorEnd(std::shared_ptr<grpc::Channel> channel, std::chrono::milliseconds longest)
    : stub_(v1::Ingest::NewStub(std::move(channel))) {
    context_.set_deadline(now() + longest);
    stream_ = stub_->Stream(&context_);
}

SensorEnd::~SensorEnd() {
    if (!ended_) {
        context_.TryCancel();
        end();
    }
}

void SensorEnd::hello(const Uuid& spool, std::uint64_t unconfirmed, std::uint64_t last) {
    v1::Hello message;
    message.set_spool_id(std::string(spool.view()));
    message.set_version("1.2.3");
    v1::LaneState& lane = *message.add_lanes();
    lane.set_first_unacknowledged(unconfirmed);
    lane.set_last(last);
    hello(message);
}

void SensorEnd::hello(const v1::Hello& hello) {
    v1::FromSensor message;
    *message.mutable_hello() = hello;
    stream_->Write(message);
}

bool SensorEnd::send(const v1::Batch& batch) {
    v1::FromSensor message;
    *message.mutable_batch() = batch;
    return stream_->Write(message);
}

bool SensorEnd::send(const v1::SensorStatus& status) {
    v1::FromSensor message;
    *message.mutable_status() = status;
    return stream_->Write(message);
}

v1::ToSensor SensorEnd::next() {
    v1::ToSensor message;
    if (!stream_->Read(&message)) {
        message.Clear();
    }
    return message;
}

v1::Welcome SensorEnd::greet(const Uuid& spool, std::uint64_t unconfirmed, std::uint64_t last) {
    hello(spool, unconfirmed, last);
    return next().welcome();
}

grpc::Status SensorEnd::end() {
    ended_ = true;
    while (next().what_case() != v1::ToSensor::WHAT_NOT_SET) {
    }
    return stream_->Finish();
}

}  // namespace apiary::test
