#include "agent/record/manifest.hpp"

#include "common/crypto/manifest_chain.hpp"
#include "tests/agent/record/recording_fixture.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace apiary::agent {
namespace {

class ManifestTest : public RecordingTest {
protected:
    ManifestTest() {
        settings_.manifest = ManifestSettings{.folder = folder_ + "/manifest",
                                              .journalDirectory = folder_ + "/journal",
                                              .sign = [this](std::string_view chain) { return sign(chain); },
                                              .now = [] { return start().at; }};
    }

    Result<Signature> sign(std::string_view chain) const {
        return refuses_ ? Result<Signature>(Error{"no key"}) : signBy(identity_.certificate, identity_.key, chain);
    }

    void restart() {
        journalSettings_.agentStart += std::chrono::hours(1);
        openAll();
        recording_->recover();
    }
    void play(int sessions) {
        for (int i = 0; i < sessions; ++i) {
            recording_->open(start())->ended(Outcome::Finished, {});
        }
    }

    /// The pieces in the spool, in order.
    std::vector<v1::ManifestPiece> pieces() const {
        std::vector<v1::ManifestPiece> found;
        for (const v1::Record& record : records()) {
            if (record.has_manifest()) {
                found.push_back(record.manifest());
            }
        }
        return found;
    }

    void expectWholeManifest() const {
        RecordingTest::expectWholeManifest();
        for (const v1::ManifestPiece& piece : pieces()) {
            EXPECT_TRUE(signatureHolds(piece.certificate(), piece.chain(), piece.signature()));
        }
    }

    std::string dayFile() const { return folder_ + "/manifest/2017-04-18"; }
    void append(const std::string& text) const { std::ofstream(dayFile(), std::ios::app | std::ios::binary) << text; }

    test::TemporaryFolder keys_;
    test::TestAuthority authority_{keys_, "authority"};
    TlsIdentity identity_ = authority_.issue("sensor", "URI:apiary:sensor/x");
    bool refuses_ = false;
};

TEST_F(ManifestTest, PutsASignedPieceIntoTheSpoolWhenTheAgentStops) {
    openAll();
    recording_->recover();
    play(3);
    drain();
    ASSERT_EQ(pieces().size(), 1U);
    EXPECT_EQ(pieces()[0].day(), 17274U);  // 2017-04-18
    expectWholeManifest();
}

TEST_F(ManifestTest, CutsPiecesWhenTheyAreFull) {
    settings_.manifest->most = 2;
    openAll();
    recording_->recover();
    play(5);
    drain();
    EXPECT_EQ(pieces().size(), 3U);
    expectWholeManifest();
}

TEST_F(ManifestTest, GoesOnWithTheChainAfterARestart) {
    openAll();
    recording_->recover();
    play(2);
    drain();
    restart();
    play(1);
    drain();
    EXPECT_EQ(pieces().size(), 2U);
    expectWholeManifest();
}

TEST_F(ManifestTest, EntersWhatAKilledAgentHadCommittedOrLeftOpen) {
    openAll();
    recording_->recover();
    auto left = recording_->open(start());
    play(2);
    recording_->close();
    recording_->run();
    left.reset();
    std::filesystem::remove(dayFile());  // as if nothing of it had reached the disk, the pieces neither
    restart();
    drain();
    std::multiset<std::string> entries;
    const std::string last = pieces().back().entries();
    for (std::size_t at = 0; at < last.size(); at += kManifestEntry) {
        entries.insert(last.substr(at, 16));
    }
    EXPECT_EQ(entries.size(), 3U);
    EXPECT_EQ(std::set<std::string>(entries.begin(), entries.end()).size(), 3U);
}

TEST_F(ManifestTest, SendsAPieceWhoseRecordTheCommitNeverReached) {
    openAll();
    recording_->recover();
    play(2);
    refuses_ = true;  // killed before the piece
    drain();
    refuses_ = false;
    ASSERT_TRUE(pieces().empty());
    // The piece is in the file, its record is not in the spool: killed in between.
    std::string entries;
    for (const auto& [session, rows] : rowsBySession()) {
        const auto entry = manifestEntryOf(rows.back().body);
        entries.append(session.view()).append(view(entry->digest));
    }
    std::string inFile;
    readManifest(dayFile(), [&](ManifestLine line) {
        const auto& entry = std::get<ManifestEntry>(line);
        inFile.append(entry.session.view()).append(view(entry.digest));
    });
    EXPECT_EQ(inFile.size(), entries.size());
    const Sha256Digest chain = manifestChain({}, 17274, 0, inFile);
    const auto signature = sign(view(chain));
    append(manifestText(ManifestMark{.first = 0,
                                     .count = 2,
                                     .chain = chain,
                                     .signature = signature->bytes,
                                     .certificate = signature->certificate,
                                     .lane = 0,
                                     .after = rows().size()}));
    restart();
    drain();
    EXPECT_EQ(pieces().size(), 1U);
    expectWholeManifest();
}

TEST_F(ManifestTest, SendsNoPieceTwiceWhoseRecordIsInTheSpool) {
    openAll();
    recording_->recover();
    play(2);
    drain();
    ASSERT_EQ(pieces().size(), 1U);
    std::filesystem::resize_file(dayFile(), std::filesystem::file_size(dayFile()) - 6);  // "#sent" is lost
    restart();
    play(1);
    drain();
    EXPECT_EQ(pieces().size(), 2U);
    expectWholeManifest();
}

TEST_F(ManifestTest, TakesUpAFileWhoseEndIsTorn) {
    openAll();
    recording_->recover();
    play(2);
    recording_->close();
    refuses_ = true;
    recording_->run();  // no piece, and nothing is synced
    std::filesystem::resize_file(dayFile(), std::filesystem::file_size(dayFile()) - 30);
    append(std::string(100, '\0'));
    refuses_ = false;
    restart();
    drain();
    expectWholeManifest();
}

TEST_F(ManifestTest, WaitsForItsKeyAndLosesNothing) {
    refuses_ = true;
    openAll();
    recording_->recover();
    play(2);
    drain();
    EXPECT_TRUE(pieces().empty());
    refuses_ = false;
    restart();
    drain();
    EXPECT_EQ(pieces().size(), 1U);
    expectWholeManifest();
}

TEST_F(ManifestTest, KeepsUnsignedPiecesToItselfWithoutACollector) {
    settings_.manifest->sign = nullptr;
    openAll();
    recording_->recover();
    play(2);
    drain();
    EXPECT_TRUE(pieces().empty());
    std::uint64_t count = 0;
    readManifest(dayFile(), [&](ManifestLine line) {
        if (const auto* mark = std::get_if<ManifestMark>(&line)) {
            EXPECT_TRUE(mark->signature.empty());
            count = mark->count;
        }
    });
    EXPECT_EQ(count, 2U);
}

TEST_F(ManifestTest, BeginsADayAnewWhenSomebodyChangedItsFile) {
    openAll();
    recording_->recover();
    play(2);
    drain();
    std::fstream(dayFile(), std::ios::in | std::ios::out | std::ios::binary) << "??";
    append("#none x\n");
    restart();
    play(1);
    drain();
    EXPECT_TRUE(std::filesystem::exists(dayFile() + ".damaged"));
    EXPECT_EQ(pieces().back().first(), 0U);
}

TEST_F(ManifestTest, RemovesTheFileOfADayWhoseLogsAreGone) {
    openAll();
    recording_->recover();
    play(1);
    drain();
    settings_.manifest->now = [] { return start().at + std::chrono::days(3); };
    restart();
    EXPECT_TRUE(std::filesystem::exists(dayFile()));
    drain();
    std::filesystem::remove_all(folder_ + "/journal");
    restart();
    EXPECT_FALSE(std::filesystem::exists(dayFile()));
}

TEST_F(ManifestTest, FreesNoRowOfTheSpoolWhileTheFileRefuses) {
    openAll();
    recording_->recover();
    std::filesystem::remove_all(folder_ + "/manifest");
    std::ofstream(folder_ + "/manifest") << "no folder";
    play(1);
    recording_->close();
    recording_->run();
    journal_->close();
    journal_->run();
    spool_->acknowledge(0, 100);
    recording_->upkeep();
    EXPECT_EQ(rows().size(), 2U);
    std::filesystem::remove(folder_ + "/manifest");
    restart();
    drain();
    expectWholeManifest();
}

}  // namespace
}  // namespace apiary::agent
