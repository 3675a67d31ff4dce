#pragma once

#include "collector/ingest/live_feed.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/served_call.hpp"
#include "collector/rpc/ticker.hpp"
#include "collector/store/report_scope.hpp"
#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace apiary::collector {

/// A row of the live feed as people see it; the name of its sensor is left open.
v1::SessionRow rowOf(const OpenRow& open);
v1::SessionRow rowOf(const ClosedRow& closed);

/// True if the filter (not the range) of the scope lets the session through.
bool passes(const ReportScope& scope, const OpenRow& head);

/// Sessions as they are committed, at most four messages a second of at most 200 rows; what is beyond is counted.
class LiveStream final : public ServedStream<v1::LiveBatch> {
public:
    static constexpr int kMostRows = 200;

    LiveStream(PeerIdentity peer, std::shared_ptr<const RevokedOperators> revoked, ReportScope scope, LiveFeed& feed,
               QueryPool& pool);

private:
    struct State {
        std::map<std::int32_t, std::string> names;  // of sensors
        bool reading = false;
        int ticks = 0;  // since the last message
    };

    void begin() override;
    void advance(Ticker::Time now) override;
    void readNames();
    bool gather(const LiveUpdate& update, v1::LiveBatch& batch);
    void add(v1::SessionRow row, google::protobuf::RepeatedPtrField<v1::SessionRow>& rows, v1::LiveBatch& batch);

    const ReportScope scope_;
    QueryPool& pool_;
    const std::shared_ptr<LiveFeed::Subscription> subscription_;
    Guarded<State> state_;  // ticker and worker
};

}  // namespace apiary::collector
