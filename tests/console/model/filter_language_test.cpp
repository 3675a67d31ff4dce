#include "console/model/filter_language.hpp"

#include "console/model/filter_fit.hpp"
#include "console/model/filter_keys.hpp"
#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

#include <random>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

const FilterVocabulary kKnown{.sensors = {{1, u"ams-01"_s}, {2, u"ams-02"_s}, {3, u"fra 1"_s}},
                              .protocols = {u"ftp"_s, u"smtp"_s, u"telnet"_s},
                              .usernames = {u"root"_s, u"two words"_s},
                              .commands = {}};

SessionQuery read(const QString& text) {
    const ParsedFilter parsed = parseFilter(text, kKnown);
    EXPECT_FALSE(parsed.error) << text.toStdString() << ": " << parsed.error->words.toStdString();
    return parsed.query;
}

FilterError wrong(const QString& text) {
    const ParsedFilter parsed = parseFilter(text, kKnown);
    EXPECT_TRUE(parsed.error) << text.toStdString();
    return parsed.error.value_or(FilterError{});
}

TEST(FilterLanguageTest, ReadsEveryKey) {
    const SessionQuery query = read(
        u"proto:telnet,SMTP src:203.0.113.9/24 port:23,2323 udp: user:root pass:\"\" sensor:ams-* outcome:reset "
        "login:yes cmd:\"uname -a\" text:busybox when:wed-13"_s);
    EXPECT_EQ(query.protocols, QStringList({u"telnet"_s, u"smtp"_s}));
    EXPECT_EQ(query.sensorIds, QList<qint32>({1, 2}));
    EXPECT_EQ(query.filter.sourceNetwork, u"203.0.113.0/24"_s);
    EXPECT_EQ(query.filter.targetPorts, QList<quint16>({23, 2323}));
    EXPECT_EQ(query.filter.udp, true);
    EXPECT_EQ(query.filter.username, u"root"_s);
    EXPECT_EQ(query.filter.secret, QString());
    EXPECT_TRUE(query.filter.secret.has_value());
    EXPECT_EQ(query.filter.outcomes, QStringList{u"reset"_s});
    EXPECT_EQ(query.filter.loginAccepted, true);
    EXPECT_EQ(query.filter.command, u"uname -a"_s);
    EXPECT_EQ(query.filter.commandText, u"busybox"_s);
    EXPECT_EQ(query.filter.weekHours, QList<int>{2 * 24 + 13});
}

TEST(FilterLanguageTest, TurnsRoundWhatHasAMinus) {
    const SessionQuery query = read(
        u"port:21 -port:23,2323 -proto:telnet -sensor:ams-* -user:root -pass:\"\" -login:tried -source:new -cc:CN "
        "-udp:"_s);
    EXPECT_EQ(query.filter.targetPorts, QList<quint16>{21});
    EXPECT_TRUE(query.protocols.isEmpty());
    const SessionConditions& without = query.filter.without;
    EXPECT_EQ(without.targetPorts, QList<quint16>({23, 2323}));
    EXPECT_EQ(without.protocols, QStringList{u"telnet"_s});
    EXPECT_EQ(without.sensorIds, QList<qint32>({1, 2}));
    EXPECT_EQ(without.username, u"root"_s);
    EXPECT_EQ(without.secret, QString());
    EXPECT_EQ(without.loginTried, true);
    EXPECT_EQ(without.sourceIsNew, true);
    EXPECT_EQ(without.countries, QStringList{u"CN"_s});
    EXPECT_EQ(without.udp, true);
    EXPECT_EQ(read(u"login:none source:known"_s).filter.loginTried, false);
    EXPECT_EQ(read(u"login:none source:known"_s).filter.sourceIsNew, false);
}

TEST(FilterLanguageTest, TakesQuotesAndEscapesWithinQuotes) {
    EXPECT_EQ(read(u"cmd:\"echo \\\"a, b\\\"\""_s).filter.command, u"echo \"a, b\""_s);
    EXPECT_EQ(read(u"pass:\"\\\\\""_s).filter.secret, u"\\\\"_s);
    EXPECT_EQ(read(u"user:é"_s).filter.username, u"\\xc3\\xa9"_s);
}

TEST(FilterLanguageTest, SaysWhereItIsWrongAndWhatToWrite) {
    EXPECT_EQ(wrong(u"proto:ftp  prot:x"_s).at, 11);
    EXPECT_TRUE(wrong(u"-prot:ftp"_s).words.contains(u"no “-prot:”"_s));
    EXPECT_TRUE(wrong(u"-port:23 -port:25"_s).words.contains(u"-port:23,2323"_s));
    EXPECT_TRUE(wrong(u"login:maybe"_s).words.contains(u"login:tried"_s));
    EXPECT_TRUE(wrong(u"source:old"_s).words.contains(u"source:known"_s));
    EXPECT_TRUE(wrong(u"busybox"_s).words.contains(u"text:busybox"_s));
    EXPECT_TRUE(wrong(u"src:300.1.1.1"_s).words.contains(u"203.0.113.0/24"_s));
    EXPECT_TRUE(wrong(u"sensor:nyc-*"_s).words.contains(u"ams-01"_s));
    EXPECT_TRUE(wrong(u"outcome:sunk"_s).words.contains(u"timed_out"_s));
    EXPECT_TRUE(wrong(u"cmd:\"open"_s).words.contains(u"quote"_s));
    EXPECT_TRUE(wrong(u"proto:ftp proto:smtp"_s).words.contains(u"twice"_s));
    EXPECT_TRUE(wrong(u"user:a,b"_s).words.contains(u"quotes"_s));
    EXPECT_TRUE(wrong(u"pass:\\d"_s).words.contains(u"escape"_s));
    EXPECT_TRUE(wrong(u"port:70000"_s).words.contains(u"65535"_s));
    EXPECT_TRUE(wrong(u"proto:"_s).words.contains(u"missing"_s));
    EXPECT_TRUE(wrong(u"sha256:ab"_s).words.contains(u"64"_s));
    EXPECT_TRUE(wrong(u"cc:Holland"_s).words.contains(u"cc:NL"_s));
    EXPECT_TRUE(wrong(u"when:noon"_s).words.contains(u"wed-13"_s));
    EXPECT_TRUE(wrong(u"udp: tcp:"_s).words.contains(u"exclude"_s));
}

TEST(FilterLanguageTest, KeepsTheTermsBeforeAnError) {
    const ParsedFilter parsed = parseFilter(u"proto:ftp port:x"_s, kKnown);
    ASSERT_EQ(parsed.terms.size(), 1);
    EXPECT_EQ(parsed.terms[0].text, u"proto:ftp"_s);
}

/// A text as people see it, hostile ones among them.
QString someText(std::mt19937& random) {
    static const QStringList kParts{u"a"_s,     u" "_s, u"\""_s, u","_s,   u"\\\\"_s,
                                    u"\\x1b"_s, u":"_s, u"-"_s,  u"<b>"_s, u"'"_s};
    QString text;
    for (std::size_t i = random() % 8; i > 0; --i) {
        text += kParts[static_cast<qsizetype>(random() % static_cast<std::size_t>(kParts.size()))];
    }
    return text;
}

SessionConditions someConditions(std::mt19937& random) {
    const auto chance = [&random] { return random() % 3 == 0; };
    SessionConditions filter;
    filter.protocols = chance() ? QStringList{u"ftp"_s, u"telnet"_s} : QStringList{};
    filter.sensorIds = chance() ? QList<qint32>{3, 1} : chance() ? QList<qint32>{77} : QList<qint32>{};
    filter.sourceNetwork = chance() ? u"2001:db8::/32"_s : chance() ? u"192.0.2.7"_s : QString();
    filter.targetPorts = chance() ? QList<quint16>{23, 65535} : QList<quint16>{};
    filter.udp = chance() ? std::optional(chance()) : std::nullopt;
    filter.username = chance() ? std::optional(someText(random)) : std::nullopt;
    filter.secret = chance() ? std::optional(someText(random)) : std::nullopt;
    filter.loginAccepted = chance() ? std::optional(chance()) : std::nullopt;
    filter.outcomes = chance() ? QStringList{u"reset"_s, u"open"_s} : QStringList{};
    filter.command = chance() ? someText(random) : QString();
    filter.commandText = chance() ? someText(random) : QString();
    filter.artifact = chance() ? QByteArray(32, static_cast<char>(random())) : QByteArray();
    filter.countries = chance() ? QStringList{u"NL"_s, u"??"_s} : QStringList{};
    for (int hour = 0; hour < 168; ++hour) {
        if (random() % 40 == 0 || (hour >= 24 && hour < 48)) {
            filter.weekHours.append(hour);
        }
    }
    filter.loginTried = chance() && !filter.loginAccepted ? std::optional(chance()) : std::nullopt;
    filter.sourceIsNew = chance() ? std::optional(chance()) : std::nullopt;
    return filter;
}

SessionQuery someQuery(std::mt19937& random) {
    SessionQuery query;
    static_cast<SessionConditions&>(query.filter) = someConditions(random);
    query.protocols = std::exchange(query.filter.protocols, {});
    query.sensorIds = std::exchange(query.filter.sensorIds, {});
    query.filter.without = someConditions(random);
    return query;
}

TEST(FilterLanguageTest, WritesWhatItReads) {
    std::mt19937 random(20261126);
    for (int i = 0; i < 3000; ++i) {
        const SessionQuery query = someQuery(random);
        const QString text = filterText(query, kKnown);
        const ParsedFilter parsed = parseFilter(text, kKnown);
        ASSERT_FALSE(parsed.error) << text.toStdString() << ": " << parsed.error->words.toStdString();
        ASSERT_EQ(parsed.query, query) << text.toStdString();
    }
}

TEST(FilterLanguageTest, SurvivesAnyText) {
    std::mt19937 random(7);
    const QString alphabet = u"proto:src\"\\,-x \u202e\t<é"_s;
    for (int i = 0; i < 3000; ++i) {
        QString text;
        for (std::size_t length = random() % 40; length > 0; --length) {
            text += alphabet[static_cast<qsizetype>(random() % static_cast<std::size_t>(alphabet.size()))];
        }
        const ParsedFilter parsed = parseFilter(text, kKnown);
        completeFilter(text, text.size(), kKnown);
        if (parsed.error) {
            EXPECT_GE(parsed.error->at, 0);
            EXPECT_LE(parsed.error->at, text.size());
            EXPECT_FALSE(parsed.error->words.isEmpty());
        }
    }
}

TEST(FilterLanguageTest, CompletesKeysAndTheirValues) {
    EXPECT_EQ(completeFilter(u"pr"_s, 2, kKnown).options, QStringList{u"proto:"_s});
    const FilterCompletion protocol = completeFilter(u"port:23 proto:ftp,te"_s, 20, kKnown);
    EXPECT_EQ(protocol.options, QStringList{u"telnet"_s});
    EXPECT_EQ(protocol.at, 18);
    EXPECT_EQ(protocol.length, 2);
    EXPECT_EQ(completeFilter(u"user:\"two w"_s, 11, kKnown).options, QStringList{u"\"two words\""_s});
    EXPECT_EQ(completeFilter(u"sensor:f"_s, 8, kKnown).options, QStringList{u"\"fra 1\""_s});
    EXPECT_TRUE(completeFilter(u"nokey:f"_s, 7, kKnown).options.isEmpty());
    EXPECT_EQ(completeFilter(u"-pr"_s, 3, kKnown).options, QStringList{u"-proto:"_s});
    EXPECT_EQ(completeFilter(u"-pr"_s, 3, kKnown).at, 0);
    const FilterCompletion left = completeFilter(u"-proto:te"_s, 9, kKnown);
    EXPECT_EQ(left.options, QStringList{u"telnet"_s});
    EXPECT_EQ(left.at, 7);
    EXPECT_EQ(completeFilter(u"login:t"_s, 7, kKnown).options, QStringList{u"tried"_s});
    EXPECT_EQ(completeFilter(u"source:"_s, 7, kKnown).options, QStringList({u"new"_s, u"known"_s}));
}

TEST(FilterFitTest, JudgesWhatARowTells) {
    const SessionRow row = sampleRow(0, 'a');  // FTP from 203.0.113.7, a Thursday at 14 h
    EXPECT_EQ(fitOf(row, {}), Fit::Yes);
    EXPECT_EQ(fitOf(row, read(u"proto:ftp src:203.0.113.0/24 port:21 tcp: when:thu-14"_s)), Fit::Yes);
    for (const QString& other : {u"proto:smtp"_s, u"src:203.0.114.0/24"_s, u"port:22"_s, u"udp:"_s, u"when:fri"_s,
                                 u"outcome:reset"_s, u"login:yes"_s, u"sensor:ams-02"_s, u"text:busybox"_s}) {
        EXPECT_EQ(fitOf(row, read(other)), Fit::No) << other.toStdString();
    }
    EXPECT_EQ(fitOf(row, read(u"user:root"_s)), Fit::Unknown);
    EXPECT_EQ(fitOf(row, read(u"-proto:smtp -port:22 -cc:NL -text:busybox login:tried"_s)), Fit::Yes);
    for (const QString& other :
         {u"-proto:ftp"_s, u"-src:203.0.113.0/24"_s, u"-port:21,22"_s, u"-tcp:"_s, u"-when:thu"_s, u"-sensor:ams-01"_s,
          u"-cc:??"_s, u"login:none"_s, u"-login:tried"_s}) {
        EXPECT_EQ(fitOf(row, read(other)), Fit::No) << other.toStdString();
    }
    EXPECT_EQ(fitOf(row, read(u"-user:root"_s)), Fit::Unknown);
    EXPECT_EQ(fitOf(row, read(u"source:new"_s)), Fit::Unknown);
}

}  // namespace
}  // namespace apiary::console
