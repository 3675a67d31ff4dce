#include "agent/protocols/ftp_files.hpp"

#include "agent/protocols/ftp_decoys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace apiary::agent::test {
namespace {

constexpr std::int64_t kNow = 1750000000;

class FtpFilesTest : public testing::Test {
protected:
    static FtpFiles::Nodes nodes() {
        const auto text = std::make_shared<const std::string>("hello");
        return {{"/", {true, FtpUser::Local, 0777, 4096, 100, nullptr}},
                {"/pub", {true, FtpUser::Local, 0755, 4096, 100, nullptr}},
                {"/pub/a.txt", {false, FtpUser::Local, 0644, 5, 100, text}},
                {"/pub/deep", {true, FtpUser::Local, 0755, 4096, 100, nullptr}}};
    }

    FtpPath at(std::string_view path) const { return files_.resolve("/", path).value_or(FtpPath{}); }

    bool upload(const std::string& path, const std::string& content = "x") {
        return files_.write(at(path), FtpUser::Anonymous, 0644,
                            {content.size(), std::make_shared<const std::string>(content)}, kNow);
    }

    FtpFiles again(std::size_t most = 4096) const {
        FtpFiles next = decoys_;
        next.recall(files_.remembered(decoys_, most), decoys_);
        return next;
    }

    const FtpFiles decoys_{nodes()};
    FtpFiles files_ = decoys_;
};

TEST_F(FtpFilesTest, ResolvesAsAKernelDoes) {
    EXPECT_EQ(files_.resolve("/pub", "a.txt")->absolute, "/pub/a.txt");
    EXPECT_EQ(files_.resolve("/pub/deep", "../../pub//./a.txt")->absolute, "/pub/a.txt");
    EXPECT_EQ(files_.resolve("/", "../../..")->absolute, "/");
    EXPECT_EQ(files_.resolve("/pub", "/new")->absolute, "/new");
    EXPECT_FALSE(files_.resolve("/", "nowhere/.."));
    EXPECT_FALSE(files_.resolve("/", "pub/a.txt/.."));
    EXPECT_FALSE(files_.resolve("/", "pub/a.txt/"));
    EXPECT_FALSE(files_.resolve("/", ""));
    EXPECT_FALSE(files_.resolve("/", std::string(256, 'x')));
}

TEST_F(FtpFilesTest, RemembersWhatLiesOnTheShelf) {
    ASSERT_TRUE(files_.write(at("/new"), FtpUser::Anonymous, 0644, {50'000, nullptr, 12}, kNow));
    const FtpFiles next = again();
    ASSERT_NE(next.find("/new"), nullptr);
    EXPECT_EQ(*next.find("/new"), *files_.find("/new"));
    EXPECT_EQ(next.find("/new")->shelved, 12U);
}

TEST_F(FtpFilesTest, ADirectoryThatIsGoneHasAWayUpAndNothingElse) {
    EXPECT_EQ(files_.resolve("/pub/gone", "..")->absolute, "/pub");
    EXPECT_EQ(files_.resolve("/pub/gone/too", "../../a.txt")->absolute, "/pub/a.txt");
    EXPECT_FALSE(files_.resolve("/pub/gone", "x"));
    EXPECT_FALSE(files_.resolve("/pub/gone", "./x/.."));
    const FtpPath itself = *files_.resolve("/pub/gone", ".");
    EXPECT_FALSE(files_.write(itself, FtpUser::Local, 0644, {}, kNow));
    EXPECT_FALSE(files_.makeDirectory(itself, FtpUser::Local, 0755, kNow));
}

TEST_F(FtpFilesTest, LetsAnonymousWriteOnlyWhereEverybodyMay) {
    EXPECT_TRUE(upload("up.txt"));
    EXPECT_FALSE(upload("pub/up.txt"));
    EXPECT_FALSE(files_.removeFile(at("pub/a.txt"), FtpUser::Anonymous, kNow));
    EXPECT_TRUE(files_.removeFile(at("pub/a.txt"), FtpUser::Local, kNow));
    EXPECT_EQ(files_.find("/pub")->modified, kNow);
}

TEST_F(FtpFilesTest, RemovesOnlyEmptyDirectories) {
    EXPECT_FALSE(files_.removeDirectory(at("pub"), FtpUser::Local, kNow));
    EXPECT_FALSE(files_.removeDirectory(at("pub/deep/."), FtpUser::Local, kNow));
    EXPECT_TRUE(files_.removeDirectory(at("pub/deep"), FtpUser::Local, kNow));
    EXPECT_FALSE(files_.removeDirectory(at("/"), FtpUser::Local, kNow));
}

TEST_F(FtpFilesTest, RenamesADirectoryWithWhatIsInIt) {
    EXPECT_FALSE(files_.rename(at("pub"), at("pub/deep/x"), FtpUser::Local, kNow));
    ASSERT_TRUE(files_.rename(at("pub"), at("public"), FtpUser::Local, kNow));
    EXPECT_EQ(files_.find("/pub/a.txt"), nullptr);
    EXPECT_EQ(*files_.find("/public/a.txt")->content, "hello");
}

TEST_F(FtpFilesTest, FindsAgainWhatASourceDid) {
    ASSERT_TRUE(files_.makeDirectory(at("tools"), FtpUser::Anonymous, 0755, kNow));
    ASSERT_TRUE(upload("tools/x \t\n.sh", std::string("sh\0\xff", 4)));
    ASSERT_TRUE(files_.rename(at("pub/a.txt"), at("b.txt"), FtpUser::Local, kNow));
    const FtpFiles next = again();
    EXPECT_EQ(next.remembered(decoys_, 4096), files_.remembered(decoys_, 4096));
    EXPECT_EQ(next.find("/pub/a.txt"), nullptr);
    EXPECT_EQ(*next.find("/b.txt")->content, "hello");
    EXPECT_EQ(*next.find("/tools/x \t\n.sh")->content, std::string("sh\0\xff", 4));
}

TEST_F(FtpFilesTest, DropsContentsAndThenTheOldestWhenMemoryIsShort) {
    ASSERT_TRUE(upload("big", std::string(3000, 'b')));
    ASSERT_TRUE(upload("small", "s"));
    const FtpFiles next = again(300);
    EXPECT_EQ(next.find("/big")->size, 3000U);
    EXPECT_EQ(next.find("/big")->content, nullptr);
    EXPECT_EQ(*next.find("/small")->content, "s");
    EXPECT_LE(files_.remembered(decoys_, 300).size(), 300U);
    EXPECT_EQ(files_.remembered(decoys_, 10), "");
}

TEST_F(FtpFilesTest, SkipsWhatItCannotRecall) {
    FtpFiles next = decoys_;
    next.recall("junk\n+\tfl\t9\tx\t1\t/a\t-\n+\tfl\t644\t1\t1\tnoslash\t-\n+\tfl\t644\t1\t1\t/no/way\t-\n-\t/pub\n\n-",
                decoys_);
    EXPECT_EQ(next.nodes().size(), 1U);  // without /pub, what was in it is gone too
}

TEST_F(FtpFilesTest, RefusesMoreThanItHoldsAsAFullDisk) {
    std::size_t made = 0;
    while (made < 1000 && upload("file" + std::to_string(made))) {
        ++made;
    }
    EXPECT_EQ(made, FtpFiles::kMostNodes);
    EXPECT_FALSE(files_.rename(at("pub"), at("public"), FtpUser::Local, kNow));
    ASSERT_TRUE(files_.removeFile(at("file1"), FtpUser::Local, kNow));
    EXPECT_TRUE(upload("again"));
}

/// The tree with which tests/fidelity/ftp.py furnishes the real server.
std::string describe(const FtpFiles::Nodes& nodes) {
    std::string text;
    for (const auto& [path, node] : nodes) {
        char mode[8];
        std::snprintf(mode, sizeof mode, "%c%04o", node.directory ? 'd' : 'f', static_cast<unsigned>(node.mode));
        text += std::string(mode) + ' ' + std::to_string(node.size) + ' ' + std::to_string(node.modified) + ' ' + path +
                '\n';
    }
    return text;
}

TEST(FtpDecoysTest, IsTheTreeThatTheRealServerServed) {
    const std::string path = std::string(APIARY_TRANSCRIPTS) + "/../fidelity/ftp_tree.txt";
    const std::string tree = describe(ftpDecoys(0));
    if (std::getenv("UPDATE_TRANSCRIPTS") != nullptr) {
        std::ofstream(path) << tree;
    }
    std::ifstream file(path);
    EXPECT_EQ(tree, std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST(FtpDecoysTest, IsWholeTrueAndDiffersBetweenSensors) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const auto nodes = ftpDecoys(seed);
        std::size_t largest = 0;
        for (const auto& [path, node] : nodes) {
            EXPECT_TRUE(nodes.contains(ftpDirectoryOf(path))) << path;
            EXPECT_EQ(node.directory, node.content == nullptr);
            EXPECT_TRUE(node.directory || node.size == node.content->size()) << path;
            EXPECT_LT(node.modified, 1735689600) << path;  // before 2025
            largest = std::max<std::size_t>(largest, node.size);
        }
        EXPECT_GT(largest, 80000U);
        EXPECT_LT(largest, 130000U);
        EXPECT_EQ(describe(nodes), describe(ftpDecoys(seed)));
        EXPECT_NE(describe(nodes), describe(ftpDecoys(seed + 1)));
    }
}

}  // namespace
}  // namespace apiary::agent::test
