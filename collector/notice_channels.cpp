#include "collector/notice_channels.hpp"

#include "collector/notify/memory_notices.hpp"
#include "collector/notify_administration.hpp"
#include "collector/store/stored_notices.hpp"

#include <random>
#include <utility>

namespace apiary::collector {
namespace {

/// Takes notices from one queue by a carrier of its own. Its parts refer to each other: it stays where it is.
class Route {
public:
    Route(NoticeQueue& queue, NamedCarrier carrier)
        : carrier_(std::move(carrier)),
          courier_(queue, *carrier_.carrier,
                   {.name = carrier_.name,
                    .clock = [] { return std::chrono::system_clock::now(); },
                    .chance = [this] { return chance_(dice_); }}) {}
    Route(const Route&) = delete;
    Route& operator=(const Route&) = delete;

    const std::string& name() const { return carrier_.name; }
    Courier& courier() { return courier_; }
    const Courier& courier() const { return courier_; }

private:
    NamedCarrier carrier_;
    std::minstd_rand dice_{std::random_device{}()};
    std::uniform_real_distribution<double> chance_{0, 1};
    Courier courier_;
};

}  // namespace

/// One of them.
class NoticeChannels::Channel {
public:
    Channel(const CollectorConfig& config, const StoredNotices::Missed& missed, NamedCarrier forStored,
            NamedCarrier forUrgent)
        : stored_(config.writer, config.id, forStored.name, missed),
          route_(stored_, std::move(forStored)),
          urgentRoute_(urgent_, std::move(forUrgent)) {}

    MemoryNotices& urgent() { return urgent_; }
    const MemoryNotices& urgent() const { return urgent_; }
    Route& route() { return route_; }
    const Route& route() const { return route_; }
    Route& urgentRoute() { return urgentRoute_; }
    const Route& urgentRoute() const { return urgentRoute_; }

private:
    StoredNotices stored_;
    MemoryNotices urgent_;
    Route route_;
    Route urgentRoute_;
};

NoticeChannels::NoticeChannels(const CollectorConfig& config,
                               const std::function<void(const std::string& why)>& missed) {
    auto forStored = carriersOf(config.notify);
    auto forUrgent = carriersOf(config.notify);
    for (std::size_t i = 0; i < forStored.size(); ++i) {
        channels_.push_back(
            std::make_unique<Channel>(config, missed, std::move(forStored[i]), std::move(forUrgent[i])));
    }
}

NoticeChannels::~NoticeChannels() = default;

std::vector<std::string> NoticeChannels::names() const {
    std::vector<std::string> names;
    for (const auto& channel : channels_) {
        names.push_back(channel->route().name());
    }
    return names;
}

void NoticeChannels::addTo(Crew& crew) {
    for (const auto& channel : channels_) {
        crew.add("notices", [&courier = channel->route().courier()] { courier.run(); });
        crew.add("notices-own", [&courier = channel->urgentRoute().courier()] { courier.run(); });
    }
}

void NoticeChannels::wake() {
    for (const auto& channel : channels_) {
        channel->route().courier().wake();
    }
}

void NoticeChannels::tell(const std::string& json, std::chrono::system_clock::time_point now) {
    for (const auto& channel : channels_) {
        channel->urgent().add(json, now);
        channel->urgentRoute().courier().wake();
    }
}

void NoticeChannels::stop() {
    for (const auto& channel : channels_) {
        channel->route().courier().stop();
        channel->urgentRoute().courier().stop();
    }
}

std::map<std::string, Courier::Counts> NoticeChannels::counts() const {
    std::map<std::string, Courier::Counts> counts;
    for (const auto& channel : channels_) {
        auto& sum = counts[channel->route().name()];
        for (const Route* route : {&channel->route(), &channel->urgentRoute()}) {
            const auto one = route->courier().counts();
            sum.sent += one.sent;
            sum.failed += one.failed;
            sum.dropped += one.dropped;
        }
        sum.dropped += channel->urgent().overflowed();
    }
    return counts;
}

}  // namespace apiary::collector
