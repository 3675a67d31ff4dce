#include "common/rpc/credentials.hpp"

#include "common/crypto/pem.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include <string_view>

namespace apiary {
namespace {

constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kConnectWithinMs = 10'000;
constexpr int kLargestAnswer = 16 << 20;  // a session's detail, to a person
constexpr int kLargestMessage = 4 << 20;  // to a collector: a batch is 1 MiB, but for one record that is larger

struct Pems {
    std::string ca;
    std::string certificate;
    std::string key;
};

Result<Pems> read(const TlsIdentity& identity) {
    Pems pems;
    struct Part {
        const char* what;
        const std::string& path;
        std::string& text;
    };
    for (const Part& part :
         {Part{"CA certificate", identity.ca, pems.ca}, Part{"certificate", identity.certificate, pems.certificate},
          Part{"private key", identity.key, pems.key}}) {
        auto text = readPem(part.what, part.path);
        if (!text) {
            return Error{text.error()};
        }
        part.text = *std::move(text);
    }
    return pems;
}

}  // namespace

Result<std::shared_ptr<grpc::ChannelCredentials>> channelCredentials(const TlsIdentity& identity) {
    auto pems = read(identity);
    if (!pems) {
        return Error{pems.error()};
    }
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = pems->ca;
    options.pem_cert_chain = pems->certificate;
    options.pem_private_key = pems->key;
    return grpc::SslCredentials(options);
}

Result<std::shared_ptr<grpc::ServerCredentials>> serverCredentials(const TlsIdentity& identity) {
    auto pems = read(identity);
    if (!pems) {
        return Error{pems.error()};
    }
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = pems->ca;
    options.pem_key_cert_pairs.push_back({pems->key, pems->certificate});
    return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::Channel>> openChannel(const std::string& address, const TlsIdentity& identity) {
    auto credentials = channelCredentials(identity);
    if (!credentials) {
        return Error{credentials.error()};
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 500);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectWithinMs);  // despite its name
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
    arguments.SetMaxReceiveMessageSize(kLargestAnswer);
    return grpc::CreateCustomChannel(address, *credentials, arguments);
}

void configureServer(grpc::ServerBuilder& builder) {
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveMs / 2);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port that is taken is an error, not shared
    builder.SetMaxReceiveMessageSize(kLargestMessage);
}

std::string explainFailure(const std::string& address, const std::string& grpcMessage) {
    const auto says = [&](std::string_view words) { return grpcMessage.find(words) != std::string::npos; };
    if (says("certificate verify failed") || says("CERTIFICATE_VERIFY_FAILED")) {
        return address +
               " shows a certificate that our CA did not issue, or that is not valid now: check the address, "
               "the CA file and both clocks";
    }
    if (says("Hostname Verification Check failed") || says("is not in peer certificate")) {
        return address + " shows a certificate made for another name: use a name or address that is in it";
    }
    if (says("WRONG_VERSION_NUMBER") || says("wrong version number")) {
        return address + " does not speak TLS: it is another server; check the address";
    }
    if (says("Connection refused")) {
        return "nothing listens at " + address + ": is the collector running?";
    }
    if (says("Socket closed") || says("socket closed") || says("Connection reset") || says("handshake failed") ||
        says("alert")) {
        return address +
               " closed the connection; if it is the collector, its log says whether it refuses our "
               "certificate (unknown, expired or revoked)";
    }
    if (says("Broken pipe") || says("Cancelling all calls") || says("keepalive") || says("GOAWAY")) {
        return "the connection to " + address + " was lost: it was stopped, or the network failed";
    }
    if (says("DNS resolution failed") || says("Domain name not found")) {
        return "no address is known for '" + address + "': check the name and the resolver";
    }
    return address + ": " + grpcMessage;
}

}  // namespace apiary
