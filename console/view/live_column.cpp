#include "console/view/live_column.hpp"

#include "console/model/figures.hpp"
#include "console/model/session_table_model.hpp"
#include "console/model/visible_text.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 45;
constexpr int kProtocol = 82;
constexpr int kClock = 66;
constexpr int kCountry = 22;

QString counted(quint64 count, const QString& one, const QString& many) {
    return count == 1 ? u"1 "_s + one : grouped(count) + u' ' + many;
}

}  // namespace

QString deedText(const SessionRow& row) {
    QStringList deeds;
    if (row.credentials > 0) {
        deeds.append(counted(row.credentials, u"login"_s, u"logins"_s) +
                     (row.loginAccepted ? u", accepted"_s : QString()));
    }
    if (row.commands > 0) {
        deeds.append(counted(row.commands, u"command"_s, u"commands"_s));
    }
    if (row.artifacts > 0) {
        deeds.append(counted(row.artifacts, u"file"_s, u"files"_s));
    }
    if (deeds.isEmpty()) {
        deeds.append(u"port %1"_s.arg(row.targetPort));
    }
    deeds.append(row.open() ? u"connected"_s : durationText(row.endedUs - row.startedUs));
    return deeds.join(u" · "_s);
}

LiveColumn::LiveColumn(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QAbstractScrollArea(parent), theme_(theme), workspace_(workspace) {
    setFrameShape(NoFrame);
    // For these two alone: without a selector it would be that of their tool tips too.
    setStyleSheet(u"QAbstractScrollArea, #qt_scrollarea_viewport { background: transparent; }"_s);
    viewport()->setAutoFillBackground(false);
    viewport()->setMouseTracking(true);
    viewport()->setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(u"Live sessions"_s);
    connect(&workspace_.live(), &LiveFeed::changed, this, &LiveColumn::fit);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    fit();
}

QStringList LiveColumn::shownCells(int row) const {
    const SessionRow& session = rows()[row];
    return {protocolText(session.protocol), visible(session.source, 48),
            clockText(session.startedUs),   deedText(session),
            visible(session.sensor, 48),    visible(session.country, 8)};
}

int LiveColumn::shownRows() const {
    return std::min(static_cast<int>(rows().size()), viewport()->height() / kRow + 1);
}

QRect LiveColumn::rectOf(int row) const {
    return {0, row * kRow - verticalScrollBar()->value(), viewport()->width(), kRow};
}

QRect LiveColumn::screenOf(int row) const {
    const QRect seen = rectOf(row) & viewport()->rect();
    return seen.height() < kRow / 2 || !isVisible() ? QRect()
                                                    : QRect(viewport()->mapToGlobal(seen.topLeft()), seen.size());
}

int LiveColumn::rowAt(const QPointF& point) const {
    const int row = (static_cast<int>(point.y()) + verticalScrollBar()->value()) / kRow;
    return point.y() >= 0 && row < rows().size() ? row : -1;
}

void LiveColumn::fit() {
    const int high = static_cast<int>(rows().size()) * kRow;
    verticalScrollBar()->setRange(0, std::max(0, high - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kRow);
    current_ = std::clamp(current_, 0, std::max(0, static_cast<int>(rows().size()) - 1));
    viewport()->update();
}

void LiveColumn::resizeEvent(QResizeEvent*) {
    setViewportMargins(0, 0, 0, std::max(0, height() - kRow) % kRow);  // whole rows only
    fit();
}

bool LiveColumn::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave) {
        hovered_ = -1;
        viewport()->update();
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void LiveColumn::mouseMoveEvent(QMouseEvent* event) {
    hovered_ = rowAt(event->position());
    viewport()->update();
}

void LiveColumn::mouseReleaseEvent(QMouseEvent* event) {
    const int row = rowAt(event->position());
    if (event->button() == Qt::LeftButton && row >= 0) {
        current_ = row;
        Q_EMIT activated(rows()[row].id);
    }
}

void LiveColumn::moveTo(int row) {
    if (rows().isEmpty()) {
        return;
    }
    current_ = std::clamp(row, 0, static_cast<int>(rows().size()) - 1);
    const QRect at = rectOf(current_);
    if (at.top() < 0) {
        verticalScrollBar()->setValue(verticalScrollBar()->value() + at.top());
    } else if (at.bottom() > viewport()->height()) {
        verticalScrollBar()->setValue(verticalScrollBar()->value() + at.bottom() + 1 - viewport()->height());
    }
    setAccessibleDescription(shownCells(current_).join(u", "_s));
    viewport()->update();
}

void LiveColumn::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Down:
            return moveTo(current_ + 1);
        case Qt::Key_Up:
            return moveTo(current_ - 1);
        case Qt::Key_Home:
            return moveTo(0);
        case Qt::Key_End:
            return moveTo(static_cast<int>(rows().size()) - 1);
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (current_ < rows().size()) {
                Q_EMIT activated(rows()[current_].id);
            }
            return;
        default:
            event->ignore();  // the page knows Space
    }
}

void LiveColumn::focusInEvent(QFocusEvent*) {
    viewport()->update();
}

void LiveColumn::focusOutEvent(QFocusEvent*) {
    viewport()->update();
}

void LiveColumn::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    const int first = verticalScrollBar()->value() / kRow;
    for (int row = first; row < rows().size() && rectOf(row).top() < viewport()->height(); ++row) {
        paintRow(painter, row);
    }
}

void LiveColumn::paintRow(QPainter& painter, int row) const {
    const Tokens& tokens = theme_.tokens();
    const QStringList cells = shownCells(row);
    const QRect at = rectOf(row);
    const int top = at.top();
    const int wide = at.width();
    const bool chosen = hasFocus() && row == current_;
    if (row == hovered_ || chosen) {
        painter.setPen(chosen ? QPen(tokens.accent, 2) : QPen(Qt::NoPen));
        painter.setBrush(tokens.hover);
        painter.drawRoundedRect(QRectF(at).adjusted(1, 1, -1, -2), 4, 4);
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.protocolColour(cells[0]));
    painter.drawRoundedRect(QRectF(0, top + 5, 3, kRow - 12), 1.5, 1.5);
    painter.setFont(uiFont(12, QFont::DemiBold));
    painter.setPen(tokens.text);
    painter.drawText(QRect(12, top + 3, kProtocol - 16, 20), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(cells[0], Qt::ElideRight, kProtocol - 14));
    painter.setFont(monoFont(12));
    const int room = wide - kProtocol - kClock - (cells[5].isEmpty() ? 0 : kCountry);
    painter.drawText(QRect(kProtocol, top + 3, room, 20), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(cells[1], Qt::ElideMiddle, room));
    painter.setFont(monoFont(11));
    painter.setPen(tokens.secondary);
    painter.drawText(QRect(wide - kClock, top + 3, kClock - 4, 20), Qt::AlignRight | Qt::AlignVCenter, cells[2]);
    painter.drawText(QRect(wide - kClock - kCountry, top + 3, kCountry, 20), Qt::AlignLeft | Qt::AlignVCenter,
                     cells[5]);
    const QString sensor = painter.fontMetrics().elidedText(cells[4], Qt::ElideRight, 90);
    const int sensorWide = painter.fontMetrics().horizontalAdvance(sensor);
    painter.drawText(QRect(wide - 4 - sensorWide, top + 22, sensorWide, 18), Qt::AlignRight | Qt::AlignVCenter, sensor);
    painter.setFont(uiFont(12));
    painter.drawText(QRect(12, top + 22, wide - sensorWide - 26, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(cells[3], Qt::ElideRight, wide - sensorWide - 26));
    painter.setPen(tokens.grid);
    painter.drawLine(QPointF(12, top + kRow - 0.5), QPointF(wide, top + kRow - 0.5));
}

}  // namespace apiary::console
