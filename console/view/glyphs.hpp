#pragma once

#include <QColor>
#include <QPixmap>

class QPainter;

namespace apiary::console {

enum class Glyph {
    Overview,
    Sessions,
    Hexagon,
    Search,
    Refresh,
    Sun,
    Moon,
    Clock,
    ZoomOut,
    Check,
    Alert,
    Plug,
    Lock,
    Cross,
    Quiet,
    Shield,
    Pause,
    Download,
    Help,
    Copy,
    Save,
    Columns
};

/// A line drawing of 24 units, `pixels` wide, crisp at any scale of the screen.
QPixmap glyph(Glyph which, const QColor& colour, int pixels, qreal scale);

/// The mark of the program: three combs, `size` wide with its corner at (x, y).
void paintMark(QPainter& painter, qreal x, qreal y, qreal size);

}  // namespace apiary::console
