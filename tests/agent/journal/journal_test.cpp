#include "agent/journal/journal.hpp"

#include "agent/journal/journal_format.hpp"
#include "agent/journal/journal_repair.hpp"
#include "tests/support/quick_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <stdlib.h>
#include <thread>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

const auto kStart = std::chrono::system_clock::time_point(std::chrono::seconds(1'492'510'799));
const Endpoint kSource = Endpoint::of({192, 0, 2, 1}, 17943);

class JournalTest : public testing::Test {
protected:
    JournalTest() {
        std::string folder = quickFolder() + "journalXXXXXX";
        folder_ = settings_.directory = ::mkdtemp(folder.data());
        settings_.agentStart = kStart;
    }
    ~JournalTest() override { fs::remove_all(folder_); }

    void open() {
        auto opened = JournalWriter::open(settings_);
        ASSERT_TRUE(opened) << opened.error();
        journal_ = *std::move(opened);
    }

    static Uuid session(std::uint8_t number) { return Uuid::v7(kStart + std::chrono::seconds(number), {number}); }

    std::string pathOf(std::uint8_t number) const {
        return journal_->folder() + "/" + sessionPath("ftp", kSource, session(number));
    }

    JournalText first(std::uint8_t number, std::string text, bool last = false) const {
        return {session(number), pathOf(number), std::move(text), last};
    }
    static JournalText more(std::uint8_t number, std::string text, bool last = false) {
        return {session(number), {}, std::move(text), last};
    }

    /// Writes out all that was handed over, and ends.
    void finish() {
        journal_->close();
        journal_->run();
    }

    std::string content(const std::string& path) const {
        std::ifstream file(settings_.directory + "/" + path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::set<std::string> files() const {
        std::set<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(settings_.directory)) {
            if (entry.is_regular_file() && entry.path().filename() != "removed-by-the-budget") {
                found.insert(entry.path().filename().string());
            }
        }
        return found;
    }

    std::string folder_;
    JournalSettings settings_;
    std::unique_ptr<JournalWriter> journal_;
};

TEST_F(JournalTest, WritesASessionThatIsWholeInOneGo) {
    open();
    journal_->write({first(1, "a\n"), more(1, "b\n"), more(1, "c\n", true)});
    finish();
    EXPECT_EQ(content(pathOf(1)), "a\nb\nc\n");
    EXPECT_EQ(journal_->view().files, 1U);
    EXPECT_EQ(journal_->view().bytes, 6U);
}

TEST_F(JournalTest, HasALineInTheFileWhileTheSessionGoesOn) {
    open();
    std::thread writing([this] { journal_->run(); });
    journal_->write({first(1, "a\n")});
    journal_->sync();
    EXPECT_EQ(content(pathOf(1)), "a\n");
    journal_->write({more(1, "b\n")});
    journal_->sync();
    EXPECT_EQ(content(pathOf(1)), "a\nb\n");
    journal_->close();
    writing.join();
}

TEST_F(JournalTest, GrowsMoreLogsThanItKeepsOpen) {
    settings_.openFiles = 2;
    open();
    std::thread writing([this] { journal_->run(); });
    for (int round = 0; round < 3; ++round) {
        for (std::uint8_t number = 1; number <= 5; ++number) {
            journal_->write({round == 0 ? first(number, "0") : more(number, std::to_string(round))});
            journal_->sync();
        }
    }
    journal_->close();
    writing.join();
    for (std::uint8_t number = 1; number <= 5; ++number) {
        EXPECT_EQ(content(pathOf(number)), "012");
    }
}

TEST_F(JournalTest, KeepsTheTextsOfSessionsApart) {
    open();
    journal_->write({first(1, "1a"), first(2, "2a"), more(1, "1b", true), more(2, "2b")});
    finish();
    EXPECT_EQ(content(pathOf(1)), "1a1b");
    EXPECT_EQ(content(pathOf(2)), "2a2b");
}

TEST_F(JournalTest, IgnoresTextOfASessionWithoutALog) {
    open();
    journal_->write({more(1, "lost", true)});
    finish();
    EXPECT_TRUE(files().empty());
}

TEST_F(JournalTest, RemovesTheOldestWhenThereAreTooMany) {
    settings_.files = 2;
    open();
    for (const std::uint8_t number : std::initializer_list<std::uint8_t>{3, 1, 2, 4}) {
        journal_->write({first(number, "x\n", true)});
    }
    std::thread writing([this] { journal_->run(); });
    while (journal_->view().removed < 2) {
        std::this_thread::yield();
    }
    journal_->close();
    writing.join();
    EXPECT_EQ(files().size(), 2U);
    EXPECT_TRUE(fs::exists(settings_.directory + "/" + pathOf(3)));
    EXPECT_TRUE(fs::exists(settings_.directory + "/" + pathOf(4)));
    EXPECT_EQ(journal_->view().files, 2U);
}

TEST_F(JournalTest, CountsTheLogsOfEarlierRunsAndRemovesThemFirst) {
    open();
    journal_->write({first(1, "12345\n", true), first(2, "12345\n", true)});
    finish();
    settings_.agentStart = kStart + std::chrono::hours(1);
    settings_.bytes = 10;
    settings_.safeUntil = [] { return std::chrono::system_clock::time_point::max(); };
    open();
    journal_->write({first(3, "123\n", true)});
    std::thread writing([this] { journal_->run(); });
    while (journal_->view().removed < 1) {
        std::this_thread::yield();
    }
    journal_->close();
    writing.join();
    EXPECT_TRUE(journal_->view().counted);
    EXPECT_EQ(journal_->view().files, 2U);
    EXPECT_EQ(journal_->view().bytes, 10U);
    EXPECT_EQ(journal_->view().removedEarly, 0U);
    EXPECT_TRUE(fs::exists(settings_.directory + "/" + pathOf(3)));
}

TEST_F(JournalTest, NeverRemovesALogUnderWay) {
    settings_.files = 1;
    open();
    std::thread writing([this] { journal_->run(); });
    journal_->write({first(1, "open\n"), first(2, "x\n", true), first(3, "x\n", true)});
    while (journal_->view().removed < 2) {
        std::this_thread::yield();
    }
    journal_->write({more(1, "still\n", true)});
    journal_->sync();
    EXPECT_EQ(content(pathOf(1)), "open\nstill\n");
    journal_->close();
    writing.join();
}

TEST_F(JournalTest, MarksALogThatTheDiskRefused) {
    open();
    // A folder in the place of the file: opening it for writing fails whoever runs the test.
    fs::create_directories(settings_.directory + "/" + pathOf(1));
    journal_->write({first(1, "a\n"), first(2, "b\n", true)});
    journal_->write({more(1, "c\n", true)});
    finish();
    EXPECT_EQ(journal_->view().incomplete, 1U);
    EXPECT_TRUE(fs::exists(settings_.directory + "/" + pathOf(1) + ".incomplete"));
    EXPECT_EQ(content(pathOf(2)), "b\n");
}

TEST_F(JournalTest, TakesNothingAfterItWasClosed) {
    open();
    journal_->close();
    EXPECT_FALSE(journal_->write({first(1, "a\n")}));
}

TEST_F(JournalTest, SaysWhenItIsFull) {
    settings_.queued = 1000;
    open();
    EXPECT_FALSE(journal_->full());
    journal_->write({first(1, std::string(2000, 'x'))});
    EXPECT_TRUE(journal_->full());
    finish();
    EXPECT_FALSE(journal_->full());
}

TEST_F(JournalTest, SaysWhereItCannotWrite) {
    settings_.directory = "/proc/nowhere";
    const auto opened = JournalWriter::open(settings_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("/proc/nowhere"), std::string::npos);
}

TEST_F(JournalTest, CompletesALogByAppending) {
    open();
    journal_->write({first(1, "a\nb")});
    finish();
    EXPECT_EQ(wholeLines(settings_.directory, pathOf(1)), "a\n");
    completeLog(settings_.directory, pathOf(1), "a\nb\nc\n");
    EXPECT_EQ(content(pathOf(1)), "a\nb\nc\n");
    EXPECT_EQ(files().size(), 1U);
}

TEST_F(JournalTest, ReplacesALogThatIsNotABeginning) {
    open();
    journal_->write({first(1, std::string("a\n\0\0\0", 5))});
    finish();
    completeLog(settings_.directory, pathOf(1), "a\nb\n");
    EXPECT_EQ(content(pathOf(1)), "a\nb\n");
    completeLog(settings_.directory, pathOf(2), "new\n");
    EXPECT_EQ(content(pathOf(2)), "new\n");
    EXPECT_EQ(files().size(), 2U);
}

TEST_F(JournalTest, FindsALogInWhicheverRunItLies) {
    open();
    journal_->write({first(1, "a\n")});
    finish();
    settings_.agentStart = kStart + std::chrono::hours(5);
    const std::string path = pathOf(1);
    open();
    EXPECT_EQ(findLog(settings_.directory, "ftp", kSource, session(1)), path);
    EXPECT_EQ(findLog(settings_.directory, "ftp", kSource, session(2)), std::nullopt);
}

}  // namespace
}  // namespace apiary::agent
