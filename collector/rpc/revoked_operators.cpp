#include "collector/rpc/revoked_operators.hpp"

#include <utility>

namespace apiary::collector {

static constexpr int kAskEvery = 16;      // ticks
static constexpr int kAskFirstEvery = 4;  // while nothing is known

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
        const bool asks = !state.asking && ++state.ticks >= (state.names ? kAskEvery : kAskFirstEvery);
        if (asks) {
            state.asking = true;
            state.ticks = 0;
        }
        return asks;
    });
    if (!due) {
        return;
    }
    const auto asked = [self = shared_from_this()] { self->state_.with([](State& state) { state.asking = false; }); };
    const bool taken = pool_.submit([self = shared_from_this()](Connection& connection) { self->read(connection); },
                                    [asked](QueryEnd) { asked(); }, true);
    if (!taken) {
        asked();
    }
}

}  // namespace apiary::collector
