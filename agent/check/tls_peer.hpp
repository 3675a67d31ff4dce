#pragma once

#include "common/result.hpp"
#include "common/rpc/credentials.hpp"

#include <chrono>
#include <string>

namespace apiary::agent {

/// Who answered a TLS handshake, before anything it says is believed.
struct TlsPeer {
    std::string version;  // "TLSv1.3"
    bool speaksHttp2 = false;
    std::string chain;  // its certificates, PEM, its own first
};

/// Shakes hands over a connected socket, offering HTTP/2, and verifies nothing. Our certificate goes along if it can be
/// read. Blocks for as long as the socket's time-outs let it. An Error says that the other end does not speak TLS, or
/// not with us.
Result<TlsPeer> shakeHands(int socket, const std::string& host, const TlsIdentity& identity);

/// Whether the peer may be believed: its chain leads to the CA of the file, is valid now, and is for `host`, a name or
/// an address. Returns until when. An Error says what is wrong and what to do.
Result<std::chrono::system_clock::time_point> verifyPeer(const TlsPeer& peer, const std::string& caFile,
                                                         const std::string& host,
                                                         std::chrono::system_clock::time_point now);

/// Whose certificate a file holds and until when.
struct CertificateHolder {
    std::string uri;  // "apiary:sensor/…"; empty if it names nobody, or more than one
    std::chrono::system_clock::time_point validUntil;
};
Result<CertificateHolder> holderOf(const std::string& certificateFile);

}  // namespace apiary::agent
