#pragma once

#include "collector/pki/peer_identity.hpp"
#include "common/result.hpp"

#include <chrono>

namespace grpc {
class ServerContextBase;
}

namespace apiary::collector {

/// Who is at the other end of a call: what the certificate says that the handshake has accepted. An Error if there is
/// none, if it names nobody, or if it has expired by `now`: a connection outlives its certificate, so whoever serves a
/// stream asks `notAfter` again as time goes on.
Result<PeerIdentity> peerOf(const grpc::ServerContextBase& context, std::chrono::system_clock::time_point now);

}  // namespace apiary::collector
