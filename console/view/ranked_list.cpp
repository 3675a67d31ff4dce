#include "console/view/ranked_list.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 25;
constexpr int kChange = 52;
constexpr int kCount = 66;
constexpr double kLeastNote = 24;  // of less room nothing can be read

QString wordsOf(const RankedList::Line& line) {
    return line.note.isEmpty() ? line.name : line.name + u" · "_s + line.note;
}

}  // namespace

RankedList::RankedList(const Theme& theme, const QString& accessibleName, QWidget* parent)
    : QAbstractScrollArea(parent), theme_(theme), name_(accessibleName) {
    setFrameShape(NoFrame);
    // For these two alone: without a selector it would be that of their tool tips too.
    setStyleSheet(u"QAbstractScrollArea, #qt_scrollarea_viewport { background: transparent; }"_s);
    viewport()->setAutoFillBackground(false);
    viewport()->setMouseTracking(true);
    viewport()->setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(name_);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void RankedList::setLines(const QList<Line>& lines) {
    lines_ = lines;
    current_ = std::clamp(current_, 0, std::max(0, static_cast<int>(lines_.size()) - 1));
    fit();
}

QRect RankedList::rectOf(int line) const {
    return {0, line * kRow - verticalScrollBar()->value(), viewport()->width(), kRow};
}

QRect RankedList::screenOf(int line) const {
    const QRect seen = rectOf(line) & viewport()->rect();
    return seen.height() < kRow / 2 || !isVisible() ? QRect()
                                                    : QRect(viewport()->mapToGlobal(seen.topLeft()), seen.size());
}

int RankedList::lineAt(const QPointF& point) const {
    const int line = (static_cast<int>(point.y()) + verticalScrollBar()->value()) / kRow;
    return point.y() >= 0 && line < lines_.size() ? line : -1;
}

void RankedList::fit() {
    const int high = static_cast<int>(lines_.size()) * kRow;
    verticalScrollBar()->setRange(0, std::max(0, high - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kRow);
    viewport()->update();
}

void RankedList::resizeEvent(QResizeEvent*) {
    setViewportMargins(0, 0, 0, std::max(0, height() - kRow) % kRow);  // whole rows only
    fit();
}

bool RankedList::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave) {
        hovered_ = -1;
        viewport()->update();
    } else if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int line = lineAt(help->pos());
        if (line >= 0) {
            QToolTip::showText(help->globalPos(), console::toolTip(wordsOf(lines_[line])), viewport());
            return true;
        }
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void RankedList::mouseMoveEvent(QMouseEvent* event) {
    hovered_ = lineAt(event->position());
    viewport()->update();
}

void RankedList::mouseReleaseEvent(QMouseEvent* event) {
    const int line = lineAt(event->position());
    if (event->button() == Qt::LeftButton && line >= 0) {
        moveTo(line);
        Q_EMIT activated(line);
    }
}

void RankedList::moveTo(int line) {
    if (lines_.isEmpty()) {
        return;
    }
    current_ = std::clamp(line, 0, static_cast<int>(lines_.size()) - 1);
    const QRect row = rectOf(current_);
    if (row.top() < 0) {
        verticalScrollBar()->setValue(verticalScrollBar()->value() + row.top());
    } else if (row.bottom() > viewport()->height()) {
        verticalScrollBar()->setValue(verticalScrollBar()->value() + row.bottom() + 1 - viewport()->height());
    }
    setAccessibleDescription(wordsOf(lines_[current_]) + u", "_s + grouped(lines_[current_].count));
    viewport()->update();
}

void RankedList::keyPressEvent(QKeyEvent* event) {
    const int page = std::max(1, viewport()->height() / kRow);
    switch (event->key()) {
        case Qt::Key_Down:
            return moveTo(current_ + 1);
        case Qt::Key_Up:
            return moveTo(current_ - 1);
        case Qt::Key_PageDown:
            return moveTo(current_ + page);
        case Qt::Key_PageUp:
            return moveTo(current_ - page);
        case Qt::Key_Home:
            return moveTo(0);
        case Qt::Key_End:
            return moveTo(static_cast<int>(lines_.size()) - 1);
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (current_ < lines_.size()) {
                Q_EMIT activated(current_);
            }
            return;
        default:
            event->ignore();  // the page may know it
    }
}

void RankedList::focusInEvent(QFocusEvent*) {
    viewport()->update();
}

void RankedList::focusOutEvent(QFocusEvent*) {
    viewport()->update();
}

void RankedList::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    const int first = verticalScrollBar()->value() / kRow;
    for (int line = first; line < lines_.size() && rectOf(line).top() < viewport()->height(); ++line) {
        paintLine(painter, line);
    }
}

void RankedList::paintLine(QPainter& painter, int line) const {
    const Tokens& tokens = theme_.tokens();
    const Line& shown = lines_[line];
    const QRectF row = QRectF(rectOf(line));
    const double room = row.width() - kCount - kChange;
    if (line == hovered_ || (hasFocus() && line == current_)) {
        painter.setPen(hasFocus() && line == current_ ? QPen(tokens.accent, 2) : QPen(Qt::NoPen));
        painter.setBrush(tokens.hover);
        painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), 4, 4);
    }
    const quint64 most = std::max<quint64>(1, lines_.first().count);
    const double share = std::min(1.0, static_cast<double>(shown.count) / static_cast<double>(most));
    painter.setPen(Qt::NoPen);
    painter.setBrush(tokens.bar);
    painter.drawRoundedRect(QRectF(row.left() + 2, row.top() + 3, std::max(3.0, share * (room - 4)), kRow - 6), 3, 3);
    const QFont font = shown.plain ? uiFont(12.5, QFont::Medium) : monoFont(12);
    painter.setFont(font);
    painter.setPen(tokens.text);
    painter.drawText(QRectF(row.left() + 10, row.top(), room - 14, kRow), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(shown.name, Qt::ElideRight, static_cast<int>(room) - 14));
    const double named = 20 + painter.fontMetrics().horizontalAdvance(shown.name);
    if (!shown.note.isEmpty() && room - 4 - named >= kLeastNote) {
        painter.setFont(uiFont(12));
        painter.setPen(tokens.secondary);
        painter.drawText(
            QRectF(row.left() + named, row.top(), room - 4 - named, kRow), Qt::AlignLeft | Qt::AlignVCenter,
            painter.fontMetrics().elidedText(shown.note, Qt::ElideRight, static_cast<int>(room - 4 - named)));
    }
    painter.setFont(monoFont(12));
    painter.drawText(QRectF(row.left() + room, row.top(), kCount, kRow), Qt::AlignRight | Qt::AlignVCenter,
                     shown.count < 10'000'000 ? grouped(shown.count) : shortNumber(static_cast<double>(shown.count)));
    painter.setFont(monoFont(11, shown.rising ? QFont::Bold : QFont::Normal));
    painter.setPen(shown.rising ? tokens.warn : tokens.secondary);
    painter.drawText(QRectF(row.right() - kChange, row.top(), kChange - 4, kRow), Qt::AlignRight | Qt::AlignVCenter,
                     shown.change);
}

}  // namespace apiary::console
