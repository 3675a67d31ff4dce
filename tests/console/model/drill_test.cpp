#include "console/model/drill.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TopEntry entry(const QByteArray& key) {
    return {.key = key, .count = 1, .previous = 0, .username = {}, .secret = {}};
}

std::optional<SessionQuery> query(TopField field, const TopEntry& of) {
    return queryFor(field, of, {sampleSensor()});
}

TEST(DrillTest, ASourceIsAnAddressToFilterBy) {
    EXPECT_EQ(query(TopField::Source, entry("2001:db8::7"))->filter.sourceNetwork, u"2001:db8::7"_s);
}

TEST(DrillTest, ACredentialIsBothOfItsParts) {
    TopEntry login = entry("root / ");
    login.username = u"root"_s;
    const SessionFilter filter = query(TopField::Credential, login)->filter;
    EXPECT_EQ(filter.username, u"root"_s);
    EXPECT_EQ(filter.secret, u""_s);
}

TEST(DrillTest, ACredentialInTheKeyAloneIsTakenWhereItCanMeanOneThing) {
    EXPECT_EQ(query(TopField::Credential, entry("root / toor"))->filter.secret, u"toor"_s);
    EXPECT_EQ(query(TopField::Credential, entry("admin / "))->filter.username, u"admin"_s);
    EXPECT_FALSE(query(TopField::Credential, entry("a / b / c")));
    EXPECT_EQ(labelOf(TopField::Credential, entry("a / b / c")), u"a / b / c"_s);
}

TEST(DrillTest, ACountryHasItsName) {
    EXPECT_EQ(query(TopField::Country, entry("NL"))->filter.countries, QStringList{u"NL"_s});
    EXPECT_EQ(labelOf(TopField::Country, entry("NL")), u"Netherlands (NL)"_s);
    EXPECT_EQ(labelOf(TopField::Country, entry("??")), u"unknown"_s);
    EXPECT_EQ(labelOf(TopField::Country, entry("\x1b")), u"<U+001B>"_s);
}

TEST(DrillTest, ASourceHasWhatIsKnownOfItBesideIt) {
    TopEntry source = entry("203.0.113.7");
    EXPECT_EQ(noteOf(TopField::Source, source), QString());
    source.country = u"NL"_s;
    EXPECT_EQ(noteOf(TopField::Source, source), u"NL"_s);
    source.networkName = u"Example\u202eResearch"_s;
    EXPECT_EQ(noteOf(TopField::Source, source), u"NL · Example<U+202E>Research"_s);
    EXPECT_EQ(noteOf(TopField::Port, source), QString());
}

TEST(DrillTest, AToolIsOfProbesAndNotOfSessions) {
    EXPECT_FALSE(query(TopField::Tool, entry("masscan")));
    EXPECT_EQ(titleOf(TopField::Tool), u"Scan tools"_s);
    EXPECT_EQ(unitOf(TopField::Tool), u"probes"_s);
}

TEST(DrillTest, APortHasItsTransport) {
    EXPECT_EQ(query(TopField::Port, entry("53/udp"))->filter.targetPorts, QList<quint16>{53});
    EXPECT_EQ(query(TopField::Port, entry("53/udp"))->filter.udp, true);
    EXPECT_EQ(query(TopField::Port, entry("23/tcp"))->filter.udp, false);
    EXPECT_FALSE(query(TopField::Port, entry("70000/tcp")));
    EXPECT_FALSE(query(TopField::Port, entry("")));
}

TEST(DrillTest, ASensorIsKnownByItsName) {
    EXPECT_EQ(query(TopField::Sensor, entry("ams-01"))->sensorIds, QList<qint32>{1});
    EXPECT_FALSE(query(TopField::Sensor, entry("gone-01")));
}

TEST(DrillTest, AnArtifactIsItsDigest) {
    EXPECT_EQ(query(TopField::Artifact, entry(QByteArray(64, 'a')))->filter.artifact, QByteArray(32, '\xaa'));
    EXPECT_FALSE(query(TopField::Artifact, entry("abc")));
}

TEST(DrillTest, ACommandIsTakenAsItIsListed) {
    EXPECT_EQ(query(TopField::Command, entry("wget <addr>"))->filter.command, u"wget <addr>"_s);
}

TEST(DrillTest, LabelsAreSafeAndSayWhatIsEmpty) {
    TopEntry login = entry("x");
    login.username = u"ro\u202Eot"_s;
    EXPECT_EQ(labelOf(TopField::Credential, login), u"ro<U+202E>ot:(empty)"_s);
    EXPECT_EQ(labelOf(TopField::Command, entry("<b>x</b>\x1b[2J")).contains(QChar(0x1b)), false);
}

TEST(DrillTest, ChangesHaveASign) {
    EXPECT_EQ(changeText(312, 100), u"+212%"_s);
    EXPECT_EQ(changeText(88, 100), u"−12%"_s);
    EXPECT_EQ(changeText(100, 100), u"±0%"_s);
    EXPECT_EQ(changeText(3, 0), u"new"_s);
    EXPECT_TRUE(rises(150, 100));
    EXPECT_FALSE(rises(149, 100));
    EXPECT_FALSE(rises(5, 0));
}

TEST(DrillTest, HoursOfTheWeekBeginOnMonday) {
    EXPECT_EQ(weekHourText(0), u"Mon 00:00 to 01:00"_s);
    EXPECT_EQ(weekHourText(61), u"Wed 13:00 to 14:00"_s);
    EXPECT_EQ(weekHourText(167), u"Sun 23:00 to 24:00"_s);
}

}  // namespace
}  // namespace apiary::console
