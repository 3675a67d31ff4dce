#include "console/view/session_histogram.hpp"

#include "console/model/figures.hpp"
#include "console/view/silence.hpp"
#include "console/view/time_axes.hpp"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kBars = 120;
constexpr int kAxis = 16;
constexpr int kHeight = 64;

}  // namespace

SessionHistogram::SessionHistogram(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setObjectName(u"histogram"_s);
    setFixedHeight(kHeight);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(u"Sessions over time: drag to choose a range"_s);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void SessionHistogram::setSeries(const Series& series, qint64 fromUs, qint64 toUs) {
    series_ = series;
    fromUs_ = fromUs;
    toUs_ = toUs;
    if (!dragging_) {
        first_ = last_ = -1;
    }
    join();
    update();
}

/// Buckets of all protocols, in as many bars as can be told apart.
void SessionHistogram::join() {
    const qsizetype buckets = series_.bucketUs.size();
    const qsizetype each = std::max<qsizetype>(1, (buckets + kBars - 1) / kBars);
    bars_ = QList<quint64>((buckets + each - 1) / each, 0);
    for (const ProtocolCounts& counts : series_.protocols) {
        for (qsizetype i = 0; i < std::min(buckets, counts.sessions.size()); ++i) {
            bars_[i / each] += counts.sessions[i];
        }
    }
    silent_ = QList<bool>(series_.covered.isEmpty() ? 0 : bars_.size(), true);
    for (qsizetype i = 0; i < std::min(buckets, series_.covered.size()); ++i) {
        silent_[i / each] = silent_[i / each] && series_.covered[i] == 0;
    }
}

QRectF SessionHistogram::barField(qsizetype bar) const {
    const double wide = static_cast<double>(width()) / static_cast<double>(std::max<qsizetype>(1, bars_.size()));
    return {wide * static_cast<double>(bar), 0, wide, static_cast<double>(height() - kAxis)};
}

qsizetype SessionHistogram::barAt(double x) const {
    const auto bar = static_cast<qsizetype>(x * static_cast<double>(bars_.size()) / std::max(1, width()));
    return std::clamp<qsizetype>(bar, 0, bars_.size() - 1);
}

void SessionHistogram::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Tokens& tokens = theme_.tokens();
    const quint64 highest = bars_.isEmpty() ? 0 : *std::ranges::max_element(bars_);
    QColor dim = tokens.accent;
    dim.setAlphaF(0.42F);
    for (qsizetype bar = 0; bar < bars_.size(); ++bar) {
        const QRectF field = barField(bar);
        if (silentAt(bar)) {
            paintSilence(painter, field, tokens);
        }
        const double share = highest == 0 ? 0 : static_cast<double>(bars_[bar]) / static_cast<double>(highest);
        const double high = bars_[bar] == 0 ? 0 : std::max(1.5, share * (field.height() - 4));
        const bool chosen = first_ >= 0 && bar >= std::min(first_, last_) && bar <= std::max(first_, last_);
        painter.fillRect(QRectF(field.left(), field.bottom() - high, std::max(1.0, field.width() - 1), high),
                         chosen ? tokens.accent : dim);
    }
    painter.setPen(tokens.border);
    painter.drawLine(0, height() - kAxis, width(), height() - kAxis);
    painter.setPen(tokens.secondary);
    painter.setFont(monoFont(10.5));
    const double fromMs = static_cast<double>(fromUs_) / 1000;
    const double toMs = static_cast<double>(toUs_) / 1000;
    if (toMs > fromMs) {
        for (const Tick& tick : timeTicks(fromMs, toMs, width(), 130)) {
            const int x = static_cast<int>((tick.at - fromMs) / (toMs - fromMs) * width());
            QString label = tick.label;
            painter.drawText(std::clamp(x - 24, 0, std::max(0, width() - 48)), height() - 3,
                             label.remove(QChar(0x200b)));
        }
    }
    if (hasFocus()) {
        painter.setPen(QPen(tokens.accent, 2));
        painter.drawRect(rect().adjusted(1, 1, -1, -kAxis));
    }
}

void SessionHistogram::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && !bars_.isEmpty()) {
        dragging_ = true;
        first_ = last_ = barAt(event->position().x());
        update();
    }
}

void SessionHistogram::mouseMoveEvent(QMouseEvent* event) {
    if (dragging_) {
        last_ = barAt(event->position().x());
        update();
    }
}

void SessionHistogram::mouseReleaseEvent(QMouseEvent*) {
    if (dragging_) {
        dragging_ = false;
        choose();
    }
}

void SessionHistogram::keyPressEvent(QKeyEvent* event) {
    const bool right = event->key() == Qt::Key_Right;
    if ((right || event->key() == Qt::Key_Left) && !bars_.isEmpty()) {
        last_ = std::clamp<qsizetype>(last_ < 0 ? (right ? 0 : bars_.size() - 1) : last_ + (right ? 1 : -1), 0,
                                      bars_.size() - 1);
        if (first_ < 0 || !event->modifiers().testFlag(Qt::ShiftModifier)) {
            first_ = last_;
        }
    } else if (event->key() == Qt::Key_Return && first_ >= 0) {
        choose();
    } else if (event->key() == Qt::Key_Escape && first_ >= 0) {
        first_ = last_ = -1;
    } else {
        QWidget::keyPressEvent(event);
        return;
    }
    update();
}

/// Asks for the range of the chosen bars, within that of the list.
void SessionHistogram::choose() {
    const qsizetype buckets = series_.bucketUs.size();
    const qsizetype each = std::max<qsizetype>(1, (buckets + kBars - 1) / kBars);
    const qsizetype from = std::min(first_, last_) * each;
    const qsizetype to = std::min(buckets, (std::max(first_, last_) + 1) * each);
    if (from < 0 || from >= buckets) {
        return;
    }
    const qint64 end = to < buckets ? series_.bucketUs[to] : series_.bucketUs.last() + series_.stepUs;
    const qint64 begin = std::max(fromUs_, series_.bucketUs[from]);
    if (begin < std::min(toUs_, end)) {
        Q_EMIT rangeSelected(begin, std::min(toUs_, end));
    }
}

bool SessionHistogram::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip && !bars_.isEmpty()) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const qsizetype bar = barAt(help->pos().x());
        const qsizetype each = std::max<qsizetype>(1, (series_.bucketUs.size() + kBars - 1) / kBars);
        const QString time = dayTimeText(series_.bucketUs[bar * each]);
        QToolTip::showText(help->globalPos(),
                           silentAt(bar) ? u"Not listening from %1 UTC"_s.arg(time)
                                         : u"%1 sessions from %2 UTC"_s.arg(grouped(bars_[bar]), time),
                           this);
        return true;
    }
    return QWidget::event(event);
}

}  // namespace apiary::console
