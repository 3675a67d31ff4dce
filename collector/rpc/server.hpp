#pragma once

#include "common/net/endpoint.hpp"
#include "common/result.hpp"
#include "common/rpc/credentials.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <vector>

namespace grpc {
class Service;
}

namespace apiary::collector {

class RpcMeter;

/// The collector's server: mTLS on every address, nothing without a certificate of our authority.
class RpcServer {
public:
    /// Listens and serves, with the meter in front. The services must outlive the server. An Error names the file that is wrong or the address
    /// that cannot be had.
    static Result<std::unique_ptr<RpcServer>> start(std::span<const Endpoint> listens, const TlsIdentity& identity,
                                                    const std::vector<grpc::Service*>& services,
                                                    const RpcMeter& meter);
    RpcServer(const RpcServer&) = delete;
    RpcServer& operator=(const RpcServer&) = delete;
    ~RpcServer();

    /// Takes nothing new, and cancels what has not ended `within` that time.
    void stop(std::chrono::milliseconds within);

private:
    class Impl;
    explicit RpcServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::collector
