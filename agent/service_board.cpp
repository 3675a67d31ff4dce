#include "agent/service_board.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

namespace apiary::agent {
namespace {

ServiceReport::Actual actualOf(ServiceActual actual) {
    switch (actual) {
        case ServiceActual::Off:
            return ServiceReport::Actual::Off;
        case ServiceActual::Starting:
            return ServiceReport::Actual::Starting;
        case ServiceActual::On:
            return ServiceReport::Actual::On;
        case ServiceActual::Failed:
            return ServiceReport::Actual::Failed;
        case ServiceActual::Draining:
            return ServiceReport::Actual::Draining;
    }
    return ServiceReport::Actual::Unknown;
}

/// A name that the file of wishes can hold: one word.
bool keepable(std::string_view name) {
    return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

ServiceBoard::ServiceBoard(Engine& engine, std::string file) : engine_(engine), file_(std::move(file)) {
    content_.with([&](Content& content) {
        std::ifstream in(file_);
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string key;
            std::string value;
            words >> key >> value;
            if (value == "on" || value == "off") {
                content.wishes[key] = value == "on";
            } else if (key == "version") {
                content.version = std::strtoull(value.c_str(), nullptr, 10);
            }
        }
    });
}

std::vector<std::string> ServiceBoard::load(const std::vector<ServiceConfig>& services, const std::string& configFile) {
    std::vector<std::string> failures;
    content_.with([&](Content& content) {
        const std::map<std::string, Entry, std::less<>> before = std::exchange(content.services, {});
        for (const ServiceConfig& service : services) {
            const auto known = before.find(service.spec.name);
            if (known != before.end() && known->second.config.enabled != service.enabled) {
                content.wishes.erase(service.spec.name);  // the file has spoken last
            }
            content.services[service.spec.name].config = service;
        }
        // What is to be off gives its ports up before others ask for them; who failed asks again once all have moved.
        for (const auto& [name, entry] : before) {
            if (!content.services.contains(name)) {
                engine_.stop(name);
            }
        }
        for (auto& [name, entry] : content.services) {
            if (!desired(content, entry)) {
                bring(content, entry);
            }
        }
        for (auto& [name, entry] : content.services) {
            if (desired(content, entry)) {
                bring(content, entry);
            }
        }
        for (auto& [name, entry] : content.services) {
            if (!entry.failure.empty()) {
                bring(content, entry);
            }
            if (!entry.failure.empty()) {
                failures.push_back(configFile + ':' + std::to_string(entry.config.line) + ": " + entry.failure);
            }
        }
        keep(content);
    });
    announce();
    return failures;
}

Status ServiceBoard::wish(std::string_view name, bool on) {
    Status outcome = content_.with([&](Content& content) -> Status {
        const auto found = content.services.find(name);
        if (found == content.services.end()) {
            std::string names;
            for (const auto& [known, entry] : content.services) {
                names += (names.empty() ? "" : ", ") + known;
            }
            return Error{"there is no service '" + std::string(name) + "'; there are: " + names};
        }
        content.wishes[found->first] = on;
        bring(content, found->second);
        keep(content);
        if (!found->second.failure.empty()) {
            return Error{found->second.failure};
        }
        return Done{};
    });
    announce();
    return outcome;
}

void ServiceBoard::apply(const DesiredServices& desired) {
    const bool changed = content_.with([&](Content& content) {
        if (desired.version == content.version) {
            return false;  // what was said on this machine since then stands
        }
        content.version = desired.version;
        for (const auto& [name, on] : desired.on) {
            if (!keepable(name)) {
                continue;
            }
            content.wishes[name] = on;  // the file may name the service later
            const auto found = content.services.find(name);
            if (found == content.services.end()) {
                log::warn("the collector speaks of a service that is not in the configuration: " + name);
                continue;
            }
            bring(content, found->second);
            log::info("the collector wants " + name + (on ? " on" : " off") +
                      (found->second.failure.empty() ? "" : ": " + found->second.failure));
        }
        keep(content);
        return true;
    });
    if (changed) {
        announce();
    }
}

void ServiceBoard::retry() {
    const bool changed = content_.with([&](Content& content) {
        bool news = false;
        for (auto& [name, entry] : content.services) {
            if (entry.failure.empty()) {
                continue;
            }
            const std::string before = entry.failure;
            bring(content, entry);
            if (entry.failure != before) {
                log::info(name + (entry.failure.empty() ? " is on now" : ": " + entry.failure));
                news = true;
            }
        }
        return news;
    });
    if (changed) {
        announce();
    }
}

std::uint64_t ServiceBoard::appliedVersion() const {
    return content_.with([](const Content& content) { return content.version; });
}

std::vector<ServiceReport> ServiceBoard::reports() const {
    const std::vector<ServiceView> views = engine_.services();
    return content_.with([&](const Content& content) {
        std::vector<ServiceReport> reports;
        for (const auto& [name, entry] : content.services) {
            ServiceReport report;
            report.name = name;
            report.protocol = std::string(entry.config.spec.module->name);
            report.listens = entry.config.spec.listens;
            report.desired = desired(content, entry);
            report.actual = ServiceReport::Actual::Off;
            const auto view = std::ranges::find(views, name, &ServiceView::name);
            if (view != views.end()) {
                report.actual = actualOf(view->actual);
                if (!view->listens.empty()) {
                    report.listens = view->listens;
                }
                report.openSessions = static_cast<std::uint32_t>(view->openSessions);
                report.sessions = view->sessions;
                report.refused = view->refused;
                report.lastSession = view->lastSession;
            }
            if (!entry.failure.empty()) {
                report.actual = ServiceReport::Actual::Failed;
                report.reason = entry.failure;
            }
            if (report.actual == ServiceReport::Actual::On) {
                report.selfTest = entry.selfTest;
            }
            reports.push_back(std::move(report));
        }
        return reports;
    });
}

void ServiceBoard::tested(std::string_view name, const SelfTestReport& result) {
    const bool known = content_.with([&](Content& content) {
        const auto found = content.services.find(name);
        if (found == content.services.end()) {
            return false;
        }
        const bool failedBefore = found->second.selfTest && !found->second.selfTest->passed;
        if (!result.passed && (!failedBefore || found->second.selfTest->step != result.step)) {
            log::warn("self-test of " + std::string(name) + " failed at " + result.step + ": " + result.reason);
        } else if (result.passed && failedBefore) {
            log::info("self-test of " + std::string(name) + " passed again");
        }
        found->second.selfTest = result;
        return true;
    });
    if (known) {
        announce();
    }
}

void ServiceBoard::onChanged(std::function<void()> call) {
    content_.with([&](Content& content) { content.changed = std::move(call); });
}

bool ServiceBoard::desired(const Content& content, const Entry& entry) {
    const auto wish = content.wishes.find(entry.config.spec.name);
    return wish != content.wishes.end() ? wish->second : entry.config.enabled;
}

void ServiceBoard::bring(const Content& content, Entry& entry) {
    entry.failure.clear();
    if (!desired(content, entry)) {
        entry.selfTest.reset();  // it says nothing of a later start
        engine_.stop(entry.config.spec.name);
        return;
    }
    if (const Status started = engine_.start(entry.config.spec); !started) {
        entry.failure = started.error();
    }
}

/// Whole or not at all: a torn file would start what an operator had stopped.
void ServiceBoard::keep(const Content& content) const {
    const std::string fresh = file_ + ".new";
    {
        std::ofstream out(fresh, std::ios::trunc);
        out << "version " << content.version << '\n';
        for (const auto& [name, on] : content.wishes) {
            out << name << (on ? " on\n" : " off\n");
        }
        if (!out.flush()) {
            log::warn("cannot keep which services are wanted in " + file_ + ": they would start as the file says");
            return;
        }
    }
    if (std::rename(fresh.c_str(), file_.c_str()) != 0) {
        log::warn("cannot replace " + file_);
    }
}

void ServiceBoard::announce() const {
    const auto call = content_.with([](const Content& content) { return content.changed; });
    if (call) {
        call();
    }
}

}  // namespace apiary::agent
