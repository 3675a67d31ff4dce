#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace apiary::agent::test {

/// A self-signed certificate and its key, in files that go with it.
class TestCertificate {
public:
    TestCertificate();
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;
    ~TestCertificate();

    std::string certificate() const { return directory_ + "/chain.pem"; }
    std::string key() const { return directory_ + "/key.pem"; }

private:
    std::string directory_;
};

/// The client's side of TLS on a connected blocking socket, which it borrows. Checks no certificate.
class TlsClient {
public:
    /// With `version`, that version and no other.
    TlsClient(int socket, const std::string& serverName, int version = 0);

    /// On another socket, going on with the session of `before`, which must have read something.
    TlsClient(int socket, const TlsClient& before);

    bool established() const { return established_; }
    void write(std::string_view bytes);
    std::string read();                          // one record's worth, or nothing at the end
    void finish() { SSL_shutdown(ssl_.get()); }  // close_notify, still reading
    bool closedCleanly() const { return SSL_get_shutdown(ssl_.get()) == SSL_RECEIVED_SHUTDOWN; }

private:
    std::shared_ptr<SSL_CTX> context_;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
    bool established_ = false;
};

/// What a TLS client says first.
std::string clientHello();

}  // namespace apiary::agent::test
