#include "agent/spool/spool.hpp"
#include "agent/spool/sqlite.hpp"
#include "tests/agent/spool/faulty_disk.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

class SpoolSharedTest : public SpoolTest {
protected:
    ~SpoolSharedTest() override { FaultyDisk::heal(); }

    static NewRecord packet(std::uint8_t number, const std::shared_ptr<const std::string>& page) {
        NewRecord packet = record(number, RecordKind::Payload, "<>");
        packet.shared = page;
        packet.sharedAt = 1;
        return packet;
    }

    /// A session that was sent the page so many times.
    void play(std::uint8_t number, int packets, const std::shared_ptr<const std::string>& page) {
        std::vector<NewRecord> all{record(number, RecordKind::Opening, "opening")};
        for (int i = 0; i < packets; ++i) {
            all.push_back(packet(number, page));
        }
        all.push_back(record(number, RecordKind::Closing, "closing"));
        append(std::move(all));
    }

    std::int64_t count(const char* sql) const { return Database(path(), {}, true).number(sql); }
    std::int64_t blobs() const { return count("SELECT count(*) FROM blob_bytes"); }
    void change(const char* sql) const { Database(path(), {}, false).execute(sql); }

    const std::shared_ptr<const std::string> page_ = std::make_shared<std::string>(9000, 'p');
};

TEST_F(SpoolSharedTest, KeepsOnceWhatManyRecordsShare) {
    open();
    play(1, 50, page_);
    play(2, 50, page_);
    EXPECT_EQ(blobs(), 1);
    EXPECT_EQ(readAll().at(60).body, "<" + *page_ + ">");
    open();
    EXPECT_EQ(readAll().at(60).body, "<" + *page_ + ">");
}

TEST_F(SpoolSharedTest, GivesAnOpenSessionItsWholeBodies) {
    open();
    append({record(1, RecordKind::Opening), packet(1, page_)});
    open();
    EXPECT_EQ(spool_->openSession(session(1)).rows.at(1).body, "<" + *page_ + ">");
}

TEST_F(SpoolSharedTest, LetsGoOfItWithTheLastRecordThatRefersToIt) {
    open();
    play(1, 5, page_);
    append({record(2, RecordKind::Opening), packet(2, page_)});
    spool_->acknowledge(0, 9);
    spool_->release();
    EXPECT_EQ(blobs(), 1);
    EXPECT_EQ(count("SELECT refs FROM blob"), 1);
    append(record(2, RecordKind::Closing));
    spool_->acknowledge(0, 10);
    spool_->release();
    EXPECT_EQ(blobs(), 0);
    play(3, 1, page_);
    EXPECT_EQ(readAll(0, 11).at(0).body, "<" + *page_ + ">");
}

TEST_F(SpoolSharedTest, LosesOnlySomeRecordsWithADamagedCopy) {
    open();
    play(1, 2500, page_);
    ASSERT_EQ(blobs(), 3);
    spool_.reset();
    change("UPDATE blob_bytes SET bytes = zeroblob(9000) WHERE number = 2");
    open();
    std::size_t gaps = 0;
    std::uint64_t next = 1;
    for (const SpoolRow& row : readAll()) {
        gaps += row.kind == RecordKind::Gap ? 1 : 0;
        EXPECT_EQ(row.seq, next);
        next = row.seqEnd + 1;
    }
    EXPECT_EQ(gaps, 1000U);
    EXPECT_EQ(spool_->lost(), 1000U);
}

TEST_F(SpoolSharedTest, MakesGapsWhereTheBytesAreGone) {
    open();
    play(1, 3, page_);
    spool_.reset();
    change("DELETE FROM blob_bytes");
    open();
    EXPECT_EQ(rows(),
              "1:opening\n2:spool 1 damaged record\n3:spool 1 damaged record\n4:spool 1 damaged record\n5:closing\n");
}

TEST_F(SpoolSharedTest, StaysBelowItsBoundAndCountsTheSharedBytesAsLost) {
    constexpr std::uint64_t kBound = std::uint64_t{1} << 20U;
    auto bounded = settings(kBound);
    std::uint64_t lost = 0;
    bounded.droppedBody = [&](const SpoolRow& first, const SpoolSettings::Lost& dropped) {
        EXPECT_EQ(first.body.size(), 9002U);
        lost = std::max(lost, dropped.bytes / dropped.records);
        return "dropped";
    };
    open(bounded);
    for (std::uint8_t number = 1; number <= 120; ++number) {
        play(number, 3, std::make_shared<std::string>(9000, 'p'));
    }
    EXPECT_LE(std::filesystem::file_size(path()), kBound);
    EXPECT_EQ(lost, 9002U);
    EXPECT_EQ(blobs(), count("SELECT count(DISTINCT blob) FROM record WHERE blob IS NOT NULL"));
}

TEST_F(SpoolSharedTest, WritesTheBytesAgainAfterACommitThatFailed) {
    SpoolSettings faulty = settings();
    faulty.vfs = FaultyDisk::name();
    open(faulty);
    append(record(1, RecordKind::Opening));
    FaultyDisk::fail(FaultyDisk::Call::Write, 1);
    const std::vector batch{packet(1, page_)};
    EXPECT_EQ(spool_->append(batch, [](std::chrono::milliseconds) { return true; }), std::vector<std::uint64_t>{2});
    EXPECT_EQ(FaultyDisk::failures(), 1);
    append(packet(1, page_));
    EXPECT_EQ(readAll().at(2).body, "<" + *page_ + ">");
}

TEST_F(SpoolSharedTest, OpensAFileOfTheVersionBefore) {
    open();
    append({record(1, RecordKind::Opening, "1"), record(1, RecordKind::Payload, "2")});
    spool_.reset();
    change(
        "DROP TABLE blob; DROP TABLE blob_bytes; ALTER TABLE record DROP COLUMN blob; "
        "ALTER TABLE record DROP COLUMN cut; UPDATE meta SET value = 1 WHERE name = 'version'");
    open();
    append(packet(1, page_));
    EXPECT_EQ(rows(), "1:1\n2:2\n3:<" + *page_ + ">\n");
    open();
    EXPECT_EQ(spool_->openSession(session(1)).rows.size(), 3U);
}

}  // namespace
}  // namespace apiary::agent
