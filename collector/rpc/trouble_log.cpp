#include "collector/rpc/trouble_log.hpp"

#include "common/log/log.hpp"

#include <string>
#include <utility>

namespace apiary::collector {
namespace {

std::string place(const Trouble& trouble) {
    if (trouble.key.sensorId == kOfTheCollector) {
        return "";
    }
    return "sensor " + trouble.sensor + (trouble.key.service.empty() ? "" : ", service " + trouble.key.service) + ": ";
}

}  // namespace

void TroubleLog::resume(std::span<const Trouble> lasting) {
    for (const auto& trouble : lasting) {
        said_.try_emplace(trouble.key, trouble);
    }
}

void TroubleLog::say(std::span<const Trouble> troubles) {
    std::map<TroubleKey, Trouble> now;
    for (const auto& trouble : troubles) {
        now.emplace(trouble.key, trouble);
        if (!said_.contains(trouble.key)) {
            const auto line = std::string(kindText(trouble.key.kind)) + ": " + place(trouble) + trouble.sentence();
            trouble.severity == Severity::Remark ? log::info(line) : log::warn(line);
        }
    }
    for (const auto& [key, trouble] : said_) {
        if (!now.contains(key)) {
            log::info(std::string(kindText(key.kind)) + " is over: " + place(trouble) + trouble.brief);
        }
    }
    said_ = std::move(now);
}

}  // namespace apiary::collector
