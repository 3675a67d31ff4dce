#include "agent/spool/durable_spool.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {

template <typename Work>
auto DurableSpool::reading(Work work) const {
    return reading_.with([&](Reading& reading) {
        const auto tryOnce = [&] {
            if (!reading.reader) {
                reading.reader = std::make_unique<SpoolReader>(settings_);
            }
            try {
                return work(*reading.reader);
            } catch (const SqliteError&) {
                reading.reader.reset();  // it may hold the log back
                throw;
            }
        };
        try {
            auto result = tryOnce();
            reading.refused = false;
            return result;
        } catch (const SqliteError& error) {
            if (!std::exchange(reading.refused, true)) {
                log::warn("spool: cannot read " + settings_.path + ", trying once more: " + error.what());
            }
        }
        try {
            return tryOnce();
        } catch (const SqliteError& error) {
            if (error.damaged()) {
                throw;  // the next start moves the file aside
            }
            throw SpoolReadError("cannot read " + settings_.path + ": " + error.what());
        }
    });
}

std::vector<SpoolRow> DurableSpool::read(std::uint32_t lane, std::uint64_t after, std::size_t records,
                                         std::size_t bytes) const {
    const LaneState state = positions_.with([&](const Positions& positions) {
        const auto found = positions.find(lane);
        return found == positions.end() ? LaneState{} : found->second;
    });
    if (after >= state.last) {
        return {};
    }
    return reading([&](SpoolReader& reader) {
        auto rows = reader.read(lane, after, state.acknowledged, state.last, records, bytes);
        for (const SpoolRange& range : reader.takeDamaged()) {
            lost_ += range.last - range.first + 1;
            damaged_.with([&](auto& damaged) { damaged.push_back(range); });
        }
        return rows;
    });
}

std::vector<LaneView> DurableSpool::lanes() const {
    return positions_.with([](const Positions& positions) {
        std::vector<LaneView> views;
        for (const auto& [lane, state] : positions) {
            views.push_back({lane, state.acknowledged, state.last});
        }
        return views;
    });
}

Spool::Backlog DurableSpool::backlog() const {
    const Positions positions = positions_.with([](const Positions& present) { return present; });
    Backlog backlog;
    try {
        for (const auto& [lane, state] : positions) {
            if (state.last > state.acknowledged) {
                backlog.records += state.last - state.acknowledged;
                const auto at = reading([&, number = lane, behind = state.acknowledged](SpoolReader& reader) {
                    return reader.timeBehind(number, behind);
                });
                if (at && (!backlog.oldest || *at < *backlog.oldest)) {
                    backlog.oldest = at;
                }
            }
        }
        oldest_.with([&](auto& oldest) { oldest = backlog.oldest; });
    } catch (const SpoolReadError&) {
        backlog.records = 0;
        for (const auto& [lane, state] : positions) {
            backlog.records += state.last - state.acknowledged;
        }
        backlog.oldest = oldest_.with([](const auto& oldest) { return oldest; });
    }
    return backlog;
}

std::vector<Uuid> DurableSpool::heldSessions(bool open) const {
    return writer_.with([&](const Writer& writer) {
        std::vector<Uuid> sessions;
        for (const auto& [session, held] : writer.ledger.held) {
            const std::uint64_t journalled = writer.ledger.lanes.at(held.lane).journalled.value_or(0);
            if (open ? held.closing == 0 : held.closing > journalled) {
                sessions.push_back(session);
            }
        }
        std::ranges::sort(sessions);
        return sessions;
    });
}

std::vector<Uuid> DurableSpool::openSessions() const {
    return heldSessions(true);
}

std::vector<Uuid> DurableSpool::unjournalledSessions() const {
    return heldSessions(false);
}

Spool::OpenSession DurableSpool::openSession(const Uuid& session) const {
    OpenSession result{.session = session, .lane = 0, .rows = {}};
    const auto numbers = writer_.with([&](const Writer& writer) {
        const auto held = writer.ledger.held.find(session);
        if (held == writer.ledger.held.end()) {
            return std::vector<std::uint64_t>();
        }
        result.lane = held->second.lane;
        return held->second.rows;
    });
    return reading([&](SpoolReader& reader) {
        result.rows.clear();
        for (const std::uint64_t seq : numbers) {
            if (auto row = reader.row(result.lane, seq, session)) {
                result.rows.push_back(std::move(*row));
            }
        }
        return std::move(result);
    });
}

}  // namespace apiary::agent
