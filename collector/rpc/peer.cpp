#include "collector/rpc/peer.hpp"

#include "common/text/stamp.hpp"

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <string>

namespace apiary::collector {

Result<PeerIdentity> peerOf(const grpc::ServerContextBase& context, std::chrono::system_clock::time_point now) {
    const std::shared_ptr<const grpc::AuthContext> authenticated = context.auth_context();
    if (!authenticated || !authenticated->IsPeerAuthenticated()) {
        return Error{"this needs a certificate of our authority"};
    }
    const auto pems = authenticated->FindPropertyValues("x509_pem_cert");
    if (pems.size() != 1) {
        return Error{"this needs a certificate of our authority"};
    }
    auto identity = identityOf({pems.front().data(), pems.front().size()});
    if (identity && identity->notAfter <= now) {
        return Error{"the certificate expired on " + isoStamp(identity->notAfter) + ": issue another"};
    }
    return identity;
}

}  // namespace apiary::collector
