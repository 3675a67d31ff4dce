#include "common/growing_pause.hpp"

#include <gtest/gtest.h>

namespace apiary {
namespace {

using namespace std::chrono_literals;

TEST(GrowingPauseTest, DoublesUpToItsBoundAndBeginsAnew) {
    GrowingPause pause(1s, 5s);
    EXPECT_EQ(pause.afterFailure(), 1s);
    EXPECT_EQ(pause.afterFailure(), 2s);
    EXPECT_EQ(pause.afterFailure(), 4s);
    EXPECT_EQ(pause.afterFailure(), 5s);
    EXPECT_EQ(pause.afterFailure(), 5s);
    pause.worked();
    EXPECT_EQ(pause.afterFailure(), 1s);
}

}  // namespace
}  // namespace apiary
