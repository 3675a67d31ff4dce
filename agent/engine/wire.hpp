#pragma once

#include "agent/protocol/session.hpp"

#include <cstddef>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace apiary::agent {

/// How an operation on a wire went: done; to be repeated when the socket is readable or writable; the peer finished;
/// the peer reset; what came is no TLS.
enum class Io { Done, WantRead, WantWrite, End, Reset, Broken };

using TlsContext = std::shared_ptr<SSL_CTX>;

/// The certificate and key of a service, ready to serve TLS by `profile`.
/// An Error names the file and what is wrong with it.
Result<TlsContext> loadTls(const std::string& certificate, const std::string& key, const TlsProfile& profile = {});

/// A connected TCP socket that may turn into TLS once. Never blocks and never waits; borrows the socket.
///
/// Works on the socket itself instead of asio::ssl, so that an idle TLS session holds no buffers, and so that what
/// counts as written was handed to the network.
class Wire {
public:
    explicit Wire(int socket) : socket_(socket) {}
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Reads up to `size` bytes; `count` is what came, only with Io::Done, and then not 0.
    Io read(char* into, std::size_t size, std::size_t& count);

    /// Writes what it can; `count` may be less than all, and is 0 unless Io::Done. A write that wants to be repeated
    /// must be repeated with the same bytes before anything else is written.
    Io write(std::string_view bytes, std::size_t& count);

    /// Gives back bytes that were read too early; they come first at the next read.
    void unread(std::string_view bytes) { early_.insert(0, bytes); }

    /// True until it turns into TLS, and again when the handshake failed.
    bool plain() const { return !tls_; }

    /// True if a peer of TLS has ended the stream without saying that it was whole.
    bool cutOff() const { return cutOff_; }

    /// True if the peer has ended its side, and all that it had sent was read.
    bool atEnd() const { return atEnd_; }

    /// True if the last read took all that had come: more than was here makes the socket readable anew.
    bool drained() const { return drained_; }

    /// True if bytes are here already, so that the socket need not become readable.
    bool buffered() const { return !early_.empty() || (tls_ && SSL_pending(tls_.get()) > 0); }

    /// From now on the stream is TLS, which begins with `first`, already read. Repeat handshake() until it is done.
    void beginTls(SSL_CTX& context, std::string_view first);

    /// Before the handshake: hands out no sessions to go on with.
    void withoutTickets() { SSL_set_num_tickets(tls_.get(), 0); }

    /// Before the handshake: does not say why it fails.
    void withoutAlerts() { withoutAlerts_ = true; }
    Io handshake();

    /// Of the handshake that failed, in OpenSSL's words; empty if the socket did.
    const std::string& failure() const { return failure_; }

    /// Of the handshake that is done.
    TlsInfo tlsInfo() const;

    /// Tells a TLS peer that nothing more comes; nothing on a plain wire.
    Io closeNotify();

private:
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    friend struct WireBio;

    Io outcome(int result);
    Io receive(char* into, std::size_t size, std::size_t& count);
    Io transmit(std::string_view bytes, std::size_t& count) const;

    int socket_;
    bool atEnd_ = false;
    bool drained_ = false;
    bool cutOff_ = false;
    bool established_ = false;  // the handshake is done and nothing broke since
    bool withoutAlerts_ = false;
    Io last_ = Io::Done;  // how the socket answered OpenSSL last
    std::string early_;
    std::string failure_;
    std::unique_ptr<SSL, FreeSsl> tls_;
};

}  // namespace apiary::agent
