#include "agent/spool/spool.hpp"

#include "agent/spool/checksum.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace apiary::agent {
namespace {

using std::chrono::system_clock;

TEST(ChecksumTest, MatchesTheVectorOfRfc3720) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST_F(SpoolTest, NumbersRecordsFromOneInOrder) {
    open();
    EXPECT_EQ(append({record(1, RecordKind::Opening), record(1, RecordKind::Closing)}),
              (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(append(record(0, RecordKind::Probe)), 3U);
    EXPECT_EQ(rows(), "1:body\n2:body\n3:body\n");
}

TEST_F(SpoolTest, HasWhatWasSetAsideUntilARecordOfItIsCommitted) {
    open();
    const std::vector<NewRecord> first{record(0, RecordKind::Probe, "first")};
    const std::vector<NewRecord> both{record(0, RecordKind::Probe, std::string("a\0b", 3)),
                                      record(0, RecordKind::Gap, "gap")};
    EXPECT_TRUE(spool_->setAside(first));
    EXPECT_TRUE(spool_->setAside(both));
    append(record(0, RecordKind::Probe));
    open();
    const auto kept = spool_->aside();
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept[0].body, both[0].body);
    EXPECT_EQ(kept[1].kind, RecordKind::Gap);
    EXPECT_EQ(kept[1].at, both[1].at);
    NewRecord last = both[1];
    last.fromAside = true;
    append(last);
    EXPECT_TRUE(spool_->aside().empty());
    open();
    EXPECT_TRUE(spool_->aside().empty());
    EXPECT_EQ(rows(), "1:body\n2:gap\n");
}

TEST_F(SpoolTest, ReadsWhatWasWrittenByteByByte) {
    open();
    const std::string body("\0\x01\xff body", 8);
    append(record(7, RecordKind::Payload, body));
    const auto row = readAll().at(0);
    EXPECT_EQ(row.body, body);
    EXPECT_EQ(row.session, session(7));
    EXPECT_EQ(row.kind, RecordKind::Payload);
}

TEST_F(SpoolTest, ReadsNoMoreRecordsThanAskedFor) {
    open();
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    EXPECT_EQ(spool_->read(0, 1, 1, 1000).at(0).seq, 2U);
    EXPECT_EQ(spool_->read(0, 0, 2, 1000).size(), 2U);
    EXPECT_TRUE(spool_->read(0, 3, 2, 1000).empty());
    EXPECT_TRUE(spool_->read(9, 0, 2, 1000).empty());
}

TEST_F(SpoolTest, ReadsAboutSoManyBytesButAtLeastOneRecord) {
    open();
    append({record(0, RecordKind::Probe, std::string(100, 'a')), record(0, RecordKind::Probe, std::string(100, 'b')),
            record(0, RecordKind::Probe, std::string(100, 'c'))});
    EXPECT_EQ(spool_->read(0, 0, 9, 10).size(), 1U);
    EXPECT_EQ(spool_->read(0, 0, 9, 250).size(), 2U);
    EXPECT_EQ(spool_->read(0, 2, 9, 250).at(0).body, std::string(100, 'c'));
}

TEST_F(SpoolTest, GoesOnWithItsNumbersAndItsIdAfterARestart) {
    open();
    const Uuid id = spool_->id();
    append(record(0, RecordKind::Probe));
    spool_->acknowledge(0, 1);
    spool_->release();
    open();
    EXPECT_EQ(spool_->id(), id);
    EXPECT_EQ(append(record(0, RecordKind::Probe)), 2U);
    EXPECT_EQ(spool_->lanes().at(0).acknowledged, 1U);
}

TEST_F(SpoolTest, FreesAcknowledgedRowsOfSessionsThatAreOver) {
    open();
    append({record(1, RecordKind::Opening), record(2, RecordKind::Opening), record(1, RecordKind::Closing)});
    spool_->acknowledge(0, 3);
    spool_->release();
    open();
    EXPECT_EQ(spool_->openSessions(), std::vector{session(2)});
    EXPECT_EQ(spool_->openSession(session(2)).rows.size(), 1U);
    EXPECT_TRUE(spool_->openSession(session(1)).rows.empty());
    append(record(2, RecordKind::Closing));
    spool_->acknowledge(0, 4);
    spool_->release();
    open();
    EXPECT_TRUE(spool_->openSessions().empty());
    EXPECT_TRUE(spool_->openSession(session(2)).rows.empty());
}

TEST_F(SpoolTest, KeepsRowsUntilTheirLogIsSynced) {
    open();
    append({record(1, RecordKind::Opening), record(1, RecordKind::Closing), record(2, RecordKind::Opening),
            record(2, RecordKind::Closing)});
    spool_->acknowledge(0, 4);
    spool_->journalled(0, 3);
    spool_->release();
    open();
    EXPECT_EQ(spool_->unjournalledSessions(), std::vector{session(2)});
    EXPECT_EQ(spool_->openSession(session(2)).rows.size(), 2U);
    spool_->journalled(0, 4);
    spool_->release();
    open();
    EXPECT_TRUE(spool_->unjournalledSessions().empty());
}

TEST_F(SpoolTest, CountsTheBacklogAndFindsItsOldest) {
    open();
    EXPECT_EQ(spool_->backlog().records, 0U);
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    spool_->acknowledge(0, 1);
    EXPECT_EQ(spool_->backlog().records, 1U);
    EXPECT_EQ(spool_->backlog().oldest, record(0, RecordKind::Probe).at);
}

TEST_F(SpoolTest, NeverAcknowledgesMoreThanThereIs) {
    open();
    append(record(0, RecordKind::Probe));
    spool_->acknowledge(0, 99);
    spool_->acknowledge(0, 0);
    EXPECT_EQ(spool_->lanes().at(0).acknowledged, 1U);
    EXPECT_EQ(append(record(0, RecordKind::Probe)), 2U);
    EXPECT_EQ(spool_->backlog().records, 1U);
}

TEST_F(SpoolTest, NumbersEachLaneByItself) {
    open();
    append(record(1, RecordKind::Opening));
    EXPECT_EQ(spool_->openLane(), 1U);
    EXPECT_EQ(append(record(2, RecordKind::Opening, "second", 1)), 1U);
    EXPECT_EQ(append(record(1, RecordKind::Closing, "first")), 2U);
    EXPECT_EQ(rows(1), "1:second\n");
    EXPECT_EQ(rows(0, 1), "2:first\n");
    open();
    EXPECT_EQ(spool_->currentLane(), 1U);
    EXPECT_EQ(spool_->lanes().size(), 2U);
}

TEST_F(SpoolTest, SendsAgainAsAGapWhatItFreedWhenTheCollectorForgot) {
    open();
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    spool_->acknowledge(0, 2);
    spool_->release();
    const std::string reason = "confirmed before, and freed: the database was set back, or this spool took a new id";
    EXPECT_EQ(rows(), "1-2:restore 2 " + reason + "\n3:body\n");
    spool_->acknowledge(0, 3);
    spool_->release();
    EXPECT_EQ(rows(), "1-3:restore 3 " + reason + "\n");
    EXPECT_EQ(spool_->lost(), 0U);
}

TEST_F(SpoolTest, TakesANewIdWhenItTurnsOutToBeAnOldCopyAndTellsOfIt) {
    open();
    append({record(0, RecordKind::Probe)});
    const Uuid before = spool_->id();
    ASSERT_TRUE(spool_->renew("an old copy"));
    const Uuid after = spool_->id();
    EXPECT_NE(after, before);
    EXPECT_EQ(rows(), "1:body\n2:spool 0 an old copy of lane 0: kept 1 of 1 or more\n");
    EXPECT_EQ(append(record(0, RecordKind::Probe)), 3U);
    open();
    EXPECT_EQ(spool_->id(), after);
}

TEST_F(SpoolTest, TellsThatItsFileWasSetBack) {
    open();
    append({record(0, RecordKind::Probe)});
    spool_.reset();
    const std::string path = settings().path;
    std::filesystem::copy_file(path, path + ".backup");
    open();
    const Uuid before = spool_->id();
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    spool_.reset();
    // Into the file that is there: to the file system it is the same one.
    std::ofstream(path, std::ios::binary) << std::ifstream(path + ".backup", std::ios::binary).rdbuf();
    open();
    EXPECT_NE(spool_->id(), before);
    EXPECT_EQ(rows(), "1:body\n2:spool 0 the spool's file was set back to an old copy of lane 0: kept 1 of 3\n");
}

TEST_F(SpoolTest, IsRefusedToASecondAgent) {
    open();
    const auto second = Spool::open(settings());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().find("another agent uses this spool"), std::string::npos);
}

TEST_F(SpoolTest, SaysWhatIsMissingWhenItCannotOpen) {
    auto elsewhere = settings();
    elsewhere.path = folder_ + "/nowhere/spool.db";
    const auto opened = Spool::open(elsewhere);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("make its folder"), std::string::npos);
}

TEST_F(SpoolTest, CallsAfterEachCommit) {
    open();
    int calls = 0;
    spool_->onAppended([&] { ++calls; });
    append(record(0, RecordKind::Probe));
    EXPECT_EQ(calls, 1);
}

TEST_F(SpoolTest, MakesAGapOfARecordThatWasAltered) {
    open();
    append({record(0, RecordKind::Probe, "one"), record(0, RecordKind::Probe, "a telling body"),
            record(0, RecordKind::Probe, "three")});
    spool_.reset();
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    std::string whole((std::istreambuf_iterator<char>(file)), {});
    const auto at = whole.find("a telling body");
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at));
    file.put('A');
    file.close();
    open();
    EXPECT_EQ(rows(), "1:one\n2:spool 1 damaged record\n3:three\n");
    EXPECT_EQ(rows(), "1:one\n2:spool 1 damaged record\n3:three\n");
    EXPECT_EQ(spool_->lost(), 1U);
}

TEST_F(SpoolTest, MovesADamagedFileAsideAndSaysSoInAGap) {
    open();
    const Uuid before = spool_->id();
    append(record(0, RecordKind::Probe));
    spool_.reset();
    std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 4096);
    open();
    EXPECT_NE(spool_->id(), before);
    ASSERT_EQ(readAll().size(), 1U);
    EXPECT_EQ(readAll().at(0).kind, RecordKind::Gap);
    EXPECT_EQ(readAll().at(0).body.find("spool 0 the spool's file was damaged and is kept as spool.db.damaged-"), 0U);
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        aside += entry.path().filename().string().find("damaged-") != std::string::npos ? 1 : 0;
    }
    EXPECT_GE(aside, 1);
}

TEST_F(SpoolTest, IsNotSilentWhenItsFileIsEmptied) {
    open();
    append(record(0, RecordKind::Probe));
    spool_.reset();
    std::filesystem::resize_file(path(), 0);
    open();
    EXPECT_EQ(rows(), "1:spool 0 the spool's file was gone or empty of lane 0: kept 0 of 1\n");
}

TEST_F(SpoolTest, TellsOfEachLaneWhichNumbersWentWithItsFile) {
    std::vector<LostNumbers> told;
    auto telling = settings();
    telling.gapBody = [&](const SpoolSettings::Lost& lost) {
        told.push_back(lost.numbers.value_or(LostNumbers{}));
        return "gap";
    };
    open(telling);
    const Uuid before = spool_->id();
    append({record(1, RecordKind::Opening), record(1, RecordKind::Payload)});
    spool_->openLane();
    append({record(2, RecordKind::Opening, "body", 1), record(2, RecordKind::Closing, "body", 1)});
    spool_->openLane();
    append({record(1, RecordKind::Closing), record(3, RecordKind::Opening, "body", 2)});
    spool_->acknowledge(0, 1);
    spool_->acknowledge(1, 2);
    append(record(3, RecordKind::Closing, "body", 2));
    spool_.reset();
    std::filesystem::remove(path());
    open(telling);
    ASSERT_EQ(told.size(), 2U) << "all of lane 1 was acknowledged";
    for (const LostNumbers& numbers : told) {
        EXPECT_EQ(numbers.spool, before);
        EXPECT_EQ(numbers.kept, 0U);
        EXPECT_TRUE(numbers.exact);
    }
    EXPECT_EQ(std::pair(told[0].lane, told[0].last), std::pair(0U, std::uint64_t{3}));
    EXPECT_EQ(std::pair(told[1].lane, told[1].last), std::pair(2U, std::uint64_t{2}));
}

TEST_F(SpoolTest, DoesNotClaimToKnowTheLastNumberOfAFileThatItDidNotClose) {
    open();
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    const std::string lock = path() + ".lock";
    std::filesystem::copy_file(lock, lock + ".killed");
    spool_.reset();
    std::filesystem::rename(lock + ".killed", lock);
    std::filesystem::remove(path());
    open();
    EXPECT_EQ(rows(), "1:spool 0 the spool's file was gone or empty of lane 0: kept 0 of 2 or more\n");
}

TEST_F(SpoolTest, ReadsWhatEarlierVersionsHaveNoted) {
    open();
    const std::string id = spool_->id().text();
    append({record(0, RecordKind::Probe), record(0, RecordKind::Probe)});
    spool_.reset();
    std::filesystem::remove(path());
    std::ofstream(path() + ".lock") << id << " 0 2" << std::string(40, ' ') << "\n";
    open();
    EXPECT_EQ(rows(), "1:spool 0 the spool's file was gone or empty of lane 0: kept 0 of 2 or more\n");
    spool_.reset();
    std::filesystem::remove(path());
    std::ofstream(path() + ".lock") << id;
    open();
    EXPECT_EQ(rows(), "1:spool 0 the spool's file was gone or empty\n");
}

TEST_F(SpoolTest, TakesANewIdWhereItsFileWasCopied) {
    open();
    const Uuid before = spool_->id();
    append(record(0, RecordKind::Probe));
    spool_.reset();
    std::filesystem::create_directory(folder_ + "/copy");
    std::filesystem::copy_file(path(), folder_ + "/copy/spool.db");
    auto copy = settings();
    copy.path = folder_ + "/copy/spool.db";
    open(copy);
    EXPECT_NE(spool_->id(), before);
    EXPECT_EQ(rows(), "1:body\n");
    open();
    EXPECT_EQ(spool_->id(), before);
}

}  // namespace
}  // namespace apiary::agent
