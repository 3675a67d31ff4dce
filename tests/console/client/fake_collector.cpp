#include "tests/console/client/fake_collector.hpp"

#include <grpcpp/server_builder.h>

#include <chrono>

namespace apiary::console {
namespace {

using grpc::ServerContext;
using grpc::Status;

template <typename Answer, typename Request, typename Reply>
Status answer(const Answer& with, const Request* request, Reply* reply) {
    return with ? with(*request, *reply) : Status::OK;
}

/// Writes what is in `list` from `next` on and waits for more, until the caller or the server goes.
template <typename Feed, typename Message>
Status stream(Feed& feed, std::vector<Message> Feed::*list, std::size_t next, ServerContext* context,
              grpc::ServerWriter<Message>* writer) {
    std::unique_lock lock(feed.mutex);
    while (!feed.stopped && !context->IsCancelled()) {
        if (next < (feed.*list).size()) {
            const Message message = (feed.*list)[next++];
            lock.unlock();
            writer->Write(message);
            lock.lock();
        } else {
            feed.changed.wait_for(lock, std::chrono::milliseconds(20));
        }
    }
    return {grpc::StatusCode::UNAVAILABLE, "going away"};
}

}  // namespace

class FakeCollector::Report final : public v1::Report::Service {
public:
    explicit Report(FakeCollector& owner) : owner_(owner) {}

    Status Totals(ServerContext*, const v1::TotalsRequest* request, v1::TotalsReply* reply) override {
        return answer(owner_.answers_.totals, request, reply);
    }
    Status Series(ServerContext*, const v1::SeriesRequest* request, v1::SeriesReply* reply) override {
        return answer(owner_.answers_.series, request, reply);
    }
    Status ListSessions(ServerContext*, const v1::ListSessionsRequest* request, v1::ListSessionsReply* reply) override {
        return answer(owner_.answers_.sessions, request, reply);
    }
    Status GetSession(ServerContext*, const v1::GetSessionRequest* request, v1::SessionDetail* reply) override {
        return answer(owner_.answers_.session, request, reply);
    }
    Status ListProbes(ServerContext*, const v1::ListProbesRequest* request, v1::ListProbesReply* reply) override {
        return answer(owner_.answers_.probes, request, reply);
    }
    Status ListOpen(ServerContext*, const v1::ListOpenRequest* request, v1::ListOpenReply* reply) override {
        return answer(owner_.answers_.open, request, reply);
    }
    Status Watch(ServerContext* context, const v1::WatchRequest*, grpc::ServerWriter<v1::LiveBatch>* writer) override {
        return owner_.answers_.watch.ok() ? stream(owner_.feed_, &Feed::batches, 0, context, writer)
                                          : owner_.answers_.watch;
    }

private:
    FakeCollector& owner_;
};

class FakeCollector::Fleet final : public v1::Fleet::Service {
public:
    explicit Fleet(FakeCollector& owner) : owner_(owner) {}

    Status WatchFleet(ServerContext* context, const v1::ListSensorsRequest*,
                      grpc::ServerWriter<v1::FleetState>* writer) override {
        if (!owner_.answers_.watch.ok()) {
            return owner_.answers_.watch;
        }
        std::size_t newest = 0;
        {
            const std::lock_guard lock(owner_.feed_.mutex);
            newest = owner_.feed_.states.size() - 1;
        }
        return stream(owner_.feed_, &Feed::states, newest, context, writer);
    }
    Status SwitchService(ServerContext*, const v1::SwitchServiceRequest* request,
                         v1::SwitchServiceReply* reply) override {
        return answer(owner_.answers_.change, request, reply);
    }

private:
    FakeCollector& owner_;
};

FakeCollector::FakeCollector(Answers answers, std::shared_ptr<grpc::ServerCredentials> credentials, int port)
    : answers_(std::move(answers)),
      report_(std::make_unique<Report>(*this)),
      fleet_(std::make_unique<Fleet>(*this)),
      port_(port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address(), credentials, &port_);
    builder.RegisterService(report_.get());
    builder.RegisterService(fleet_.get());
    server_ = builder.BuildAndStart();
}

FakeCollector::~FakeCollector() {
    stop();
}

void FakeCollector::push(const v1::LiveBatch& batch) {
    const std::lock_guard lock(feed_.mutex);
    feed_.batches.push_back(batch);
    feed_.changed.notify_all();
}

void FakeCollector::push(const v1::FleetState& state) {
    const std::lock_guard lock(feed_.mutex);
    feed_.states.push_back(state);
    feed_.changed.notify_all();
}

void FakeCollector::stop() {
    {
        const std::lock_guard lock(feed_.mutex);
        feed_.stopped = true;
        feed_.changed.notify_all();
    }
    if (server_) {
        server_->Shutdown(std::chrono::system_clock::now());
        server_->Wait();
    }
}

}  // namespace apiary::console
