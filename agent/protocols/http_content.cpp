#include "agent/protocols/http_content.hpp"

#include "agent/protocol/seeded.hpp"
#include "agent/protocols/decoy_company.hpp"
#include "agent/protocols/http_routes.hpp"
#include "agent/protocols/http_types.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using Files = std::map<std::string, HttpFile, std::less<>>;

constexpr std::uint64_t kInstalledPurpose = 0x17f0;
constexpr std::uint64_t kTokenPurpose = 0x70ce;
constexpr std::uint64_t kSecretPurpose = 0x5ec7;

std::string hexadecimal(std::uint64_t sensorSeed, std::uint64_t purpose, std::size_t digits) {
    std::string text;
    for (Seeded choice(sensorSeed, purpose); text.size() < digits;) {
        text += "0123456789abcdef"[choice.below(16)];
    }
    return text;
}

/// When the host was set up: package installation copied the page, on a working day's hour in Debian 12's first two
/// years.
FileTime installed(std::uint64_t sensorSeed) {
    using namespace std::chrono;
    Seeded choice(sensorSeed, kInstalledPurpose);
    const auto day = sys_days(2023y / July / 1) + days(choice.below(700));
    return day + hours(7 + choice.below(11)) + seconds(choice.below(3600)) + microseconds(choice.below(1'000'000));
}

/// Puts the sensor's own words into texts.
class Filler {
public:
    explicit Filler(std::uint64_t sensorSeed) {
        const std::string company(decoyCompany(sensorSeed));
        std::string title = company;
        title.front() = static_cast<char>(title.front() - 'a' + 'A');
        words_ = {{"{{company}}", company},
                  {"{{Company}}", title},
                  {"{{token}}", hexadecimal(sensorSeed, kTokenPurpose, 32)},
                  {"{{secret}}", hexadecimal(sensorSeed, kSecretPurpose, 64)}};
    }

    std::string fill(std::string text) const {
        for (const auto& [mark, word] : words_) {
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + word.size())) {
                text.replace(at, mark.size(), word);
            }
        }
        return text;
    }

    /// The same content, not a copy, if there is nothing to fill in.
    std::shared_ptr<const std::string> fill(const std::shared_ptr<const std::string>& content) const {
        return content->find("{{") == std::string::npos ? content : std::make_shared<const std::string>(fill(*content));
    }

    HttpAnswer fill(HttpAnswer answer) const {
        answer.body = fill(answer.body);
        for (auto& [name, value] : answer.headers) {
            value = fill(std::move(value));
        }
        return answer;
    }

private:
    std::vector<std::pair<std::string, std::string>> words_;
};

bool textual(std::string_view type) {
    constexpr std::string_view kTextual[] = {"application/json", "application/xml", "application/xhtml+xml",
                                             "image/svg+xml"};
    return type.starts_with("text/") || std::ranges::find(kTextual, type) != std::end(kTextual);
}

Files filesOf(const FolderRead& folder, const Filler& filler) {
    Files files;
    for (const auto& [path, file] : folder) {
        std::string type = httpType(path);
        const bool filled = file.content != nullptr && textual(type.substr(0, type.find(';')));
        files.emplace(path, HttpFile{filled ? filler.fill(file.content) : file.content, file.modified, std::move(type),
                                     httpLanguage(path)});
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
    const Filler filler(sensorSeed);
    HttpApplication application;
    std::vector<HttpRoute>& routes = application.routes;
    if (const auto tables = readings.tables.find(kHttpApplicationSetting.name); tables != readings.tables.end()) {
        auto read = httpRoutes(tables->second);
        if (!read) {
            return Error{std::string(kHttpApplicationSetting.name) + ": " + read.error()};
        }
        application = *std::move(read);
    }
    for (HttpRoute& route : routes) {
        route.answer = filler.fill(std::move(route.answer));
        route.welcome = filler.fill(std::move(route.welcome));
        route.cookie = filler.fill(std::move(route.cookie));
    }
    const bool ownStart = std::ranges::find(routes, "/", &HttpRoute::path) != routes.end();
    Files files;
    if (const auto folder = readings.folders.find(kHttpSiteSetting.name); folder != readings.folders.end()) {
        files = filesOf(folder->second, filler);
    } else if (!ownStart) {
        files = defaultFiles(sensorSeed);
    }
    return std::make_shared<const HttpSite>(std::move(files), std::move(routes), std::move(application.manner));
}

}  // namespace apiary::agent
