#include "agent/record/pending_probes.hpp"

#include "agent/record/record_bodies.hpp"
#include "tests/agent/spool/spool_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kSmall = std::uint64_t{1} << 20U;

/// A spool that is full, and probes that wait for room in it.
class PendingProbesTest : public SpoolTest {
protected:
    void SetUp() override {
        start();
        while (!spool_->full()) {
            append(record(1, RecordKind::Opening, std::string(500, 'o')));
        }
        begin_ = spool_->lanes().at(0).last;
    }

    /// Also after a kill: nothing is said to what was there before.
    void start() {
        probes_.reset();
        open(settings(kSmall));
        probes_ = std::make_unique<PendingProbes>(*spool_);
        probes_->recover();
    }

    void refuse(std::uint8_t source, std::uint64_t count = 1) {
        probes_->add(Refusal{.source = Endpoint::of({192, 0, 2, source}, 1),
                             .target = Endpoint::of({198, 51, 100, 7}, 21),
                             .service = "files",
                             .reason = "room for records",
                             .at = std::chrono::system_clock::now(),
                             .count = count});
    }

    void makeRoom() {
        spool_->acknowledge(0, begin_);
        append(record(1, RecordKind::Closing));
        spool_->release();
        ASSERT_FALSE(spool_->full());
    }

    static std::uint64_t contacts(const std::string& body) {
        v1::Record record;
        EXPECT_TRUE(record.ParseFromString(body));
        return record.has_gap() ? record.gap().records() : record.probe().packets();
    }

    std::uint64_t recorded() const {
        std::uint64_t sum = 0;
        for (const SpoolRow& row : readAll(0, begin_)) {
            if (row.session == Uuid{}) {
                sum += contacts(row.body);
            }
        }
        return sum;
    }

    std::uint64_t setAside() const {
        const auto records = spool_->aside();
        return std::accumulate(records.begin(), records.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const NewRecord& each) { return sum + contacts(each.body); });
    }

    std::size_t commit(bool last) {
        const auto due = probes_->due(last);
        append(due);
        probes_->committed(due);
        return due.size();
    }

    std::unique_ptr<PendingProbes> probes_;
    std::uint64_t begin_ = 0;
};

TEST_F(PendingProbesTest, AreThereAfterAKillAndOnceOnly) {
    refuse(1);
    refuse(2, 5);
    EXPECT_EQ(commit(false), 0U);
    start();
    EXPECT_EQ(setAside(), 6U);
    refuse(3);
    probes_->keep(true);
    start();
    EXPECT_EQ(setAside(), 7U);
    makeRoom();
    EXPECT_EQ(commit(false), 3U);
    EXPECT_EQ(recorded(), 7U);
    start();
    EXPECT_EQ(commit(true), 0U);
    EXPECT_EQ(recorded(), 7U);
}

TEST_F(PendingProbesTest, AreCountedWhereMoreComeThanAreKept) {
    for (std::uint8_t source = 1; source <= 200; ++source) {
        refuse(source, 10);
    }
    EXPECT_EQ(commit(false), 0U);
    EXPECT_LT(spool_->aside().size(), 100U);
    EXPECT_EQ(setAside(), 2000U);
    makeRoom();
    EXPECT_EQ(commit(false), 200U) << "who was not killed tells them apart";
    EXPECT_EQ(recorded(), 2000U);
}

TEST_F(PendingProbesTest, StayInTheFileOfAFullSpoolAtTheEnd) {
    refuse(1);
    EXPECT_EQ(commit(false), 0U);
    refuse(2);
    EXPECT_EQ(commit(true), 0U) << "the last is not waited for";
    start();
    makeRoom();
    EXPECT_EQ(commit(true), 2U);
}

TEST_F(PendingProbesTest, AreKeptWhileTheyAreBeingCommitted) {
    makeRoom();
    refuse(1, 3);
    refuse(2);
    const auto due = probes_->due(true);
    refuse(3);
    probes_->keep(true);
    EXPECT_EQ(setAside(), 5U);
    append(due.at(0));
    probes_->committed({due.data(), 1});
    EXPECT_EQ(setAside(), 0U);
    probes_->keep(true);
    EXPECT_EQ(setAside(), 2U);
}

}  // namespace
}  // namespace apiary::agent
