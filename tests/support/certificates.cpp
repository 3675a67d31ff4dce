#include "tests/support/certificates.hpp"

#include <cstdio>
#include <cstdlib>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace apiary::test {
namespace {

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using File = std::unique_ptr<std::FILE, Free>;

void require(bool condition, const char* what) {
    if (!condition) {
        throw std::runtime_error(what);
    }
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    require(extension != nullptr, value.c_str());
    X509_add_ext(certificate, extension.get(), -1);
}

Certificate make(const std::string& name, EVP_PKEY* key, std::chrono::seconds from, std::chrono::seconds to) {
    Certificate certificate(X509_new());
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
    X509_set_version(certificate.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to.count());
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    return certificate;
}

void write(const std::string& path, X509* certificate) {
    const File file(std::fopen(path.c_str(), "wb"));
    require(file && PEM_write_X509(file.get(), certificate) == 1, path.c_str());
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "apiary-test-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "mkdtemp");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

struct TestAuthority::Keys {
    Key key;
    Certificate certificate;
};

TestAuthority::TestAuthority(const TemporaryFolder& folder, std::string name)
    : folder_(folder), file_(folder.path(name + "-ca.crt")), keys_(std::make_unique<Keys>()) {
    keys_->key.reset(EVP_EC_gen("P-256"));
    keys_->certificate = make(name, keys_->key.get(), -std::chrono::hours(24 * 30), std::chrono::hours(24 * 30));
    X509* ca = keys_->certificate.get();
    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    require(X509_sign(ca, keys_->key.get(), EVP_sha256()) > 0, "sign");
    write(file_, ca);
}

TestAuthority::~TestAuthority() = default;

TlsIdentity TestAuthority::issue(const std::string& name, const std::string& names, std::chrono::seconds from,
                                 std::chrono::seconds to) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = make(name, key.get(), from, to);
    X509* ca = keys_->certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca));
    extend(certificate.get(), ca, NID_basic_constraints, "critical,CA:FALSE");
    extend(certificate.get(), ca, NID_subject_alt_name, names);
    require(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0, "sign");
    TlsIdentity identity{file_, folder_.path(name + ".crt"), folder_.path(name + ".key")};
    write(identity.certificate, certificate.get());
    const File file(std::fopen(identity.key.c_str(), "wb"));
    require(file && PEM_write_PKCS8PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            identity.key.c_str());
    return identity;
}

}  // namespace apiary::test
