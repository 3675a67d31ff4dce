#include "agent/engine/wire.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstring>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

namespace apiary::agent {

static constexpr char kAlert = 0x15;  // the first byte of a record that is one

/// What OpenSSL reads from and writes to: the wire's early bytes, then its socket, never raising SIGPIPE.
struct WireBio {
    static Wire& wireOf(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int size) {
        Wire& wire = wireOf(bio);
        std::size_t count = 0;
        BIO_clear_retry_flags(bio);
        wire.last_ = wire.receive(into, static_cast<std::size_t>(size), count);
        if (wire.last_ == Io::WantRead) {
            BIO_set_retry_read(bio);
        }
        return wire.last_ == Io::Done ? static_cast<int>(count) : wire.last_ == Io::End ? 0 : -1;
    }

    static int write(BIO* bio, const char* from, int size) {
        Wire& wire = wireOf(bio);
        std::size_t count = 0;
        BIO_clear_retry_flags(bio);
        if (wire.withoutAlerts_ && !wire.established_ && from[0] == kAlert) {
            return size;
        }
        wire.last_ = wire.transmit({from, static_cast<std::size_t>(size)}, count);
        if (wire.last_ == Io::WantWrite) {
            BIO_set_retry_write(bio);
        }
        return wire.last_ == Io::Done ? static_cast<int>(count) : -1;
    }

    static long control(BIO* bio, int command, long, void*) {
        return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_EOF ? (wireOf(bio).last_ == Io::End ? 1 : 0) : 0;
    }

    static int create(BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
    }

    static const BIO_METHOD* method() {
        static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made = [] {
            BIO_METHOD* wire = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
            BIO_meth_set_read(wire, read);
            BIO_meth_set_write(wire, write);
            BIO_meth_set_ctrl(wire, control);
            BIO_meth_set_create(wire, create);
            return std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)>(wire, BIO_meth_free);
        }();
        return made.get();
    }
};

Io Wire::receive(char* into, std::size_t size, std::size_t& count) {
    if (!early_.empty()) {
        count = std::min(size, early_.size());
        std::memcpy(into, early_.data(), count);
        early_.erase(0, count);
        if (early_.empty()) {
            early_.shrink_to_fit();
        }
        drained_ = false;
        return Io::Done;
    }
    const ssize_t got = ::recv(socket_, into, size, MSG_DONTWAIT);
    count = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    atEnd_ = got == 0;
    drained_ = got < 0 ? errno == EAGAIN || errno == EWOULDBLOCK : count < size;
    return got > 0                                                     ? Io::Done
           : got == 0                                                  ? Io::End
           : errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Io::WantRead
                                                                       : Io::Reset;
}

Io Wire::transmit(std::string_view bytes, std::size_t& count) const {
    const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    count = static_cast<std::size_t>(std::max<ssize_t>(put, 0));
    return put >= 0                                                                        ? Io::Done
           : errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS ? Io::WantWrite
                                                                                           : Io::Reset;
}

/// What became of the OpenSSL call that returned `result`.
Io Wire::outcome(int result) {
    if (result > 0) {
        return Io::Done;
    }
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Io::WantRead;
        case SSL_ERROR_WANT_WRITE:
            return Io::WantWrite;
        case SSL_ERROR_ZERO_RETURN:
            return Io::End;
        case SSL_ERROR_SYSCALL:
            established_ = false;
            return last_ == Io::End ? Io::End : Io::Reset;
        default:
            established_ = false;
            return Io::Broken;
    }
}

Io Wire::read(char* into, std::size_t size, std::size_t& count) {
    count = 0;
    if (!tls_) {
        return receive(into, size, count);
    }
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), into, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    count = static_cast<std::size_t>(std::max(got, 0));
    const Io io = outcome(got);
    cutOff_ = cutOff_ || (io == Io::End && last_ == Io::End);
    return io;
}

Io Wire::write(std::string_view bytes, std::size_t& count) {
    count = 0;
    if (bytes.empty()) {
        return Io::Done;
    }
    if (!tls_) {
        return transmit(bytes, count);
    }
    ERR_clear_error();
    const int put = SSL_write(tls_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
    count = static_cast<std::size_t>(std::max(put, 0));
    return outcome(put);
}

void Wire::beginTls(SSL_CTX& context, std::string_view first) {
    early_.insert(0, first);
    tls_.reset(SSL_new(&context));
    if (!tls_) {
        throw std::bad_alloc();
    }
    BIO* bio = BIO_new(WireBio::method());
    if (bio == nullptr) {
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    SSL_set_bio(tls_.get(), bio, bio);
    SSL_set_accept_state(tls_.get());
}

Io Wire::handshake() {
    ERR_clear_error();
    const Io io = outcome(SSL_do_handshake(tls_.get()));
    if (io == Io::WantRead || io == Io::WantWrite) {
        return io;
    }
    established_ = io == Io::Done;
    if (established_) {
        SSL_set_options(tls_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);  // whose end is no error, but said by cutOff()
        return io;
    }
    if (const unsigned long error = ERR_peek_error(); error != 0) {
        std::array<char, 256> words{};
        ERR_error_string_n(error, words.data(), words.size());
        failure_ = words.data();
    }
    tls_.reset();
    return io;
}

TlsInfo Wire::tlsInfo() const {
    const char* sni = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name);
    return {sni == nullptr ? "" : sni, SSL_get_version(tls_.get()), SSL_session_reused(tls_.get()) == 1};
}

Io Wire::closeNotify() {
    if (!established_) {
        return Io::Done;
    }
    ERR_clear_error();
    const int result = SSL_shutdown(tls_.get());
    return result == 0 ? Io::Done : outcome(result);  // 0: ours is sent; theirs is not waited for
}

static Error tlsError(const std::string& what, const std::string& file) {
    const unsigned long code = ERR_get_error();
    const char* reason = ERR_reason_error_string(code);
    return Error{file + ": " + what + (reason == nullptr ? "" : std::string(" (") + reason + ")")};
}

Result<TlsContext> loadTls(const std::string& certificate, const std::string& key, const TlsProfile& profile) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) {
        throw std::bad_alloc();
    }
    SSL_CTX_set_security_level(context.get(), 0);  // for a certificate may be weak; the ciphers name another one
    SSL_CTX_set_min_proto_version(context.get(), profile.old ? TLS1_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
    if (!profile.endIsError) {
        SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    }
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
        return tlsError("is no certificate chain in PEM that can be read", certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return tlsError("is no private key in PEM that can be read", key);
    }
    if (SSL_CTX_check_private_key(context.get()) != 1) {
        return tlsError("is not the key of " + certificate, key);
    }
    [[maybe_unused]] const int ciphers = SSL_CTX_set_cipher_list(context.get(), std::string(profile.ciphers).c_str());
    [[maybe_unused]] const long groups =
        profile.groups.empty() ? 1L : SSL_CTX_set1_groups_list(context.get(), std::string(profile.groups).c_str());
    assert(ciphers == 1 && groups == 1);
    return context;
}

}  // namespace apiary::agent
