#include "common/text/stamp.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

using std::chrono::system_clock;

TEST(StampTest, WritesTheLogsTimeAsThePaperDoesInUtc) {
    EXPECT_EQ(logStamp(system_clock::from_time_t(1492510799)), "Tue Apr 18 10:19:59 UTC 2017");
}

TEST(StampTest, TruncatesToWholeSecondsAndPadsTheDay) {
    EXPECT_EQ(logStamp(system_clock::from_time_t(0) + std::chrono::milliseconds(999)), "Thu Jan 01 00:00:00 UTC 1970");
}

TEST(StampTest, WritesIsoWithMilliseconds) {
    EXPECT_EQ(isoStamp(system_clock::from_time_t(1492510799) + std::chrono::milliseconds(7)),
              "2017-04-18T10:19:59.007Z");
}

}  // namespace
}  // namespace apiary::test
