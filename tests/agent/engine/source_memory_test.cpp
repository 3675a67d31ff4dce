#include "agent/engine/source_memory.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

Endpoint host(std::uint8_t last) {
    return Endpoint::of({192, 0, 2, last}, 1000);
}

TEST(SourceMemoryTest, GivesEachSourceItsOwn) {
    SourceMemory memory;
    memory.remember(host(1), "one");
    memory.remember(host(2), "two");
    EXPECT_EQ(memory.recall(host(1)), "one");
    EXPECT_EQ(memory.recall(host(2)), "two");
    EXPECT_EQ(memory.recall(host(3)), "");
}

TEST(SourceMemoryTest, ForgetsWhoWasNotHereForLongest) {
    SourceMemory memory(2);
    memory.remember(host(1), "one");
    memory.remember(host(2), "two");
    memory.recall(host(1));
    memory.remember(host(3), "three");
    EXPECT_EQ(memory.recall(host(1)), "one");
    EXPECT_EQ(memory.recall(host(2)), "");
}

TEST(SourceMemoryTest, KeepsNoMoreBytesThanItMay) {
    SourceMemory memory(100, 10);
    memory.remember(host(1), "1234");
    memory.remember(host(2), "1234");
    memory.remember(host(2), "12345");  // in place of the other
    EXPECT_EQ(memory.recall(host(1)), "1234");
    memory.remember(host(3), "12");
    EXPECT_EQ(memory.recall(host(2)), "") << "not here for longest";
    EXPECT_EQ(memory.recall(host(1)), "1234");
    EXPECT_EQ(memory.recall(host(3)), "12");
    memory.remember(host(4), "12345678901");
    EXPECT_EQ(memory.recall(host(4)), "") << "alone too much";
}

TEST(SourceMemoryTest, ReplacesAndFrees) {
    SourceMemory memory(1);
    memory.remember(host(1), "one");
    memory.remember(host(1), "uno");
    EXPECT_EQ(memory.recall(host(1)), "uno");
    memory.remember(host(1), "");
    EXPECT_EQ(memory.recall(host(1)), "");
}

}  // namespace
}  // namespace apiary::agent::test
