#include "collector/known_administration.hpp"

#include "collector/administration.hpp"
#include "collector/store/connection.hpp"

#include <charconv>
#include <chrono>
#include <iostream>
#include <optional>
#include <string_view>

namespace apiary::collector {
namespace {

std::optional<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Result<std::chrono::sys_days> parseDay(std::string_view text) {
    if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
        const auto year = digits(text.substr(0, 4));
        const auto month = digits(text.substr(5, 2));
        const auto day = digits(text.substr(8, 2));
        if (year && month && day && *month > 0 && *day > 0) {
            const std::chrono::year_month_day date{std::chrono::year(*year),
                                                   std::chrono::month(static_cast<unsigned>(*month)),
                                                   std::chrono::day(static_cast<unsigned>(*day))};
            if (date.ok()) {
                return std::chrono::sys_days(date);
            }
        }
    }
    return Error{"'" + std::string(text) + "' is no day: write YYYY-MM-DD, such as 2027-01-31"};
}

}  // namespace

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
