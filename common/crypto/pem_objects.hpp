#pragma once

#include "common/result.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string>
#include <string_view>

namespace apiary {

/// Gives OpenSSL's objects back.
struct FreeOpenSsl {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
using Certificate = std::unique_ptr<X509, FreeOpenSsl>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;

/// The first certificate of a PEM text; null if it holds none.
Certificate certificateOfPem(std::string_view pem);

/// The first certificate of a PEM file. An Error says why there is none and names the file as `what`.
Result<Certificate> readCertificate(const std::string& what, const std::string& path);

/// The private key of a PEM file, which must have no passphrase: nobody is asked for one. An Error as above.
Result<PrivateKey> readPrivateKey(const std::string& path);

/// A certificate and the private key that belongs to it.
struct KeyPair {
    Certificate certificate;
    PrivateKey key;
};

/// Both from their PEM files. An Error as above, or that they do not belong to each other.
Result<KeyPair> readKeyPair(const std::string& certificate, const std::string& key);

}  // namespace apiary
