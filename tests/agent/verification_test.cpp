#include "agent/verification.hpp"

#include "agent/record/manifest_file.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/signature.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kDay = 17274;
constexpr std::string_view kHour = "run/2017-04-18/10/";

/// Three logs of one hour, and the manifest that an agent would have written of them: two in a piece, one behind it.
class VerificationTest : public testing::Test {
protected:
    VerificationTest() {
        fs::create_directories(folder_.path("manifest"));
        fs::create_directories(folder_.path("journal/" + std::string(kHour) + "FTP"));
        for (std::uint8_t i = 1; i <= 3; ++i) {
            const std::string text = "log " + std::to_string(i) + '\n';
            const Uuid session = Uuid::v7(std::chrono::sys_days(std::chrono::days(kDay)) + std::chrono::hours(10), {i});
            logs_.push_back(std::string(kHour) + "FTP/x_192.0.2.1_1_" + session.text() + ".txt");
            std::ofstream(log(i)) << text;
            lines_.push_back(ManifestEntry{.session = session, .digest = Sha256::of(text), .path = logs_.back()});
        }
        std::string entries;
        for (int i = 0; i < 2; ++i) {
            const auto& entry = std::get<ManifestEntry>(lines_[static_cast<std::size_t>(i)]);
            entries.append(entry.session.view()).append(view(entry.digest));
        }
        const Sha256Digest chain = manifestChain({}, kDay, 0, entries);
        const auto signature = signBy(identity_.certificate, identity_.key, view(chain));
        mark_ = {.first = 0,
                 .count = 2,
                 .chain = chain,
                 .signature = signature->bytes,
                 .certificate = signature->certificate};
        write();
    }

    std::string log(int number) const { return folder_.path("journal/" + logs_[static_cast<std::size_t>(number - 1)]); }

    void write() {
        std::ofstream file(folder_.path("manifest/2017-04-18"), std::ios::binary);
        file << manifestText(lines_[0]) << manifestText(lines_[1]) << manifestText(mark_)
             << manifestText(ManifestDone{}) << manifestText(lines_[2]);
        file.close();
        fs::last_write_time(folder_.path("manifest/2017-04-18"),
                            fs::file_time_type::clock::now() - std::chrono::hours(1));
    }

    /// All lines but the summary, and how many flaws there were.
    std::string verify(std::optional<std::chrono::sys_days> day = {}) {
        std::ostringstream out;
        const std::size_t flaws = verifyEvidence(
            {.manifests = folder_.path("manifest"), .journal = folder_.path("journal"), .ca = authority_.file()}, day,
            out);
        std::string text = out.str();
        const std::size_t summary = text.rfind("2017-04-18: ");
        summary_ = summary == std::string::npos ? "" : text.substr(summary);
        return std::to_string(flaws) + '\n' + text.substr(0, summary);
    }

    test::TemporaryFolder folder_;
    test::TestAuthority authority_{folder_, "authority"};
    TlsIdentity identity_ = authority_.issue("sensor", "URI:apiary:sensor/x");
    std::vector<std::string> logs_;
    std::vector<ManifestLine> lines_;
    ManifestMark mark_;
    std::string summary_;
};

TEST_F(VerificationTest, FindsNothingInWhatWasLeftAlone) {
    EXPECT_EQ(verify(), "0\n");
    EXPECT_NE(summary_.find("3 logs are as they were written"), std::string::npos);
    EXPECT_NE(summary_.find("1 entries wait"), std::string::npos);
}

TEST_F(VerificationTest, NamesALogInWhichAByteWasChanged) {
    std::fstream(log(2), std::ios::in | std::ios::out) << "L";
    EXPECT_EQ(verify(), "1\nchanged " + logs_[1] + "\n");
}

TEST_F(VerificationTest, TellsADeletedLogFromOneThatTheBudgetRemoved) {
    fs::remove(log(1));
    fs::remove(log(3));
    std::ofstream(folder_.path("journal/removed-by-the-budget")) << logs_[0] << '\n';
    EXPECT_EQ(verify(), "1\nremoved by the budget " + logs_[0] + "\nmissing " + logs_[2] + "\n");
}

TEST_F(VerificationTest, CountsWhatWasDeletedInAFolderThatTheBudgetEmptiedLater) {
    for (int i = 1; i <= 3; ++i) {
        fs::remove(log(i));
    }
    std::ofstream(folder_.path("journal/removed-by-the-budget")) << kHour << " 3\n";
    EXPECT_TRUE(verify().starts_with("0\n"));
    std::ofstream(folder_.path("journal/removed-by-the-budget")) << kHour << " 2\n";
    EXPECT_TRUE(verify().starts_with("1\nmissing 1 of the 3 logs that are gone from " + std::string(kHour)));
}

TEST_F(VerificationTest, NamesALogThatTheDiskRefusedPartOf) {
    fs::rename(log(1), log(1) + ".incomplete");
    EXPECT_TRUE(verify().starts_with("1\nincomplete " + logs_[0]));
}

TEST_F(VerificationTest, FindsAnEntryThatWasMadeToFitAChangedLog) {
    std::ofstream(log(1)) << "forged\n";
    std::get<ManifestEntry>(lines_[0]).digest = Sha256::of("forged\n");
    write();
    EXPECT_NE(verify().find("does not continue what stands before it"), std::string::npos);
}

TEST_F(VerificationTest, FindsAPieceThatAnotherKeySigned) {
    const TlsIdentity other = test::TestAuthority(folder_, "third").issue("other", "URI:apiary:sensor/x");
    const auto signature = signBy(other.certificate, other.key, view(mark_.chain));
    mark_.signature = signature->bytes;
    write();
    EXPECT_NE(verify().find("is not signed by its key"), std::string::npos);
    mark_.certificate = signature->certificate;
    write();
    EXPECT_NE(verify().find("is signed by a strange key"), std::string::npos);
}

TEST_F(VerificationTest, SaysSoWhenThereIsNoManifest) {
    EXPECT_TRUE(verify(std::chrono::sys_days(std::chrono::days(kDay + 1))).starts_with("1\nmissing "));
}

}  // namespace
}  // namespace apiary::agent
