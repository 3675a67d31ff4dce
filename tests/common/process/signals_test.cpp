#include "common/process/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <unistd.h>

namespace apiary {
namespace {

using namespace std::chrono_literals;

TEST(SignalsTest, KeepsThoseHeldUntilTheyAreAwaited) {
    holdSignals();
    kill(getpid(), SIGHUP);
    EXPECT_EQ(awaitSignal(), SIGHUP);
    askToEnd();
    EXPECT_EQ(awaitSignal(5s), SIGTERM);
}

TEST(SignalsTest, SaysWhenNoneCame) {
    holdSignals();
    EXPECT_EQ(awaitSignal(1ms), std::nullopt);
}

TEST(SignalsTest, SurvivesAPeerThatHasGone) {
    holdSignals();
    EXPECT_EQ(raise(SIGPIPE), 0);
}

}  // namespace
}  // namespace apiary
