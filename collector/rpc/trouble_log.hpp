#pragma once

#include "collector/watch/trouble.hpp"

#include <map>
#include <span>

namespace apiary::collector {

/// Says in the log what has begun and what is over: once each. For one thread.
class TroubleLog {
public:
    /// These were said by an earlier run of the collector.
    void resume(std::span<const Trouble> lasting);

    /// These last now.
    void say(std::span<const Trouble> troubles);

private:
    std::map<TroubleKey, Trouble> said_;
};

}  // namespace apiary::collector
