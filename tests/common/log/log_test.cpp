#include "common/log/log.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace apiary::log {
namespace {

/// What comes to stderr while `act` runs, by line, with what was held.
template <typename Act>
std::vector<std::string> logged(Format format, Act act) {
    testing::internal::CaptureStderr();
    start("apiary-test", "info", format);
    act();
    tellHeld(true);
    std::istringstream text(testing::internal::GetCapturedStderr());
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
    }
    return lines;
}

TEST(LogTest, BoundsAFloodInBothFormatsAndSaysHowMuchItHeld) {
    for (const Format format : {Format::Text, Format::Json}) {
        const auto lines = logged(format, [] {
            for (int i = 0; i < 10'000; ++i) {
                warn("refused number " + std::to_string(i));
            }
            info("something else");
        });
        ASSERT_EQ(lines.size(), 52U);
        EXPECT_NE(lines[0].find("refused number 0"), std::string::npos);
        EXPECT_NE(lines[50].find("something else"), std::string::npos);
        EXPECT_NE(lines[51].find("9950 more like this: refused number 50"), std::string::npos) << lines[51];
        EXPECT_NE(lines[51].find("warning"), std::string::npos) << lines[51];
    }
}

TEST(LogTest, ALineOfJsonHasNothingAroundIt) {
    const auto lines = logged(Format::Json, [] { error("bad\n", {{"sensor", "roof"}}); });
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("{\"time\":\"")) << lines[0];
    EXPECT_TRUE(lines[0].ends_with(
        R"("level":"error","program":"apiary-test","message":"bad\u000a","fields":{"sensor":"roof"}})"))
        << lines[0];
}

TEST(LogTest, SaysNothingBelowItsLevel) {
    EXPECT_TRUE(logged(Format::Text, [] { debug("hidden"); }).empty());
}

}  // namespace
}  // namespace apiary::log
