#pragma once

#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/ticker.hpp"
#include "collector/store/operator_repository.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/growing_pause.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace apiary::collector {

/// Which operators are shut out, as the database said last: asked again every 4 s, so that one is out within 5 s, and
/// at least every 8 s while it does not answer. Until it has answered once nobody can be told from those; while it is
/// away its last answer counts. Thread-safe; must be held by a shared pointer, as the answer may come after the ticker
/// has let go.
class RevokedOperators final : public Ticker::Client, public std::enable_shared_from_this<RevokedOperators> {
public:
    enum class Verdict { Trusted, Revoked, Unknown };

    /// The pool must outlive it, and serve nobody else: what operators ask must not keep this waiting.
    explicit RevokedOperators(QueryPool& pool) : pool_(pool) {}

    /// Asks on this connection, and blocks.
    void read(Connection& connection);

    Verdict judge(std::string_view name) const;

    void tick(Ticker::Time now) override;

private:
    struct State {
        std::optional<OperatorNames> names;
        bool asking = false;
        int ticks = 0;                                                         // since it was asked last
        int wait = 4;                                                          // ticks until it is asked
        GrowingPause pause{std::chrono::seconds(1), std::chrono::seconds(8)};  // while it does not answer
    };

    QueryPool& pool_;
    Guarded<State> state_;
};

}  // namespace apiary::collector
