#include "collector/notice_channels.hpp"

#include "collector/notify/courier.hpp"
#include "collector/notify_administration.hpp"
#include "collector/store/stored_notices.hpp"

#include <chrono>
#include <random>
#include <utility>

namespace apiary::collector {

/// One of them. Its parts refer to each other: it stays where it is.
class NoticeChannels::Channel {
public:
    Channel(const CollectorConfig& config, NamedCarrier carrier)
        : carrier_(std::move(carrier)),
          queue_(config.writer, config.id, carrier_.name),
          courier_(queue_, *carrier_.carrier,
                   {.name = carrier_.name,
                    .clock = [] { return std::chrono::system_clock::now(); },
                    .chance = [this] { return chance_(dice_); }}) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    const std::string& name() const { return carrier_.name; }
    Courier& courier() { return courier_; }

private:
    NamedCarrier carrier_;
    StoredNotices queue_;
    std::minstd_rand dice_{std::random_device{}()};
    std::uniform_real_distribution<double> chance_{0, 1};
    Courier courier_;
};

NoticeChannels::NoticeChannels(const CollectorConfig& config) {
    for (NamedCarrier& carrier : carriersOf(config.notify)) {
        channels_.push_back(std::make_unique<Channel>(config, std::move(carrier)));
    }
}

NoticeChannels::~NoticeChannels() = default;

std::vector<std::string> NoticeChannels::names() const {
    std::vector<std::string> names;
    for (const auto& channel : channels_) {
        names.push_back(channel->name());
    }
    return names;
}

void NoticeChannels::addTo(Crew& crew) {
    for (const auto& channel : channels_) {
        crew.add("notices", [&courier = channel->courier()] { courier.run(); });
    }
}

void NoticeChannels::wake() {
    for (const auto& channel : channels_) {
        channel->courier().wake();
    }
}

void NoticeChannels::stop() {
    for (const auto& channel : channels_) {
        channel->courier().stop();
    }
}

}  // namespace apiary::collector
