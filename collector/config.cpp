#include "collector/config.hpp"

#include "collector/notify/webhook.hpp"
#include "common/config/toml.hpp"

#include <limits>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

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
    config.hostNames = collector.field("host_names").texts();
    const TomlTable database = root.table("database");
    config.owner = database.field("owner").required().text();
    config.writer = database.field("writer").required().text();
    config.pki = root.table("pki").field("directory").required().path();
    const TomlTable enrich = root.table("enrich");
    config.sources.country = enrich.field("country_database").path();
    config.sources.network = enrich.field("network_database").path();
    config.sourcesPlace = path + ":" + std::to_string(enrich.line());
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
