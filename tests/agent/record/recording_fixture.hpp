#pragma once

#include "agent/record/record_bodies.hpp"
#include "agent/record/recording.hpp"
#include "agent/record/replay.hpp"
#include "common/crypto/digest.hpp"
#include "common/crypto/manifest_chain.hpp"
#include "tests/support/quick_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdlib.h>
#include <string>
#include <vector>

namespace apiary::agent {

/// Spool, journal and recording in a folder of their own.
class RecordingTest : public testing::Test {
protected:
    RecordingTest() {
        std::string folder = quickFolder() + "recordingXXXXXX";
        folder_ = ::mkdtemp(folder.data());
        journalSettings_.directory = folder_ + "/journal";
        journalSettings_.agentStart = start().at;
        spoolSettings_.path = folder_ + "/spool.db";
        spoolSettings_.ballast = 0;
    }
    ~RecordingTest() override {
        closeAll();
        std::filesystem::remove_all(folder_);
    }

    void openAll() {
        closeAll();
        auto spool = Spool::open(withRecordBodies(spoolSettings_));
        ASSERT_TRUE(spool) << spool.error();
        spool_ = *std::move(spool);
        auto journal = JournalWriter::open(journalSettings_);
        ASSERT_TRUE(journal) << journal.error();
        journal_ = *std::move(journal);
        recording_ = std::make_unique<Recording>(settings_, *spool_, *journal_);
    }
    void closeAll() {
        recording_.reset();
        journal_.reset();
        spool_.reset();
    }

    /// Writes all that was recorded, and ends the recording; without threads.
    void drain() {
        recording_->close();
        recording_->run();
        journal_->close();
        journal_->run();
        recording_->upkeep();
    }

    static SessionStart start() {
        SessionStart start;
        start.source = Endpoint::of({192, 0, 2, 1}, 17943);
        start.target = Endpoint::of({198, 51, 100, 7}, 21);
        start.service = "files";
        start.protocol = "ftp";
        start.persona = "server";
        start.at = WallTime(std::chrono::microseconds(1'492'510'799'123'456));
        return start;
    }

    std::vector<SpoolRow> rows() const { return spool_->read(0, 0, 1'000'000, std::size_t{1} << 30U); }

    std::vector<v1::Record> records() const {
        std::vector<v1::Record> records;
        for (const SpoolRow& row : rows()) {
            EXPECT_TRUE(records.emplace_back().ParseFromString(row.body));
        }
        return records;
    }

    v1::SessionClosed closing() const {
        for (const v1::Record& record : records()) {
            if (record.has_closed()) {
                return record.closed();
            }
        }
        ADD_FAILURE() << "no closing";
        return {};
    }

    std::string file(const std::string& path) const {
        if (path.empty()) {
            return {};
        }
        std::ifstream file(folder_ + "/journal/" + path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::map<Uuid, std::vector<SpoolRow>> rowsBySession() const {
        std::map<Uuid, std::vector<SpoolRow>> sessions;
        for (SpoolRow& row : rows()) {
            sessions[row.session].push_back(std::move(row));
        }
        sessions.erase(Uuid{});
        return sessions;
    }

    /// File on disk = digest in the closing record = rendering of the rows.
    void expectAgreement(const std::vector<SpoolRow>& session) const {
        const Replay replay(session);
        ASSERT_TRUE(replay.whole());
        ASSERT_TRUE(replay.closed());
        const std::string text = renderJournal(session);
        EXPECT_EQ(replay.closed()->journal_sha256(), view(Sha256::of(text)));
        EXPECT_EQ(file(replay.closed()->journal_path()), text);
        EXPECT_EQ(replay.closed()->events() + 2, session.size());
    }

    /// Each closing has one entry with its digest, and the pieces of each day follow each other.
    void expectWholeManifest() const {
        std::multiset<std::string> closings;
        std::multiset<std::string> entries;
        struct Head {
            Sha256Digest chain{};
            std::uint64_t next = 0;
        };
        std::map<std::uint32_t, Head> days;
        for (const v1::Record& record : records()) {
            if (record.has_closed()) {
                closings.insert(record.session_id() + record.closed().journal_sha256());
            } else if (record.has_manifest()) {
                const v1::ManifestPiece& piece = record.manifest();
                auto& [chain, next] = days[piece.day()];
                EXPECT_EQ(piece.first(), next);
                chain = manifestChain(chain, piece.day(), piece.first(), piece.entries());
                EXPECT_EQ(piece.chain(), view(chain));
                for (std::size_t at = 0; at < piece.entries().size(); at += kManifestEntry, ++next) {
                    entries.insert(piece.entries().substr(at, kManifestEntry));
                }
            }
        }
        EXPECT_EQ(entries, closings);
    }

    std::string folder_;
    SpoolSettings spoolSettings_;
    JournalSettings journalSettings_;
    RecordingSettings settings_;
    std::unique_ptr<Spool> spool_;
    std::unique_ptr<JournalWriter> journal_;
    std::unique_ptr<Recording> recording_;
};

}  // namespace apiary::agent
