#include "console/view/world_map.hpp"

#include <QSet>
#include <QTest>

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

QString codeAt(double longitude, double latitude) {
    const WorldOutlines& world = WorldOutlines::instance();
    const qsizetype found = world.at(WorldOutlines::project(longitude, latitude));
    return found < 0 ? u"sea"_s : world.countries()[found].code;
}

TEST(WorldOutlines, KnowWhichCountryIsWhere) {
    EXPECT_EQ(codeAt(13.4, 52.5), u"DE"_s);
    EXPECT_EQ(codeAt(116.4, 39.9), u"CN"_s);
    EXPECT_EQ(codeAt(-47.9, -15.8), u"BR"_s);
    EXPECT_EQ(codeAt(103.8, 1.35), u"SG"_s);
    EXPECT_EQ(codeAt(-30, 30), u"sea"_s);
}

TEST(WorldOutlines, DoNotSmearWhatLiesOnBothSidesOfTheDateLine) {
    EXPECT_EQ(codeAt(170, 67), u"RU"_s);
    EXPECT_EQ(codeAt(-175, 66.5), u"RU"_s);
    for (const double longitude : {-60.0, -30.0, 0.0}) {
        EXPECT_NE(codeAt(longitude, 67), u"RU"_s) << longitude;
        EXPECT_NE(codeAt(longitude, -17), u"FJ"_s) << longitude;
    }
}

TEST(WorldOutlines, HoldEveryCountryOnce) {
    QSet<QString> codes;
    for (const WorldOutlines::Country& country : WorldOutlines::instance().countries()) {
        EXPECT_FALSE(country.outline.isEmpty()) << qPrintable(country.code);
        EXPECT_TRUE(country.code.isEmpty() || !codes.contains(country.code)) << qPrintable(country.code);
        codes.insert(country.code);
    }
    EXPECT_GT(codes.size(), 230);
    for (const QString& small : {u"MT"_s, u"BH"_s, u"MU"_s, u"SC"_s, u"HK"_s, u"LI"_s, u"VA"_s}) {
        EXPECT_TRUE(codes.contains(small)) << qPrintable(small);
    }
}

class WorldMapTest : public ::testing::Test {
protected:
    WorldMapTest() {
        map_.resize(600, 300);
        map_.show();
    }
    Theme theme_{Tone::Light};
    WorldMap map_{theme_};
};

TEST_F(WorldMapTest, ShadesByLogarithmicSteps) {
    map_.setCounts({{u"CN"_s, 30'000}, {u"DE"_s, 100}, {u"FR"_s, 99}, {u"IT"_s, 400}, {u"ES"_s, 11'000}, {u"??"_s, 90'000}});
    EXPECT_EQ(map_.stepOf(0), 0);
    EXPECT_EQ(map_.stepOf(1), 1);
    EXPECT_EQ(map_.stepOf(100), 1);
    EXPECT_EQ(map_.stepOf(400), 2);
    EXPECT_EQ(map_.stepOf(11'000), 5);
    EXPECT_EQ(map_.stepOf(30'000), WorldMap::kSteps);
}

TEST_F(WorldMapTest, PaintsACountryInItsShadeAndOthersBare) {
    map_.setCounts({{u"BR"_s, 30}});
    const QImage image = map_.grab().toImage();
    EXPECT_EQ(image.pixelColor(map_.pointIn(u"BR"_s)), theme_.tokens().heat.last());
    EXPECT_EQ(image.pixelColor(map_.pointIn(u"AU"_s)), theme_.tokens().land);
}

TEST_F(WorldMapTest, AClickChoosesOnlyACountryThatHasSessions) {
    QStringList chosen;
    QObject::connect(&map_, &WorldMap::activated, [&](const QString& code) { chosen << code; });
    map_.setCounts({{u"BR"_s, 30}});
    QTest::mouseClick(&map_, Qt::LeftButton, {}, map_.pointIn(u"AU"_s));
    QTest::mouseClick(&map_, Qt::LeftButton, {}, map_.pointIn(u"BR"_s));
    QTest::mouseClick(&map_, Qt::RightButton, {}, map_.pointIn(u"BR"_s));
    EXPECT_EQ(chosen, QStringList{u"BR"_s});
}

TEST_F(WorldMapTest, TellsTheCountryUnderTheMouse) {
    map_.setCounts({{u"BR"_s, 30}});
    QTest::mouseMove(&map_, map_.pointIn(u"BR"_s));
    EXPECT_EQ(map_.current(), u"BR"_s);
    EXPECT_EQ(map_.accessibleDescription(), u"Brazil: 30 sessions"_s);
    map_.setCounts({{u"CN"_s, 30}});
    EXPECT_EQ(map_.current(), QString());
}

}  // namespace
}  // namespace apiary::console
