#include "console/model/bands.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TEST(BandsTest, StandInTheOrderOfThePalette) {
    const Bands bands = bandsOf(sampleSeries());
    ASSERT_EQ(bands.layers.size(), 2);
    EXPECT_EQ(bands.layers[0].name, u"TELNET"_s);
    EXPECT_EQ(bands.layers[1].name, u"FTP"_s);
    EXPECT_EQ(bands.layers[1].total, 7U);
    EXPECT_EQ(bands.total(), 23U);
}

TEST(BandsTest, SumOfBucketsIsSumOfLayers) {
    EXPECT_EQ(bandsOf(sampleSeries()).sums(), (QList<quint64>{11, 2, 5, 5}));
}

TEST(BandsTest, CountABucketThatIsMissingAsNothing) {
    Series series = sampleSeries();
    series.bucketUs.removeAt(1);
    series.protocols = {{u"ftp"_s, {1, 0, 4}}};
    const Bands bands = bandsOf(series);
    EXPECT_EQ(bands.bucketUs.size(), 4);
    EXPECT_EQ(bands.layers[0].sessions, (QList<quint64>{1, 0, 0, 4}));
}

TEST(BandsTest, FoldSeveralOtherProtocolsIntoOne) {
    Series series = sampleSeries();
    series.protocols = {{u"redis"_s, {1, 0, 0, 0}}, {u"rdp"_s, {2, 0, 0, 0}}};
    const Bands bands = bandsOf(series);
    ASSERT_EQ(bands.layers.size(), 1);
    EXPECT_EQ(bands.layers[0].name, u"Other"_s);
    EXPECT_EQ(bands.layers[0].total, 3U);
}

TEST(BandsTest, ASingleOtherProtocolKeepsItsName) {
    Series series = sampleSeries();
    series.protocols = {{u"catchall"_s, {1, 0, 0, 0}}};
    EXPECT_EQ(bandsOf(series).layers[0].name, u"CATCHALL"_s);
}

TEST(BandsTest, AreBoundedWhateverAReplySays) {
    const Series hostile{.stepUs = 1, .bucketUs = {0, 4'000'000'000'000'000'000}, .protocols = {{u"ftp"_s, {1, 1}}}};
    EXPECT_LE(bandsOf(hostile).bucketUs.size(), 20'001);
}

TEST(BandsTest, KnowWhichBucketsNobodyListenedIn) {
    Series series = sampleSeries();
    EXPECT_TRUE(bandsOf(series).silent.isEmpty());
    series.covered = {1000, 0, 1, 1000};
    EXPECT_EQ(bandsOf(series).silent, (QList<bool>{false, true, false, false}));
    series.covered = {1000, 1000, 1000, 1000};
    EXPECT_TRUE(bandsOf(series).silent.isEmpty());
}

TEST(BandsTest, DoNotCallABucketSilentThatTheReplyLeftOut) {
    Series series = sampleSeries();
    series.bucketUs.removeAt(1);
    series.covered = {1000, 0, 1000};
    EXPECT_EQ(bandsOf(series).silent, (QList<bool>{false, false, true, false}));
}

}  // namespace
}  // namespace apiary::console
