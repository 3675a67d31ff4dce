#include "console/model/figures.hpp"

#include "console/model/visible_text.hpp"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

const QLocale& english() {
    static const QLocale locale(QLocale::English, QLocale::UnitedStates);
    return locale;
}

QString stamp(qint64 us, const QString& format) {
    return english().toString(QDateTime::fromMSecsSinceEpoch(us / 1000, Qt::UTC), format);
}

QString decimal(double number) {
    QString text = QString::number(number, 'f', number < 9.95 ? 1 : 0);
    if (text.endsWith(".0"_L1)) {
        text.chop(2);
    }
    return text;
}

}  // namespace

QString grouped(quint64 number) {
    return english().toString(number);
}

QString shortNumber(double number) {
    static constexpr std::array<std::pair<double, char>, 3> kUnits{{{1e9, 'G'}, {1e6, 'M'}, {1e3, 'k'}}};
    for (const auto& [size, unit] : kUnits) {
        if (number >= size) {
            return decimal(number / size) + QLatin1Char(unit);
        }
    }
    return decimal(number);
}

QString byteText(quint64 bytes) {
    static constexpr std::array<std::pair<double, const char*>, 3> kUnits{{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}}};
    const auto size = static_cast<double>(bytes);
    for (const auto& [unit, name] : kUnits) {
        if (size >= unit) {
            return decimal(size / unit) + u' ' + QLatin1String(name);
        }
    }
    return QString::number(bytes) + u" B"_s;
}

QString durationText(qint64 us) {
    const double seconds = static_cast<double>(us) / 1e6;
    if (seconds < 10) {
        return QString::number(seconds, 'f', 2) + u" s"_s;
    }
    const auto whole = static_cast<qint64>(std::llround(seconds));
    if (whole < 120) {
        return QString::number(whole) + u" s"_s;
    }
    if (whole < 7200) {
        return QString::number(whole / 60) + u" min"_s;
    }
    return u"%1 h %2 min"_s.arg(whole / 3600).arg(whole % 3600 / 60);
}

QString ageText(qint64 us) {
    if (us < 0) {
        return u"now"_s;
    }
    return us < 10'000'000 ? QString::number(us / 1'000'000) + u" s"_s : durationText(us);
}

QString dayTimeText(qint64 us) {
    return stamp(us, u"dd MMM HH:mm:ss"_s);
}

QString clockText(qint64 us) {
    return stamp(us, u"HH:mm:ss"_s);
}

QString fullTimeText(qint64 us) {
    return stamp(us, u"yyyy-MM-dd HH:mm:ss.zzz"_s);
}

QString rangeText(qint64 fromUs, qint64 toUs) {
    return u"%1 to %2 UTC"_s.arg(stamp(fromUs, u"d MMM HH:mm"_s), stamp(toUs, u"d MMM HH:mm"_s));
}

QList<double> inFewPoints(const QList<quint64>& course, qsizetype points) {
    QList<double> means;
    points = std::min(points, course.size());
    for (qsizetype point = 0; point < points; ++point) {
        const qsizetype from = point * course.size() / points;
        const qsizetype to = (point + 1) * course.size() / points;
        double sum = 0;
        for (qsizetype i = from; i < to; ++i) {
            sum += static_cast<double>(course[i]);
        }
        means.append(sum / static_cast<double>(to - from));
    }
    return means;
}

QString idText(const QByteArray& id) {
    QString hex = QString::fromLatin1(id.toHex());
    if (id.size() == 16) {
        for (const qsizetype at : {20, 16, 12, 8}) {
            hex.insert(at, u'-');
        }
    }
    return hex;
}

QString protocolText(const QString& protocol) {
    return visible(protocol, 24).toUpper();
}

}  // namespace apiary::console
