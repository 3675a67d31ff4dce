#include "collector/pki/certificate_request.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <optional>

namespace apiary::collector {
namespace {

using Time = std::chrono::system_clock::time_point;

void setSerial(X509* certificate) {
    auto random = randomBytes<16>();
    random[0] = static_cast<std::uint8_t>((random[0] & 0x7fU) | 0x40U);  // positive, and as long as the others
    BIGNUM* number = BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr);
    require(number != nullptr, "making a serial number");
    const bool set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    require(set, "setting the serial number");
}

void setTimes(X509* certificate, Time from, Time to) {
    const auto set = [](ASN1_TIME* field, Time at) {
        return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(at)) != nullptr;
    };
    require(set(X509_getm_notBefore(certificate), from) && set(X509_getm_notAfter(certificate), to),
            "setting the validity");
}

void setSubject(X509* certificate, const std::string& commonName) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    const auto* name = reinterpret_cast<const unsigned char*>(commonName.c_str());
    require(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1,
            "setting the subject");
}

void addExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr, "making an extension of the certificate");
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    require(added, "adding an extension to the certificate");
}

void addExtensions(X509* certificate, X509* issuer, const CertificateContent& content) {
    const bool authority = content.purpose.empty();
    addExtension(certificate, issuer, NID_basic_constraints,
                 authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    addExtension(certificate, issuer, NID_key_usage,
                 authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    addExtension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (!authority) {
        addExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
        addExtension(certificate, issuer, NID_ext_key_usage, content.purpose);
        addExtension(certificate, issuer, NID_subject_alt_name,
                     std::accumulate(content.alternativeNames.begin(), content.alternativeNames.end(), std::string(),
                                     [](std::string all, const std::string& name) {
                                         return std::move(all) + (all.empty() ? "" : ",") + name;
                                     }));
    }
}

std::string contentOf(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string textOf(const ASN1_STRING* text) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::optional<std::string> addressOf(const ASN1_STRING* octets) {
    const std::string bytes = textOf(octets);
    Endpoint endpoint;
    if (bytes.size() == 4) {
        endpoint = Endpoint::of({}, 0);
    } else if (bytes.size() != 16) {
        return std::nullopt;
    }
    std::ranges::copy(bytes, endpoint.address.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return addressText(endpoint);
}

}  // namespace

PrivateKey makeKey() {
    PrivateKey key(EVP_EC_gen("P-256"));
    require(key != nullptr, "making a key");
    return key;
}

Certificate makeCertificate(const CertificateContent& content, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuerKey) {
    Certificate certificate(X509_new());
    require(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "making a certificate");
    X509* signer = issuer != nullptr ? issuer : certificate.get();
    setSerial(certificate.get());
    setTimes(certificate.get(), content.from, content.to);
    setSubject(certificate.get(), content.commonName);
    require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) == 1, "setting the issuer");
    require(X509_set_pubkey(certificate.get(), key) == 1, "setting the key");
    addExtensions(certificate.get(), signer, content);
    require(X509_sign(certificate.get(), issuerKey, EVP_sha256()) > 0, "signing");
    return certificate;
}

std::string pemOf(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    require(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1, "writing a certificate");
    return contentOf(bio.get());
}

std::string pemOf(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    require(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "writing a key");
    return contentOf(bio.get());
}

Certificate certificateOf(std::string_view pem) {
    Certificate certificate(PEM_read_bio_X509(memoryBio(pem).get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

PrivateKey keyOf(std::string_view pem) {
    PrivateKey key(PEM_read_bio_PrivateKey(memoryBio(pem).get(), nullptr, noPassphrase, nullptr));
    ERR_clear_error();
    return key;
}

Sha256Digest fingerprintOf(X509* certificate) {
    Sha256Digest digest{};
    unsigned size = 0;
    require(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1, "hashing a certificate");
    return digest;
}

Time endOf(const X509* certificate) {
    std::tm parts{};
    require(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1, "reading the end of a certificate");
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::vector<std::string> alternativeNamesOf(X509* certificate) {
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    ERR_clear_error();
    // NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): OpenSSL's names are a tagged union
    const int count = all == nullptr ? 0 : sk_GENERAL_NAME_num(all);
    for (int i = 0; i < count; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS) {
            names.push_back("DNS:" + textOf(name->d.dNSName));
        } else if (name->type == GEN_URI) {
            names.push_back("URI:" + textOf(name->d.uniformResourceIdentifier));
        } else if (name->type == GEN_IPADD) {
            if (auto address = addressOf(name->d.iPAddress)) {
                names.push_back("IP:" + *address);
            }
        }
    }
    // NOLINTEND(cppcoreguidelines-pro-type-union-access)
    GENERAL_NAMES_free(all);
    return names;
}

}  // namespace apiary::collector
