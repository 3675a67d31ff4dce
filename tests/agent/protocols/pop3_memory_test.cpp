#include "agent/protocols/pop3_memory.hpp"

#include "agent/protocols/pop3_mailbox.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

constexpr std::int64_t kNow = 1700000000;

std::chrono::seconds pauseAt(const Pop3Penalty& penalty, std::int64_t now) {
    return std::chrono::duration_cast<std::chrono::seconds>(Pop3Penalty::pauseOf(penalty.levelAt(now)));
}

// As measured: the answers to six wrong passwords in a row came after 2, 6, 10, 17, 17 and 17 s.
TEST(Pop3PenaltyTest, GrowsWithEachNewPairAsMeasured) {
    Pop3Penalty penalty;
    std::int64_t now = kNow;
    for (const int expected : {0, 4, 8, 15, 15, 15}) {
        const auto pause = pauseAt(penalty, now);
        EXPECT_EQ(pause.count(), expected);
        now += pause.count();
        penalty.failed(penalty.levelAt(now - pause.count()), static_cast<std::uint32_t>(now), now);
        now += 2;
    }
}

// As measured: the same wrong password four times was answered after 2, 6, 6 and 6 s.
TEST(Pop3PenaltyTest, DoesNotGrowWithThePairThatWasTriedBefore) {
    Pop3Penalty penalty;
    for (int i = 0; i < 4; ++i) {
        const unsigned level = penalty.levelAt(kNow);
        EXPECT_EQ(Pop3Penalty::pauseOf(level), std::chrono::seconds(i == 0 ? 0 : 4));
        penalty.failed(level, 77, kNow);
    }
}

TEST(Pop3PenaltyTest, FadesWithinHalfAMinute) {
    Pop3Penalty penalty;
    for (std::uint32_t pair = 1; pair <= 4; ++pair) {
        penalty.failed(pair - 1, pair, kNow);
    }
    EXPECT_EQ(penalty.levelAt(kNow), 4U);
    EXPECT_EQ(penalty.levelAt(kNow + 14), 4U);
    EXPECT_LT(penalty.levelAt(kNow + 15), 4U);
    EXPECT_EQ(penalty.levelAt(kNow + Pop3Penalty::kExpires), 0U);
}

TEST(Pop3MemoryTest, RecallsWhatItRemembered) {
    Pop3Memory memory;
    memory.penalty.failed(1, 5, kNow);
    memory.remove("admin", 0);
    memory.remove("admin", kPop3MostMessages - 1);
    memory.remove("backup", 7);
    Pop3Memory next;
    next.recall(memory.text());
    EXPECT_EQ(next.text(), memory.text());
    EXPECT_TRUE(next.deleted("admin", 0));
    EXPECT_TRUE(next.deleted("admin", kPop3MostMessages - 1));
    EXPECT_FALSE(next.deleted("admin", 7));
    EXPECT_TRUE(next.deleted("backup", 7));
    EXPECT_EQ(next.penalty.levelAt(kNow), 2U);
}

TEST(Pop3MemoryTest, FitsIntoWhatAServiceRemembers) {
    Pop3Memory memory;
    for (std::uint32_t pair = 1; pair < 20; ++pair) {
        memory.penalty.failed(3, 0xfffffff0U + pair % 15, kNow);
    }
    for (int user = 0; user < 100; ++user) {
        memory.remove("user" + std::to_string(user), 1);
    }
    EXPECT_LE(memory.text().size(), 4096U);
    EXPECT_TRUE(memory.deleted("user0", 1));
    EXPECT_FALSE(memory.deleted("user99", 1));
}

TEST(Pop3MemoryTest, SkipsWhatItCannotRead) {
    Pop3Memory memory;
    memory.recall("p\np 9 1\np x\nd\nd zz\nd 0123456789abcdef 5\n\n");
    EXPECT_EQ(memory.text(), "");
}

}  // namespace
}  // namespace apiary::agent
