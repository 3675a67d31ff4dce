#include "console/model/time_words.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qint64 kHourUs = 3600 * kSecondUs;
constexpr qint64 kDayUs = 24 * kHourUs;
constexpr qint64 kMidnightUs = kSampleUs - 14 * kHourUs;  // of Thursday 12 March 2026
constexpr qint64 kNowUs = kSampleUs + 37 * 60 * kSecondUs;

qint64 at(const QString& words) {
    const auto time = timeOf(words, kNowUs);
    return time ? *time : -1;
}

TEST(TimeWordsTest, CountsBackFromNow) {
    EXPECT_EQ(at(u"now"_s), kNowUs);
    EXPECT_EQ(at(u"now-24h"_s), kNowUs - kDayUs);
    EXPECT_EQ(at(u" NOW - 90m "_s), kNowUs - 90 * 60 * kSecondUs);
    EXPECT_EQ(at(u"now-2w"_s), kNowUs - 14 * kDayUs);
}

TEST(TimeWordsTest, GoesBackToTheStartOfAUnit) {
    EXPECT_EQ(at(u"now/d"_s), kMidnightUs);
    EXPECT_EQ(at(u"now-1d/d"_s), kMidnightUs - kDayUs);
    EXPECT_EQ(at(u"now/w"_s), kMidnightUs - 3 * kDayUs);  // Monday
    EXPECT_EQ(at(u"now/h"_s), kSampleUs);
}

TEST(TimeWordsTest, ReadsDatesAndTimesAsUtc) {
    EXPECT_EQ(at(u"2026-03-12"_s), kMidnightUs);
    EXPECT_EQ(at(u"2026-03-12 14:00"_s), kSampleUs);
    EXPECT_EQ(at(u"2026-03-12T14:00:05Z"_s), kSampleUs + 5 * kSecondUs);
}

TEST(TimeWordsTest, SaysWhatCanBeWritten) {
    for (const QString& words : {u""_s, u"yesterday"_s, u"now+1h"_s, u"now-1y"_s, u"2026-13-01"_s,
                                 u"2026-03-12 25:00"_s, u"now-999999999w"_s, u"1902-01-01"_s, u"now-1h; drop"_s}) {
        const auto time = timeOf(words, kNowUs);
        ASSERT_FALSE(time) << words.toStdString();
        EXPECT_NE(time.error().find("now-24h"), std::string::npos);
    }
}

TEST(TimeWordsTest, ASpanUntilNowGoesOnWithTheClock) {
    EXPECT_EQ(*spanOf(u"now-24h"_s, u"now"_s, kNowUs), (Span{.lastUs = kDayUs, .fromUs = 0, .toUs = 0}));
    const Span since = *spanOf(u"2026-03-12"_s, u"now"_s, kNowUs);
    EXPECT_EQ(since, (Span{.lastUs = 0, .fromUs = kMidnightUs, .toUs = 0}));
    EXPECT_TRUE(since.sliding());
    EXPECT_FALSE(spanOf(u"now-2h"_s, u"now-1h"_s, kNowUs)->sliding());
}

TEST(TimeWordsTest, ARangeBeginsBeforeItEnds) {
    EXPECT_EQ(spanOf(u"now"_s, u"now-1h"_s, kNowUs).error(), "The range ends before it begins");
    EXPECT_EQ(spanOf(u"now-0h"_s, u"now"_s, kNowUs).error(), "The range ends before it begins");
    EXPECT_TRUE(spanOf(u"x"_s, u"now"_s, kNowUs).error().starts_with("From: "));
    EXPECT_TRUE(spanOf(u"now-1h"_s, u"x"_s, kNowUs).error().starts_with("To: "));
}

TEST(TimeWordsTest, ASpanIsWrittenAsItIsRead) {
    for (const auto& [from, to] :
         {std::pair(u"now-15m"_s, u"now"_s), std::pair(u"now-24h"_s, u"now"_s), std::pair(u"now-7d"_s, u"now"_s),
          std::pair(u"2026-03-01 00:00"_s, u"now"_s), std::pair(u"2026-03-09 00:00"_s, u"2026-03-10 00:00:05"_s)}) {
        const Span span = *spanOf(from, to, kNowUs);
        EXPECT_EQ(fromWords(span), from);
        EXPECT_EQ(toWords(span), to);
    }
}

TEST(TimeWordsTest, NamesASpan) {
    EXPECT_EQ(spanWords({}), u"Last 24 hours"_s);
    EXPECT_EQ(spanWords({.lastUs = kHourUs, .fromUs = 0, .toUs = 0}), u"Last hour"_s);
    EXPECT_EQ(spanWords({.lastUs = 7 * kDayUs, .fromUs = 0, .toUs = 0}), u"Last 7 days"_s);
    EXPECT_EQ(spanWords({.lastUs = 0, .fromUs = kMidnightUs, .toUs = 0}), u"Since 2026-03-12 00:00"_s);
    EXPECT_EQ(spanWords({.lastUs = 0, .fromUs = kMidnightUs, .toUs = kSampleUs}), u"2026-03-12 00:00 to 14:00"_s);
    EXPECT_EQ(spanWords({.lastUs = 0, .fromUs = kMidnightUs - kHourUs, .toUs = kSampleUs}),
              u"2026-03-11 23:00 to 2026-03-12 14:00"_s);
}

}  // namespace
}  // namespace apiary::console
