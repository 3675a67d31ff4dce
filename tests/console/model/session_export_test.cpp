#include "console/model/session_export.hpp"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TEST(SessionExport, QuotesAsRfc4180) {
    EXPECT_EQ(csvField(u"plain"_s), "plain");
    EXPECT_EQ(csvField(u"a,b"_s), "\"a,b\"");
    EXPECT_EQ(csvField(u"say \"hi\"\n"_s), "\"say \"\"hi\"\"\n\"");
}

TEST(SessionExport, IsNoFormula) {
    for (const char16_t first : {u'=', u'+', u'-', u'@'}) {
        EXPECT_EQ(csvField(QString(QChar(first)) + u"1"_s), QByteArray("'") + char(first) + "1");
    }
    EXPECT_EQ(csvField(u"\r1"_s), "\"'\r1\"");
    EXPECT_EQ(csvField(u"\t1"_s), "\"'\t1\"");
    EXPECT_EQ(csvField(u"a;=1"_s), "\"a;=1\"");
    EXPECT_EQ(csvField(u"a=1"_s), "a=1");
}

SessionRow fullRow() {
    SessionRow row;
    row.id = QByteArray(16, '\x01');
    row.startedUs = 1'500'000;
    row.endedUs = 2'500'000;
    row.sensorId = 3;
    row.sensor = u"=evil\u202e"_s;
    row.protocol = u"ftp"_s;
    row.identified = u"http"_s;
    row.source = u"192.0.2.7"_s;
    row.sourcePort = 4000;
    row.target = u"198.51.100.1"_s;
    row.targetPort = 21;
    row.outcome = u"finished"_s;
    row.bytesIn = 12;
    row.bytesOut = 34;
    row.packets = 5;
    row.credentials = 2;
    row.commands = 7;
    row.artifacts = 1;
    row.loginAccepted = true;
    row.country = u"NL"_s;
    row.network = 64500;
    row.networkName = u"Example, Inc."_s;
    row.tags = {u"known-scanner"_s, u"self-test"_s};
    row.traffic = u"self-test"_s;
    row.firstLogin = {u"=cmd|' /C calc'!A0"_s, u"@secret"_s};
    row.sourceFirstSeenUs = 500'000;
    return row;
}

TEST(SessionExport, WritesAFieldForEachColumn) {
    EXPECT_EQ(
        csvHeader(),
        "session,started,ended,sensor,protocol,transport,source,source_port,target,target_port,outcome,credentials,"
        "login_accepted,commands,artifacts,bytes_in,bytes_out,identified,packets,country,network,network_name,tags,"
        "traffic,first_username,first_secret,source_first_seen,sensor_id\r\n");
    EXPECT_EQ(csvLine(fullRow()),
              "01010101010101010101010101010101,1970-01-01T00:00:01.500000Z,1970-01-01T00:00:02.500000Z,"
              "'=evil<U+202E>,ftp,tcp,192.0.2.7,4000,198.51.100.1,21,finished,2,yes,7,1,12,34,http,5,NL,64500,"
              "\"Example, Inc.\",known-scanner self-test,self-test,'=cmd|' /C calc'!A0,'@secret,"
              "1970-01-01T00:00:00.500000Z,3\r\n");
}

TEST(SessionExport, LeavesEmptyWhatIsNotKnown) {
    SessionRow row;
    row.id = QByteArray(16, '\x01');
    row.startedUs = 1'500'000;
    row.sensor = u"roof"_s;
    row.protocol = u"ftp"_s;
    row.source = u"192.0.2.7"_s;
    row.target = u"198.51.100.1"_s;
    EXPECT_EQ(csvLine(row),
              "01010101010101010101010101010101,1970-01-01T00:00:01.500000Z,,roof,ftp,tcp,192.0.2.7,0,"
              "198.51.100.1,0,open,0,no,0,0,0,0,,0,,,,,,,,,0\r\n");
    row.firstLogin = {QString(), QString()};
    EXPECT_TRUE(jsonLine(row).contains("\"first_username\":\"\"")) << "tried, and empty";
    row.firstLogin.reset();
    EXPECT_TRUE(jsonLine(row).contains("\"first_username\":null"));
    EXPECT_TRUE(jsonLine(row).contains("\"network\":null"));
}

TEST(SessionExport, JsonHasTheSameColumns) {
    const QJsonObject object = QJsonDocument::fromJson(jsonLine(fullRow())).object();
    const QList<QByteArray> names = csvHeader().trimmed().split(',');
    EXPECT_EQ(object.size(), names.size());
    for (const QByteArray& name : names) {
        EXPECT_TRUE(object.contains(QString::fromLatin1(name))) << name.constData();
    }
    EXPECT_EQ(object[u"network"_s].toInteger(), 64500);
    EXPECT_EQ(object[u"network_name"_s].toString(), u"Example, Inc."_s);
    EXPECT_EQ(object[u"tags"_s].toArray().size(), 2);
    EXPECT_EQ(object[u"login_accepted"_s].toBool(), true);
    EXPECT_EQ(object[u"first_username"_s].toString(), u"=cmd|' /C calc'!A0"_s) << "no apostrophe in JSON";
}

TEST(SessionExport, NoFieldOfAnAttackerBeginsAFormulaOrAnotherCell) {
    for (const QString& text : {u"=1"_s, u"+1"_s, u"-1"_s, u"@a"_s, u"\t=1"_s, u"\r=1"_s, u"\n=1"_s, u"\uff1d1"_s,
                                u"a;=1"_s, u"a\t=1"_s, u"a,=1"_s, u"a\n=1"_s, u"\",=1"_s}) {
        SessionRow row = fullRow();
        row.firstLogin = {text, text};
        row.networkName = text;
        row.identified = text;
        const QByteArray line = csvLine(row);
        EXPECT_EQ(line.count("\r\n"), 1) << "one record";
        QByteArray outside;  // of quotes
        bool quoted = false;
        for (const char c : line) {
            quoted = quoted != (c == '"');
            outside += quoted ? '"' : c;
        }
        EXPECT_EQ(outside.count(','), csvHeader().count(',')) << line.constData();
        EXPECT_EQ(outside.count(';') + outside.count('\t'), 0) << line.constData();
        for (const QByteArray& cell : outside.split(',')) {
            EXPECT_FALSE(cell.startsWith('=') || cell.startsWith('+') || cell.startsWith('-') || cell.startsWith('@'))
                << line.constData();
        }
    }
}

}  // namespace
}  // namespace apiary::console
