#pragma once

#include "collector/config.hpp"
#include "common/process/crew.hpp"

#include <memory>
#include <string>
#include <vector>

namespace apiary::collector {

/// The ways by which notices leave this collector, as [notify] names them: each with a queue in the database, and a
/// thread that delivers. wake() and stop() are for any thread.
class NoticeChannels {
public:
    explicit NoticeChannels(const CollectorConfig& config);
    ~NoticeChannels();
    NoticeChannels(const NoticeChannels&) = delete;
    NoticeChannels& operator=(const NoticeChannels&) = delete;

    /// command, webhook; empty if nobody is told.
    std::vector<std::string> names() const;

    void addTo(Crew& crew);

    /// There are new notices.
    void wake();
    void stop();

private:
    class Channel;
    std::vector<std::unique_ptr<Channel>> channels_;
};

}  // namespace apiary::collector
