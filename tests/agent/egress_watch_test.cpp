#include "agent/egress_watch.hpp"

#include "common/log/log.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

/// A guard that tells what the test wants, and the lines that the watch logs.
class EgressWatchTest : public testing::Test {
protected:
    void SetUp() override { log::start("apiary-agent"); }

    std::string sampled(Result<std::uint64_t> told) {
        told_ = std::move(told);
        testing::internal::CaptureStderr();
        watch_.sample();
        return testing::internal::GetCapturedStderr();
    }

    Result<std::uint64_t> told_ = 0;
    EgressWatch watch_{[this] { return told_; }};
};

TEST_F(EgressWatchTest, IsUnguardedUntilSomebodyTells) {
    EXPECT_EQ(watch_.report(), (EgressReport{.guarded = false, .refused = 0}));
    EXPECT_EQ(sampled(Error{"nobody"}), "");
    EXPECT_FALSE(watch_.report().guarded);
    EXPECT_EQ(sampled(0), "");
    EXPECT_TRUE(watch_.report().guarded);
}

TEST_F(EgressWatchTest, LogsWhatWasRefusedOnce) {
    sampled(0);
    EXPECT_NE(sampled(3).find("refused 3 packets"), std::string::npos);
    EXPECT_EQ(sampled(3), "");
    EXPECT_NE(sampled(5).find("refused 2 packets"), std::string::npos);
    EXPECT_EQ(watch_.report(), (EgressReport{.guarded = true, .refused = 5}));
}

TEST_F(EgressWatchTest, KeepsTheCountWhileNobodyTells) {
    sampled(4);
    EXPECT_NE(sampled(Error{"gone"}).find("start apiary-coverage apply"), std::string::npos);
    EXPECT_EQ(watch_.report(), (EgressReport{.guarded = false, .refused = 4}));
    EXPECT_EQ(sampled(4), "") << "the same guard again: nothing new";
}

TEST_F(EgressWatchTest, CountsAGuardMadeAnewFromNothing) {
    sampled(4);
    EXPECT_NE(sampled(1).find("refused 1 packets"), std::string::npos);
}

}  // namespace
}  // namespace apiary::agent::test
