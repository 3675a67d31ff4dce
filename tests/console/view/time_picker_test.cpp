#include "console/view/time_picker.hpp"

#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QFrame>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qint64 kHourUs = 3600 * kSecondUs;

class TimePickerTest : public testing::Test {
protected:
    TimePickerTest() {
        picker_.show();
        EXPECT_TRUE(QTest::qWaitForWindowExposed(&picker_));
    }

    template <typename Widget>
    Widget& child(const QString& name) {
        auto* found = picker_.popup().findChild<Widget*>(name);
        if (found == nullptr) {
            throw std::runtime_error("no such child");
        }
        return *found;
    }
    void type(const QString& from, const QString& to) {
        for (const auto& [name, words] : {std::pair(u"time:from"_s, from), std::pair(u"time:to"_s, to)}) {
            auto& field = child<QLineEdit>(name);
            field.clear();
            QTest::keyClicks(&field, words);
        }
        QTest::mouseClick(&child<QPushButton>(u"time:apply"_s), Qt::LeftButton);
    }

    FakeLink link_;
    Theme theme_{Tone::Light};
    Workspace workspace_{link_, [] { return kSampleUs; }};
    TimePicker picker_{theme_, workspace_};
};

TEST_F(TimePickerTest, SaysWhatIsLookedAtAndOpensOnAClick) {
    EXPECT_TRUE(picker_.text().contains(u"Last 24 hours"_s));
    QTest::mouseClick(&picker_, Qt::LeftButton);
    EXPECT_TRUE(picker_.popup().isVisible());
    EXPECT_EQ(child<QLineEdit>(u"time:from"_s).text(), u"now-24h"_s);
}

TEST_F(TimePickerTest, APresetIsTaken) {
    picker_.open();
    QTest::mouseClick(&child<QPushButton>(u"time:last:7 d"_s), Qt::LeftButton);
    EXPECT_EQ(workspace_.span().lastUs, 168 * kHourUs);
    EXPECT_FALSE(picker_.popup().isVisible());
    EXPECT_TRUE(picker_.text().contains(u"Last 7 days"_s));
}

TEST_F(TimePickerTest, TypedTimesAreTakenAndRemembered) {
    picker_.open();
    type(u"now-3h"_s, u"now-1h"_s);
    EXPECT_EQ(workspace_.span(), (Span{.lastUs = 0, .fromUs = kSampleUs - 3 * kHourUs, .toUs = kSampleUs - kHourUs}));
    ASSERT_EQ(picker_.recent().size(), 1);
    workspace_.setSpan({});
    picker_.open();
    QTest::mouseClick(&child<QPushButton>(u"time:recent:0"_s), Qt::LeftButton);
    EXPECT_EQ(workspace_.span().toUs, kSampleUs - kHourUs);
}

TEST_F(TimePickerTest, AWrongTimeIsSaidAndChangesNothing) {
    picker_.open();
    type(u"last week"_s, u"now"_s);
    EXPECT_TRUE(picker_.error().startsWith(u"From: Write a time as"_s)) << picker_.error().toStdString();
    EXPECT_TRUE(picker_.popup().isVisible());
    EXPECT_EQ(workspace_.span(), Span{});
}

TEST_F(TimePickerTest, RangesGoBackAndForth) {
    workspace_.setSpan({.lastUs = kHourUs, .fromUs = 0, .toUs = 0});
    workspace_.setSpan({.lastUs = 6 * kHourUs, .fromUs = 0, .toUs = 0});
    workspace_.spanBack();
    EXPECT_EQ(workspace_.span().lastUs, kHourUs);
    workspace_.spanBack();
    EXPECT_FALSE(workspace_.canGoBack());
    workspace_.spanForward();
    workspace_.spanForward();
    EXPECT_EQ(workspace_.span().lastUs, 6 * kHourUs);
    EXPECT_FALSE(workspace_.canGoForward());
    EXPECT_TRUE(picker_.text().contains(u"Last 6 hours"_s));
}

}  // namespace
}  // namespace apiary::console
