#include "collector/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace apiary::collector {
namespace {

/// Reads a collector.toml that has what it must have, and `more`.
class CollectorConfigTest : public testing::Test {
protected:
    CollectorConfigTest() { EXPECT_NE(mkdtemp(folder_.data()), nullptr); }
    ~CollectorConfigTest() override { std::filesystem::remove_all(folder_); }

    Result<CollectorConfig> read(const std::string& database, const std::string& more) {
        const std::string path = folder_ + "/collector.toml";
        std::ofstream(path) << "[database]\nowner = \"a\"\nwriter = \"b\"\n" + database +
                                   "[pki]\ndirectory = \"pki\"\n" + more;
        return readConfig(path);
    }

    std::string folder_ = "/tmp/apiary-config-XXXXXX";
};

TEST_F(CollectorConfigTest, DropsNothingByItselfUnlessRetentionIsNamed) {
    const auto config = read("", "");
    ASSERT_TRUE(config) << config.error();
    EXPECT_FALSE(config->retention);
    EXPECT_TRUE(config->watch.empty());
    EXPECT_FALSE(config->floor);
}

TEST_F(CollectorConfigTest, ReadsRetentionByDaysAndBySize) {
    const auto named = read("", "[retention]\n");
    ASSERT_TRUE(named) << named.error();
    ASSERT_TRUE(named->retention);
    EXPECT_FALSE(named->retention->days);
    const auto config = read("", "[retention]\ndays = 120\nsize = \"50GiB\"\n");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->retention->days, 120);
    EXPECT_EQ(config->retention->bytes, std::uint64_t{50} << 30U);
    EXPECT_FALSE(read("", "[retention]\ndays = 0\n"));
    EXPECT_FALSE(read("", "[retention]\nsize = \"many\"\n"));
}

TEST_F(CollectorConfigTest, ReadsWhichDisksToWatchAndTheirFloor) {
    const auto config = read("watch = [\"/data\", \"/wal\"]\nfloor = \"2GiB\"\n", "");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->watch, (std::vector<std::string>{"/data", "/wal"}));
    EXPECT_EQ(config->floor, std::uint64_t{2} << 30U);
    const auto relative = read("watch = \"data\"\n", "");
    ASSERT_FALSE(relative);
    EXPECT_NE(relative.error().find("collector.toml:4"), std::string::npos) << relative.error();
}

}  // namespace
}  // namespace apiary::collector
