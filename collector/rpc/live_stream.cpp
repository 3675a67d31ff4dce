#include "collector/rpc/live_stream.hpp"

#include "collector/enrich/known_rules.hpp"
#include "collector/store/column_values.hpp"
#include "collector/store/report_reader.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

// Of what the feed holds for one subscriber: some messages' worth.
constexpr std::size_t kBound = std::size_t{4} * LiveStream::kMostRows;

template <typename T>
bool named(const std::vector<T>& names, const T& value) {
    return names.empty() || std::ranges::find(names, value) != names.end();
}

std::uint64_t micros(Moment at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

v1::SessionRow rowOf(const OpenRow& open) {
    v1::SessionRow row;
    row.set_session_id(open.session.bytes.data(), open.session.bytes.size());
    row.set_started_at_us(micros(open.startedAt));
    row.set_sensor_id(open.sensorId);
    setEndpoint(*row.mutable_source(), open.source);
    setEndpoint(*row.mutable_target(), open.target);
    row.set_transport(open.transport == "udp" ? v1::TRANSPORT_UDP : v1::TRANSPORT_TCP);
    row.set_protocol(open.protocol);
    row.set_outcome("open");
    row.mutable_tags()->Assign(open.tags.begin(), open.tags.end());
    row.set_traffic(std::string(trafficOf(open.tags)));
    row.set_country(open.country);
    row.set_network(open.network);
    row.set_network_name(open.networkName);
    return row;
}

v1::SessionRow rowOf(const ClosedRow& closed) {
    auto row = rowOf(closed.head);
    row.set_ended_at_us(micros(closed.endedAt));
    row.set_identified(closed.detected);
    row.set_outcome(closed.outcome);
    row.set_bytes_in(static_cast<std::uint64_t>(closed.bytesIn));
    row.set_bytes_out(static_cast<std::uint64_t>(closed.bytesOut));
    row.set_packets(static_cast<std::uint32_t>(closed.packets));
    row.set_credentials(static_cast<std::uint32_t>(closed.credentials));
    row.set_commands(static_cast<std::uint32_t>(closed.commands));
    row.set_artifacts(static_cast<std::uint32_t>(closed.artifacts));
    row.set_login_accepted(closed.loginAccepted);
    return row;
}

bool passes(const ReportScope& scope, const OpenRow& head) {
    return named(scope.sensors, head.sensorId) && named(scope.protocols, head.protocol) &&
           named(scope.traffic, std::string(trafficOf(head.tags))) &&
           (scope.everySource() || scope.source == addressText(head.source));
}

LiveStream::LiveStream(PeerIdentity peer, std::shared_ptr<const RevokedOperators> revoked, ReportScope scope,
                       LiveFeed& feed, QueryPool& pool)
    : ServedStream(std::move(peer), std::move(revoked)),
      scope_(std::move(scope)),
      pool_(pool),
      subscription_(feed.subscribe(kBound, {})) {}

// The first message says that the stream is there.
void LiveStream::begin() {
    readNames();
    state_.with([](State& state) { state.ticks = Ticker::kHeartbeat; });
}

void LiveStream::advance(Ticker::Time now) {
    const auto [heartbeat, reading] = state_.with([](State& state) {
        ++state.ticks;
        return std::pair(state.ticks >= Ticker::kHeartbeat, state.reading);
    });
    if (reading || !ready()) {
        return;
    }
    v1::LiveBatch batch;
    batch.set_at_us(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count()));
    const bool unnamed = gather(subscription_->take(), batch);
    if (!heartbeat && batch.opened_size() == 0 && batch.ended_size() == 0 && batch.not_shown() == 0) {
        return;
    }
    state_.with([](State& state) { state.ticks = 0; });
    send(std::move(batch));
    if (unnamed) {
        readNames();  // a sensor that was enrolled meanwhile: its next row has its name
    }
}

void LiveStream::readNames() {
    const auto self = std::static_pointer_cast<LiveStream>(shared_from_this());
    const auto names = std::make_shared<std::map<std::int32_t, std::string>>();
    state_.with([](State& state) { state.reading = true; });
    const bool taken =
        pool_.submit([names](Connection& connection) { *names = ReportReader(connection).sensorNames(); },
                     [self, names](QueryEnd result) {
                         self->state_.with([&](State& state) {
                             state.reading = false;
                             state.names.swap(*names);
                         });
                         if (result != QueryEnd::Done) {
                             self->end(statusOf(result));
                         }
                     },
                     true);
    if (!taken) {
        end(tooMuchToDo());
    }
}

// Returns whether a sensor's name was missing.
bool LiveStream::gather(const LiveUpdate& update, v1::LiveBatch& batch) {
    batch.set_not_shown(update.notShown);
    for (const auto& rows : update.batches) {
        for (const auto& open : rows->opened) {
            if (passes(scope_, open)) {
                add(rowOf(open), *batch.mutable_opened(), batch);
            }
        }
        for (const auto& closed : rows->ended) {
            if (passes(scope_, closed.head)) {
                add(rowOf(closed), *batch.mutable_ended(), batch);
            }
        }
    }
    return std::ranges::any_of(batch.opened(), [](const auto& row) { return row.sensor().empty(); }) ||
           std::ranges::any_of(batch.ended(), [](const auto& row) { return row.sensor().empty(); });
}

void LiveStream::add(v1::SessionRow row, google::protobuf::RepeatedPtrField<v1::SessionRow>& rows,
                     v1::LiveBatch& batch) {
    if (batch.opened_size() + batch.ended_size() >= kMostRows) {
        if (&rows == &batch.ended()) {
            batch.set_not_shown(batch.not_shown() + 1);
        }
        return;
    }
    row.set_sensor(state_.with([&](const State& state) {
        const auto found = state.names.find(row.sensor_id());
        return found == state.names.end() ? std::string() : found->second;
    }));
    *rows.Add() = std::move(row);
}

}  // namespace apiary::collector
