#include "console/view/time_chart.hpp"

#include "console/model/figures.hpp"
#include "console/view/time_axes.hpp"

#include <QAreaSeries>
#include <QCategoryAxis>
#include <QChart>
#include <QDateTime>
#include <QGraphicsLayout>
#include <QLegend>
#include <QLineSeries>
#include <QLocale>
#include <QMouseEvent>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kShortestDrag = 6;
constexpr double kNarrowestStep = 5;  // pixels

double milliseconds(qint64 us) {
    return static_cast<double>(us) / 1000.0;
}

/// Few buckets with anything in them: lines between them would draw slopes where nothing was.
bool sparse(const Bands& bands) {
    const QList<quint64> sums = bands.sums();
    return 3 * (sums.size() - sums.count(0)) < sums.size();
}

void put(QCategoryAxis& axis, const QList<Tick>& ticks, double from, double to) {
    for (const QString& label : axis.categoriesLabels()) {
        axis.remove(label);
    }
    axis.setStartValue(from - 1e-9);
    axis.setRange(from, to);
    for (const Tick& tick : ticks) {
        axis.append(tick.label.toHtmlEscaped(), tick.at);
    }
}

}  // namespace

TimeChart::TimeChart(const Theme& theme, QWidget* parent)
    : QChartView(new QChart, parent), theme_(theme), times_(new QCategoryAxis), counts_(new QCategoryAxis) {
    QChart* plot = chart();
    plot->legend()->hide();
    plot->setMargins({0, 6, 0, 0});
    plot->setBackgroundVisible(false);
    plot->setAnimationOptions(QChart::NoAnimation);
    plot->layout()->setContentsMargins(0, 0, 0, 0);
    for (QCategoryAxis* axis : {times_, counts_}) {
        axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
        axis->setTruncateLabels(false);
    }
    times_->setGridLineVisible(false);
    counts_->setLineVisible(false);
    plot->addAxis(times_, Qt::AlignBottom);
    plot->addAxis(counts_, Qt::AlignLeft);
    setRenderHint(QPainter::Antialiasing);
    setFrameShape(QFrame::NoFrame);
    setStyleSheet(u"background: transparent"_s);
    setMouseTracking(true);
    viewport()->setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(160, 140);
    setAccessibleName(u"Sessions over time, stacked by protocol"_s);
    connect(&theme, &Theme::changed, this, &TimeChart::restyle);
    restyle();
}

void TimeChart::setBands(const Bands& bands, qint64 fromUs, qint64 toUs) {
    const auto names = [](const Bands& of) {
        QStringList list;
        for (const Band& band : of.layers) {
            list.append(band.name);
        }
        return list;
    };
    const bool same = names(bands) == names(bands_);
    bands_ = bands;
    fromUs_ = fromUs;
    toUs_ = toUs;
    if (hovered_ >= bands_.bucketUs.size()) {
        hovered_ = -1;
    }
    if (!same) {
        rebuild();
    }
    draw();
}

void TimeChart::setShown(const QString& name, bool shown) {
    if (shown) {
        hidden_.remove(name);
    } else {
        hidden_.insert(name);
    }
    draw();
    Q_EMIT shownChanged();
}

void TimeChart::rebuild() {
    chart()->removeAllSeries();
    tops_.clear();
    areas_.clear();
    QLineSeries* below = nullptr;
    for (qsizetype i = 0; i < bands_.layers.size(); ++i) {
        auto* top = new QLineSeries;
        auto* area = new QAreaSeries(top, below);
        top->setParent(area);
        chart()->addSeries(area);
        area->attachAxis(times_);
        area->attachAxis(counts_);
        tops_.append(top);
        areas_.append(area);
        below = top;
    }
    restyle();
}

void TimeChart::draw() {
    const double from = milliseconds(fromUs_);
    const double to = milliseconds(toUs_);
    const double step = milliseconds(bands_.stepUs);
    const bool steps = step / std::max(1.0, to - from) * width() >= kNarrowestStep || sparse(bands_);
    QList<double> sums(bands_.bucketUs.size(), 0.0);
    for (qsizetype i = 0; i < bands_.layers.size(); ++i) {
        const bool on = shown(bands_.layers[i].name);
        QList<QPointF> points;
        points.reserve(2 * sums.size());
        for (qsizetype k = 0; k < sums.size(); ++k) {
            if (on) {
                sums[k] += static_cast<double>(bands_.layers[i].sessions[k]);
            }
            const double start = milliseconds(bands_.bucketUs[k]);
            if (steps) {
                points.append({std::clamp(start, from, to), sums[k]});
                points.append({std::clamp(start + step, from, to), sums[k]});
            } else {
                points.append({std::clamp(start + step / 2, from, to), sums[k]});
            }
        }
        tops_[i]->replace(points);
        areas_[i]->setVisible(on);
    }
    drawAxes(sums.isEmpty() ? 0 : *std::ranges::max_element(sums));
    viewport()->update();
}

void TimeChart::drawAxes(double highest) {
    if (toUs_ <= fromUs_) {
        return;
    }
    const double from = milliseconds(fromUs_);
    const double to = milliseconds(toUs_);
    put(*times_, timeTicks(from, to, width()), from, to);
    const QList<Tick> counts = countTicks(highest, height() < 220 ? 3 : 4);
    put(*counts_, counts, 0, counts.last().at);
}

void TimeChart::restyle() {
    const Tokens& tokens = theme_.tokens();
    for (QCategoryAxis* axis : {times_, counts_}) {
        axis->setLabelsFont(uiFont(11.5));
        axis->setLabelsBrush(tokens.secondary);
        axis->setLinePen(QPen(tokens.border, 1));
        axis->setGridLinePen(QPen(tokens.grid, 1));
    }
    for (qsizetype i = 0; i < areas_.size(); ++i) {
        areas_[i]->setPen(Qt::NoPen);
        areas_[i]->setBrush(theme_.protocolColour(bands_.layers[i].name));
    }
    viewport()->update();
}

qint64 TimeChart::timeAt(double x) const {
    const QRectF plot = chart()->plotArea();
    const double share = (std::clamp(x, plot.left(), plot.right()) - plot.left()) / std::max(1.0, plot.width());
    return fromUs_ + static_cast<qint64>(share * static_cast<double>(toUs_ - fromUs_));
}

void TimeChart::hover(int bucket) {
    const int found = bucket >= 0 && bucket < bands_.bucketUs.size() ? bucket : -1;
    if (found != hovered_) {
        hovered_ = found;
        viewport()->update();
    }
}

void TimeChart::mouseMoveEvent(QMouseEvent* event) {
    const QRectF plot = chart()->plotArea();
    const double x = event->position().x();
    if (dragging_) {
        dragTo_ = std::clamp(x, plot.left(), plot.right());
        viewport()->update();
    }
    const auto after = std::ranges::upper_bound(bands_.bucketUs, timeAt(x));
    const bool inside = x >= plot.left() && x <= plot.right();
    hover(inside ? static_cast<int>(after - bands_.bucketUs.begin()) - 1 : -1);
}

void TimeChart::mousePressEvent(QMouseEvent* event) {
    setFocus();
    if (event->button() == Qt::LeftButton) {
        dragging_ = true;
        dragFrom_ = dragTo_ = event->position().x();
    }
}

void TimeChart::mouseReleaseEvent(QMouseEvent* event) {
    if (!dragging_ || event->button() != Qt::LeftButton) {
        return;
    }
    dragging_ = false;
    viewport()->update();
    if (std::abs(dragTo_ - dragFrom_) > kShortestDrag) {
        Q_EMIT rangeSelected(timeAt(std::min(dragFrom_, dragTo_)), timeAt(std::max(dragFrom_, dragTo_)));
    }
}

void TimeChart::leaveEvent(QEvent*) {
    hover(-1);
}

void TimeChart::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(bands_.bucketUs.size()) - 1;
    if (event->key() == Qt::Key_Left && last >= 0) {
        hover(hovered_ < 0 ? last : std::max(0, hovered_ - 1));
    } else if (event->key() == Qt::Key_Right && last >= 0) {
        hover(std::min(last, hovered_ + 1));
    } else if (event->key() == Qt::Key_Escape) {
        hover(-1);
    } else {
        QChartView::keyPressEvent(event);
    }
}

void TimeChart::resizeEvent(QResizeEvent* event) {
    QChartView::resizeEvent(event);
    draw();
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
        paintDetails(*painter, plot, x);
    }
    painter->restore();
}

void TimeChart::paintDetails(QPainter& painter, const QRectF& plot, double x) const {
    struct Line {
        QString name;
        quint64 sessions;
    };
    QList<Line> lines;
    quint64 sum = 0;
    for (const Band& band : bands_.layers) {
        if (shown(band.name)) {
            lines.append({band.name, band.sessions[hovered_]});
            sum += band.sessions[hovered_];
        }
    }
    std::ranges::stable_sort(lines, std::ranges::greater{}, &Line::sessions);

    const Tokens& tokens = theme_.tokens();
    const double wide = 196;
    const double high = 40 + 18.0 * double(lines.size());
    const double left = x + 14 + wide > plot.right() ? std::max(2.0, x - 14 - wide) : x + 14;
    const double top = std::clamp(plot.top() + 6, 2.0, std::max(2.0, height() - high - 4.0));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(tokens.border);
    painter.setBrush(tokens.card);
    painter.drawRoundedRect(QRectF(left, top, wide, high), 6, 6);
    const QRectF head(left + 10, top + 6, wide - 20, 20);
    painter.setFont(uiFont(12, QFont::DemiBold));
    painter.setPen(tokens.text);
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(bands_.bucketUs[hovered_] / 1000, Qt::UTC);
    painter.drawText(head, Qt::AlignLeft | Qt::AlignVCenter,
                     QLocale(QLocale::English).toString(time, u"ddd d MMM HH:mm"_s));
    painter.setFont(monoFont(12, QFont::Medium));
    painter.drawText(head, Qt::AlignRight | Qt::AlignVCenter, grouped(sum));
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QRectF row(left + 10, top + 30 + 18.0 * double(i), wide - 20, 18);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme_.protocolColour(lines[i].name));
        painter.drawRoundedRect(QRectF(row.left(), row.top() + 4, 10, 10), 2, 2);
        painter.setFont(uiFont(12));
        painter.setPen(tokens.secondary);
        painter.drawText(row.adjusted(17, 0, -50, 0), Qt::AlignLeft | Qt::AlignVCenter, lines[i].name);
        painter.setFont(monoFont(12));
        painter.setPen(tokens.text);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, grouped(lines[i].sessions));
    }
}

}  // namespace apiary::console
