#pragma once

#include "common/rpc/credentials.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace grpc {
class Server;
}

namespace apiary::bench {

/// A collector of a busy honeynet: answers every question of the console from made-up figures of the asked size at
/// once, and streams 2,000 sessions a second, each as opened and half a second later as ended. All of them go out as
/// rows, 200 in a message as the real collector's stream has at most: five times as many rows as that lets through. A
/// hundred sensors with eight services each report four times a second. Thread-safe.
class BusyCollector {
public:
    static constexpr int kSessionsPerSecond = 2'000;

    /// Listens on a free port of 127.0.0.1 over mTLS. Throws std::runtime_error if the identity cannot be used.
    explicit BusyCollector(const TlsIdentity& identity);
    BusyCollector(const BusyCollector&) = delete;
    BusyCollector& operator=(const BusyCollector&) = delete;
    ~BusyCollector();

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    /// Sessions a second that the newest live stream carried, of those that it should have; 0 before there was one.
    double perSecond() const;

private:
    class Pace;
    class Report;
    class Fleet;

    std::unique_ptr<Pace> pace_;
    std::unique_ptr<Report> report_;
    std::unique_ptr<Fleet> fleet_;
    std::unique_ptr<grpc::Server> server_;
    int port_ = 0;
};

}  // namespace apiary::bench
