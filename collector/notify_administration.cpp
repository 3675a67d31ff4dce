#include "collector/notify_administration.hpp"

#include "collector/notify/hook_command.hpp"
#include "collector/notify/webhook.hpp"
#include "collector/watch/notice_text.hpp"

#include <atomic>
#include <chrono>
#include <iostream>

namespace apiary::collector {

std::vector<NamedCarrier> carriersOf(const NotifySettings& settings) {
    std::vector<NamedCarrier> carriers;
    if (!settings.command.empty()) {
        carriers.push_back({"command", std::make_unique<HookCommand>(settings.command)});
    }
    if (!settings.webhook.empty()) {
        carriers.push_back({"webhook", std::make_unique<Webhook>(settings.webhook)});
    }
    return carriers;
}

Status testNotices(const CollectorConfig& config) {
    const auto carriers = carriersOf(config.notify);
    if (carriers.empty()) {
        return Error{"nobody is told: name a command or a webhook in [notify]"};
    }
    const std::atomic<bool> stopping = false;
    std::string failed;
    for (const auto& [name, carrier] : carriers) {
        const auto delivery = carrier->carry(testJson(std::chrono::system_clock::now(), config.name), stopping);
        if (delivery.end == Delivery::End::Done) {
            std::cout << name << ": taken\n";
        } else {
            failed += (failed.empty() ? "" : "\n") + name + ": " + delivery.problem;
        }
    }
    return failed.empty() ? Status(Done{}) : Status(Error{failed});
}

}  // namespace apiary::collector
