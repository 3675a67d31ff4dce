#include "agent/protocols/irc_memory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent {
namespace {

TEST(IrcMemoryTest, RecallsWhatItSaid) {
    IrcMemory memory;
    memory.left({"nick", "ident", "Real Name", 5});
    memory.left({"bare", "i", "", 6});
    EXPECT_TRUE(memory.add({'G', "*@host", "some reason", 0}));
    IrcMemory later;
    later.recall(memory.text());
    ASSERT_EQ(later.formers().size(), 2U);
    EXPECT_EQ(later.formers()[0].realName, "Real Name");
    EXPECT_EQ(later.formers()[1].signon, 6);
    ASSERT_EQ(later.bans().size(), 1U);
    EXPECT_EQ(later.bans()[0].reason, "some reason");
    EXPECT_EQ(later.text(), memory.text());
}

TEST(IrcMemoryTest, SkipsWhatItCannotRead) {
    IrcMemory memory;
    memory.recall("w\nw a b\nw 9bad i 5 x\nX m 0 r\n\nGG m 0 r\n");
    EXPECT_EQ(memory.text(), "");
}

TEST(IrcMemoryTest, KeepsTheNewestFormersAlone) {
    IrcMemory memory;
    for (int number = 0; number < 12; ++number) {
        memory.left({"n" + std::to_string(number), "i", "r", number});
    }
    EXPECT_EQ(memory.formers().size(), IrcMemory::kMostFormers);
    EXPECT_EQ(memory.formers().front().nick, "n2");
}

TEST(IrcMemoryTest, StaysWithinItsBytes) {
    IrcMemory memory;
    for (int number = 0; number < 200; ++number) {
        memory.add({'K', std::to_string(number) + "@x", std::string(300, 'r'), 0});
    }
    EXPECT_EQ(memory.bans().size(), IrcMemory::kMostBans);
    EXPECT_LE(memory.text().size(), IrcMemory::kMostBytes);
}

TEST(IrcMemoryTest, HasEachBanOnceUntilItExpires) {
    IrcMemory memory;
    EXPECT_TRUE(memory.add({'Z', "10.0.0.1", "r", 100}));
    EXPECT_FALSE(memory.add({'Z', "10.0.0.1", "r", 200}));
    memory.expire(99);
    EXPECT_EQ(memory.bans().size(), 1U);
    memory.expire(100);
    EXPECT_TRUE(memory.bans().empty());
    EXPECT_FALSE(memory.remove('Z', "10.0.0.1"));
}

}  // namespace
}  // namespace apiary::agent
