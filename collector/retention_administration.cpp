#include "collector/retention_administration.hpp"

#include "collector/administration.hpp"
#include "collector/store/connection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string_view>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr int kTries = 60;
constexpr auto kBetweenTries = 1s;

std::uint64_t sessionsOf(const std::vector<PartitionDay>& days) {
    std::uint64_t sessions = 0;
    for (const PartitionDay& day : days) {
        sessions += day.sessions;
    }
    return sessions;
}

void printGoing(const RetentionPlan& plan) {
    for (const PartitionDay& day : plan.going) {
        for (const DayPartition& partition : day.partitions) {
            std::cout << "  " << dayText(day.day) << "  " << std::left << std::setw(28) << partition.name << std::right
                      << std::setw(12) << roughSize(partition.bytes) << '\n';
        }
        std::cout << "  " << dayText(day.day) << "  in all: about " << day.sessions << " sessions, "
                  << roughSize(day.bytes()) << '\n';
    }
}

void printGoing(const RetentionRepository::Going& going) {
    if (going.manifests > 0) {
        std::cout << "  manifests of days before " << dayText(going.manifestsFrom) << ": " << going.manifests
                  << " pieces, " << roughSize(going.manifestBytes) << '\n';
    }
    if (going.quarantine > 0) {
        std::cout << "  quarantine: " << going.quarantine << " records\n";
    }
    if (going.coverage > 0) {
        std::cout << "  which sensor listened, of days before " << dayText(going.coverageFrom) << ": " << going.coverage
                  << " rows\n";
    }
}

void printStaying(const RetentionState& state, const RetentionPlan& plan) {
    const std::size_t days = state.days.size() - plan.going.size();
    std::cout << "stays: " << days << (days == 1 ? " day" : " days");
    if (days > 0) {
        std::cout << " from " << dayText(state.days[plan.going.size()].day);
    }
    std::cout << ", about " << sessionsOf(state.days) - sessionsOf(plan.going) << " sessions; " << roughSize(plan.left)
              << " of database" << (state.walBytes ? " and write-ahead log" : "")
              << ", the rollups of all days among them\n";
    if (!state.walBytes) {
        std::cout << "the write-ahead log is not counted: the database does not tell its size; apiary-collector init "
                     "lets it\n";
    }
}

}  // namespace

std::string roughSize(std::uint64_t bytes) {
    static constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    std::ostringstream text;
    text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << value << ' ' << kUnits[unit];
    return text.str();
}

std::string dayText(std::chrono::sys_days day) {
    const std::chrono::year_month_day date(day);
    std::ostringstream text;
    text << std::setfill('0') << std::setw(4) << static_cast<int>(date.year()) << '-' << std::setw(2)
         << static_cast<unsigned>(date.month()) << '-' << std::setw(2) << static_cast<unsigned>(date.day());
    return text.str();
}

std::string goingText(const RetentionPlan& plan) {
    return std::to_string(plan.going.size()) + (plan.going.size() == 1 ? " day, about " : " days, about ") +
           std::to_string(sessionsOf(plan.going)) + " sessions, " + roughSize(plan.freed);
}

std::string retainedText(const Retained& done) {
    std::string text = std::to_string(done.partitions) + " partitions with " + roughSize(done.bytes) + " dropped";
    if (done.openSessions > 0) {
        text += ", " + std::to_string(done.openSessions) + " open sessions of these days forgotten";
    }
    if (done.artifacts > 0) {
        text += ", " + std::to_string(done.artifacts) + " files without a sighting removed";
    }
    if (done.rollups > 0) {
        text += ", " + std::to_string(done.rollups) + " rows of old rollups removed";
    }
    if (done.manifests > 0) {
        text += ", " + std::to_string(done.manifests) + " pieces of manifests removed";
    }
    if (done.quarantine > 0) {
        text += ", " + std::to_string(done.quarantine) + " records of quarantine removed";
    }
    return text;
}

Status dropOldRows(const CollectorConfig& config, const RetentionWish& asked, bool dryRun) {
    RetentionWish wish = config.retention.value_or(RetentionWish{});
    wish.days = asked.days ? asked.days : wish.days;
    wish.bytes = asked.bytes ? asked.bytes : wish.bytes;
    Connection connection(config.writer, "apiary-collector retention");
    RetentionRepository repository(connection);
    const RetentionState state = repository.look();
    const auto plan = planRetention(state, wish);
    if (!plan) {
        return Error{plan.error()};
    }
    std::cout << (dryRun ? "would go: " : "goes: ") << goingText(*plan) << '\n';
    printGoing(*plan);
    printGoing(repository.goesWith(*plan));
    printStaying(state, *plan);
    if (plan->tooMuch) {
        std::cout << "that is " << roughSize(*plan->tooMuch) << " more than the size asked for: days from "
                  << dayText(state.sizeFloor)
                  << " on are kept by the policy, see apiary-collector policy --minimum-days\n";
    }
    if (dryRun) {
        return Done{};
    }
    const Retained done = repository.carryOut(*plan, account(), [](int tries) {
        std::this_thread::sleep_for(kBetweenTries);
        return tries < kTries;
    });
    std::cout << retainedText(done) << '\n';
    if (!done.inUse.empty()) {
        return Error{std::to_string(done.inUse.size()) + " partitions are in use all the time, " + done.inUse.front() +
                     " the first: the next run drops them; pg_stat_activity says who reads for so long"};
    }
    return Done{};
}

Status setPolicy(const CollectorConfig& config, const PolicyChange& change) {
    Connection connection(config.owner, "apiary-collector policy");
    const auto policy = changePolicy(connection, change, account());
    if (!policy) {
        return Error{policy.error()};
    }
    std::cout << "policy: " << *policy << '\n';
    return Done{};
}

}  // namespace apiary::collector
