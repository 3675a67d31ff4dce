#include "common/crypto/signature.hpp"

#include "common/crypto/pem_objects.hpp"

#include <algorithm>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <utility>

namespace apiary {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, FreeOpenSsl>;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

Certificate certificateOfDer(std::string_view der) {
    const unsigned char* at = octets(der);
    Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    return at == octets(der) + der.size() ? std::move(certificate) : nullptr;
}

/// EdDSA hashes by itself.
const EVP_MD* digestFor(const EVP_PKEY* key) {
    const int kind = EVP_PKEY_get_base_id(key);
    return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
}

}  // namespace

Result<Signature> signBy(const std::string& certificateFile, const std::string& keyFile, std::string_view message) {
    const auto own = readKeyPair(certificateFile, keyFile);
    if (!own) {
        return Error{own.error()};
    }
    Signature signature;
    const int size = i2d_X509(own->certificate.get(), nullptr);
    signature.certificate.resize(static_cast<std::size_t>(std::max(size, 0)));
    unsigned char* at = octets(signature.certificate);
    const Context context(EVP_MD_CTX_new());
    std::size_t length = 0;
    bool done = size > 0 && i2d_X509(own->certificate.get(), &at) == size &&
                EVP_DigestSignInit(context.get(), nullptr, digestFor(own->key.get()), nullptr, own->key.get()) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &length, octets(message), message.size()) == 1;
    if (done) {
        signature.bytes.resize(length);
        done = EVP_DigestSign(context.get(), octets(signature.bytes), &length, octets(message), message.size()) == 1;
        signature.bytes.resize(length);
    }
    ERR_clear_error();
    if (!done) {
        return Error{"the key '" + keyFile + "' cannot sign"};
    }
    return signature;
}

bool signatureHolds(std::string_view certificate, std::string_view message, std::string_view signature) {
    const Certificate signer = certificateOfDer(certificate);
    EVP_PKEY* key = signer ? X509_get0_pubkey(signer.get()) : nullptr;
    const Context context(EVP_MD_CTX_new());
    const bool holds =
        key != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, digestFor(key), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message), message.size()) == 1;
    ERR_clear_error();
    return holds;
}

Status issuedBy(std::string_view certificate, std::string_view ca) {
    const Certificate own = certificateOfDer(certificate);
    const Certificate authority = certificateOfPem(ca);
    ERR_clear_error();
    if (!own) {
        return Error{"it is not a certificate"};
    }
    if (!authority) {
        return Error{"the certificate of the authority cannot be read"};
    }
    const std::unique_ptr<X509_STORE, FreeOpenSsl> store(X509_STORE_new());
    const std::unique_ptr<X509_STORE_CTX, FreeOpenSsl> context(X509_STORE_CTX_new());
    X509_STORE_add_cert(store.get(), authority.get());
    X509_STORE_set_flags(store.get(), X509_V_FLAG_NO_CHECK_TIME);
    X509_STORE_CTX_init(context.get(), store.get(), own.get(), nullptr);
    const int verified = X509_verify_cert(context.get());
    ERR_clear_error();
    if (verified != 1) {
        return Error{std::string("it was not issued by our authority: ") +
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))};
    }
    return Done{};
}

}  // namespace apiary
