#pragma once

#include "collector/ingest/live_feed.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/ticker.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace grpc {
class Service;
}

namespace apiary::collector {

/// How many threads the program gives to the pool of the service: the console asks for all of a page at once.
inline constexpr std::size_t kReportThreads = 3;

/// The service Report: what people read. All parts must outlive it; the pool's connections come from openForReports().
/// Register the result with a server that demands certificates; it answers operators of every role.
std::unique_ptr<grpc::Service> makeReportService(LiveFeed& feed, QueryPool& pool, Ticker& ticker,
                                                 std::shared_ptr<const RevokedOperators> revoked,
                                                 std::function<Ticker::Time()> clock);

}  // namespace apiary::collector
