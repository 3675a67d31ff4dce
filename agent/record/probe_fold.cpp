#include "agent/record/probe_fold.hpp"

#include "agent/record/record_bodies.hpp"
#include "agent/record/session_ids.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

void ProbeFold::add(const Refusal& refusal) {
    if (empty()) {
        since_ = std::chrono::steady_clock::now();
    }
    Key key{refusal.source.address, refusal.target, refusal.service, refusal.reason};
    auto known = probes_.find(key);
    if (known == probes_.end() && probes_.size() >= most_) {
        beyondFirst_ = beyond_ == 0 ? refusal.at : beyondFirst_;
        beyond_ += refusal.count;
        beyondLast_ = refusal.at;
        return;
    }
    if (known == probes_.end()) {
        known =
            probes_.emplace(std::move(key), Probe{refusal.source, refusal.transport, refusal.at, refusal.at, 0}).first;
    }
    known->second.last = std::max(known->second.last, refusal.at);
    known->second.packets += refusal.count;
}

std::vector<NewRecord> ProbeFold::take(std::uint32_t lane) {
    std::vector<NewRecord> records;
    records.reserve(probes_.size() + 1);
    for (const auto& [key, probe] : std::exchange(probes_, {})) {
        const Uuid id = newSessionId(probe.first);
        const auto fill = [&key = key, &probe = probe, &id](v1::Record& record) {
            auto& to = *record.mutable_probe();
            to.set_probe_id(id.bytes.data(), id.bytes.size());
            to.set_ended_at_us(std::max(microsSince1970(probe.last), microsSince1970(id.time())));
            setEndpoint(*to.mutable_source(), probe.source);
            setEndpoint(*to.mutable_target(), key.target);
            to.set_kind("refused");
            to.set_packets(probe.packets);
            to.set_reason(key.reason);
            to.set_service(key.service);
        };
        records.push_back({.lane = lane,
                           .session = {},
                           .kind = RecordKind::Probe,
                           .at = id.time(),
                           .body = recordBody({}, 0, id.time(), fill)});
    }
    if (const std::uint64_t beyond = std::exchange(beyond_, 0); beyond > 0) {
        const auto fill = [&](v1::Record& record) {
            auto& gap = *record.mutable_gap();
            gap.set_what("probe");
            gap.set_records(beyond);
            gap.set_from_us(microsSince1970(beyondFirst_));
            gap.set_to_us(microsSince1970(beyondLast_));
            gap.set_reason("more refused sources at once than are told apart");
        };
        records.push_back({.lane = lane,
                           .session = {},
                           .kind = RecordKind::Gap,
                           .at = beyondFirst_,
                           .body = recordBody({}, 0, beyondFirst_, fill)});
    }
    return records;
}

}  // namespace apiary::agent
