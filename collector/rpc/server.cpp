#include "collector/rpc/server.hpp"

#include "collector/rpc/rpc_meter.hpp"
#include "common/net/address.hpp"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <string>
#include <utility>

namespace apiary::collector {

class RpcServer::Impl {
public:
    std::unique_ptr<grpc::Server> server;
};

Result<std::unique_ptr<RpcServer>> RpcServer::start(std::span<const Endpoint> listens, const TlsIdentity& identity,
                                                    const std::vector<grpc::Service*>& services,
                                                    const RpcMeter& meter) {
    auto credentials = serverCredentials(identity);
    if (!credentials) {
        return Error{credentials.error()};
    }
    grpc::ServerBuilder builder;
    std::vector<int> ports(listens.size(), 0);
    for (std::size_t i = 0; i < listens.size(); ++i) {
        builder.AddListeningPort(endpointText(listens[i]), *credentials, &ports[i]);
    }
    configureServer(builder);
    meter.attach(builder);
    for (grpc::Service* service : services) {
        builder.RegisterService(service);
    }
    auto impl = std::make_unique<Impl>();
    impl->server = builder.BuildAndStart();
    for (std::size_t i = 0; i < listens.size(); ++i) {
        if (!impl->server || ports[i] == 0) {
            return Error{"cannot listen on " + endpointText(listens[i]) +
                         ": the port is taken, or the address is not this machine's; change listen in [collector]"};
        }
    }
    return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RpcServer::~RpcServer() {
    stop(std::chrono::milliseconds(0));
}

void RpcServer::stop(std::chrono::milliseconds within) {
    if (impl_->server) {
        impl_->server->Shutdown(std::chrono::system_clock::now() + within);
        impl_->server->Wait();
        impl_->server.reset();
    }
}

}  // namespace apiary::collector
