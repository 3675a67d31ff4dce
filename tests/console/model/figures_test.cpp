#include "console/model/figures.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TEST(FiguresTest, GroupsAndShortensNumbers) {
    EXPECT_EQ(grouped(1'248'311), u"1,248,311"_s);
    EXPECT_EQ(shortNumber(999), u"999"_s);
    EXPECT_EQ(shortNumber(1'200), u"1.2k"_s);
    EXPECT_EQ(shortNumber(3'000'000), u"3M"_s);
}

TEST(FiguresTest, WritesBytesAndDurations) {
    EXPECT_EQ(byteText(513), u"513 B"_s);
    EXPECT_EQ(byteText(1'540), u"1.5 kB"_s);
    EXPECT_EQ(durationText(204'000), u"0.20 s"_s);
    EXPECT_EQ(durationText(82'380'000), u"82 s"_s);
    EXPECT_EQ(durationText(11'400'000'000), u"3 h 10 min"_s);
}

TEST(FiguresTest, WritesTimesInUtcWhateverTheZone) {
    const QByteArray before = qgetenv("TZ");
    for (const char* zone : {"Asia/Kolkata", "America/New_York", "UTC"}) {
        qputenv("TZ", zone);
        tzset();
        EXPECT_EQ(dayTimeText(kSampleUs), u"12 Mar 14:00:00"_s) << zone;
        EXPECT_EQ(fullTimeText(kSampleUs + 841'000), u"2026-03-12 14:00:00.841"_s) << zone;
    }
    qputenv("TZ", before);
    tzset();
}

TEST(FiguresTest, WritesAnIdWithItsHyphens) {
    EXPECT_EQ(idText(QByteArray::fromHex("0195a7c2000070008000000000000001")),
              u"0195a7c2-0000-7000-8000-000000000001"_s);
}

TEST(FiguresTest, AnEvenCourseStaysEvenInFewerPoints) {
    EXPECT_EQ(inFewPoints(QList<quint64>(79, 7), 48), QList<double>(48, 7.0));
    EXPECT_EQ(inFewPoints({1, 3, 5, 9}, 2), (QList<double>{2, 7}));
    EXPECT_EQ(inFewPoints({1, 3}, 48), (QList<double>{1, 3}));
    EXPECT_TRUE(inFewPoints({}, 48).isEmpty());
}

}  // namespace
}  // namespace apiary::console
