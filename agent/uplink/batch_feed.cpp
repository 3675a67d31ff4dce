#include "agent/uplink/batch_feed.hpp"

#include "common/log/log.hpp"

namespace apiary::agent {

std::optional<OutgoingBatch> BatchFeed::next(Time now) {
    if (now < notBefore_) {
        return std::nullopt;
    }
    tryAgainAt_ = Time::max();
    try {
        auto batch = cursor_.next();
        if (batch && !reason_.empty()) {
            log::info("uplink: the spool can be read again, after " + std::to_string(failed_ - failedBefore_) +
                      " failed reads; all that waits goes up");
            reason_.clear();
            delay_.reset();
        }
        return batch;
    } catch (const SpoolReadError& error) {
        if (reason_.empty()) {
            log::error(std::string("uplink: ") + error.what() +
                       " (services and recording go on, records wait in the spool; the agent keeps trying)");
            failedBefore_ = failed_;
        }
        reason_ = error.what();
        ++failed_;
        tryAgainAt_ = notBefore_ = now + delay_.next();
        return std::nullopt;
    }
}

}  // namespace apiary::agent
