#include "agent/record/shared_answers.hpp"

#include "agent/record/record_bodies.hpp"
#include "tests/agent/record/recording_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::steady_clock::time_point kNow{};

std::shared_ptr<const std::string> page(std::size_t size = 1000) {
    return std::make_shared<std::string>(size, '\n');
}

SharedPart all(const std::shared_ptr<const std::string>& whole) {
    return {.whole = whole, .offset = 0, .length = whole->size()};
}

TEST(SharedAnswersTest, MakesReadyWhatComesTwice) {
    SharedAnswers answers;
    const auto whole = page();
    EXPECT_EQ(answers.find(all(whole), kNow), nullptr);
    const auto answer = answers.find(all(whole), kNow);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(*answer->bytes, *whole);
    EXPECT_EQ(answer->escaped->size(), 4000U);
    EXPECT_EQ(answers.find(all(whole), kNow), answer);
}

TEST(SharedAnswersTest, LeavesOutWhatIsShort) {
    SharedAnswers answers;
    const auto whole = page(100);
    answers.find(all(whole), kNow);
    EXPECT_EQ(answers.find(all(whole), kNow), nullptr);
}

TEST(SharedAnswersTest, TellsPartsOfOneWholeApart) {
    SharedAnswers answers;
    const auto whole = std::make_shared<std::string>(std::string(600, 'a') + std::string(600, 'b'));
    const SharedPart back{.whole = whole, .offset = 600, .length = 600};
    answers.find({.whole = whole, .offset = 0, .length = 600}, kNow);
    EXPECT_EQ(answers.find(back, kNow), nullptr);
    EXPECT_EQ(*answers.find(back, kNow)->bytes, std::string(600, 'b'));
}

TEST(SharedAnswersTest, GivesAPlaceToOthersWhenItWasNotUsedForLong) {
    SharedAnswers answers;
    std::vector<std::shared_ptr<const std::string>> pages;
    for (std::size_t i = 0; i < SharedAnswers::kMost; ++i) {
        pages.push_back(page());
        answers.find(all(pages.back()), kNow);
        ASSERT_NE(answers.find(all(pages.back()), kNow), nullptr);
    }
    const auto late = page();
    answers.find(all(late), kNow + 30s);
    EXPECT_EQ(answers.find(all(late), kNow + 30s), nullptr);
    answers.find(all(late), kNow + 61s);
    EXPECT_NE(answers.find(all(late), kNow + 61s), nullptr);
}

class SharedRecordingTest : public RecordingTest {
protected:
    /// A session that is sent head and page in one packet, the first and the last byte of it not shared.
    void play(const std::shared_ptr<const std::string>& whole) {
        auto recorder = recording_->open(start());
        recorder->received(kControl, "GET /\r\n");
        recorder->sentShared(kControl, "<" + *whole + ">\n",
                             {.whole = whole, .offset = 0, .length = whole->size(), .at = 1}, Delivery::Whole);
        recorder->ended(Outcome::Finished, {});
    }
};

TEST_F(SharedRecordingTest, LeavesTheSameRecordsAndLogsAsIfNothingWereShared) {
    openAll();
    const auto whole = page();
    for (int i = 0; i < 3; ++i) {
        play(whole);
    }
    drain();
    const std::vector<SpoolRow> all = rows();
    ASSERT_EQ(all.size(), 12U);
    for (std::size_t i = 0; i < all.size(); i += 4) {
        expectAgreement(
            {all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(i + 4)});
        v1::Record record;
        ASSERT_TRUE(record.ParseFromString(all[i + 2].body));
        EXPECT_EQ(record.packet().bytes(), "<" + *whole + ">\n");
        EXPECT_TRUE(record.packet().sent());
        EXPECT_EQ(record.SerializeAsString(), all[i + 2].body);
        ASSERT_TRUE(record.ParseFromString(all[i + 3].body));
        EXPECT_EQ(record.closed().bytes_out(), whole->size() + 3);
        EXPECT_EQ(record.closed().packets(), 2U);
    }
}

TEST_F(SharedRecordingTest, HoldsThemBackUntilThePeerSpeaks) {
    settings_.rules["files"].which = JournalRule::Which::Spoken;
    openAll();
    const auto whole = page();
    const SharedPart part{.whole = whole, .offset = 0, .length = whole->size()};
    for (int i = 0; i < 3; ++i) {
        auto recorder = recording_->open(start());
        recorder->sentShared(kControl, *whole, part, Delivery::Whole);
        recorder->received(kControl, "x");
        recorder->sentShared(kControl, *whole, part, Delivery::Whole);
        recorder->ended(Outcome::Finished, {});
    }
    drain();
    const std::vector<SpoolRow> all = rows();
    ASSERT_EQ(all.size(), 15U);
    for (std::size_t i = 0; i < all.size(); i += 5) {
        expectAgreement(
            {all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(i + 5)});
    }
}

}  // namespace
}  // namespace apiary::agent
