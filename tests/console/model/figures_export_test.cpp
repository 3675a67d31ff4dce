#include "console/model/figures_export.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

TEST(FiguresExportTest, HasALineForEachBucketAndTheSums) {
    OverviewModel::Figures figures;
    figures.bands = bandsOf(sampleSeries());
    const QList<QByteArray> lines = figuresCsv(figures).split('\n');
    ASSERT_EQ(lines.size(), 7);
    EXPECT_EQ(lines[0], "bucket_start,TELNET,FTP,all\r");
    EXPECT_EQ(lines[1], "2026-03-12T14:00:00Z,10,1,11\r");
    EXPECT_EQ(lines[5], "total,16,7,23\r");
}

TEST(FiguresExportTest, LeavesEmptyWhereNobodyListened) {
    Series series = sampleSeries();
    series.protocols = {{u"ftp"_s, {1, 0, 0, 4}}};
    series.covered = {1000, 0, 1000, 1000};
    OverviewModel::Figures figures;
    figures.bands = bandsOf(series);
    const QList<QByteArray> lines = figuresCsv(figures).split('\n');
    EXPECT_EQ(lines[2], "2026-03-12T14:05:00Z,,\r");
    EXPECT_EQ(lines[3], "2026-03-12T14:10:00Z,0,0\r");
}

TEST(FiguresExportTest, IsEmptyBeforeThereAreFigures) {
    EXPECT_TRUE(figuresCsv({}).isEmpty());
}

TEST(FiguresExportTest, WritesAListWithTheNameOfItsUnit) {
    EXPECT_EQ(rankingCsv(TopField::Tool, {{"masscan", 12, 3, {}, {}}, {"=zmap", 1, 0, {}, {}}}),
              "tool,probes,before\r\nmasscan,12,3\r\n'=zmap,1,0\r\n");
    EXPECT_EQ(rankingCsv(TopField::Source, {{"203.0.113.7", 2, 0, {}, {}, u"NL"_s, u"A, B"_s}, {"::1", 1, 0, {}, {}}}),
              "source,country,network,sessions,before\r\n203.0.113.7,NL,\"A, B\",2,0\r\n::1,,,1,0\r\n");
    EXPECT_EQ(rankingCsv(TopField::Credential, {{" / \x1b", 4, 4, {}, u"\u202ex"_s}}),
              "username,secret,tries,before\r\n,<U+202E>x,4,4\r\n");
    EXPECT_EQ(rankingCsv(TopField::Command, {}), "command,times_typed,before\r\n");
}

TEST(FiguresExportTest, WritesTheFleetServiceByServiceWithoutFormulas) {
    Sensor sensor = sampleSensor();
    sensor.site = u"=cmd()"_s;
    FleetModel fleet;
    fleet.replace({sensor}, kSampleUs);
    const QList<QByteArray> lines = fleetCsv(fleet).split('\n');
    ASSERT_EQ(lines.size(), 4);
    EXPECT_EQ(lines[1], "1,ams-01,'=cmd(),yes,Healthy,,2026-03-12T14:00:00Z,,0,0,ftp,ftp,127.0.0.1:2021,on,on,0,0,0\r");
}

}  // namespace
}  // namespace apiary::console
