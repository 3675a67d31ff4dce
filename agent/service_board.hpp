#pragma once

#include "agent/config.hpp"
#include "agent/engine/engine.hpp"
#include "agent/uplink/service_control.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Which services are to be on, and the engine brought to it.
///
/// The file says it first. After that the last word counts, whose ever it was: the collector's, a `start` or `stop` on
/// this machine, or the file's own when it is read again and says something else than before. The wishes survive a
/// restart, with the collector or without. Thread-safe; calls that start or stop block for as long as binding takes.
class ServiceBoard final : public ServiceControl {
public:
    /// `engine` must outlive it. `file` keeps the wishes; it need not exist.
    ServiceBoard(Engine& engine, std::string file);

    /// Takes the services of the configuration, at start and whenever it is read again: starts, stops and changes what
    /// differs. Sessions under way are left alone. Returns what could not be started, each with its line of the file.
    std::vector<std::string> load(const std::vector<ServiceConfig>& services, const std::string& configFile);

    /// A wish of somebody at this machine. An Error if there is no such service, or it cannot start.
    Status wish(std::string_view name, bool on);

    /// Tries again what could not be started: a port may be free by now. Logs what changed.
    void retry();

    void apply(const DesiredServices& desired) override;
    std::uint64_t appliedVersion() const override;
    std::vector<ServiceReport> reports() const override;

    /// Takes the result of a visit to the service; unknown names are ignored. Logs when it differs from the one before.
    void tested(std::string_view name, const SelfTestReport& result);

    /// Called after every change, on the thread that made it.
    void onChanged(std::function<void()> call);

private:
    struct Entry {
        ServiceConfig config;
        std::string failure;  // why it is not on though it should be
        std::optional<SelfTestReport> selfTest = {};
    };
    struct Content {
        std::map<std::string, Entry, std::less<>> services;
        std::map<std::string, bool, std::less<>> wishes;
        std::uint64_t version = 0;  // of the collector's wishes, applied last
        std::function<void()> changed;
    };

    static bool desired(const Content& content, const Entry& entry);
    void bring(const Content& content, Entry& entry);
    void keep(const Content& content) const;
    void announce() const;

    Engine& engine_;
    const std::string file_;
    Guarded<Content> content_;
};

}  // namespace apiary::agent
