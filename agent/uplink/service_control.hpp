#pragma once

#include "common/net/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What the collector wants of the services, by name. Those not named are as the agent's own configuration says.
struct DesiredServices {
    std::uint64_t version = 0;
    std::vector<std::pair<std::string, bool>> on;
};

/// How the last visit of the agent to one of its services went.
struct SelfTestReport {
    std::chrono::system_clock::time_point at;
    bool passed = false;
    std::string step;  // that failed: connect, answer, record, acknowledge
    std::string reason;

    friend bool operator==(const SelfTestReport&, const SelfTestReport&) = default;
};

/// A service as the collector is told of it. Numbered as on the wire.
struct ServiceReport {
    enum class Actual : std::uint8_t { Unknown = 0, Off, Starting, On, Failed, Draining };

    std::string name;
    std::string protocol;
    std::vector<Endpoint> listens;
    bool desired = false;
    Actual actual = Actual::Unknown;
    std::string reason;
    std::uint32_t openSessions = 0;
    std::uint64_t sessions = 0;
    std::uint64_t refused = 0;
    std::optional<std::chrono::system_clock::time_point> lastSession = {};
    std::optional<SelfTestReport> selfTest = {};

    friend bool operator==(const ServiceReport&, const ServiceReport&) = default;
};

/// Who starts and stops services for the collector: app connects it. Called on the uplink's thread.
class ServiceControl {
public:
    virtual ~ServiceControl() = default;

    /// Applies a wish; a version that was applied before changes nothing.
    virtual void apply(const DesiredServices& desired) = 0;
    virtual std::uint64_t appliedVersion() const = 0;
    virtual std::vector<ServiceReport> reports() const = 0;
};

}  // namespace apiary::agent
