#include "tests/agent/uplink/fake_collector.hpp"

#include "proto/apiary/v1/ingest.grpc.pb.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace apiary::agent::test {

class FakeCollector::Service final : public v1::Ingest::Service {
public:
    explicit Service(FakeCollector& owner) : owner_(owner) {}

    grpc::Status Stream(grpc::ServerContext*, grpc::ServerReaderWriter<v1::ToSensor, v1::FromSensor>* stream) override {
        v1::FromSensor message;
        if (!stream->Read(&message) || !message.has_hello()) {
            return {grpc::StatusCode::FAILED_PRECONDITION, "no hello"};
        }
        std::vector<v1::ToSensor> greeting;
        std::string refusal;
        owner_.with([&](Content& content) {
            if (!content.hellos.empty() && content.hellos.back().spool_id() != message.hello().spool_id()) {
                content.ledger.clear();
            }
            content.hellos.push_back(message.hello());
            refusal = content.refuses;
            if (content.welcomes) {
                v1::Welcome& welcome = *greeting.emplace_back().mutable_welcome();
                for (const auto& lane : message.hello().lanes()) {
                    auto& position = *welcome.add_lanes();
                    position.set_lane(lane.lane());
                    position.set_last_seq(content.ledger[lane.lane()]);
                }
                welcome.set_version("fake");
                welcome.set_clock_us(content.clockUs);
            }
            if (content.desired) {
                *greeting.emplace_back().mutable_desired() = *content.desired;
            }
        });
        if (!refusal.empty()) {
            return {grpc::StatusCode::PERMISSION_DENIED, refusal};
        }
        for (const v1::ToSensor& one : greeting) {
            stream->Write(one);
        }
        while (stream->Read(&message)) {
            if (message.has_status()) {
                owner_.with([&](Content& content) { content.statuses.push_back(message.status()); });
            } else if (message.has_batch()) {
                const auto acknowledged = take(message.batch());
                if (!acknowledged) {
                    return {grpc::StatusCode::UNAVAILABLE, "cut"};
                }
                if (acknowledged->has_ack()) {
                    stream->Write(*acknowledged);
                }
            }
        }
        return grpc::Status::OK;
    }

private:
    /// The acknowledgement, empty if none is to be sent; nothing if the stream is to be cut.
    std::optional<v1::ToSensor> take(const v1::Batch& batch) {
        std::optional<v1::ToSensor> answer = v1::ToSensor();
        owner_.with([&](Content& content) {
            ++content.batches;
            content.lanesSeen.push_back(batch.lane());
            content.largest = std::max(content.largest, batch.ByteSizeLong());
            const bool cut = content.cutEvery != 0 && content.batches % content.cutEvery == 0;
            const bool before = content.batches / std::max<std::size_t>(1, content.cutEvery) % 2 == 0;
            if (cut && before) {
                answer.reset();
                return;
            }
            commit(content, batch);
            if (cut) {
                answer.reset();
            } else if (content.acknowledges) {
                answer->mutable_ack()->set_lane(batch.lane());
                answer->mutable_ack()->set_last_seq(content.ledger[batch.lane()]);
            }
        });
        return answer;
    }

    static void commit(Content& content, const v1::Batch& batch) {
        std::uint64_t& last = content.ledger[batch.lane()];
        if (batch.last_seq() <= last) {
            ++content.repeated;
            return;
        }
        std::uint64_t expected = batch.first_seq();
        for (const v1::Entry& entry : batch.entries()) {
            if (entry.seq() != expected) {
                content.faults.push_back("entry " + std::to_string(entry.seq()) + " where " + std::to_string(expected) +
                                         " was due");
            }
            expected = entry.seq_end() + 1;
            content.records[batch.lane()].push_back(entry.record());
        }
        if (batch.first_seq() != last + 1 || expected != batch.last_seq() + 1) {
            content.faults.push_back("batch " + std::to_string(batch.first_seq()) + "-" +
                                     std::to_string(batch.last_seq()) + " after " + std::to_string(last));
        }
        last = batch.last_seq();
    }

    FakeCollector& owner_;
};

struct FakeCollector::Server {
    std::unique_ptr<grpc::Server> server;
};

FakeCollector::FakeCollector(TlsIdentity identity)
    : identity_(std::move(identity)), service_(std::make_unique<Service>(*this)), server_(std::make_unique<Server>()) {
    start();
}

FakeCollector::~FakeCollector() {
    stop();
}

void FakeCollector::start() {
    auto credentials = serverCredentials(identity_);
    if (!credentials) {
        throw std::runtime_error(credentials.error());
    }
    grpc::ServerBuilder builder;
    configureServer(builder);
    builder.RegisterService(service_.get());
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), *credentials, &port_);
    server_->server = builder.BuildAndStart();
    if (!server_->server) {
        throw std::runtime_error("the port is taken");
    }
}

void FakeCollector::stop() {
    if (server_->server) {
        server_->server->Shutdown(std::chrono::system_clock::now());
        server_->server.reset();
    }
}

void FakeCollector::with(const std::function<void(Content&)>& use) {
    {
        const std::lock_guard lock(mutex_);
        use(content_);
    }
    changed_.notify_all();
}

bool FakeCollector::waitFor(const std::function<bool(const Content&)>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return holds(content_); });
}

}  // namespace apiary::agent::test
