#pragma once

#include "collector/config.hpp"
#include "collector/notify/courier.hpp"
#include "common/process/crew.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace apiary::collector {

/// The ways by which notices leave this collector, as [notify] names them. Each has a queue in the database and one in
/// memory, for what is to be told of the database, and for each queue a thread that delivers. All but addTo() is for
/// any thread.
class NoticeChannels {
public:
    /// `missed` is told on their threads why there is no database, each time that it is missed.
    NoticeChannels(const CollectorConfig& config, const std::function<void(const std::string& why)>& missed);
    ~NoticeChannels();
    NoticeChannels(const NoticeChannels&) = delete;
    NoticeChannels& operator=(const NoticeChannels&) = delete;

    /// command, webhook; empty if nobody is told.
    std::vector<std::string> names() const;

    void addTo(Crew& crew);

    /// There are new notices in the database.
    void wake();

    /// Sends a notice by each way, past the database.
    void tell(const std::string& json, std::chrono::system_clock::time_point now);

    void stop();

    /// What became of the notices of each way, by its name; notices in memory that had to make room are dropped ones.
    std::map<std::string, Courier::Counts> counts() const;

private:
    class Channel;
    std::vector<std::unique_ptr<Channel>> channels_;
};

}  // namespace apiary::collector
