#include "collector/pki/sensor_certificate.hpp"

#include "collector/pki/certificate_authority.hpp"
#include "common/crypto/signature.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdlib.h>

namespace apiary::collector {
namespace {

class SensorCertificateTest : public testing::Test {
protected:
    SensorCertificateTest() {
        std::string folder = testing::TempDir() + "sensorXXXXXX";
        folder_ = ::mkdtemp(folder.data());
    }
    ~SensorCertificateTest() override { std::filesystem::remove_all(folder_); }

    /// What a sensor with that uuid signs with, issued by the authority in `pki`.
    Signature signatureOf(const std::string& pki, const Uuid& uuid, std::string_view message) {
        const auto now = std::chrono::system_clock::now();
        auto authority = CertificateAuthority::open(folder_ / pki, now);
        const auto issued = authority->issueSensor(uuid, "one", now);
        const auto out = folder_ / (pki + uuid.text());
        EXPECT_TRUE(writeIdentity(out, "one", *issued, authority->certificate()));
        return *signBy(out / "one.crt", out / "one.key", message);
    }

    std::filesystem::path folder_;
    const Uuid own_ = Uuid::v4({1});
    const Uuid other_ = Uuid::v4({2});
};

TEST_F(SensorCertificateTest, TakesWhatItsAuthorityIssuedToTheSensorOnly) {
    const Signature signature = signatureOf("pki", own_, "chain");
    EXPECT_EQ(strangerTo(own_, signature.certificate, folder_ / "pki"), "");
    EXPECT_EQ(strangerTo(other_, signature.certificate, folder_ / "pki"), "it was issued to somebody else");
    EXPECT_NE(strangerTo(own_, signatureOf("strange", own_, "chain").certificate, folder_ / "pki"), "");
    EXPECT_EQ(strangerTo(own_, "no certificate", folder_ / "pki"), "it is not a certificate");
    EXPECT_EQ(strangerTo(own_, signature.certificate, folder_ / "none"),
              "the certificate of the authority cannot be read");
}

TEST_F(SensorCertificateTest, SignatureHoldsForItsMessageOnly) {
    Signature signature = signatureOf("pki", own_, "chain");
    EXPECT_TRUE(signatureHolds(signature.certificate, "chain", signature.bytes));
    EXPECT_FALSE(signatureHolds(signature.certificate, "other", signature.bytes));
    EXPECT_FALSE(signatureHolds(signatureOf("pki", other_, "chain").certificate, "chain", signature.bytes));
    EXPECT_FALSE(signatureHolds({}, "chain", signature.bytes));
    signature.bytes[10] = static_cast<char>(signature.bytes[10] ^ 1);
    EXPECT_FALSE(signatureHolds(signature.certificate, "chain", signature.bytes));
}

}  // namespace
}  // namespace apiary::collector
