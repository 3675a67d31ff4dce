#include "console/view/time_chart.hpp"

#include "console/view/time_axes.hpp"
#include "console/view/tip.hpp"

#include <QAreaSeries>
#include <QCategoryAxis>
#include <QChart>
#include <QGraphicsLayout>
#include <QLegend>
#include <QLineSeries>
#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kShortestDrag = 6;
constexpr double kNarrowestStep = 5;  // pixels
constexpr double kNear = 10;          // pixels

double milliseconds(qint64 us) {
    return static_cast<double>(us) / 1000.0;
}

/// Few buckets with anything in them: lines between them would draw slopes where nothing was.
bool sparse(const Bands& bands) {
    const QList<quint64> sums = bands.sums();
    return 3 * (sums.size() - sums.count(0)) < sums.size();
}

/// How high a line is drawn at a time; its points are in the order of time.
double heightAt(const QLineSeries& line, double ms) {
    const QList<QPointF> points = line.points();
    const auto after = std::ranges::upper_bound(points, ms, {}, &QPointF::x);
    if (after == points.begin()) {
        return points.first().y();
    }
    if (after == points.end()) {
        return points.last().y();
    }
    const QPointF before = *(after - 1);
    const double share = (ms - before.x()) / std::max(1e-9, after->x() - before.x());
    return before.y() + share * (after->y() - before.y());
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

void TimeChart::setMode(Mode mode) {
    if (mode != mode_) {
        mode_ = mode;
        rebuild();
        draw();
    }
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
        QAbstractSeries* series = top;
        if (mode_ == Mode::Stacked) {
            auto* area = new QAreaSeries(top, below);
            top->setParent(area);
            areas_.append(area);
            below = top;
            series = area;
        }
        chart()->addSeries(series);
        series->attachAxis(times_);
        series->attachAxis(counts_);
        tops_.append(top);
    }
    restyle();
}

double TimeChart::drawn(double sessions) const {
    return mode_ == Mode::Log ? std::log10(std::max(1.0, sessions)) : sessions;
}

void TimeChart::draw() {
    const double from = milliseconds(fromUs_);
    const double to = milliseconds(toUs_);
    const double step = milliseconds(bands_.stepUs);
    const bool steps = step / std::max(1.0, to - from) * width() >= kNarrowestStep || sparse(bands_);
    QList<double> sums(bands_.bucketUs.size(), 0.0);
    double highest = 0;
    for (qsizetype i = 0; i < bands_.layers.size(); ++i) {
        const bool on = shown(bands_.layers[i].name);
        QList<QPointF> points;
        points.reserve(2 * sums.size());
        for (qsizetype k = 0; k < sums.size(); ++k) {
            const double sessions = on ? static_cast<double>(bands_.layers[i].sessions[k]) : 0;
            sums[k] = mode_ == Mode::Stacked ? sums[k] + sessions : sessions;
            highest = std::max(highest, sums[k]);
            const double start = milliseconds(bands_.bucketUs[k]);
            const double high = drawn(sums[k]);
            if (steps) {
                points.append({std::clamp(start, from, to), high});
                points.append({std::clamp(start + step, from, to), high});
            } else {
                points.append({std::clamp(start + step / 2, from, to), high});
            }
        }
        tops_[i]->replace(points);
        if (mode_ == Mode::Stacked) {
            areas_[i]->setVisible(on);
        } else {
            tops_[i]->setVisible(on);
        }
    }
    drawAxes(highest);
    viewport()->update();
}

void TimeChart::drawAxes(double highest) {
    if (toUs_ <= fromUs_) {
        return;
    }
    const double from = milliseconds(fromUs_);
    const double to = milliseconds(toUs_);
    put(*times_, timeTicks(from, to, width()), from, to);
    const QList<Tick> counts = mode_ == Mode::Log ? powerTicks(highest) : countTicks(highest, height() < 220 ? 3 : 4);
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
    for (qsizetype i = 0; i < tops_.size(); ++i) {
        const QColor colour = theme_.protocolColour(bands_.layers[i].name);
        if (mode_ == Mode::Stacked) {
            areas_[i]->setPen(Qt::NoPen);
            areas_[i]->setBrush(colour);
        } else {
            tops_[i]->setPen(QPen(colour, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        }
    }
    viewport()->update();
}

qint64 TimeChart::timeAt(double x) const {
    const QRectF plot = chart()->plotArea();
    const double share = (std::clamp(x, plot.left(), plot.right()) - plot.left()) / std::max(1.0, plot.width());
    return fromUs_ + static_cast<qint64>(share * static_cast<double>(toUs_ - fromUs_));
}

int TimeChart::bucketAt(double x) const {
    const QRectF plot = chart()->plotArea();
    if (x < plot.left() || x > plot.right()) {
        return -1;
    }
    const auto after = std::ranges::upper_bound(bands_.bucketUs, timeAt(x));
    return static_cast<int>(after - bands_.bucketUs.begin()) - 1;
}

int TimeChart::layerAt(const QPointF& point) const {
    const QRectF plot = chart()->plotArea();
    if (!plot.contains(point)) {
        return -1;
    }
    int nearest = -1;
    double distance = kNear;
    for (int i = 0; i < tops_.size(); ++i) {
        if (!shown(bands_.layers[i].name) || tops_[i]->count() == 0) {
            continue;
        }
        const double high =
            chart()->mapToPosition(QPointF(0, heightAt(*tops_[i], milliseconds(timeAt(point.x()))))).y();
        if (mode_ == Mode::Stacked && point.y() >= high) {
            return i;
        }
        if (mode_ != Mode::Stacked && std::abs(point.y() - high) <= distance) {
            distance = std::abs(point.y() - high);
            nearest = i;
        }
    }
    return nearest;
}

void TimeChart::clicked(const QPointF& point) {
    const int layer = layerAt(point);
    const int bucket = bucketAt(point.x());
    if (layer >= 0 && bucket >= 0 && bands_.layers[layer].sessions[bucket] > 0) {
        Q_EMIT bandChosen(layer, bucket);
    }
}

void TimeChart::hover(int bucket) {
    const int found = bucket >= 0 && bucket < bands_.bucketUs.size() ? bucket : -1;
    if (found != hovered_) {
        hovered_ = found;
        setAccessibleDescription(found < 0 ? QString() : tipOf(found).words());
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
    hover(bucketAt(x));
    const bool band = !dragging_ && layerAt(event->position()) >= 0;
    viewport()->setCursor(band ? Qt::PointingHandCursor : Qt::CrossCursor);
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
    } else {
        clicked(event->position());
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
    } else if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && hovered_ >= 0) {
        Q_EMIT bucketChosen(hovered_);
    } else {
        event->ignore();  // the page may know it
    }
}

void TimeChart::resizeEvent(QResizeEvent* event) {
    QChartView::resizeEvent(event);
    draw();
}

}  // namespace apiary::console
