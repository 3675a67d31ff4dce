#pragma once

#include "common/rpc/credentials.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent::test {

/// A collector in memory behind a real gRPC server over mTLS. Its ledger lives as long as it does, over start() and
/// stop(), as a database would. Thread-safe.
class FakeCollector {
public:
    /// What a test sees and steers; use it within with() and waitFor() only.
    struct Content {
        std::map<std::uint32_t, std::uint64_t> ledger = {};  // lane → last committed, of the spool that came last
        std::map<std::uint32_t, std::vector<std::string>> records = {};  // in the order of their commits
        std::vector<std::uint32_t> lanesSeen = {};                       // of each batch, in order
        std::vector<v1::Hello> hellos = {};
        std::vector<v1::SensorStatus> statuses = {};
        std::vector<std::string> faults = {};  // batches that do not follow the ledger
        std::size_t batches = 0;
        std::size_t repeated = 0;  // batches that were committed already
        std::size_t largest = 0;   // bytes of a batch

        std::uint64_t clockUs = 0;  // what its welcome says; 0: nothing
        bool welcomes = true;
        bool acknowledges = true;
        std::size_t cutEvery = 0;  // ends the stream at every n-th batch, in turn before and after its commit
        std::string refuses = {};  // the reason why no sensor is admitted
        std::optional<v1::DesiredState> desired = {};
    };

    explicit FakeCollector(TlsIdentity identity);
    FakeCollector(const FakeCollector&) = delete;
    FakeCollector& operator=(const FakeCollector&) = delete;
    ~FakeCollector();

    void start();

    /// At once, streams and all.
    void stop();

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    void with(const std::function<void(Content&)>& use);

    /// Waits until it holds; false after 20 s.
    bool waitFor(const std::function<bool(const Content&)>& holds);

private:
    class Service;

    TlsIdentity identity_;
    int port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    Content content_;
    std::unique_ptr<Service> service_;
    struct Server;
    std::unique_ptr<Server> server_;
};

}  // namespace apiary::agent::test
