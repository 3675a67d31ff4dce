#pragma once

#include <QList>
#include <QPainterPath>
#include <QString>

namespace apiary::console {

/// The countries of the world on a map in the Equal Earth projection, north up: areas can be compared. One unit is the
/// earth's radius; the origin is at 0° N 0° E, y goes down.
class WorldOutlines {
public:
    struct Country {
        QString code;  // ISO 3166-1 alpha-2; empty for what has none
        QPainterPath outline;
        QRectF box;
    };

    /// Read when it is asked for first, in some 10 ms.
    static const WorldOutlines& instance();

    static QPointF project(double longitude, double latitude);

    const QList<Country>& countries() const { return countries_; }
    /// What the map shows: without Antarctica and the far north, where nobody attacks from.
    const QRectF& frame() const { return frame_; }
    /// Which of countries() is there, or -1.
    qsizetype at(const QPointF& point) const;

private:
    WorldOutlines();

    QList<Country> countries_;
    QRectF frame_;
};

}  // namespace apiary::console
