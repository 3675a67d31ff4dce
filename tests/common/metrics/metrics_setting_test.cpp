#include "common/metrics/metrics_setting.hpp"

#include <gtest/gtest.h>

namespace apiary {
namespace {

struct Read {
    MetricsSetting setting;
    std::vector<std::string> errors;
};

Read readSetting(const std::string& line) {
    TomlFile file = TomlFile::parse("[agent]\nname = \"x\"\n" + line, "a.toml");
    const TomlTable table = file.root().table("agent");
    std::ignore = table.field("name").text();
    Read read{readMetrics(table, 9465), {}};
    read.errors = file.finish();
    return read;
}

TEST(MetricsSettingTest, IsOnTheLoopbackUnlessToldOtherwise) {
    const Read read = readSetting("");
    EXPECT_EQ(read.setting.listen, Endpoint::of({127, 0, 0, 1}, 9465));
    EXPECT_EQ(read.setting.line, 1U);
    EXPECT_TRUE(read.errors.empty());
}

TEST(MetricsSettingTest, TakesAnAddressAndKnowsItsLine) {
    const Read read = readSetting("metrics = \"192.0.2.7:9000\"");
    EXPECT_EQ(read.setting.listen, Endpoint::of({192, 0, 2, 7}, 9000));
    EXPECT_EQ(read.setting.line, 3U);
}

TEST(MetricsSettingTest, OffAndPortZeroTurnItOff) {
    EXPECT_FALSE(readSetting("metrics = \"off\"").setting.listen);
    EXPECT_FALSE(readSetting("metrics = \"127.0.0.1:0\"").setting.listen);
}

TEST(MetricsSettingTest, SaysInWhichLineAndWhatToDo) {
    const Read read = readSetting("metrics = \"localhost\"");
    ASSERT_EQ(read.errors.size(), 1U);
    EXPECT_TRUE(
        read.errors[0].starts_with("a.toml:3: [agent] metrics must be \"off\" or an address such as "
                                   "\"127.0.0.1:9465\": "))
        << read.errors[0];
}

}  // namespace
}  // namespace apiary
