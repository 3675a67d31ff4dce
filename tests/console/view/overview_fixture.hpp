#pragma once

#include "console/view/readout.hpp"
#include "tests/console/support/shown_window.hpp"

#include <QJsonArray>
#include <QJsonObject>

#include <algorithm>

namespace apiary::console {

/// The window with its overview.
class OverviewPageTest : public ShownWindow {
protected:
    /// fill(), and the details too.
    void fillAll() {
        using namespace Qt::Literals::StringLiterals;
        fill();
        QList<quint64> hours(168, 1);
        hours[61] = 400;
        QList<quint32> covered(168, 1000);
        hours[3] = 0;
        covered[3] = 0;
        Q_EMIT link_.activityArrived(link_.activities.last().number, {.sessions = hours, .covered = covered});
        Q_EMIT link_.topArrived(numberOf(TopField::Source),
                                {{"203.0.113.7", 120, 40, {}, {}, u"NL"_s, u"Example"_s}, {"::1", 3, 4, {}, {}}});
        Q_EMIT link_.topArrived(numberOf(TopField::Credential), {{"root / ", 9, 8, u"root"_s, {}}});
        Q_EMIT link_.topArrived(numberOf(TopField::Command), {{"uname -a", 5, 0, {}, {}}});
        Q_EMIT link_.seriesArrived(link_.credentialSeries.last().number, sampleSeries());
        QCoreApplication::processEvents();
    }
    quint64 numberOf(TopField field) const {
        const auto asked = std::ranges::find(link_.tops.rbegin(), link_.tops.rend(), field, &FakeLink::AskedTop::field);
        return asked == link_.tops.rend() ? 0 : asked->number;
    }
    /// A click where the readout says that something is.
    void clickAt(const QJsonValue& rect) {
        using namespace Qt::Literals::StringLiterals;
        const QPoint centre(rect[u"x"_s].toInt() + rect[u"w"_s].toInt() / 2,
                            rect[u"y"_s].toInt() + rect[u"h"_s].toInt() / 2);
        QWidget* hit = window_.childAt(window_.mapFromGlobal(centre));
        ASSERT_NE(hit, nullptr);
        QTest::mouseClick(hit, Qt::LeftButton, {}, hit->mapFromGlobal(centre));
    }
    QJsonObject read() const { return readOut(window_, workspace_); }
    template <typename Widget>
    Widget& child() {
        return *window_.findChild<Widget*>();
    }
    const OverviewPage& page() const { return window_.overview(); }
};

}  // namespace apiary::console
