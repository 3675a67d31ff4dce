#include "collector/known_administration.hpp"

#include "collector/administration.hpp"
#include "collector/store/connection.hpp"

#include <chrono>
#include <iostream>
#include <optional>

namespace apiary::collector {
Status addKnown(const CollectorConfig& config, const KnownWish& wish) {
    Connection connection(config.writer);
    const auto number = KnownRepository(connection).add(wish, account());
    if (!number) {
        return Error{number.error()};
    }
    std::cout << "rule " << *number << " tags as " << wish.tag
              << " what comes from now on; known retag does so with what is stored\n";
    return Done{};
}

Status listKnown(const CollectorConfig& config) {
    Connection connection(config.writer);
    for (const KnownEntry& entry : KnownRepository(connection).list()) {
        std::cout << entry.number << "  " << entry.tag << "  " << entry.what << "  owner: " << entry.owner
                  << "  reason: " << entry.reason;
        if (!entry.expires.empty()) {
            std::cout << "  " << (entry.expired ? "expired " : "until ") << entry.expires;
        }
        std::cout << "  by " << entry.createdBy << '\n';
    }
    return Done{};
}

Status removeKnown(const CollectorConfig& config, std::int64_t number) {
    Connection connection(config.writer);
    if (Status removed = KnownRepository(connection).remove(number, account()); !removed) {
        return removed;
    }
    std::cout << "rule " << number
              << " tags nothing that comes from now on; known retag takes its tags from what is stored\n";
    return Done{};
}

Status retagKnown(const CollectorConfig& config, const std::string& since) {
    std::optional<std::chrono::sys_days> day;
    if (!since.empty()) {
        const auto parsed = parseDay(since);
        if (!parsed) {
            return Error{parsed.error()};
        }
        day = *parsed;
    }
    Connection connection(config.owner);
    const Retagged done = KnownRepository(connection).retag(day, account());
    std::cout << done.changed << " of " << done.seen << " sessions and probes have other tags now\n";
    return Done{};
}

}  // namespace apiary::collector
