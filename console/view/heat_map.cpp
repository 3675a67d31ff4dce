#include "console/view/heat_map.hpp"

#include "console/model/drill.hpp"
#include "console/model/figures.hpp"
#include "console/view/silence.hpp"
#include "console/view/tip.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kLeft = 34;    // for the names of the days
constexpr double kBottom = 42;  // for hours and scale
constexpr double kGap = 2;
constexpr int kHourEach = 3;
constexpr double kScaleFont = 11.5;
constexpr double kColour = 16;   // wide, of the scale
constexpr double kBetween = 12;  // two words below the hours
const QString kNotListening = u"not listening"_s;

}  // namespace

HeatMap::HeatMap(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(u"Sessions by day of the week and hour"_s);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void HeatMap::setActivity(const Activity& activity) {
    activity_ = activity;
    update();
}

QRectF HeatMap::fieldOf(int hour) const {
    const double wide = (width() - kLeft) / kHours;
    const double high = (height() - kBottom) / kDays;
    return {kLeft + wide * (hour % kHours), high * double(hour / kHours), wide - kGap, high - kGap};
}

int HeatMap::hourAt(const QPointF& point) const {
    const double column = (point.x() - kLeft) * kHours / std::max(1.0, width() - kLeft);
    const double row = point.y() * kDays / std::max(1.0, height() - kBottom);
    if (column < 0 || column >= kHours || row < 0 || row >= kDays) {
        return -1;
    }
    return static_cast<int>(row) * kHours + static_cast<int>(column);
}

quint64 HeatMap::highest() const {
    return activity_.sessions.isEmpty() ? 0 : *std::ranges::max_element(activity_.sessions);
}

const QColor& HeatMap::colourOf(quint64 count) const {
    const QList<QColor>& steps = theme_.tokens().heat;
    if (count == 0) {
        return steps.first();
    }
    const double share = static_cast<double>(count) / static_cast<double>(highest());
    const auto step = static_cast<qsizetype>(std::ceil(share * static_cast<double>(steps.size() - 1)));
    return steps[std::clamp<qsizetype>(step, 1, steps.size() - 1)];
}

void HeatMap::moveTo(int hour) {
    if (hour != current_) {
        current_ = hour;
        if (hour >= 0 && hour < activity_.sessions.size()) {
            setAccessibleDescription(activity_.silentAt(hour)
                                         ? u"%1: %2"_s.arg(weekHourText(hour), wordsOf(hour))
                                         : u"%1: %2 sessions"_s.arg(weekHourText(hour), wordsOf(hour)));
        }
        update();
    }
}

QString HeatMap::wordsOf(int hour) const {
    return activity_.silentAt(hour) ? u"not listening"_s : grouped(activity_.sessions[hour]);
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
    moveTo(hourAt(event->position()));
}

void HeatMap::mouseReleaseEvent(QMouseEvent* event) {
    const int hour = hourAt(event->position());
    if (event->button() == Qt::LeftButton && hour >= 0 && hour < activity_.sessions.size()) {
        Q_EMIT activated(hour);
    }
}

void HeatMap::leaveEvent(QEvent*) {
    moveTo(-1);
}

/// Arrows move over the fields: not the focus, as the scroll area around would have it.
bool HeatMap::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Left || key == Qt::Key_Right || key == Qt::Key_Up || key == Qt::Key_Down) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
    const int at = std::max(0, current_);
    const int row = at / kHours;
    const int column = at % kHours;
    switch (event->key()) {
        case Qt::Key_Left:
            return moveTo(row * kHours + std::max(0, column - 1));
        case Qt::Key_Right:
            return moveTo(current_ < 0 ? 0 : row * kHours + std::min(kHours - 1, column + 1));
        case Qt::Key_Up:
            return moveTo(std::max(0, row - 1) * kHours + column);
        case Qt::Key_Down:
            return moveTo(current_ < 0 ? 0 : std::min(kDays - 1, row + 1) * kHours + column);
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (current_ >= 0 && current_ < activity_.sessions.size()) {
                Q_EMIT activated(current_);
            }
            return;
        default:
            QWidget::keyPressEvent(event);
    }
}

void HeatMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    if (activity_.sessions.size() != kDays * kHours) {
        return;
    }
    paintFields(painter);
    paintScale(painter);
    if (hasFocus() && current_ < 0) {
        painter.setPen(QPen(tokens.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(kLeft - 2, 0, width() - kLeft + 1, height() - kBottom).adjusted(1, 1, -1, -1), 4,
                                4);
    }
    if (current_ >= 0) {
        const QRectF field = fieldOf(current_);
        painter.setPen(QPen(hasFocus() ? tokens.accent : tokens.text, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(field.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
        paintTip(painter, {.title = weekHourText(current_), .figure = wordsOf(current_), .lines = {}},
                 QPointF(field.right(), field.top()), rect(), tokens);
    }
}

void HeatMap::paintFields(QPainter& painter) const {
    const Tokens& tokens = theme_.tokens();
    for (int hour = 0; hour < activity_.sessions.size(); ++hour) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(colourOf(activity_.sessions[hour]));
        if (activity_.silentAt(hour)) {
            paintSilence(painter, fieldOf(hour), tokens);
        } else {
            painter.drawRoundedRect(fieldOf(hour), 3, 3);
        }
    }
    painter.setFont(uiFont(11.5));
    painter.setPen(tokens.secondary);
    for (int day = 0; day < kDays; ++day) {
        const QRectF field = fieldOf(day * kHours);
        painter.drawText(QRectF(0, field.top(), kLeft - 4, field.height()), Qt::AlignLeft | Qt::AlignVCenter,
                         weekHourText(day * kHours).first(3));
    }
    for (int hour = 0; hour < kHours; hour += kHourEach) {
        const QRectF field = fieldOf((kDays - 1) * kHours + hour);
        painter.drawText(QRectF(field.left(), field.bottom() + 4, 40, 14), Qt::AlignLeft | Qt::AlignVCenter,
                         u"%1"_s.arg(hour, 2, 10, QChar(u'0')));
    }
}

QString HeatMap::axisWords() const {
    const QFontMetrics metrics(uiFont(kScaleFont));
    for (const QString& words : {u"hour of day, UTC"_s, u"UTC"_s}) {
        if (kLeft + metrics.horizontalAdvance(words) + kBetween <= scaleLeft()) {
            return words;
        }
    }
    return {};
}

double HeatMap::coloursLeft() const {
    const QFontMetrics metrics(uiFont(kScaleFont));
    const int most = metrics.horizontalAdvance(shortNumber(static_cast<double>(highest())));
    return width() - kGap - most - 6.0 - kColour * static_cast<double>(theme_.tokens().heat.size());
}

double HeatMap::scaleLeft() const {
    const double zero = coloursLeft() - 26;
    return activity_.covered.contains(0)
               ? zero - QFontMetrics(uiFont(kScaleFont)).horizontalAdvance(kNotListening) - kColour - 6
               : zero;
}

void HeatMap::paintScale(QPainter& painter) const {
    const Tokens& tokens = theme_.tokens();
    const double top = height() - 16;
    const auto write = [&](double left, double right, Qt::Alignment side, const QString& words) {
        painter.drawText(QRectF(left, top - 1, right - left, 16), static_cast<int>(side | Qt::AlignVCenter), words);
    };
    painter.setFont(uiFont(kScaleFont));
    painter.setPen(tokens.secondary);
    const double left = coloursLeft();
    const double right = left + kColour * static_cast<double>(tokens.heat.size());
    write(kLeft, scaleLeft(), Qt::AlignLeft, axisWords());
    write(right + 6, width(), Qt::AlignLeft, shortNumber(static_cast<double>(highest())));
    write(left - 26, left - 6, Qt::AlignRight, u"0"_s);
    for (qsizetype i = 0; i < tokens.heat.size(); ++i) {
        painter.fillRect(QRectF(left + kColour * static_cast<double>(i), top + 3, kColour - 1, 8), tokens.heat[i]);
    }
    if (activity_.covered.contains(0)) {
        const double start = scaleLeft();
        paintSilence(painter, QRectF(start, top + 3, kColour, 8), tokens);
        painter.setPen(tokens.secondary);
        write(start + kColour + 6, left, Qt::AlignLeft, kNotListening);
    }
}

}  // namespace apiary::console
