#include "agent/check/tls_peer.hpp"

#include "common/crypto/pem.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string_view>
#include <vector>

namespace apiary::agent {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

int noPassphrase(char*, int, int, void*) {
    return 0;
}

std::vector<Owned<X509>> certificatesOf(const std::string& pem) {
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::vector<Owned<X509>> all;
    while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, noPassphrase, nullptr)) {
        all.emplace_back(one);
    }
    ERR_clear_error();
    return all;
}

std::string pemOf(const STACK_OF(X509) * chain) {
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        PEM_write_bio_X509(bio.get(), sk_X509_value(chain, i));
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::chrono::system_clock::time_point timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

/// The names in a certificate, as people know them.
std::string namesOf(const X509* certificate) {
    const Owned<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::string text;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const Owned<BIO> bio(BIO_new(BIO_s_mem()));
        GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names.get(), i));
        char* one = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &one);
        text += (text.empty() ? "" : ", ") + escapeCut({one, static_cast<std::size_t>(size)}, 200);
    }
    return text.empty() ? "none" : text;
}

bool isFor(X509* certificate, const std::string& host) {
    return X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
           X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

}  // namespace

Result<TlsPeer> shakeHands(int socket, const std::string& host, const TlsIdentity& identity) {
    static constexpr std::string_view kHttp2("\2h2", 3);
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_default_passwd_cb(context.get(), noPassphrase);
    if (SSL_CTX_use_certificate_chain_file(context.get(), identity.certificate.c_str()) == 1) {
        SSL_CTX_use_PrivateKey_file(context.get(), identity.key.c_str(), SSL_FILETYPE_PEM);
    }
    ERR_clear_error();
    const Owned<SSL> ssl(SSL_new(context.get()));
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(kHttp2.data()), kHttp2.size());
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    SSL_set_fd(ssl.get(), socket);
    if (SSL_connect(ssl.get()) != 1) {
        const unsigned long code = ERR_peek_error();
        const char* reason = ERR_reason_error_string(code);
        ERR_clear_error();
        return Error{"it takes connections, but does not shake hands as a TLS server (" +
                     std::string(reason != nullptr ? reason : "it hung up, or said nothing") +
                     "): is another program behind this address and port?"};
    }
    TlsPeer peer;
    peer.version = SSL_get_version(ssl.get());
    const unsigned char* protocol = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl.get(), &protocol, &length);
    peer.speaksHttp2 = std::string_view(reinterpret_cast<const char*>(protocol), length) == "h2";
    if (const auto* chain = SSL_get_peer_cert_chain(ssl.get())) {
        peer.chain = pemOf(chain);
    }
    return peer;
}

Result<std::chrono::system_clock::time_point> verifyPeer(const TlsPeer& peer, const std::string& caFile,
                                                         const std::string& host,
                                                         std::chrono::system_clock::time_point now) {
    const auto caText = readPem("CA certificate", caFile);
    if (!caText) {
        return Error{caText.error()};
    }
    const auto cas = certificatesOf(*caText);
    const auto chain = certificatesOf(peer.chain);
    if (chain.empty()) {
        return Error{"it shows no certificate: it is no collector"};
    }
    const Owned<X509_STORE> store(X509_STORE_new());
    for (const auto& ca : cas) {
        X509_STORE_add_cert(store.get(), ca.get());
    }
    const Owned<STACK_OF(X509)> between(sk_X509_new_null());
    for (const auto& one : chain) {
        sk_X509_push(between.get(), one.get());
    }
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get());
    X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
    const bool verified = X509_verify_cert(context.get()) == 1;
    const int problem = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    const auto from = timeOf(X509_get0_notBefore(chain.front().get()));
    const auto until = timeOf(X509_get0_notAfter(chain.front().get()));
    if (!verified && (problem == X509_V_ERR_CERT_HAS_EXPIRED || problem == X509_V_ERR_CERT_NOT_YET_VALID)) {
        return Error{"the collector's certificate is valid from " + isoStamp(from) + " to " + isoStamp(until) +
                     ", and this machine's clock says " + isoStamp(now) +
                     ": set the clock, or renew it with apiary-collector init"};
    }
    if (!verified) {
        return Error{"the CA '" + caFile + "' did not issue the collector's certificate (" +
                     X509_verify_cert_error_string(problem) +
                     "): take ca.crt from this collector, or is the address another's?"};
    }
    if (!isFor(chain.front().get(), host)) {
        return Error{
            "the collector's certificate is not for '" + host + "' but for " + namesOf(chain.front().get()) +
            ": use one of these, or add the name to host_names of collector.toml and run apiary-collector init"};
    }
    return until;
}

Result<CertificateHolder> holderOf(const std::string& certificateFile) {
    const auto text = readPem("certificate", certificateFile);
    if (!text) {
        return Error{text.error()};
    }
    const auto certificates = certificatesOf(*text);
    if (certificates.empty()) {
        return Error{"the certificate '" + certificateFile + "' holds no certificate"};
    }
    const X509* own = certificates.front().get();
    CertificateHolder holder{.uri = {}, .validUntil = timeOf(X509_get0_notAfter(own))};
    const Owned<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(own, NID_subject_alt_name, nullptr, nullptr)));
    int uris = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_URI) {
            const ASN1_STRING* uri = name->d.uniformResourceIdentifier;
            holder.uri.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                              static_cast<std::size_t>(ASN1_STRING_length(uri)));
            ++uris;
        }
    }
    if (uris != 1) {
        holder.uri.clear();
    }
    return holder;
}

}  // namespace apiary::agent
