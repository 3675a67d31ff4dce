#include "common/crypto/pem_objects.hpp"
#include "common/rpc/credentials.hpp"
#include "common/text/stamp.hpp"

#include <ctime>
#include <memory>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace apiary {
namespace {

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
    const std::unique_ptr<X509_STORE, FreeOpenSsl> store(X509_STORE_new());
    const std::unique_ptr<X509_STORE_CTX, FreeOpenSsl> context(X509_STORE_CTX_new());
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
    const auto own = readKeyPair(identity.certificate, identity.key);
    if (!own) {
        return Error{own.error()};
    }
    if (auto dates = checkDates("CA certificate", identity.ca, ca->get(), now); !dates) {
        return dates;
    }
    if (auto dates = checkDates("certificate", identity.certificate, own->certificate.get(), now); !dates) {
        return dates;
    }
    return checkIssuer(identity, ca->get(), own->certificate.get());
}

}  // namespace apiary
