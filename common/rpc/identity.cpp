#include "common/rpc/credentials.hpp"
#include "common/rpc/pem.hpp"
#include "common/text/stamp.hpp"

#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace apiary {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

Bio memory(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must not make OpenSSL ask the terminal.
int noPassphrase(char*, int, int, void*) {
    return 0;
}

Result<Certificate> readCertificate(const std::string& what, const std::string& path) {
    const auto text = readPem(what, path);
    if (!text) {
        return Error{text.error()};
    }
    Certificate certificate(PEM_read_bio_X509(memory(*text).get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    if (!certificate) {
        return Error{"the " + what + " '" + path + "' holds no certificate"};
    }
    return certificate;
}

std::chrono::system_clock::time_point timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

Status checkDates(const std::string& what, const std::string& path, const X509* certificate,
                  std::chrono::system_clock::time_point now) {
    const auto from = timeOf(X509_get0_notBefore(certificate));
    const auto to = timeOf(X509_get0_notAfter(certificate));
    if (now > to) {
        return Error{"the " + what + " '" + path + "' expired on " + isoStamp(to) + " (this machine's clock says " +
                     isoStamp(now) + "): issue another, or set the clock"};
    }
    if (now < from) {
        return Error{"the " + what + " '" + path + "' is valid from " + isoStamp(from) +
                     " only (this machine's clock says " + isoStamp(now) + "): set the clock"};
    }
    return Done{};
}

// Signature, key usage and chain; dates were checked before, with words of their own.
Status checkIssuer(const TlsIdentity& identity, X509* ca, X509* certificate) {
    const std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
    const std::unique_ptr<X509_STORE_CTX, Free> context(X509_STORE_CTX_new());
    X509_STORE_add_cert(store.get(), ca);
    X509_STORE_set_flags(store.get(), X509_V_FLAG_NO_CHECK_TIME);
    X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
    const int verified = X509_verify_cert(context.get());
    ERR_clear_error();
    if (verified != 1) {
        return Error{"the certificate '" + identity.certificate + "' was not issued by the CA '" + identity.ca + "' (" +
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())) +
                     "): take both from the same collector"};
    }
    return Done{};
}

}  // namespace

Status checkIdentity(const TlsIdentity& identity, std::chrono::system_clock::time_point now) {
    const auto ca = readCertificate("CA certificate", identity.ca);
    if (!ca) {
        return Error{ca.error()};
    }
    const auto certificate = readCertificate("certificate", identity.certificate);
    if (!certificate) {
        return Error{certificate.error()};
    }
    const auto keyText = readPem("private key", identity.key);
    if (!keyText) {
        return Error{keyText.error()};
    }
    const Key key(PEM_read_bio_PrivateKey(memory(*keyText).get(), nullptr, noPassphrase, nullptr));
    const bool matches = key && X509_check_private_key(certificate->get(), key.get()) == 1;
    ERR_clear_error();
    if (!key) {
        return Error{"the private key '" + identity.key +
                     "' cannot be read: it must be a PEM key without a passphrase"};
    }
    if (!matches) {
        return Error{"the private key '" + identity.key + "' does not belong to the certificate '" +
                     identity.certificate + "'"};
    }
    if (auto dates = checkDates("CA certificate", identity.ca, ca->get(), now); !dates) {
        return dates;
    }
    if (auto dates = checkDates("certificate", identity.certificate, certificate->get(), now); !dates) {
        return dates;
    }
    return checkIssuer(identity, ca->get(), certificate->get());
}

}  // namespace apiary
