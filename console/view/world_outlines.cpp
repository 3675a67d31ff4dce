#include "console/view/world_outlines.hpp"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPolygonF>

#include <algorithm>
#include <cmath>
#include <numbers>

/// A static library's resources are linked in by name; and the macro stands outside of any namespace.
static void takeResources() {
    Q_INIT_RESOURCE(world);
}

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kUnits = 100;  // of the file to a degree
constexpr double kTurn = 360;
constexpr double kNorth = 76.5;
constexpr double kSouth = -55.5;
constexpr double kWest = -172;

/// Longitude and latitude in degrees.
QList<QPolygonF> readArcs(const QJsonArray& written) {
    QList<QPolygonF> arcs;
    for (const auto& one : written) {
        const QJsonArray steps = one.toArray();
        QPolygonF arc;
        QPointF at;
        for (qsizetype i = 0; i + 1 < steps.size(); i += 2) {
            at += QPointF(steps[i].toDouble(), steps[i + 1].toDouble());
            arc << at / kUnits;
        }
        arcs << arc;
    }
    return arcs;
}

/// The arcs of a ring one behind the other; where two meet they share a point.
QPolygonF ringOf(const QJsonArray& numbers, const QList<QPolygonF>& arcs) {
    QPolygonF ring;
    for (const auto& one : numbers) {
        const int number = one.toInt();
        QPolygonF arc = arcs.value(number < 0 ? ~number : number);
        if (number < 0) {
            std::reverse(arc.begin(), arc.end());
        }
        ring << (ring.isEmpty() ? arc : QPolygonF(arc.mid(1)));
    }
    return ring;
}

/// A ring that steps over the date line goes on beyond it instead of jumping to the other edge of the map.
QPolygonF unwrapped(QPolygonF ring) {
    double shift = 0;
    for (qsizetype i = 1; i < ring.size(); ++i) {
        ring[i].rx() += shift;
        const double step = ring[i].x() - ring[i - 1].x();
        if (std::abs(step) > kTurn / 2) {
            const double back = step > 0 ? -kTurn : kTurn;
            shift += back;
            ring[i].rx() += back;
        }
    }
    return ring;
}

/// What of the ring lies west of the limit, or east of it.
QPolygonF cut(const QPolygonF& ring, double limit, bool west) {
    QPolygonF kept;
    const auto inside = [&](const QPointF& point) { return west ? point.x() <= limit : point.x() >= limit; };
    for (qsizetype i = 0; i < ring.size(); ++i) {
        const QPointF& here = ring[i];
        const QPointF& next = ring[(i + 1) % ring.size()];
        if (inside(here)) {
            kept << here;
        }
        if (inside(here) != inside(next)) {
            kept << QPointF(limit, here.y() + (next.y() - here.y()) * (limit - here.x()) / (next.x() - here.x()));
        }
    }
    return kept;
}

void addProjected(QPainterPath& outline, const QPolygonF& ring) {
    if (ring.size() < 3) {
        return;
    }
    QPolygonF projected;
    for (const QPointF& point : ring) {
        projected << WorldOutlines::project(point.x(), point.y());
    }
    outline.addPolygon(projected);
    outline.closeSubpath();
}

void addRing(QPainterPath& outline, const QPolygonF& ring) {
    const QPolygonF whole = unwrapped(ring);
    const QRectF box = whole.boundingRect();
    if (box.left() >= -kTurn / 2 && box.right() <= kTurn / 2) {
        addProjected(outline, whole);
        return;
    }
    for (const double turn : {-kTurn, 0.0, kTurn}) {
        addProjected(outline, cut(cut(whole.translated(turn, 0), kTurn / 2, true), -kTurn / 2, false));
    }
}

}  // namespace

const WorldOutlines& WorldOutlines::instance() {
    static const WorldOutlines world;
    return world;
}

/// Šavrič, Patterson and Jenny, "The Equal Earth map projection", 2018.
QPointF WorldOutlines::project(double longitude, double latitude) {
    constexpr double kA1 = 1.340264;
    constexpr double kA2 = -0.081106;
    constexpr double kA3 = 0.000893;
    constexpr double kA4 = 0.003796;
    constexpr double kDegree = std::numbers::pi / 180;
    const double half = std::sqrt(3.0) / 2;
    const double angle = std::asin(half * std::sin(latitude * kDegree));
    const double square = angle * angle;
    const double sixth = square * square * square;
    const double width = half * (kA1 + 3 * kA2 * square + sixth * (7 * kA3 + 9 * kA4 * square));
    return {longitude * kDegree * std::cos(angle) / width,
            -angle * (kA1 + kA2 * square + sixth * (kA3 + kA4 * square))};
}

WorldOutlines::WorldOutlines() {
    takeResources();
    QFile file(u":/apiary/world.json"_s);
    if (!file.open(QIODevice::ReadOnly)) {
        return;
    }
    const QJsonObject written = QJsonDocument::fromJson(file.readAll()).object();
    const QList<QPolygonF> arcs = readArcs(written[u"arcs"_s].toArray());
    for (const auto& one : written[u"countries"_s].toArray()) {
        Country country{.code = one.toObject()[u"code"_s].toString(), .outline = {}, .box = {}};
        for (const auto& ring : one.toObject()[u"rings"_s].toArray()) {
            addRing(country.outline, ringOf(ring.toArray(), arcs));
        }
        country.outline.setFillRule(Qt::OddEvenFill);
        country.box = country.outline.boundingRect();
        countries_ << country;
    }
    frame_ = QRectF(QPointF(project(kWest, 0).x(), project(0, kNorth).y()),
                    QPointF(project(kTurn / 2, 0).x(), project(0, kSouth).y()));
}

qsizetype WorldOutlines::at(const QPointF& point) const {
    for (qsizetype i = 0; i < countries_.size(); ++i) {
        if (countries_[i].box.contains(point) && countries_[i].outline.contains(point)) {
            return i;
        }
    }
    return -1;
}

}  // namespace apiary::console
