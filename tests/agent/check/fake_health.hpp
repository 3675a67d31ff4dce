#pragma once

#include "common/rpc/credentials.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace apiary::agent::test {

/// A collector of which there is nothing but its health service, over mTLS on a port of its own.
class FakeHealth {
public:
    struct Says {
        bool serving = true;
        std::chrono::milliseconds ahead{0};  // its clock, of this machine's
        bool tellsClock = true;
    };

    FakeHealth(const TlsIdentity& identity, Says says);
    FakeHealth(const FakeHealth&) = delete;
    FakeHealth& operator=(const FakeHealth&) = delete;
    ~FakeHealth();

    int port() const { return port_; }

private:
    class Service;
    struct Server;
    int port_ = 0;
    std::unique_ptr<Service> service_;
    std::unique_ptr<Server> server_;
};

}  // namespace apiary::agent::test
