#include "collector/pki/certificate_authority.hpp"

#include "collector/pki/certificate_request.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace apiary::collector {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CertificateAuthorityTest : public testing::Test {
protected:
    CertificateAuthorityTest() {
        std::string pattern = testing::TempDir() + "apiary-pki-XXXXXX";
        directory_ = fs::path(mkdtemp(pattern.data()));
    }
    ~CertificateAuthorityTest() override { fs::remove_all(directory_); }

    fs::path home() const { return directory_ / "pki"; }
    CertificateAuthority authority() const {
        auto opened = CertificateAuthority::open(home(), now_);
        EXPECT_TRUE(opened) << opened.error();
        return *std::move(opened);
    }
    static std::string read(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static mode_t modeOf(const fs::path& path) {
        struct stat info {};
        EXPECT_EQ(stat(path.c_str(), &info), 0);
        return info.st_mode & 0777U;
    }
    // OpenSSL's own verdict, as the end of a handshake gives it.
    int verify(const std::string& ca, const std::string& leaf, int purpose, CertificateAuthority::Time at) const {
        const auto root = certificateOf(ca);
        const auto certificate = certificateOf(leaf);
        X509_STORE* store = X509_STORE_new();
        X509_STORE_add_cert(store, root.get());
        X509_STORE_CTX* context = X509_STORE_CTX_new();
        X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
        X509_STORE_CTX_set_purpose(context, purpose);
        X509_STORE_CTX_set_time(context, 0, std::chrono::system_clock::to_time_t(at));
        X509_verify_cert(context);
        const int error = X509_STORE_CTX_get_error(context);
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return error;
    }

    const CertificateAuthority::Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    fs::path directory_;
};

TEST_F(CertificateAuthorityTest, KeepsItsKeyToItself) {
    EXPECT_TRUE(authority().created());
    EXPECT_EQ(modeOf(home()), 0700U);
    EXPECT_EQ(modeOf(home() / "ca.key"), 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(home()), {}), 2);  // nothing temporary stays
}

TEST_F(CertificateAuthorityTest, IsTheSameWhenOpenedAgain) {
    const auto first = authority();
    const auto again = authority();
    EXPECT_FALSE(again.created());
    EXPECT_EQ(again.certificate(), first.certificate());
    const auto issued = again.issueOperator("ann", Role::Viewer, now_);
    EXPECT_EQ(verify(first.certificate(), issued->certificate, X509_PURPOSE_SSL_CLIENT, now_), X509_V_OK);
}

TEST_F(CertificateAuthorityTest, CompletesACreationThatWasCutOff) {
    const auto key = (authority(), read(home() / "ca.key"));
    fs::remove(home() / "ca.crt");
    EXPECT_TRUE(authority().created());
    EXPECT_EQ(read(home() / "ca.key"), key);
}

TEST_F(CertificateAuthorityTest, LastsTenYears) {
    const auto ca = authority();
    const auto root = certificateOf(ca.certificate());
    EXPECT_GT(endOf(root.get()), now_ + std::chrono::years(10) - 24h);
    EXPECT_EQ(verify(ca.certificate(), ca.certificate(), X509_PURPOSE_ANY, now_), X509_V_OK);
}

TEST_F(CertificateAuthorityTest, IssuesForSensorsAsClientsOnly) {
    const auto ca = authority();
    const auto uuid = Uuid::v4(randomBytes<16>());
    const auto issued = ca.issueSensor(uuid, "roof", now_);
    ASSERT_TRUE(issued);
    EXPECT_EQ(verify(ca.certificate(), issued->certificate, X509_PURPOSE_SSL_CLIENT, now_), X509_V_OK);
    EXPECT_EQ(verify(ca.certificate(), issued->certificate, X509_PURPOSE_SSL_SERVER, now_), X509_V_ERR_INVALID_PURPOSE);
    EXPECT_EQ(verify(ca.certificate(), issued->certificate, X509_PURPOSE_SSL_CLIENT, now_ + 366 * 24h),
              X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_EQ(identityOf(issued->certificate)->uuid, uuid);
    EXPECT_EQ(identityOf(issued->certificate)->sha256, issued->sha256);
}

TEST_F(CertificateAuthorityTest, IssuesForTheCollectorAtEveryAddressItListensAt) {
    const auto ca = authority();
    const std::vector<Endpoint> listens{Endpoint::of({192, 0, 2, 7}, 7443), Endpoint::of({0, 0, 0, 0}, 7443)};
    const std::vector<std::string> names{"collector.example"};
    const auto issued = ca.issueCollector(listens, names, now_);
    EXPECT_EQ(verify(ca.certificate(), issued.certificate, X509_PURPOSE_SSL_SERVER, now_), X509_V_OK);
    EXPECT_EQ(verify(ca.certificate(), issued.certificate, X509_PURPOSE_SSL_CLIENT, now_), X509_V_ERR_INVALID_PURPOSE);
    EXPECT_EQ(
        alternativeNamesOf(certificateOf(issued.certificate).get()),
        (std::vector<std::string>{"DNS:collector.example", "DNS:localhost", "IP:127.0.0.1", "IP:192.0.2.7", "IP:::1"}));
}

TEST_F(CertificateAuthorityTest, ShowsStrangersNoNameOfTheProduct) {
    const auto ca = authority();
    for (const auto& pem : {ca.certificate(), ca.issueCollector({}, {}, now_).certificate}) {
        const auto certificate = certificateOf(pem);
        unsigned char* der = nullptr;
        const int size = i2d_X509(certificate.get(), &der);
        std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
        std::ranges::transform(bytes, bytes.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        EXPECT_EQ(bytes.find("apiary"), std::string::npos);
    }
}

TEST_F(CertificateAuthorityTest, RenewsTheCollectorsCertificateOnlyWhenItMust) {
    const auto ca = authority();
    const std::vector<Endpoint> here{Endpoint::of({192, 0, 2, 7}, 7443)};
    EXPECT_TRUE(ca.ensureCollector({}, {}, now_));
    EXPECT_FALSE(ca.ensureCollector({}, {}, now_ + 24h));
    EXPECT_TRUE(ca.ensureCollector(here, {}, now_ + 24h));  // a name was missing
    EXPECT_FALSE(ca.ensureCollector({}, {}, now_ + 24h));
    EXPECT_TRUE(ca.ensureCollector({}, {}, now_ + 340 * 24h));  // soon to expire
    EXPECT_EQ(modeOf(CertificateAuthority::collectorKeyFile(home())), 0600U);
}

TEST_F(CertificateAuthorityTest, DoesNotKnowTheCertificatesOfAnother) {
    const auto ours = authority();
    const auto theirs = CertificateAuthority::open(directory_ / "other", now_);
    const auto issued = theirs->issueOperator("ann", Role::Admin, now_);
    EXPECT_NE(verify(ours.certificate(), issued->certificate, X509_PURPOSE_SSL_CLIENT, now_), X509_V_OK);
}

TEST_F(CertificateAuthorityTest, RefusesToGoOnWithHalfOfAnAuthority) {
    authority();
    fs::remove(home() / "ca.key");
    const auto opened = CertificateAuthority::open(home(), now_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("restore the key"), std::string::npos) << opened.error();
}

TEST_F(CertificateAuthorityTest, RefusesAKeyThatOthersCanRead) {
    authority();
    fs::permissions(home() / "ca.key", fs::perms::group_read, fs::perm_options::add);
    const auto opened = CertificateAuthority::open(home(), now_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("chmod 600"), std::string::npos) << opened.error();
}

TEST_F(CertificateAuthorityTest, RefusesAnExpiredAuthorityAndSaysWhatTheClockSays) {
    authority();
    const auto opened = CertificateAuthority::open(home(), now_ + std::chrono::years(11));
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("set the clock"), std::string::npos) << opened.error();
}

TEST_F(CertificateAuthorityTest, RefusesNamesThatAreNotPlain) {
    const auto ca = authority();
    for (const auto* name : {"", "ann smith", "../ann", "ann/admin", "ann,URI:apiary:operator/bob/admin", "-x"}) {
        EXPECT_FALSE(ca.issueOperator(name, Role::Viewer, now_)) << name;
        EXPECT_FALSE(ca.issueSensor(Uuid::v4(randomBytes<16>()), name, now_)) << name;
    }
    const std::vector<std::string> names{"a,URI:apiary:operator/bob/admin"};
    EXPECT_THROW(ca.issueCollector({}, names, now_), std::invalid_argument);
}

TEST_F(CertificateAuthorityTest, WritesAnIdentityOnce) {
    const auto ca = authority();
    const auto issued = ca.issueOperator("ann", Role::Operator, now_);
    const auto out = directory_ / "out";
    ASSERT_TRUE(writeIdentity(out, "ann", *issued, ca.certificate()));
    EXPECT_EQ(read(out / "ann.crt"), issued->certificate);
    EXPECT_EQ(read(out / "ca.crt"), ca.certificate());
    EXPECT_EQ(modeOf(out / "ann.key"), 0600U);
    EXPECT_FALSE(writeIdentity(out, "ann", *issued, ca.certificate()));
}

}  // namespace
}  // namespace apiary::collector
