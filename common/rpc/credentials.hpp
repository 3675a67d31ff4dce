#pragma once

#include "common/result.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace grpc {
class Channel;
class ChannelCredentials;
class ServerBuilder;
class ServerCredentials;
}  // namespace grpc

namespace apiary {

/// Who a program is on the wire, and whom it believes: three PEM files.
struct TlsIdentity {
    std::string ca;           // certificate of the authority that issued both ends' certificates
    std::string certificate;  // our own, with intermediates behind it if there are any
    std::string key;          // its private key, not encrypted
};

/// Says what is wrong with the files by reading them: missing, not PEM, expired since, not valid yet (and which clock
/// says so), a key that belongs to another certificate, a certificate that this CA did not issue. Done if nothing is.
Status checkIdentity(const TlsIdentity& identity, std::chrono::system_clock::time_point now);

/// Credentials for mTLS as a client. The files are read now; an Error names the file.
Result<std::shared_ptr<grpc::ChannelCredentials>> channelCredentials(const TlsIdentity& identity);

/// Credentials for mTLS as a server: a client without a certificate of our CA does not get past the handshake.
Result<std::shared_ptr<grpc::ServerCredentials>> serverCredentials(const TlsIdentity& identity);

/// A channel to `address` (host:port) over mTLS, TLS 1.2 or newer, with keepalive. It connects when first used, shares
/// no connection with other channels, and holds the files as they are now: after a certificate was renewed, open
/// another.
Result<std::shared_ptr<grpc::Channel>> openChannel(const std::string& address, const TlsIdentity& identity);

/// Makes a server accept the keepalive of openChannel() and bounds what one message may hold.
void configureServer(grpc::ServerBuilder& builder);

/// A failed call's status message as one line that says what to do: unreachable, no such name, certificate refused by
/// us or by the other end, ... `address` is what was called.
std::string explainFailure(const std::string& address, const std::string& grpcMessage);

}  // namespace apiary
