#include "agent/record/probe_fold.hpp"

#include "agent/record/record_bodies.hpp"
#include "agent/record/session_ids.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

void ProbeFold::add(const Refusal& refusal) {
    add({refusal.source.address, refusal.target, refusal.service, refusal.reason, "refused"}, refusal.source,
        refusal.at, refusal.at, refusal.count);
}

void ProbeFold::add(const SeenProbe& probe) {
    add({probe.source.address, probe.target, {}, probe.reason, probe.kind}, probe.source, probe.first, probe.last,
        probe.packets);
}

void ProbeFold::add(Key key, const Endpoint& source, WallTime first, WallTime last, std::uint64_t packets) {
    auto known = probes_.find(key);
    if (known == probes_.end() && probes_.size() >= most_) {
        lose(packets, first, last);
        return;
    }
    if (empty()) {
        since_ = std::chrono::steady_clock::now();
    }
    if (known == probes_.end()) {
        known = probes_.emplace(std::move(key), Probe{source, first, last, 0}).first;
    }
    known->second.last = std::max(known->second.last, last);
    known->second.packets += packets;
}

void ProbeFold::lose(std::uint64_t contacts, WallTime from, WallTime to) {
    if (empty()) {
        since_ = std::chrono::steady_clock::now();
    }
    beyondFirst_ = beyond_ == 0 ? from : std::min(beyondFirst_, from);
    beyondLast_ = beyond_ == 0 ? to : std::max(beyondLast_, to);
    beyond_ += contacts;
}

void ProbeFold::add(ProbeFold other) {
    while (!other.probes_.empty()) {
        auto node = other.probes_.extract(other.probes_.begin());
        const Probe& probe = node.mapped();
        add(std::move(node.key()), probe.source, probe.first, probe.last, probe.packets);
    }
    if (other.beyond_ > 0) {
        lose(other.beyond_, other.beyondFirst_, other.beyondLast_);
    }
}

std::vector<NewRecord> ProbeFold::take(std::uint32_t lane) {
    auto taken = records(lane);
    probes_.clear();
    beyond_ = 0;
    return taken;
}

std::vector<NewRecord> ProbeFold::records(std::uint32_t lane) const {
    std::vector<NewRecord> records;
    records.reserve(probes_.size() + 1);
    for (const auto& [key, probe] : probes_) {
        const Uuid id = newSessionId(probe.first);
        const auto fill = [&key = key, &probe = probe, &id](v1::Record& record) {
            auto& to = *record.mutable_probe();
            to.set_probe_id(id.bytes.data(), id.bytes.size());
            to.set_ended_at_us(std::max(microsSince1970(probe.last), microsSince1970(id.time())));
            setEndpoint(*to.mutable_source(), probe.source);
            setEndpoint(*to.mutable_target(), key.target);
            to.set_kind(key.kind);
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
    if (beyond_ > 0) {
        const auto fill = [&](v1::Record& record) {
            auto& gap = *record.mutable_gap();
            gap.set_what("probe");
            gap.set_records(beyond_);
            gap.set_from_us(microsSince1970(beyondFirst_));
            gap.set_to_us(microsSince1970(beyondLast_));
            gap.set_reason("more contacts at once than are told apart");
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
