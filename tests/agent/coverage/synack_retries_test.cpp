#include "agent/coverage/synack_retries.hpp"

#include "agent/coverage/ruleset.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

/// A file that stands for the kernel's setting.
class SynAckRetriesTest : public testing::Test {
protected:
    SynAckRetriesTest() { write(5); }
    ~SynAckRetriesTest() override { std::filesystem::remove(file_); }

    void write(unsigned value) const { std::ofstream(file_) << value << '\n'; }

    const std::string file_ = std::filesystem::temp_directory_path() / ("retries-" + std::to_string(::getpid()));
    const SynAckRetries retries_{file_};
};

TEST_F(SynAckRetriesTest, IsLoweredAndRestored) {
    ASSERT_TRUE(retries_.lower());
    EXPECT_EQ(retries_.now(), 1U);
    ASSERT_TRUE(retries_.restore(5));
    EXPECT_EQ(retries_.now(), 5U);
}

TEST_F(SynAckRetriesTest, LeavesWhatSomebodyElseHasSetMeanwhile) {
    write(3);
    ASSERT_TRUE(retries_.restore(5));
    EXPECT_EQ(retries_.now(), 3U);
}

TEST_F(SynAckRetriesTest, LeavesWhatIsLowAlready) {
    write(0);
    ASSERT_TRUE(retries_.lower());
    EXPECT_EQ(retries_.now(), 0U);
}

TEST_F(SynAckRetriesTest, SaysHowToDoItByHand) {
    const SynAckRetries nowhere("/proc/apiary-has-no-such-file");
    EXPECT_EQ(nowhere.now(), std::nullopt);
    EXPECT_TRUE(nowhere.lower()) << "there is nothing to lower";
    const SynAckRetries fixed("/proc/sys/kernel/ngroups_max");  // which nobody may write, root neither
    EXPECT_NE(fixed.lower().error().find("sysctl -w net.ipv4.tcp_synack_retries=1"), std::string::npos);
}

TEST(SynAckRetriesInTheTableTest, AreFoundAgain) {
    EXPECT_EQ(SynAckRetries::remembered(ruleset({}, {}, 5)), 5U);
    EXPECT_EQ(SynAckRetries::remembered(ruleset({}, {}, 12)), 12U);
    EXPECT_EQ(SynAckRetries::remembered(ruleset({}, {})), std::nullopt);
    EXPECT_EQ(SynAckRetries::remembered(""), std::nullopt);
}

}  // namespace
}  // namespace apiary::agent::test
