#pragma once

#include "common/concurrent/guarded.hpp"
#include "tests/support/given_spool.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace apiary::bench {

/// A spool that was filled beforehand and lies in memory, so that many of them cost no disk: one lane, nothing is
/// freed. What it shows of its records may be less than all, and more as time goes by. Thread-safe.
class MemorySpool final : public agent::test::GivenSpool {
public:
    MemorySpool(const Uuid& id, std::vector<std::string> records)
        : id_(id), records_(std::move(records)), shown_(records_.size()) {}

    void show(std::uint64_t records) {
        shown_ = std::min<std::uint64_t>(records, records_.size());
        if (const auto call = appended_.with([](const auto& present) { return present; })) {
            call();
        }
    }
    std::uint64_t shown() const { return shown_; }

    std::uint64_t acknowledged() const { return acknowledged_; }
    const std::vector<std::string>& records() const { return records_; }

    Uuid id() const override { return id_; }
    Status renew(const std::string& reason) override { return Error{reason}; }
    std::vector<agent::SpoolRow> read(std::uint32_t /*lane*/, std::uint64_t after, std::size_t records,
                                      std::size_t bytes) const override {
        std::vector<agent::SpoolRow> rows;
        std::size_t size = 0;
        for (std::uint64_t seq = after + 1; seq <= shown_ && rows.size() < records; ++seq) {
            const std::string& body = records_[seq - 1];
            size += body.size();
            if (!rows.empty() && size > bytes) {
                break;
            }
            rows.push_back({.seq = seq, .seqEnd = seq, .session = {}, .body = body});
        }
        return rows;
    }
    void acknowledge(std::uint32_t /*lane*/, std::uint64_t seq) override { acknowledged_ = seq; }
    std::vector<agent::LaneView> lanes() const override { return {{0, acknowledged_, shown_}}; }
    std::uint32_t currentLane() const override { return 0; }
    std::uint32_t openLane() override { return 0; }
    Backlog backlog() const override { return {.records = shown_ - acknowledged_, .oldest = {}}; }
    void onAppended(std::function<void()> call) override {
        appended_.with([&](auto& present) { present = std::move(call); });
    }

private:
    const Uuid id_;
    const std::vector<std::string> records_;
    std::atomic<std::uint64_t> shown_;
    Guarded<std::function<void()>> appended_;
    std::atomic<std::uint64_t> acknowledged_ = 0;
};

}  // namespace apiary::bench
