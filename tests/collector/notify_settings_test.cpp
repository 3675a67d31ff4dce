#include "collector/config.hpp"
#include "collector/notify_administration.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class NotifySettingsTest : public testing::Test {
protected:
    NotifySettingsTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "apiary-notify-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~NotifySettingsTest() override { std::filesystem::remove_all(folder_); }

    /// A configuration that lacks nothing, with these lines in [notify].
    Result<CollectorConfig> read(const std::string& lines) const {
        const auto file = folder_ / "collector.toml";
        std::ofstream(file) << "[database]\nowner = \"a\"\nwriter = \"b\"\n[pki]\ndirectory = \"pki\"\n[notify]\n" << lines;
        return readConfig(file.string());
    }

    std::filesystem::path folder_;
};

TEST_F(NotifySettingsTest, TellsNobodyUnlessAsked) {
    const auto config = read("");
    ASSERT_TRUE(config) << config.error();
    EXPECT_TRUE(carriersOf(config->notify).empty());
    EXPECT_EQ(config->notify.every, 30min);
    EXPECT_EQ(config->notify.mostPerHour, 60U);
    EXPECT_NE(testNotices(*config).error().find("name a command or a webhook"), std::string::npos);
}

TEST_F(NotifySettingsTest, ReadsWhoIsTold) {
    const auto config = read("command = [\"/bin/true\", \"$(touch x)\"]\nwebhook = \"https://127.0.0.1:1/\"\n"
                             "every = \"5m\"\nmost_per_hour = 7\n");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->notify.command, (std::vector<std::string>{"/bin/true", "$(touch x)"}));
    EXPECT_EQ(config->notify.every, 5min);
    EXPECT_EQ(config->notify.mostPerHour, 7U);
    EXPECT_EQ(carriersOf(config->notify).size(), 2U);
    EXPECT_TRUE(testNotices(*config).error().starts_with("webhook: the webhook at 127.0.0.1: ")) << "the command took it";
}

TEST_F(NotifySettingsTest, SaysWhatIsWrong) {
    const auto config = read("command = \"tell\"\nwebhook = \"http://example.net/\"\n");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().find("collector.toml:7"), std::string::npos) << config.error();
    EXPECT_NE(config.error().find("absolute path"), std::string::npos) << config.error();
    EXPECT_NE(config.error().find("collector.toml:8"), std::string::npos) << config.error();
    EXPECT_NE(config.error().find("https://"), std::string::npos) << config.error();
}

}  // namespace
}  // namespace apiary::collector
