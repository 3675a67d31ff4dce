#pragma once

#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace apiary {

/// A small HTTP server that answers `GET /metrics` and nothing else, for a Prometheus server or curl.
///
/// There is no password and no TLS: whoever reaches the address reads the figures, so it is the loopback's unless told
/// otherwise. Bounds: 16 connections, a head of 8 KiB, 10 s for a request and for its answer. run() is the body of one
/// thread, on which the page is made; making it may block that thread for a moment.
class MetricsServer {
public:
    /// The figures as of now, in Prometheus' text format. An exception becomes status 500, and is logged.
    using Page = std::function<std::string()>;

    /// Listens at once, if it can; if not, run() tries again every 10 s. Port 0: the kernel chooses.
    MetricsServer(const Endpoint& listen, Page page);
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;
    ~MetricsServer();

    /// Where it really listens; an Error names the address and says why it cannot. Only before run().
    Result<Endpoint> listening() const;

    /// Serves until close().
    void run();

    /// Makes run() return; requests under way are dropped. Thread-safe, before run() too.
    void close();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary
