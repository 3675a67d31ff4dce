#pragma once

#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "proto/apiary/v1/report.grpc.pb.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace apiary::console {

/// A collector in the test's own process: answers with what it was given, streams what is pushed. Thread-safe.
class FakeCollector {
public:
    /// What it answers; change it before calls come.
    struct Answers {
        std::function<grpc::Status(const v1::TotalsRequest&, v1::TotalsReply&)> totals;
        std::function<grpc::Status(const v1::SeriesRequest&, v1::SeriesReply&)> series;
        std::function<grpc::Status(const v1::ListSessionsRequest&, v1::ListSessionsReply&)> sessions;
        std::function<grpc::Status(const v1::GetSessionRequest&, v1::SessionDetail&)> session;
        std::function<grpc::Status(const v1::ListProbesRequest&, v1::ListProbesReply&)> probes;
        std::function<grpc::Status(const v1::ListOpenRequest&, v1::ListOpenReply&)> open;
        std::function<grpc::Status(const v1::SwitchServiceRequest&, v1::SwitchServiceReply&)> change;
        grpc::Status watch;  // anything but OK ends the streams at once
    };

    /// On 127.0.0.1, on `port` or any free one.
    explicit FakeCollector(Answers answers = {},
                           std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials(),
                           int port = 0);
    ~FakeCollector();

    int port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    void push(const v1::LiveBatch& batch);
    /// The fleet as it is from now on; a new stream begins with it.
    void push(const v1::FleetState& state);
    /// Ends streams and server at once, as a crash would.
    void stop();

private:
    struct Feed {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<v1::LiveBatch> batches;
        std::vector<v1::FleetState> states{1};
        bool stopped = false;
    };
    class Report;
    class Fleet;

    const Answers answers_;
    Feed feed_;
    std::unique_ptr<Report> report_;
    std::unique_ptr<Fleet> fleet_;
    std::unique_ptr<grpc::Server> server_;
    int port_ = 0;
};

}  // namespace apiary::console
