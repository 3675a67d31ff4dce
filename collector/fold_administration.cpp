#include "collector/fold_administration.hpp"

#include "collector/administration.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/fold_repository.hpp"

#include <chrono>
#include <iostream>

namespace apiary::collector {

using namespace std::chrono_literals;

Status nameFolded(const CollectorConfig& config, const std::string& sensor, const std::string& service, bool on) {
    Connection connection(config.owner, "apiary-collector fold");
    if (!FoldRepository(connection).name(sensor, service, on, account())) {
        return Error{on ? "there is no sensor " + sensor
                        : "of sensor " + sensor + " no service " + service + " is folded: fold list shows which are"};
    }
    std::cout << sensor << ' ' << service
              << (on ? ": sessions that are alike are folded from the next hour on; fold now does it at once\n"
                     : ": no more sessions are folded; those that are stay so\n");
    return Done{};
}

Status listFolded(const CollectorConfig& config) {
    Connection connection(config.owner, "apiary-collector fold");
    for (const FoldedService& one : FoldRepository(connection).services()) {
        std::cout << one.sensor << "  " << one.service << "  since " << one.since << " by " << one.by << '\n';
    }
    return Done{};
}

Status foldNow(const CollectorConfig& config, const std::string& since) {
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    auto first = today - std::chrono::days(1);
    if (!since.empty()) {
        const auto day = parseDay(since);
        if (!day) {
            return Error{day.error()};
        }
        first = *day;
    }
    Connection connection(config.writer, "apiary-collector fold");
    const Folded done =
        FoldRepository(connection).fold(config.id, ReportMoment(first), ReportMoment(today + 24h), [] { return true; });
    std::cout << done.sessions << " sessions became " << done.folds << " folds\n";
    return Done{};
}

}  // namespace apiary::collector
