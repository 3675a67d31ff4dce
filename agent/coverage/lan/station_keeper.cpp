#include "agent/coverage/lan/station_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

Descriptor event(unsigned flags) {
    Descriptor made(::eventfd(0, static_cast<int>(EFD_CLOEXEC | flags)));
    if (!made) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    return made;
}

}  // namespace

StationKeeper::StationKeeper(Make make) : make_(std::move(make)), wake_(event(0)), made_(event(EFD_NONBLOCK)) {}

void StationKeeper::want(LanLink link, std::uint64_t request) {
    shared_.with([&](Shared& shared) {
        const auto same = std::ranges::find_if(shared.wanted,
                                               [&](const Wish& wish) { return wish.link.interface == link.interface; });
        if (same != shared.wanted.end()) {
            shared.wanted.erase(same);
        }
        shared.wanted.push_back({std::move(link), request});
    });
    ::eventfd_write(wake_.get(), 1);
}

std::vector<StationKeeper::Given> StationKeeper::take() {
    eventfd_t count = 0;
    ::eventfd_read(made_.get(), &count);
    return shared_.with([](Shared& shared) { return std::exchange(shared.given, {}); });
}

void StationKeeper::run() {
    for (;;) {
        bool finished = false;
        std::optional<Wish> next;
        shared_.with([&](Shared& shared) {
            finished = shared.finished;
            if (!shared.wanted.empty()) {
                next = std::move(shared.wanted.front());
                shared.wanted.erase(shared.wanted.begin());
            }
        });
        if (next) {
            Given given{next->link.interface, next->request, make_(next->link)};
            shared_.with([&](Shared& shared) { shared.given.push_back(std::move(given)); });
            ::eventfd_write(made_.get(), 1);
        } else if (finished) {
            return;
        } else {
            eventfd_t count = 0;
            ::eventfd_read(wake_.get(), &count);
        }
    }
}

void StationKeeper::finish() {
    shared_.with([](Shared& shared) { shared.finished = true; });
    ::eventfd_write(wake_.get(), 1);
}

}  // namespace apiary::agent
