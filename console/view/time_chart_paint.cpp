#include "console/model/figures.hpp"
#include "console/view/silence.hpp"
#include "console/view/time_chart.hpp"
#include "console/view/tip.hpp"

#include <QChart>
#include <QDateTime>
#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <functional>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

void TimeChart::drawBackground(QPainter* painter, const QRectF& area) {
    QChartView::drawBackground(painter, area);
    if (toUs_ <= fromUs_) {
        return;
    }
    painter->save();
    painter->setWorldTransform(QTransform());
    const QRectF plot = chart()->plotArea();
    const auto placeOf = [&](qint64 us) {
        const double share = static_cast<double>(us - fromUs_) / static_cast<double>(toUs_ - fromUs_);
        return plot.left() + plot.width() * std::clamp(share, 0.0, 1.0);
    };
    for (qsizetype first = 0; first < bands_.bucketUs.size(); ++first) {
        qsizetype end = first;
        while (bands_.silentAt(end)) {
            ++end;
        }
        if (end > first) {
            const double left = placeOf(bands_.bucketUs[first]);
            const double right = placeOf(bands_.bucketUs[end - 1] + bands_.stepUs);
            paintSilence(*painter, QRectF(QPointF(left, plot.top()), QPointF(right, plot.bottom())), theme_.tokens());
            first = end;
        }
    }
    painter->restore();
}

void TimeChart::drawForeground(QPainter* painter, const QRectF&) {
    painter->save();
    painter->setWorldTransform(QTransform());
    const QRectF plot = chart()->plotArea();
    if (dragging_) {
        QColor veil = theme_.tokens().accent;
        veil.setAlphaF(0.16F);
        painter->fillRect(QRectF(QPointF(std::min(dragFrom_, dragTo_), plot.top()),
                                 QPointF(std::max(dragFrom_, dragTo_), plot.bottom())),
                          veil);
    }
    if (hovered_ >= 0 && toUs_ > fromUs_) {
        const auto middle =
            static_cast<double>(bands_.bucketUs[hovered_] - fromUs_) + static_cast<double>(bands_.stepUs) / 2;
        const double x = std::clamp(plot.left() + plot.width() * middle / static_cast<double>(toUs_ - fromUs_),
                                    plot.left(), plot.right());
        painter->setPen(QPen(theme_.tokens().text, 1, Qt::DashLine));
        painter->drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        paintTip(*painter, tipOf(hovered_), QPointF(x, plot.top() + 6), QRectF(0, 0, plot.right(), height()),
                 theme_.tokens());
    }
    if (hasFocus()) {
        painter->setPen(QPen(theme_.tokens().accent, 2));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(viewport()->rect()).adjusted(1, 1, -1, -1), 4, 4);
    }
    painter->restore();
}

Tip TimeChart::tipOf(int bucket) const {
    QList<const Band*> shownBands;
    quint64 sum = 0;
    for (const Band& band : bands_.layers) {
        if (shown(band.name)) {
            shownBands.append(&band);
            sum += band.sessions[bucket];
        }
    }
    const auto sessions = [bucket](const Band* band) { return band->sessions[bucket]; };
    std::ranges::stable_sort(shownBands, std::ranges::greater{}, sessions);
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(bands_.bucketUs[bucket] / 1000, Qt::UTC);
    if (bands_.silentAt(bucket)) {
        return {.title = QLocale(QLocale::English).toString(time, u"ddd d MMM HH:mm"_s),
                .figure = u"not listening"_s,
                .lines = {}};
    }
    Tip tip{
        .title = QLocale(QLocale::English).toString(time, u"ddd d MMM HH:mm"_s), .figure = grouped(sum), .lines = {}};
    for (const Band* band : shownBands) {
        tip.lines.append({theme_.protocolColour(band->name), band->name, grouped(sessions(band))});
    }
    return tip;
}

}  // namespace apiary::console
