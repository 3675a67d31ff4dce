#include "agent/coverage/traits/kernel_setting.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

std::string always2(const std::string& /*is*/) {
    return "2";
}

/// A file that stands for the kernel's setting, which is "1".
class KernelSettingTest : public testing::Test {
protected:
    KernelSettingTest() {
        std::filesystem::create_directory(folder_);
        write("1");
    }
    ~KernelSettingTest() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& value) const { std::ofstream(folder_ / "tcp_timestamps") << value << '\n'; }

    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("settings-" + std::to_string(::getpid()));
    const KernelSetting setting_{"tcp_timestamps", folder_.string()};
};

TEST_F(KernelSettingTest, IsChangedAndTakenBack) {
    const auto change = setting_.change({}, always2);
    ASSERT_EQ(change, (SettingChange{.before = "1", .ours = "2"}));
    ASSERT_TRUE(setting_.bring({}, change));
    EXPECT_EQ(setting_.now(), "2");
    ASSERT_TRUE(setting_.bring(change, {}));
    EXPECT_EQ(setting_.now(), "1");
}

TEST_F(KernelSettingTest, NeedsNoChangeToWhatIsThereAlready) {
    write("2");
    EXPECT_EQ(setting_.change({}, always2), std::nullopt);
}

TEST_F(KernelSettingTest, RemembersWhatWasBeforeALeftover) {
    write("2");
    const SettingChange leftover{.before = "0", .ours = "2"};
    EXPECT_EQ(setting_.change(leftover, always2), leftover);
}

TEST_F(KernelSettingTest, LeavesWhatSomebodyElseHasSetMeanwhile) {
    const SettingChange ours{.before = "0", .ours = "2"};
    EXPECT_EQ(setting_.change(ours, always2), (SettingChange{.before = "1", .ours = "2"}));
    ASSERT_TRUE(setting_.bring(ours, {}));
    EXPECT_EQ(setting_.now(), "1");
}

TEST_F(KernelSettingTest, IsFoundAgainInTheTable) {
    const KernelSetting buffers("tcp_rmem", folder_.string());
    const SettingChange change{.before = "4096_131072_6291456", .ours = "4096_131072_8388608"};
    const std::string table = "table inet apiary_traits {\n\tchain " + setting_.chainFor({"1", "2"}) +
                              " {\n\t}\n\tchain " + buffers.chainFor(change) + " {\n\t}\n}\n";
    EXPECT_EQ(setting_.remembered(table), (SettingChange{"1", "2"}));
    EXPECT_EQ(buffers.remembered(table), change);
    EXPECT_EQ(buffers.remembered("chain tcp_rmem_of_somebody {"), std::nullopt);
    EXPECT_EQ(buffers.remembered(""), std::nullopt);
}

TEST_F(KernelSettingTest, OfSeveralNumbersIsOneText) {
    write("4096\t131072\t6291456");
    EXPECT_EQ(setting_.now(), "4096_131072_6291456");
    ASSERT_TRUE(setting_.bring({}, SettingChange{"4096_131072_6291456", "4096_131072_8388608"}));
    std::string line;
    std::getline(std::ifstream(folder_ / "tcp_timestamps"), line);
    EXPECT_EQ(line, "4096 131072 8388608");
}

TEST_F(KernelSettingTest, SaysHowToDoItByHand) {
    const KernelSetting fixed("ngroups_max", "/proc/sys/kernel");  // which nobody may write, root neither
    EXPECT_NE(fixed.bring({}, SettingChange{"1", "2"}).error().find("sysctl -w net.ipv4.ngroups_max='2'"),
              std::string::npos);
    EXPECT_EQ(KernelSetting("no_such_setting").change({}, always2), std::nullopt);
}

}  // namespace
}  // namespace apiary::agent::test
