#pragma once

#include "agent/engine/activity.hpp"
#include "agent/engine/service.hpp"

#include <memory>

namespace apiary::agent {

/// One thread's socket of a service. Only that thread uses it.
class Listener : public Activity {
public:
    /// Sessions that start from now on belong to this configuration of the service.
    void serve(std::shared_ptr<const Service> service) { service_ = std::move(service); }

    /// Takes nothing more; the socket is closed when this returns.
    virtual void close() = 0;

protected:
    Listener(Loop& loop, std::shared_ptr<const Service> service) : Activity(loop), service_(std::move(service)) {}

    const std::shared_ptr<const Service>& service() const { return service_; }

    void refuse(const Endpoint& source, const Endpoint& target, const char* reason) {
        ++service_->state->refused;
        loop().refuse({source, target, service_->spec.module->transport, service_->spec.name, reason,
                       std::chrono::system_clock::now()});
    }

private:
    std::shared_ptr<const Service> service_;
};

}  // namespace apiary::agent
