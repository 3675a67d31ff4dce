#include "console/view/tile.hpp"

#include "console/model/figures.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <utility>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kCoursePoints = 48;

/// Which of those points stand for a time in which somebody listened.
QList<bool> heard(const QList<quint64>& course, const QList<bool>& silent) {
    const qsizetype points = std::min<qsizetype>(course.size(), kCoursePoints);
    QList<bool> result(points, silent.size() != course.size());
    for (qsizetype i = 0; i < std::min(course.size(), silent.size()); ++i) {
        result[i * points / course.size()] |= !silent[i];
    }
    return result;
}

/// A piece of the curve without a hole.
void paintPiece(QPainter& painter, const QRectF& field, const QPolygonF& line, const QColor& colour) {
    if (line.size() < 2) {
        return;
    }
    QLinearGradient fade(field.topLeft(), field.bottomLeft());
    QColor from = colour;
    QColor to = colour;
    from.setAlphaF(0.26F);
    to.setAlphaF(0.02F);
    fade.setColorAt(0, from);
    fade.setColorAt(1, to);
    QPolygonF area = line;
    area << QPointF(line.last().x(), field.bottom()) << QPointF(line.first().x(), field.bottom());
    painter.setPen(Qt::NoPen);
    painter.setBrush(fade);
    painter.drawPolygon(area);
    painter.setPen(QPen(colour, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(line);
}

void paintCourse(QPainter& painter, const QRectF& field, const QList<double>& course, const QList<bool>& heard,
                 const QColor& colour) {
    const double highest = std::max(1.0, *std::ranges::max_element(course));
    QPolygonF line;
    for (qsizetype i = 0; i < course.size(); ++i) {
        if (!heard[i]) {
            paintPiece(painter, field, std::exchange(line, {}), colour);
            continue;
        }
        line << QPointF(field.left() + field.width() * double(i) / double(course.size() - 1),
                        field.bottom() - course[i] / highest * field.height());
    }
    paintPiece(painter, field, line, colour);
}

}  // namespace

Tile::Tile(const Theme& theme, const QString& name, QWidget* parent) : QWidget(parent), theme_(theme), name_(name) {
    setFixedHeight(92);
    setMinimumWidth(120);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(name);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Tile::setValue(const QString& value, const QString& note, Mood mood) {
    loading_ = false;
    value_ = value;
    note_ = note;
    mood_ = mood;
    setAccessibleName(name_ + u": "_s + value + u", "_s + note);
    update();
}

void Tile::setCourse(const QList<quint64>& course, const QList<bool>& silent) {
    course_ = course;
    silent_ = silent;
    update();
}

void Tile::setOpens(const QString& what) {
    opens_ = true;
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setToolTip(what.toHtmlEscaped());
    setAccessibleDescription(what);
}

void Tile::enterEvent(QEnterEvent*) {
    hovered_ = true;
    update();
}

void Tile::leaveEvent(QEvent*) {
    hovered_ = false;
    update();
}

void Tile::mouseReleaseEvent(QMouseEvent* event) {
    if (opens_ && event->button() == Qt::LeftButton && rect().contains(event->position().toPoint())) {
        Q_EMIT activated();
    }
}

void Tile::keyPressEvent(QKeyEvent* event) {
    if (opens_ && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        Q_EMIT activated();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void Tile::focusInEvent(QFocusEvent*) {
    update();
}

void Tile::focusOutEvent(QFocusEvent*) {
    update();
}

void Tile::setLoading() {
    loading_ = true;
    value_.clear();
    note_.clear();
    update();
}

void Tile::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& tokens = theme_.tokens();
    painter.setPen(hasFocus() ? QPen(tokens.accent, 2) : QPen(opens_ && hovered_ ? tokens.faint : tokens.border, 1));
    painter.setBrush(tokens.card);
    const double inset = hasFocus() ? 1 : 0.5;
    painter.drawRoundedRect(QRectF(rect()).adjusted(inset, inset, -inset, -inset), 8, 8);

    const int inner = width() - 28;
    painter.setFont(uiFont(12.5, QFont::Medium));
    painter.setPen(tokens.secondary);
    painter.drawText(QRect(14, 11, inner, 18), Qt::AlignLeft | Qt::AlignVCenter, name_);
    if (loading_) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(tokens.hover);
        painter.drawRoundedRect(QRectF(14, 36, std::min(96, inner), 20), 4, 4);
        painter.drawRoundedRect(QRectF(14, 66, std::min(140, inner), 10), 4, 4);
        return;
    }
    if (course_.size() > 1 && width() >= 210) {
        paintCourse(painter, QRectF(width() * 0.58, 33, width() * 0.42 - 14, 24), inFewPoints(course_, kCoursePoints),
                    heard(course_, silent_), tokens.accent);
    }
    painter.setFont(uiFont(25, QFont::DemiBold));
    painter.setPen(mood_ == Mood::Stale ? tokens.faint : tokens.text);
    painter.drawText(QRect(14, 29, inner, 34), Qt::AlignLeft | Qt::AlignVCenter, value_);
    painter.setFont(uiFont(12, mood_ == Mood::Calm ? QFont::Normal : QFont::Medium));
    const bool bad = mood_ == Mood::Critical || mood_ == Mood::Stale;
    painter.setPen(bad ? tokens.critical : mood_ == Mood::Warn ? tokens.warn : tokens.secondary);
    painter.drawText(QRect(14, 65, inner, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(note_, Qt::ElideRight, inner));
}

}  // namespace apiary::console
