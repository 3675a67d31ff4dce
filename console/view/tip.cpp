#include "console/view/tip.hpp"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kLine = 18;
constexpr double kHead = 20;
constexpr double kNarrowest = 196;
constexpr double kAway = 14;

}  // namespace

QSizeF Tip::size() const {
    const double words = QFontMetricsF(uiFont(12, QFont::DemiBold)).horizontalAdvance(title);
    const double number = QFontMetricsF(monoFont(12, QFont::Medium)).horizontalAdvance(figure);
    return {std::max(kNarrowest, words + number + 40),
            kHead + 12 + (lines.isEmpty() ? 0 : 8 + kLine * double(lines.size()))};
}

QString Tip::words() const {
    QString text = title + u": "_s + figure;
    for (const Line& line : lines) {
        text += u", "_s + line.name + u' ' + line.figure;
    }
    return text;
}

void paintTip(QPainter& painter, const Tip& tip, const QPointF& point, const QRectF& field, const Tokens& tokens) {
    const QSizeF size = tip.size();
    double left = point.x() + kAway;
    if (left + size.width() > field.right()) {
        left = std::max(field.left() + 2, point.x() - kAway - size.width());
    }
    const double top =
        std::clamp(point.y(), field.top() + 2, std::max(field.top() + 2, field.bottom() - size.height() - 4));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(tokens.border);
    painter.setBrush(tokens.card);
    painter.drawRoundedRect(QRectF(QPointF(left, top), size), 6, 6);
    const QRectF head(left + 10, top + 6, size.width() - 20, kHead);
    painter.setFont(uiFont(12, QFont::DemiBold));
    painter.setPen(tokens.text);
    painter.drawText(head, Qt::AlignLeft | Qt::AlignVCenter, tip.title);
    painter.setFont(monoFont(12, QFont::Medium));
    painter.drawText(head, Qt::AlignRight | Qt::AlignVCenter, tip.figure);
    for (qsizetype i = 0; i < tip.lines.size(); ++i) {
        const Tip::Line& line = tip.lines[i];
        const QRectF row(left + 10, top + 30 + kLine * double(i), size.width() - 20, kLine);
        painter.setPen(Qt::NoPen);
        painter.setBrush(line.colour);
        painter.drawRoundedRect(QRectF(row.left(), row.top() + 4, 10, 10), 2, 2);
        painter.setFont(uiFont(12));
        painter.setPen(tokens.secondary);
        painter.drawText(row.adjusted(17, 0, -50, 0), Qt::AlignLeft | Qt::AlignVCenter, line.name);
        painter.setFont(monoFont(12));
        painter.setPen(tokens.text);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, line.figure);
    }
}

}  // namespace apiary::console
