#pragma once

#include "collector/pki/openssl_handles.hpp"
#include "common/crypto/digest.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace apiary::collector {

/// What is to stand in a certificate. Alternative names are written as OpenSSL's configuration does: `DNS:localhost`,
/// `IP:::1`, `URI:apiary:sensor/…`; they must hold no comma.
struct CertificateContent {
    std::string commonName;
    std::vector<std::string> alternativeNames;
    std::string purpose;  // serverAuth or clientAuth; empty for an authority
    std::chrono::system_clock::time_point from;
    std::chrono::system_clock::time_point to;
};

/// A new P-256 key.
PrivateKey makeKey();

/// A certificate for `key`, signed by `issuerKey` in the name of `issuer`; by itself when `issuer` is null.
Certificate makeCertificate(const CertificateContent& content, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuerKey);

std::string pemOf(X509* certificate);
std::string pemOf(EVP_PKEY* key);

/// The first certificate or key of a PEM text; null if there is none.
Certificate certificateOf(std::string_view pem);
PrivateKey keyOf(std::string_view pem);

/// SHA-256 of the certificate's DER.
Sha256Digest fingerprintOf(X509* certificate);

/// The end of its validity.
std::chrono::system_clock::time_point endOf(const X509* certificate);

/// Its alternative names, written as in CertificateContent, addresses as inet_ntop prints them. Kinds that we never
/// issue are left out.
std::vector<std::string> alternativeNamesOf(X509* certificate);

}  // namespace apiary::collector
