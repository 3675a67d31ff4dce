#pragma once

#include "agent/engine/activity.hpp"
#include "agent/engine/service.hpp"

#include <memory>

namespace apiary::agent {

/// One thread's socket of a service. Only that thread uses it.
class Listener : public Activity {
public:
    /// Takes nothing more; the socket is closed when this returns.
    virtual void close() = 0;

protected:
    /// Shares `current` with the service's other listeners and with the engine, which changes it.
    Listener(Loop& loop, std::shared_ptr<const CurrentService> current)
        : Activity(loop), current_(std::move(current)) {}

    std::shared_ptr<const Service> service() const {
        return current_->with([](const auto& service) { return service; });
    }

    void refuse(const Service& service, const Endpoint& source, const Endpoint& target, const char* reason) {
        service.state->counters.refused(reason);
        loop().refuse({source, target, service.spec.module->transport, service.spec.name, reason,
                       std::chrono::system_clock::now()});
    }

private:
    std::shared_ptr<const CurrentService> current_;
};

}  // namespace apiary::agent
