#include "console/model/fleet_model.hpp"

#include "console/model/fleet_filter.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QAbstractItemModelTester>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using Phase = SwitchLook::Phase;

class FleetModelTest : public testing::Test {
protected:
    FleetModelTest() { model_.replace({sensor_}, kSampleUs); }

    SwitchLook ftp() const { return model_.look(1, u"ftp"_s).value_or(SwitchLook{}); }
    Service& service() { return sensor_.services[0]; }
    void report() { model_.replace({sensor_}, kSampleUs + kSecondUs); }

    FleetModel model_;
    QAbstractItemModelTester tester_{&model_, QAbstractItemModelTester::FailureReportingMode::Fatal};
    Sensor sensor_ = sampleSensor();
};

TEST_F(FleetModelTest, HasAColumnForEachService) {
    QString text;
    for (int column = 0; column < model_.columnCount(); ++column) {
        text += model_.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString() + u'=' +
                model_.index(0, column).data(Qt::DisplayRole).toString() + u'|';
    }
    EXPECT_EQ(
        text,
        u"Sensor=ams-01|Health=Healthy|Site=|catchall=off|ftp=on|Open=0|Queue=0|Last seen=0 s|Clock=in step|Version=|"_s);
}

TEST_F(FleetModelTest, AWishIsApplyingUntilTheSensorAgrees) {
    model_.wish(1, u"ftp"_s, false, kSampleUs);
    EXPECT_EQ(ftp(), (SwitchLook{false, Phase::Applying, u"stopping…"_s}));
    service().desired = false;
    report();
    EXPECT_EQ(ftp().phase, Phase::Applying);
    service().actual = Actual::Off;
    report();
    EXPECT_EQ(ftp(), (SwitchLook{false, Phase::Agrees, u"off"_s}));
}

TEST_F(FleetModelTest, ARefusedWishGoesBackToWhatIsStored) {
    model_.wish(1, u"ftp"_s, false, kSampleUs);
    model_.forgetWish(1, u"ftp"_s);
    EXPECT_EQ(ftp(), (SwitchLook{true, Phase::Agrees, u"on"_s}));
}

TEST_F(FleetModelTest, AWishThatNobodyFollowsFailsAfter30Seconds) {
    model_.wish(1, u"ftp"_s, false, kSampleUs);
    model_.tick(kSampleUs + FleetModel::kPatienceUs);
    EXPECT_EQ(ftp().phase, Phase::Applying);
    model_.tick(kSampleUs + FleetModel::kPatienceUs + 1);
    EXPECT_EQ(ftp().phase, Phase::Failed);
}

TEST_F(FleetModelTest, AFailureShowsTheSensorsReasonMadeVisible) {
    service().actual = Actual::Failed;
    service().reason = u"port 21\u202e in use"_s;
    report();
    EXPECT_EQ(ftp(), (SwitchLook{true, Phase::Failed, u"failed: port 21<U+202E> in use"_s}));
}

TEST_F(FleetModelTest, ASensorThatIsAwayIsUnknown) {
    sensor_.connected = false;
    report();
    EXPECT_EQ(ftp().phase, Phase::Unknown);
}

TEST_F(FleetModelTest, AServiceThatIsNotThereHasNoSwitch) {
    EXPECT_FALSE(model_.look(1, u"irc"_s));
    EXPECT_FALSE(model_.look(2, u"ftp"_s));
}

TEST_F(FleetModelTest, FindsWhatNeedsALook) {
    EXPECT_FALSE(troubled(model_, sensor_));
    sensor_.clockOffsetMs = -2'100;
    EXPECT_TRUE(troubled(model_, sensor_));
    sensor_.clockOffsetMs = 0;
    sensor_.spoolRecords = kLongQueue + 1;
    EXPECT_TRUE(troubled(model_, sensor_));
    sensor_.spoolRecords = 0;
    service().actual = Actual::Failed;
    report();
    EXPECT_TRUE(troubled(model_, sensor_));
}

TEST_F(FleetModelTest, SaysWhatIsWantedAndWhatIs) {
    service().actual = Actual::Failed;
    service().reason = u"<b>in use</b>"_s;
    report();
    const QString tip = model_.index(0, FleetModel::LeadCount + 1).data(Qt::ToolTipRole).toString();
    EXPECT_TRUE(tip.contains(u"ftp on ams-01, :2021: wanted on, now failed: &lt;b&gt;in use&lt;/b&gt;"_s))
        << tip.toStdString();
}

TEST_F(FleetModelTest, NamesPortsOnceAndManyByTheirNumber) {
    service().listens = {u"0.0.0.0:21"_s, u"[::]:21"_s};
    EXPECT_EQ(portsText(service()), u":21"_s);
    service().listens = {u"0.0.0.0:3"_s, u"0.0.0.0:1"_s, u"0.0.0.0:2"_s};
    EXPECT_EQ(portsText(service()), u"3 ports"_s);
    EXPECT_EQ(portsOf(service()), (QList<quint16>{1, 2, 3}));
}

TEST_F(FleetModelTest, SaysHowFarAClockIsOff) {
    EXPECT_EQ(clockOffsetText(-40), u"in step"_s);
    EXPECT_EQ(clockOffsetText(4'210), u"4.2 s ahead"_s);
    EXPECT_EQ(clockOffsetText(-150), u"0.1 s behind"_s);
}

class FleetFilterTest : public FleetModelTest {
protected:
    FleetFilterTest() {
        Sensor second = sensor_;
        second.id = 2;
        second.name = u"Fra-02"_s;
        second.site = u"Frankfurt, DE"_s;
        second.connected = false;
        model_.replace({sensor_, second}, kSampleUs);
    }

    QStringList names() const {
        QStringList names;
        for (int row = 0; row < filter_.rowCount(); ++row) {
            names.append(filter_.index(row, FleetModel::Name).data().toString());
        }
        return names;
    }

    FleetFilter filter_{model_};
};

TEST_F(FleetFilterTest, FindsByNameSiteAndService) {
    filter_.find(u"  FRANK "_s);
    EXPECT_EQ(names(), QStringList{u"Fra-02"_s});
    filter_.find(u"ams"_s);
    EXPECT_EQ(names(), QStringList{u"ams-01"_s});
    filter_.find(u"catchall"_s);
    EXPECT_EQ(names().size(), 2);
    filter_.find(u"nothing"_s);
    EXPECT_TRUE(names().isEmpty());
}

TEST_F(FleetFilterTest, KeepsOnlyProblemsWhenAsked) {
    filter_.onlyProblems(true);
    EXPECT_EQ(names(), QStringList{u"Fra-02"_s});
    EXPECT_EQ(filter_.sensorAt(filter_.index(0, 0)), 2);
}

}  // namespace
}  // namespace apiary::console
