#include "console/model/session_export.hpp"

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
    for (const char16_t first : {u'=', u'+', u'-', u'@', u'\t'}) {
        EXPECT_EQ(csvField(QString(QChar(first)) + u"1"_s), QByteArray("'") + char(first) + "1");
    }
    EXPECT_EQ(csvField(u"\r1"_s), "\"'\r1\"");
    EXPECT_EQ(csvField(u"a=1"_s), "a=1");
}

TEST(SessionExport, WritesAFieldForEachColumn) {
    SessionRow row;
    row.id = QByteArray(16, '\x01');
    row.startedUs = 1'500'000;
    row.sensor = u"=evil\u202e"_s;
    row.protocol = u"ftp"_s;
    row.source = u"192.0.2.7"_s;
    row.sourcePort = 4000;
    row.target = u"198.51.100.1"_s;
    row.targetPort = 21;
    row.bytesIn = 12;
    EXPECT_EQ(csvLine(row),
              "01010101010101010101010101010101,1970-01-01T00:00:01.500000Z,,'=evil<U+202E>,ftp,tcp,192.0.2.7,4000,"
              "198.51.100.1,21,open,0,no,0,0,12,0\r\n");
    EXPECT_EQ(csvHeader().count(','), csvLine(row).count(','));
}

}  // namespace
}  // namespace apiary::console
