#include "common/crypto/pem_objects.hpp"

#include "common/crypto/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <utility>

namespace apiary {
namespace {

std::unique_ptr<BIO, FreeOpenSsl> memory(std::string_view text) {
    return std::unique_ptr<BIO, FreeOpenSsl>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must not make OpenSSL ask the terminal.
int noPassphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

Certificate certificateOfPem(std::string_view pem) {
    Certificate certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

Result<Certificate> readCertificate(const std::string& what, const std::string& path) {
    const auto text = readPem(what, path);
    if (!text) {
        return Error{text.error()};
    }
    Certificate certificate = certificateOfPem(*text);
    if (!certificate) {
        return Error{"the " + what + " '" + path + "' holds no certificate"};
    }
    return certificate;
}

Result<PrivateKey> readPrivateKey(const std::string& path) {
    const auto text = readPem("private key", path);
    if (!text) {
        return Error{text.error()};
    }
    PrivateKey key(PEM_read_bio_PrivateKey(memory(*text).get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    if (!key) {
        return Error{"the private key '" + path + "' cannot be read: it must be a PEM key without a passphrase"};
    }
    return key;
}

Result<KeyPair> readKeyPair(const std::string& certificate, const std::string& key) {
    auto first = readCertificate("certificate", certificate);
    if (!first) {
        return Error{first.error()};
    }
    auto second = readPrivateKey(key);
    if (!second) {
        return Error{second.error()};
    }
    const bool fit = X509_check_private_key(first->get(), second->get()) == 1;
    ERR_clear_error();
    if (!fit) {
        return Error{"the private key '" + key + "' does not belong to the certificate '" + certificate + "'"};
    }
    return KeyPair{std::move(*first), std::move(*second)};
}

}  // namespace apiary
