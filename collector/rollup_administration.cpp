#include "collector/rollup_administration.hpp"

#include "collector/administration.hpp"
#include "collector/retention_administration.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/rollup_repository.hpp"

#include <chrono>
#include <cstdint>
#include <iostream>

namespace apiary::collector {

using std::chrono::sys_days;

Status rebuildRollups(const CollectorConfig& config, const std::string& since, const std::string& until) {
    sys_days first = sys_days::min();
    sys_days last = sys_days::max();
    for (const auto& [text, day] : {std::pair(&since, &first), std::pair(&until, &last)}) {
        if (!text->empty()) {
            const auto parsed = parseDay(*text);
            if (!parsed) {
                return Error{parsed.error()};
            }
            *day = *parsed;
        }
    }
    Connection connection(config.owner, "apiary-collector rollup");
    RollupRepository repository(connection);
    std::uint64_t days = 0;
    std::uint64_t sessions = 0;
    std::uint64_t rows = 0;
    for (const sys_days day : repository.days()) {
        if (day < first || day > last) {
            continue;
        }
        const auto rebuilt = repository.rebuild(day, account());
        if (!rebuilt) {
            std::cout << dayText(day) << ": its rows have just been dropped\n";
            continue;
        }
        ++days;
        sessions += rebuilt->sessions;
        for (const RollupDifference& difference : rebuilt->differences) {
            rows += difference.rows;
            std::cout << dayText(day) << ": " << difference.rows << " rows of " << difference.rollup << " differed\n";
        }
    }
    std::cout << days << " days with " << sessions << " sessions counted anew: "
              << (rows == 0 ? std::string("nothing differed") : std::to_string(rows) + " rows differed") << '\n';
    return Done{};
}

}  // namespace apiary::collector
