#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <string>

namespace apiary::collector {

/// OpenSSL's objects, freed with their owner.
struct OpensslFree {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, OpensslFree>;
using Certificate = std::unique_ptr<X509, OpensslFree>;
using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslFree>;

/// Throws what OpenSSL says of its last failure, which happened while doing `what`.
[[noreturn]] inline void throwOpenssl(const std::string& what) {
    const unsigned long code = ERR_get_error();
    const char* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    throw std::runtime_error("OpenSSL failed while " + what + ": " + (reason != nullptr ? reason : "no reason given"));
}

/// Throws unless a call of OpenSSL succeeded.
inline void require(bool succeeded, const char* what) {
    if (!succeeded) {
        throwOpenssl(what);
    }
}

inline Bio memoryBio(std::string_view text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    require(bio != nullptr, "reading a text");
    return bio;
}

/// An encrypted key must not make OpenSSL ask the terminal.
inline int noPassphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace apiary::collector
