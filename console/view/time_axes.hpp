#pragma once

#include <QList>
#include <QString>

namespace apiary::console {

/// A tick of an axis. Labels of one axis differ from each other: Qt Charts drops equal ones silently.
struct Tick {
    double at = 0;
    QString label;
};

/// Ticks at round times in UTC, about one in `pixelsEach` of `pixels`; the date at midnight. Times are milliseconds.
QList<Tick> timeTicks(double fromMs, double toMs, int pixels, int pixelsEach = 90);

/// Ticks at round whole numbers from 0 to at least `highest`; the last one is the axis' end.
QList<Tick> countTicks(double highest, int wanted = 4);

/// Ticks at powers of ten for an axis of logarithms, from 1 - which stands for none too - to at least `highest`.
QList<Tick> powerTicks(double highest);

}  // namespace apiary::console
