#include "console/model/list_export.hpp"

#include "console/model/session_export.hpp"
#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class ListExportTest : public testing::Test {
protected:
    ListExportTest() { link_.enter(LinkState::Kind::Live); }

    QString path() const { return folder_.filePath(u"sessions"_s); }
    QByteArray written() const {
        QFile file(path());
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("no file");
    }
    void answer(const SessionPage& page) { Q_EMIT link_.sessionsArrived(link_.pages.last().number, page); }

    QTemporaryDir folder_;
    FakeLink link_;
    ListExport export_{link_};
};

TEST_F(ListExportTest, WritesAllPagesAndThenTheFile) {
    export_.start(path(), ListExport::Form::Csv, {}, {});
    answer({{sampleRow(9, 'b')}, true});
    EXPECT_EQ(written(), "no file");
    EXPECT_EQ(link_.pages.last().before, (SessionKey{sampleRow(9, 'b').startedUs, sampleRow(9, 'b').id}));
    answer({{sampleRow(3, 'a')}, false});
    EXPECT_EQ(export_.state(), ListExport::State::Done);
    EXPECT_EQ(export_.rows(), 2U);
    EXPECT_EQ(written(), csvHeader() + csvLine(sampleRow(9, 'b')) + csvLine(sampleRow(3, 'a')));
}

TEST_F(ListExportTest, LeavesNothingBehindWhenCancelled) {
    export_.start(path(), ListExport::Form::Csv, {}, {});
    answer({{sampleRow(9, 'b')}, true});
    export_.cancel();
    answer({{sampleRow(3, 'a')}, false});
    EXPECT_EQ(export_.state(), ListExport::State::Cancelled);
    EXPECT_EQ(QDir(folder_.path()).entryList(QDir::Files | QDir::Hidden).size(), 0);
}

TEST_F(ListExportTest, KeepsTheOldFileWhenAPageFails) {
    QFile old(path());
    ASSERT_TRUE(old.open(QIODevice::WriteOnly));
    old.write("old");
    old.close();
    export_.start(path(), ListExport::Form::Csv, {}, {});
    Q_EMIT link_.failed(link_.pages.last().number, u"too slow"_s);
    EXPECT_EQ(export_.state(), ListExport::State::Failed);
    EXPECT_TRUE(export_.failure().contains(u"too slow"_s));
    EXPECT_EQ(written(), "old");
}

TEST_F(ListExportTest, SaysThatAFileCannotBeWritten) {
    export_.start(u"/nowhere/sessions.csv"_s, ListExport::Form::Csv, {}, {});
    EXPECT_EQ(export_.state(), ListExport::State::Failed);
    EXPECT_TRUE(export_.failure().contains(u"/nowhere/sessions.csv"_s));
}

TEST_F(ListExportTest, EscapesWhatAnAttackerChoseInJson) {
    SessionRow row = sampleRow(1, 'a');
    row.identified = u"\u202e\"\n<b>"_s;
    export_.start(path(), ListExport::Form::JsonLines, {}, {});
    answer({{row}, false});
    EXPECT_EQ(written().count('\n'), 1);
    const QJsonObject line = QJsonDocument::fromJson(written()).object();
    EXPECT_EQ(line[u"identified"_s].toString(), u"<U+202E>\"<U+000A><b>"_s);
    EXPECT_EQ(line[u"started"_s].toString(), u"2026-03-12T14:00:01.000000Z"_s);
}

}  // namespace
}  // namespace apiary::console
