#pragma once

#include "console/view/theme.hpp"

#include <QRectF>

class QPainter;

namespace apiary::console {

/// A small table over a painted area: a title and its figure, and lines with a colour each.
struct Tip {
    struct Line {
        QColor colour;
        QString name;
        QString figure;
    };

    QString title;
    QString figure;
    QList<Line> lines;

    QSizeF size() const;
    /// All of it in a line, for whoever hears it.
    QString words() const;
};

/// Paints it beside `point` inside `field`: to the right of it, or to the left where there is no room.
void paintTip(QPainter& painter, const Tip& tip, const QPointF& point, const QRectF& field, const Tokens& tokens);

}  // namespace apiary::console
