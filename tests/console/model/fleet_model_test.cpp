#include "console/model/fleet_model.hpp"

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
    EXPECT_EQ(text, u"Sensor=ams-01|Health=Healthy|Site=|catchall=off|ftp=on|Queue=0|Last seen=0 s|Version=|"_s);
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

}  // namespace
}  // namespace apiary::console
