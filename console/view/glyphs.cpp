#include "console/view/glyphs.hpp"

#include <QPainter>
#include <QPolygonF>
#include <QSvgRenderer>

#include <cmath>
#include <numbers>

namespace apiary::console {
namespace {

const char* path(Glyph which) {
    switch (which) {
        case Glyph::Overview:
            return "<rect x='3' y='3' width='8' height='10' rx='1.5'/><rect x='13' y='3' width='8' height='6' "
                   "rx='1.5'/>"
                   "<rect x='13' y='11' width='8' height='10' rx='1.5'/><rect x='3' y='15' width='8' height='6' "
                   "rx='1.5'/>";
        case Glyph::Sessions:
            return "<path d='M4 6h16M4 12h16M4 18h10'/>";
        case Glyph::Hexagon:
            return "<path d='M12 2.5l8.2 4.75v9.5L12 21.5l-8.2-4.75v-9.5z'/>";
        case Glyph::Search:
            return "<circle cx='11' cy='11' r='6.5'/><path d='M16 16l5 5'/>";
        case Glyph::Refresh:
            return "<path d='M20 11a8 8 0 1 0-2.3 6.3'/><path d='M20 4v7h-7'/>";
        case Glyph::Sun:
            return "<circle cx='12' cy='12' r='4'/><path d='M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19"
                   "M5 19l1.5-1.5M17.5 6.5L19 5'/>";
        case Glyph::Moon:
            return "<path d='M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z'/>";
        case Glyph::Clock:
            return "<circle cx='12' cy='12' r='8.5'/><path d='M12 7v5l3.5 2'/>";
        case Glyph::ZoomOut:
            return "<circle cx='11' cy='11' r='6.5'/><path d='M16 16l5 5M8 11h6'/>";
        case Glyph::Check:
            return "<path d='M5 12.5l4.5 4.5L19 7'/>";
        case Glyph::Alert:
            return "<path d='M12 3.5l9.5 16.5h-19z'/><path d='M12 10v4.5M12 17v.5'/>";
        case Glyph::Plug:
            return "<path d='M9 2v6M15 2v6M6 8h12v4a6 6 0 0 1-12 0zM12 18v4'/>";
        case Glyph::Lock:
            return "<rect x='5' y='11' width='14' height='10' rx='2'/><path d='M8 11V7.5a4 4 0 0 1 8 0V11'/>";
        case Glyph::Cross:
            return "<path d='M6 6l12 12M18 6L6 18'/>";
        case Glyph::Quiet:
            return "<path d='M3 12h4l2-3 3 6 2-3h7'/>";
        case Glyph::Download:
            return "<path d='M12 4v11M7.5 11l4.5 4.500 4.500-4.500M5 20h14'/>";
        case Glyph::Help:
            return "<circle cx='12' cy='12' r='8.5'/><path d='M9.700 9.500a2.400 2.400 0 1 1 3.500 2.100c-.8.5-1.200 "
                   "1-1.200 1.900M12 "
                   "16.500v.3'/>";
        case Glyph::Shield:
            return "<path d='M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.500-7.500-5-7.500-9.500V6z'/>";
        case Glyph::Pause:
            return "<path d='M9 5v14M15 5v14'/>";
        case Glyph::Copy:
            return "<rect x='8.5' y='8.5' width='12' height='12' rx='2'/><path d='M15.500 8.500V5.500a2 2 0 0 "
                   "0-2-2H5.500"
                   "a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3'/>";
        case Glyph::Save:
            return "<path d='M12 3.500v11M7.500 10.500l4.500 4.500 4.500-4.500M4 16.500v4h16v-4'/>";
        case Glyph::Columns:
            return "<rect x='3.5' y='4' width='17' height='16' rx='2'/><path d='M9.500 4v16M15 4v16'/>";
    }
    return "";
}

QPolygonF hexagon(QPointF centre, qreal radius) {
    QPolygonF corners;
    for (int i = 0; i < 6; ++i) {
        const qreal angle = i * std::numbers::pi / 3;
        corners << centre + QPointF(radius * std::sin(angle), radius * std::cos(angle));
    }
    return corners;
}

}  // namespace

QPixmap glyph(Glyph which, const QColor& colour, int pixels, qreal scale) {
    const QByteArray svg =
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='" + colour.name().toLatin1() +
        "' stroke-width='1.9' stroke-linecap='round' stroke-linejoin='round'>" + path(which) + "</svg>";
    QSvgRenderer renderer(svg);
    QPixmap pixmap(QSizeF(pixels * scale, pixels * scale).toSize());
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    renderer.render(&painter);
    painter.end();
    pixmap.setDevicePixelRatio(scale);
    return pixmap;
}

void paintMark(QPainter& painter, qreal x, qreal y, qreal size) {
    const qreal radius = size * 0.265;
    const qreal half = radius * std::sqrt(3.0) / 2 * 1.09;
    const QPointF centre(x + size / 2, y + size / 2);
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(0xE0, 0x9A, 0x1E));
    painter.drawPolygon(hexagon(centre + QPointF(0, -radius * 0.82), radius));
    painter.setBrush(QColor(0xF4, 0xC1, 0x54));
    painter.drawPolygon(hexagon(centre + QPointF(-half, radius * 0.82), radius));
    painter.setBrush(QColor(0xB8, 0x6E, 0x0B));
    painter.drawPolygon(hexagon(centre + QPointF(half, radius * 0.82), radius));
}

}  // namespace apiary::console
