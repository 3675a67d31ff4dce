#include "console/view/time_axes.hpp"

#include "console/model/figures.hpp"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kMinute = 60e3;
constexpr double kHour = 3600e3;
constexpr std::array<double, 14> kSteps{kMinute,      2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute,
                                        30 * kMinute, kHour,       2 * kHour,   3 * kHour,    6 * kHour,
                                        12 * kHour,   24 * kHour,  48 * kHour,  168 * kHour};

double niceStep(double rough) {
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
        const double step = factor * power;
        if (rough <= step * 1.0001 && std::floor(step) == step) {
            return step;
        }
    }
    return 10 * power;
}

}  // namespace

QList<Tick> timeTicks(double fromMs, double toMs, int pixels, int pixelsEach) {
    const double span = std::max(1.0, toMs - fromMs);
    const double wanted = std::max(3.0, double(pixels) / pixelsEach);
    double step = kSteps.back();
    for (const double candidate : kSteps) {
        if (span / candidate <= wanted) {
            step = candidate;
            break;
        }
    }
    QList<Tick> ticks;
    const auto first = static_cast<qint64>(std::ceil(fromMs / step));
    const auto last = static_cast<qint64>(std::floor(toMs / step));
    for (qint64 i = first; i <= last; ++i) {
        const double at = static_cast<double>(i) * step;
        if (at - fromMs < span / 50 || toMs - at < span / 50) {
            continue;  // its label would be cut
        }
        const QDateTime time = QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(at), Qt::UTC);
        const bool midnight = time.time() == QTime(0, 0);
        // Zero-width spaces make the same hour of two days two labels.
        ticks.append({at, midnight ? QLocale(QLocale::English).toString(time, u"ddd d MMM"_s)
                                   : time.toString(u"HH:mm"_s) + QString(ticks.size(), QChar(0x200B))});
    }
    return ticks;
}

QList<Tick> countTicks(double highest, int wanted) {
    const double top = std::max(1.0, highest * 1.04);
    const double step = std::max(1.0, niceStep(top / wanted));
    QList<Tick> ticks;
    for (int i = 0; i == 0 || ticks.last().at < top; ++i) {
        ticks.append({i * step, i == 0 ? u"0"_s : shortNumber(i * step)});
    }
    return ticks;
}

QList<Tick> powerTicks(double highest) {
    QList<Tick> ticks{{0, u"≤ 1"_s}};
    for (double value = 10; ticks.size() < 2 || value < 10 * highest; value *= 10) {
        ticks.append({std::log10(value), shortNumber(value)});
    }
    return ticks;
}

}  // namespace apiary::console
