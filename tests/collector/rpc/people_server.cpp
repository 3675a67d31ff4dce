#include "tests/collector/rpc/people_server.hpp"

#include "collector/pki/durable_file.hpp"
#include "collector/rpc/fleet_service.hpp"
#include "collector/rpc/health_service.hpp"
#include "collector/rpc/report_service.hpp"
#include "collector/store/report_reader.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <stdexcept>
#include <utility>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using collector::CertificateAuthority;
using collector::Role;

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

Role roleOf(Caller caller) {
    switch (caller) {
        case Caller::Analyst:
            return Role::Analyst;
        case Caller::Operator:
            return Role::Operator;
        case Caller::Viewer:
            return Role::Viewer;
        default:
            return Role::Admin;
    }
}

}  // namespace

PeopleServer::PeopleServer(std::size_t bound, std::size_t reportThreads)
    : authority_(must(CertificateAuthority::open(folder_.path("pki"), now()))),
      reports_([dsn = database.writer()] { return collector::openForReports(dsn, 60s); }, bound),
      fleet_([dsn = database.writer()] { return std::make_unique<collector::Connection>(dsn, "test fleet"); }, bound),
      revoked_(std::make_shared<collector::RevokedOperators>(fleet_)),
      reportService_(collector::makeReportService(feed, reports_, ticker, revoked_, now)),
      fleetService_(collector::makeFleetService(hub, fleet_, ticker, revoked_, now)),
      healthService_(collector::makeHealthService(
          [this](std::string_view service) { return service == "it" ? std::optional(healthy.load()) : std::nullopt; },
          ticker, revoked_, now)) {
    collector::Connection connection(database.writer());
    revoked_->read(connection);
    for (std::size_t i = 0; i < reportThreads; ++i) {
        threads_.emplace_back([this] { reports_.run(); });
    }
    threads_.emplace_back([this] { fleet_.run(); });
    for (auto* pool : {&reports_, &fleet_}) {
        threads_.emplace_back([pool] { pool->runCancellations(); });
    }
    threads_.emplace_back([this] { ticker.run(); });
    authority_.ensureCollector({}, {}, now());
    const TlsIdentity own{folder_.path("pki/ca.crt"), folder_.path("pki/collector.crt"),
                          folder_.path("pki/collector.key")};
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", must(serverCredentials(own)), &port);
    configureServer(builder);
    meter.attach(builder);
    builder.RegisterService(reportService_.get());
    builder.RegisterService(fleetService_.get());
    builder.RegisterService(healthService_.get());
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
}

PeopleServer::~PeopleServer() {
    server_->Shutdown(now() + 5s);
    server_.reset();
    ticker.stop();
    reports_.stop();
    fleet_.stop();
    for (auto& thread : threads_) {
        thread.join();
    }
}

TlsIdentity PeopleServer::issue(Caller caller) {
    const auto name = std::to_string(static_cast<int>(caller));
    const auto write = [&](const collector::IssuedCertificate& issued) {
        collector::writeDurably(folder_.path(name + ".crt"), issued.certificate, 0600);
        collector::writeDurably(folder_.path(name + ".key"), issued.key, 0600);
        return TlsIdentity{folder_.path("pki/ca.crt"), folder_.path(name + ".crt"), folder_.path(name + ".key")};
    };
    const auto role = roleOf(caller);
    switch (caller) {
        case Caller::Sensor:
            return write(must(authority_.issueSensor(Uuid::v4(randomBytes<16>()), "roof", now())));
        case Caller::Expired:
            return write(must(authority_.issueOperator("late", role, now() - 400 * 24h)));
        case Caller::Stranger: {
            const auto other = must(CertificateAuthority::open(folder_.path("other"), now()));
            return write(must(other.issueOperator("eve", role, now())));
        }
        default:
            return write(must(authority_.issueOperator(std::string(collector::roleText(role)), role, now())));
    }
}

std::shared_ptr<grpc::Channel> PeopleServer::channel(Caller caller) {
    if (caller == Caller::None) {
        grpc::SslCredentialsOptions options;
        options.pem_root_certs = authority_.certificate();
        return grpc::CreateChannel(address_, grpc::SslCredentials(options));
    }
    return must(openChannel(address_, issue(caller)));
}

std::unique_ptr<grpc::ClientContext> PeopleServer::context(std::chrono::milliseconds longest) {
    auto made = std::make_unique<grpc::ClientContext>();
    made->set_deadline(now() + longest);
    return made;
}

void PeopleServer::revoke(const std::string& name) {
    collector::Connection connection(database.writer());
    const Status done = collector::OperatorRepository(connection).revoke(name, "test");
    if (!done) {
        throw std::runtime_error(done.error());
    }
    revoked_->read(connection);
}

std::int32_t PeopleServer::addSensor(const std::string& name) const {
    return std::stoi(database.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), '" + name +
                                  "') RETURNING sensor_id"));
}

}  // namespace apiary::test
