#include "agent/protocols/http_content.hpp"

#include "agent/protocol/seeded.hpp"
#include "agent/protocols/http_routes.hpp"
#include "agent/protocols/http_types.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using Files = std::map<std::string, HttpFile, std::less<>>;

constexpr std::uint64_t kInstalledPurpose = 0x17f0;

/// When the host was set up: package installation copied the page, on a working day's hour in Debian 12's first two
/// years.
FileTime installed(std::uint64_t sensorSeed) {
    using namespace std::chrono;
    Seeded choice(sensorSeed, kInstalledPurpose);
    const auto day = sys_days(2023y / July / 1) + days(choice.below(700));
    return day + hours(7 + choice.below(11)) + seconds(choice.below(3600)) + microseconds(choice.below(1'000'000));
}

Files filesOf(const FolderRead& folder) {
    Files files;
    for (const auto& [path, file] : folder) {
        files.emplace(path, HttpFile{file.content, file.modified, std::string(httpType(path))});
    }
    return files;
}

Files defaultFiles(std::uint64_t sensorSeed) {
    const FileTime time = installed(sensorSeed);
    return {{"/", {nullptr, time, ""}},
            {"/index.html", {std::make_shared<const std::string>(kHttpDefaultPage), time, "text/html"}}};
}

}  // namespace

Result<std::shared_ptr<const HttpSite>> httpSite(const Readings& readings, std::uint64_t sensorSeed) {
    const auto folder = readings.folders.find(kHttpSiteSetting.name);
    Files files = folder == readings.folders.end() ? defaultFiles(sensorSeed) : filesOf(folder->second);
    std::vector<HttpRoute> routes;
    if (const auto tables = readings.tables.find(kHttpApplicationSetting.name); tables != readings.tables.end()) {
        auto read = httpRoutes(tables->second);
        if (!read) {
            return Error{std::string(kHttpApplicationSetting.name) + ": " + read.error()};
        }
        routes = *std::move(read);
    }
    return std::make_shared<const HttpSite>(std::move(files), std::move(routes));
}

}  // namespace apiary::agent
