#pragma once

#include "common/concurrent/guarded.hpp"
#include "tests/support/given_spool.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace apiary::agent::test {

/// A spool in memory that keeps every rule of the interface that the uplink relies on. release() frees what is
/// acknowledged, whole. Thread-safe.
class FakeSpool final : public GivenSpool {
public:
    /// Appends `count` records to the current lane, each with a body of `size` bytes.
    void add(std::size_t count, std::size_t size = 10) {
        const auto call = content_.with([&](Content& content) {
            Lane& lane = content.lanes.rbegin()->second;
            for (std::size_t i = 0; i < count; ++i) {
                const std::uint64_t seq = ++lane.last;
                lane.rows[seq] = {.seq = seq, .seqEnd = seq, .session = {}, .body = body(seq, size)};
            }
            return content.appended;
        });
        if (call) {
            call();
        }
    }

    static std::string body(std::uint64_t seq, std::size_t size = 10) {
        std::string body = std::to_string(seq);
        body.resize(std::max(body.size(), size), '.');
        return body;
    }

    std::uint64_t acknowledged(std::uint32_t lane) const {
        return content_.with([&](const Content& content) { return content.lanes.at(lane).acknowledged; });
    }

    /// A reader found these numbers damaged.
    void damage(const SpoolRange& range) {
        content_.with([&](Content& content) { content.damaged.push_back(range); });
    }

    /// So many reads from now on are refused by the disk.
    void failReads(std::size_t count) {
        content_.with([&](Content& content) { content.failingReads = count; });
    }
    std::size_t failingReads() const {
        return content_.with([](const Content& content) { return content.failingReads; });
    }

    Uuid id() const override {
        return content_.with([](const Content& content) { return Uuid::v4({1, 2, content.renewals}); });
    }
    Status renew(const std::string&) override {
        content_.with([](Content& content) { ++content.renewals; });
        return Done{};
    }

    std::vector<SpoolRow> read(std::uint32_t number, std::uint64_t after, std::size_t records,
                               std::size_t bytes) const override {
        return content_.with([&](Content& content) {
            if (content.failingReads > 0) {
                --content.failingReads;
                throw SpoolReadError("cannot read the fake spool: Input/output error");
            }
            std::vector<SpoolRow> rows;
            std::size_t size = 0;
            const auto& all = content.lanes.at(number).rows;
            for (auto row = all.upper_bound(after);
                 row != all.end() && rows.size() < records && (rows.empty() || size < bytes); ++row) {
                size += row->second.body.size();
                rows.push_back(row->second);
            }
            return rows;
        });
    }

    void acknowledge(std::uint32_t number, std::uint64_t seq) override {
        content_.with([&](Content& content) {
            Lane& lane = content.lanes.at(number);
            lane.acknowledged = std::max(lane.acknowledged, seq);
        });
    }

    void release() override {
        content_.with([](Content& content) {
            for (auto& [number, lane] : content.lanes) {
                std::erase_if(lane.rows, [&](const auto& row) { return row.first <= lane.acknowledged; });
            }
        });
    }

    /// Frees one row, as when its session is over and others are not.
    void release(std::uint32_t lane, std::uint64_t seq) {
        content_.with([&](Content& content) { content.lanes.at(lane).rows.erase(seq); });
    }

    std::vector<LaneView> lanes() const override {
        return content_.with([](const Content& content) {
            std::vector<LaneView> views;
            for (const auto& [number, lane] : content.lanes) {
                views.push_back({number, lane.acknowledged, lane.last});
            }
            return views;
        });
    }

    std::uint32_t currentLane() const override {
        return content_.with([](const Content& content) { return content.lanes.rbegin()->first; });
    }

    std::uint32_t openLane() override {
        return content_.with([](Content& content) {
            const std::uint32_t lane = content.lanes.rbegin()->first + 1;
            content.lanes[lane] = {};
            return lane;
        });
    }

    Backlog backlog() const override {
        Backlog backlog;
        for (const LaneView& lane : lanes()) {
            backlog.records += lane.last - lane.acknowledged;
        }
        return backlog;
    }

    std::vector<SpoolRange> takeDamaged() override {
        return content_.with([](Content& content) { return std::exchange(content.damaged, {}); });
    }

    void onAppended(std::function<void()> call) override {
        content_.with([&](Content& content) { content.appended = std::move(call); });
    }

private:
    struct Lane {
        std::uint64_t acknowledged = 0;
        std::uint64_t last = 0;
        std::map<std::uint64_t, SpoolRow> rows = {};
    };
    struct Content {
        std::map<std::uint32_t, Lane> lanes = {{0, {}}};
        std::function<void()> appended = {};
        std::uint8_t renewals = 0;
        std::size_t failingReads = 0;
        std::vector<SpoolRange> damaged = {};
    };
    mutable Guarded<Content> content_;
};

}  // namespace apiary::agent::test
