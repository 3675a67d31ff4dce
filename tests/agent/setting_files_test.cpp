#include "agent/setting_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <fcntl.h>
#include <sys/stat.h>

namespace apiary::agent::test {
namespace {

namespace fs = std::filesystem;

class SettingFilesTest : public testing::Test {
protected:
    SettingFilesTest() {
        fs::remove_all(root_);
        fs::create_directories(root_);
    }
    ~SettingFilesTest() override { fs::remove_all(root_); }

    std::string at(const std::string& name) const { return (root_ / name).string(); }

    std::string put(const std::string& name, const std::string& content) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name, std::ios::binary) << content;
        return at(name);
    }

    static std::string keysOf(const FolderRead& folder) {
        std::string keys;
        for (const auto& [path, file] : folder) {
            keys += (keys.empty() ? "" : " ") + path;
        }
        return keys;
    }

    std::string folderError(const ReadingBounds& bounds = {}) const {
        const auto read = readFolder(at("site"), bounds);
        return read ? "" : read.error();
    }

    std::string tablesError(const std::string& text) const {
        const auto read = readTables(put("app/app.toml", text));
        return read ? "" : read.error();
    }

private:
    fs::path root_ = fs::path(testing::TempDir()) /
                     ("setting_files_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(SettingFilesTest, ReadsAFolderWithAllBelowIt) {
    put("site/index.html", "home");
    put("site/img/logo.png", std::string("\x89PNG\0\n", 6));
    put("site/.env", "");
    fs::create_directories(at("site/upload"));

    const auto read = readFolder(at("site"));

    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(keysOf(*read), "/ /.env /img/ /img/logo.png /index.html /upload/");
    EXPECT_EQ(*read->at("/img/logo.png").content, std::string("\x89PNG\0\n", 6));
    EXPECT_EQ(*read->at("/.env").content, "");
    EXPECT_EQ(read->at("/upload/").content, nullptr);
}

TEST_F(SettingFilesTest, KeepsTheTimesOfFilesAndFolders) {
    const timespec times[] = {{1'000'000'000, 0}, {1'100'000'000, 999'999'999}};
    ASSERT_EQ(::utimensat(AT_FDCWD, put("site/a/b", "x").c_str(), times, 0), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, at("site/a").c_str(), times, 0), 0);

    const auto read = readFolder(at("site"));

    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->at("/a/b").modified.time_since_epoch().count(), 1'100'000'000'999'999);
    EXPECT_EQ(read->at("/a/").modified.time_since_epoch().count(), 1'100'000'000'999'999);
}

TEST_F(SettingFilesTest, ALinkToAFileOfTheFolderIsThatFile) {
    put("site/pages/index.html", "home");
    fs::create_symlink("pages/index.html", at("site/start.html"));

    const auto read = readFolder(at("site"));

    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read->at("/start.html").content, "home");
}

TEST_F(SettingFilesTest, RefusesALinkThatLeadsOutOfTheFolder) {
    put("site/a", "x");
    put("site-private/secret", "secret");
    fs::create_symlink("../site-private/secret", at("site/link"));

    EXPECT_EQ(folderError(), "'" + at("site/link") +
                                 "' is a symbolic link that does not lead to a file of the same folder; put a copy in "
                                 "its place, or remove it");
}

TEST_F(SettingFilesTest, RefusesLinksToFoldersAndToNothing) {
    put("site/a/b", "x");
    for (const auto* target : {"a", ".", "..", "missing", "link", "/etc"}) {
        fs::create_symlink(target, at("site/link"));
        EXPECT_NE(folderError().find("/site/link' is a symbolic link"), std::string::npos) << target;
        fs::remove(at("site/link"));
    }
    EXPECT_EQ(folderError(), "");
}

TEST_F(SettingFilesTest, RefusesWhatIsNeitherFileNorFolderWithoutOpeningIt) {
    put("site/a", "x");
    ASSERT_EQ(::mkfifo(at("site/pipe").c_str(), 0600), 0);  // to open it would wait for ever

    EXPECT_EQ(folderError(), "'" + at("site/pipe") + "' is neither a file nor a folder; remove it");
}

TEST_F(SettingFilesTest, BoundsFilesAndBytes) {
    put("site/a", "12345");
    put("site/b", "12345");

    EXPECT_EQ(folderError({.files = 2, .bytes = 10}), "");
    EXPECT_EQ(folderError({.files = 1, .bytes = 10}), "there are more than 1 files and folders; name a smaller folder");
    EXPECT_NE(
        folderError({.files = 2, .bytes = 9}).find("does not fit: all files together may have 9B; leave some out"),
        std::string::npos)
        << folderError({.files = 2, .bytes = 9});
}

TEST_F(SettingFilesTest, SaysWhyAFolderIsOfNoUse) {
    EXPECT_EQ(folderError(), "'" + at("site") + "' cannot be read: No such file or directory");
    put("site", "x");
    EXPECT_EQ(folderError(), "'" + at("site") + "' is not a folder");
}

TEST_F(SettingFilesTest, ReadsTablesOfEveryNameWithTheFilesTheyName) {
    put("app/pages/login.html", "<form>");
    const auto read = readTables(put("app/app.toml",
                                     "[[route]]\npath = '/a'\nstatus = 404\n[route.then]\n"
                                     "page_file = 'pages/login.html'\n[[extra]]\nlist = ['x']\n"));

    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->file, at("app/app.toml"));
    ASSERT_EQ(read->tables.size(), 2U);
    EXPECT_EQ(read->tables[0].name, "route");
    EXPECT_EQ(read->tables[1].name, "extra");
    const auto& values = read->tables[0].values;
    EXPECT_EQ(std::get<std::int64_t>(values.at("status").value), 404);
    EXPECT_EQ(values.at("status").line, 3U);
    EXPECT_EQ(*std::get<FileRead>(values.at("then.page_file").value).content, "<form>");
}

TEST_F(SettingFilesTest, AFileThatATableNamesMustLieInItsFolder) {
    put("secret.html", "secret");
    fs::create_directories(at("app"));
    fs::create_symlink("../secret.html", at("app/link.html"));
    for (const auto* name : {"../secret.html", "/etc/passwd", "link.html", "missing.html", ".", ""}) {
        EXPECT_EQ(tablesError("[[route]]\nbody_file = '" + std::string(name) + "'\n"),
                  at("app/app.toml") +
                      ":2: [[route]] body_file must name a file in the folder of this one; there is no '" + name + "'");
    }
}

TEST_F(SettingFilesTest, CollectsAllThatIsWrongWithTables) {
    EXPECT_EQ(tablesError("lonely = 1\n[[route]]\npath = 1.5\nbody_file = 'none'\n"),
              at("app/app.toml") + ":1: 'lonely' must be tables: write [[lonely]] on a line; " + at("app/app.toml") +
                  ":3: [[route]] path must be a text in quotes; " + at("app/app.toml") +
                  ":4: [[route]] body_file must name a file in the folder of this one; there is no 'none'");
    EXPECT_NE(tablesError("[[route]\n").find("app.toml:1: not valid TOML"), std::string::npos);
    EXPECT_EQ(readTables(at("none.toml")).error(), at("none.toml") + ": cannot be read: No such file or directory");
}

}  // namespace
}  // namespace apiary::agent::test
