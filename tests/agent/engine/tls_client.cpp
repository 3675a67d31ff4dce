#include "tests/agent/engine/tls_client.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdexcept>

namespace apiary::agent::test {

TestCertificate::TestCertificate() {
    std::string path = std::filesystem::temp_directory_path() / "engine_test_XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        throw std::runtime_error("no temporary directory");
    }
    directory_ = path;
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(EVP_RSA_gen(2048U), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), pair.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("decoy"), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509_sign(made.get(), pair.get(), EVP_sha256());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> chain(std::fopen(certificate().c_str(), "w"), std::fclose);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> secret(std::fopen(key().c_str(), "w"), std::fclose);
    PEM_write_X509(chain.get(), made.get());
    PEM_write_PrivateKey(secret.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

TestCertificate::~TestCertificate() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

TlsClient::TlsClient(int socket, const std::string& serverName, int version)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_cipher_list(context_.get(), "ALL");
    ssl_.reset(SSL_new(context_.get()));
    if (!serverName.empty()) {
        SSL_set_tlsext_host_name(ssl_.get(), serverName.c_str());
    }
    SSL_set_fd(ssl_.get(), socket);
    established_ = SSL_connect(ssl_.get()) == 1;
}

TlsClient::TlsClient(int socket, const TlsClient& before) : context_(before.context_), ssl_(nullptr, SSL_free) {
    ssl_.reset(SSL_new(context_.get()));
    const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session(SSL_get1_session(before.ssl_.get()),
                                                                       SSL_SESSION_free);
    SSL_set_session(ssl_.get(), session.get());
    SSL_set_fd(ssl_.get(), socket);
    established_ = SSL_connect(ssl_.get()) == 1;
}

void TlsClient::write(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsClient::read() {
    std::array<char, 65536> buffer{};
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

std::string clientHello() {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), in, out);
    SSL_connect(ssl.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace apiary::agent::test
