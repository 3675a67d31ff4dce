#include "agent/journal/removal_list.hpp"

#include "agent/journal/log_budget.hpp"
#include "common/uuid.hpp"
#include "tests/support/quick_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <vector>

namespace apiary::agent {
namespace {

class RemovalListTest : public testing::Test {
protected:
    RemovalListTest() {
        std::string folder = quickFolder() + "removedXXXXXX";
        folder_ = ::mkdtemp(folder.data());
    }
    ~RemovalListTest() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

TEST_F(RemovalListTest, NamesLogsUntilTheirFolderIsEmptyAndThenCountsThem) {
    RemovalList removed(folder_);
    removed.add("run/2026-11-26/10/FTP/a.txt\nrun/2026-11-26/10/FTP/b.txt\nrun/2026-11-26/11/FTP/c.txt\n");
    EXPECT_EQ(readRemoved(folder_).paths.size(), 3U);
    removed.folderGone("run/2026-11-26/10");
    const RemovedList list = readRemoved(folder_);
    EXPECT_EQ(list.paths, (std::set<std::string, std::less<>>{"run/2026-11-26/11/FTP/c.txt"}));
    EXPECT_EQ(list.folders.at("run/2026-11-26/10/"), 2U);
}

TEST_F(RemovalListTest, RemembersOverARestart) {
    RemovalList(folder_).add("run/2026-11-26/10/FTP/a.txt\n");
    RemovalList removed(folder_);
    removed.folderGone("run/2026-11-26/10");
    EXPECT_EQ(readRemoved(folder_).folders.at("run/2026-11-26/10/"), 1U);
}

TEST_F(RemovalListTest, CountsTheLargestFolderWhenTheNamesBecomeTooMany) {
    RemovalList removed(folder_);
    std::string names = "run/2026-11-26/11/FTP/x.txt\n";
    for (int i = 0; i < 50'000; ++i) {
        names += "run/2026-11-26/10/FTP/" + std::to_string(i) + ".txt\n";
    }
    removed.add(names);
    const RemovedList list = readRemoved(folder_);
    EXPECT_EQ(list.paths.size(), 1U);
    EXPECT_EQ(list.folders.at("run/2026-11-26/10/"), 50'000U);
}

TEST_F(RemovalListTest, HasWhatTheJournalsBudgetRemoves) {
    JournalSettings settings;
    settings.directory = folder_;
    settings.agentStart = std::chrono::system_clock::time_point(std::chrono::hours(400'000));
    settings.files = 1;
    LogBudget budget(settings);
    const std::string folder = "run/2015-08-19/16/FTP";
    std::filesystem::create_directories(folder_ + '/' + folder);
    std::vector<std::string> paths;
    for (std::uint8_t i = 1; i <= 3; ++i) {
        const Uuid session = Uuid::v7(settings.agentStart + std::chrono::seconds(i), {i});
        paths.push_back(folder + '/' + std::to_string(i) + "_192.0.2.1_1_" + session.text() + ".txt");
        std::ofstream(folder_ + '/' + paths.back()) << "x\n";
        budget.add(paths.back(), 2, true);
    }
    const auto nobody = [](const Uuid&) { return false; };
    RemovedLogs gone;
    EXPECT_FALSE(budget.removeSome(10, settings.agentStart, settings.agentStart, nobody, gone));
    const RemovedList list = readRemoved(folder_);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(list.paths.contains(paths[static_cast<std::size_t>(i)]));
        EXPECT_FALSE(std::filesystem::exists(folder_ + '/' + paths[static_cast<std::size_t>(i)]));
    }
    EXPECT_TRUE(std::filesystem::exists(folder_ + '/' + paths[2]));
    settings.files = 0;
    LogBudget next(settings);
    next.add(paths[2], 2, true);
    EXPECT_FALSE(next.removeSome(10, settings.agentStart, settings.agentStart, nobody, gone));
    EXPECT_EQ(readRemoved(folder_).folders.at("run/2015-08-19/16/"), 3U);
}

}  // namespace
}  // namespace apiary::agent
