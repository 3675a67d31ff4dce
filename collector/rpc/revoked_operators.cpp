#include "collector/rpc/revoked_operators.hpp"

#include <utility>

namespace apiary::collector {

static constexpr int kAskEvery = 16;  // ticks

void RevokedOperators::read(Connection& connection) {
    OperatorNames names = OperatorRepository(connection).revoked();
    state_.with([&](State& state) { state.names = std::move(names); });
}

RevokedOperators::Verdict RevokedOperators::judge(std::string_view name) const {
    return state_.with([&](const State& state) {
        return !state.names ? Verdict::Unknown : state.names->contains(name) ? Verdict::Revoked : Verdict::Trusted;
    });
}

void RevokedOperators::tick(Ticker::Time) {
    const bool due = state_.with([](State& state) {
        const bool asks = !state.asking && ++state.ticks >= state.wait;
        if (asks) {
            state.asking = true;
            state.ticks = 0;
        }
        return asks;
    });
    if (!due) {
        return;
    }
    const auto asked = [self = shared_from_this()](QueryEnd end) {
        self->state_.with([&](State& state) {
            state.asking = false;
            if (end == QueryEnd::Done) {
                state.pause.worked();
                state.wait = kAskEvery;
            } else {
                state.wait = static_cast<int>(state.pause.afterFailure() / Ticker::kPeriod);
            }
        });
    };
    const bool taken =
        pool_.submit([self = shared_from_this()](Connection& connection) { self->read(connection); }, asked, true);
    if (!taken) {
        asked(QueryEnd::Unavailable);
    }
}

}  // namespace apiary::collector
