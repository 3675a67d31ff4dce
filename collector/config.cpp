#include "collector/config.hpp"

#include "collector/notify/webhook.hpp"
#include "common/config/toml.hpp"

#include <algorithm>
#include <limits>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMostDays = 3660;
constexpr std::uint64_t kLeastSize = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostSize = std::uint64_t{1} << 60U;

std::optional<RetentionWish> readRetention(const TomlTable& table) {
    if (!table.present()) {
        return std::nullopt;
    }
    RetentionWish wish;
    if (const TomlField days = table.field("days"); days.present()) {
        wish.days = static_cast<int>(days.number(kMostDays, 1, kMostDays));
    }
    if (const TomlField size = table.field("size"); size.present()) {
        wish.bytes = size.size(kMostSize, kLeastSize, kMostSize);
    }
    return wish;
}

NotifySettings readNotify(const TomlTable& table) {
    NotifySettings notify;
    const TomlField command = table.field("command");
    notify.command = command.texts();
    if (!notify.command.empty() && !notify.command.front().starts_with('/')) {
        command.complain("must begin with the absolute path of a program, e.g. [\"/usr/local/bin/tell\", \"--all\"]");
    }
    const TomlField webhook = table.field("webhook");
    notify.webhook = webhook.text();
    if (webhook.present()) {
        if (const Status checked = Webhook::check(notify.webhook); !checked) {
            webhook.complain(checked.error());
        }
    }
    notify.every = table.field("every").duration(30min, 1min, 24h * 7);
    notify.mostPerHour = static_cast<std::uint32_t>(table.field("most_per_hour").number(60, 2, 10'000));
    return notify;
}

}  // namespace

static constexpr std::uint16_t kMetricsPort = 9464;

Result<CollectorConfig> readConfig(const std::string& path) {
    TomlFile file = TomlFile::read(path);
    const TomlTable root = file.root();
    CollectorConfig config;
    const TomlTable collector = root.table("collector");
    config.id = static_cast<std::int16_t>(
        collector.field("id").number(1, 1, static_cast<std::uint64_t>(std::numeric_limits<std::int16_t>::max())));
    config.name = collector.field("name").text("collector");
    config.listens = collector.field("listen").endpoints();
    if (config.listens.empty()) {
        config.listens.push_back(Endpoint::of({127, 0, 0, 1}, 7443));
    }
    config.metrics = readMetrics(collector, kMetricsPort);
    config.file = path;
    config.metricsPlace = path + ":" + std::to_string(config.metrics.line);
    config.hostNames = collector.field("host_names").texts();
    const TomlTable database = root.table("database");
    config.owner = database.field("owner").required().text();
    config.writer = database.field("writer").required().text();
    config.watch = database.field("watch").texts();
    if (!std::ranges::all_of(config.watch, [](const std::string& folder) { return folder.starts_with('/'); })) {
        database.field("watch").complain("is a folder, or a list of folders: write each from / on");
    }
    if (const TomlField floor = database.field("floor"); floor.present()) {
        config.floor = floor.size(kLeastSize, kLeastSize, kMostSize);
    }
    config.pki = root.table("pki").field("directory").required().path();
    const TomlTable enrich = root.table("enrich");
    config.sources.country = enrich.field("country_database").path();
    config.sources.network = enrich.field("network_database").path();
    config.sourcesPlace = path + ":" + std::to_string(enrich.line());
    config.retention = readRetention(root.table("retention"));
    config.notify = readNotify(root.table("notify"));
    const std::vector<std::string> errors = file.finish();
    if (!errors.empty()) {
        std::string all;
        for (const std::string& error : errors) {
            all += (all.empty() ? "" : "\n") + error;
        }
        return Error{all};
    }
    return config;
}

}  // namespace apiary::collector
