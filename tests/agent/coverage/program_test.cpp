#include "agent/coverage/program.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

TEST(ProgramTest, GivesInputAndTakesOutputOfAnySize) {
    const std::string much(1 << 20, 'x');
    const auto ran = runProgram({"cat"}, much);
    ASSERT_TRUE(ran) << ran.error();
    EXPECT_EQ(ran->status, 0);
    EXPECT_EQ(ran->output, much);
}

TEST(ProgramTest, SaysHowItEndedAndWhatItComplainedOf) {
    const auto ran = runProgram({"sh", "-c", "echo bad >&2; exit 3"});
    ASSERT_TRUE(ran) << ran.error();
    EXPECT_EQ(ran->status, 3);
    EXPECT_EQ(ran->complaint, "bad\n");
}

TEST(ProgramTest, HandsNoEnvironmentOn) {
    const auto ran = runProgram({"env"});
    ASSERT_TRUE(ran) << ran.error();
    EXPECT_EQ(ran->output, "LC_ALL=C\n");
}

TEST(ProgramTest, SaysWhatToInstall) {
    EXPECT_EQ(runProgram({"no-such-program"}).error(), "no-such-program is not installed; apt-get install iproute2");
}

}  // namespace
}  // namespace apiary::agent::test
