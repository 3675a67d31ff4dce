#include "console/model/time_words.hpp"

#include <QDateTime>
#include <QRegularExpression>
#include <QTimeZone>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qint64 kSecond = 1'000'000;
constexpr qint64 kMinute = 60 * kSecond;
constexpr qint64 kHour = 60 * kMinute;
constexpr qint64 kDay = 24 * kHour;
constexpr qint64 kWeek = 7 * kDay;
// 1 January 1970 was a Thursday: weeks begin three days before.
constexpr qint64 kFirstMonday = -3 * kDay;
constexpr qint64 kLongest = 10'000 * kDay;

qint64 unitOf(QChar letter) {
    switch (letter.unicode()) {
        case u's':
            return kSecond;
        case u'm':
            return kMinute;
        case u'h':
            return kHour;
        case u'd':
            return kDay;
        default:
            return kWeek;
    }
}

qint64 startOf(qint64 us, qint64 unit) {
    const qint64 zero = unit == kWeek ? kFirstMonday : 0;
    return us - (us - zero) % unit;
}

std::optional<qint64> relativeTime(const QString& words, qint64 nowUs) {
    static const QRegularExpression form(u"^now(?:\\s*-\\s*(\\d{1,9})\\s*([smhdw]))?(?:/([smhdw]))?$"_s);
    const QRegularExpressionMatch match = form.match(words);
    if (!match.hasMatch()) {
        return std::nullopt;
    }
    qint64 time = nowUs;
    if (match.hasCaptured(1) && !match.captured(1).isEmpty()) {
        const qint64 unit = unitOf(match.captured(2).front());
        const qint64 count = match.captured(1).toLongLong();
        if (count > kLongest / unit) {
            return std::nullopt;
        }
        time -= count * unit;
    }
    if (match.hasCaptured(3)) {
        time = startOf(time, unitOf(match.captured(3).front()));
    }
    return time;
}

std::optional<qint64> absoluteTime(QString words) {
    words.replace(QChar(u'T'), QChar(u' '), Qt::CaseInsensitive);
    if (words.endsWith(u'Z', Qt::CaseInsensitive)) {
        words.chop(1);
    }
    for (const QString& form : {u"yyyy-MM-dd HH:mm:ss"_s, u"yyyy-MM-dd HH:mm"_s, u"yyyy-MM-dd"_s}) {
        QDateTime time = QDateTime::fromString(words, form);
        if (time.isValid()) {
            time.setTimeZone(QTimeZone::utc());
            return time.toMSecsSinceEpoch() * 1000;
        }
    }
    return std::nullopt;
}

QString stampOf(qint64 us) {
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(us / 1000, Qt::UTC);
    return time.toString(us % kMinute == 0 ? u"yyyy-MM-dd HH:mm"_s : u"yyyy-MM-dd HH:mm:ss"_s);
}

/// The largest unit that divides `us`, how often, and its letter.
struct Length {
    qint64 count = 0;
    QChar letter;
    QString name;
};
Length lengthOf(qint64 us) {
    if (us % kDay == 0 && us > kDay) {
        return {us / kDay, u'd', u"day"_s};
    }
    if (us % kHour == 0) {
        return {us / kHour, u'h', u"hour"_s};
    }
    if (us % kMinute == 0) {
        return {us / kMinute, u'm', u"minute"_s};
    }
    return {us / kSecond, u's', u"second"_s};
}

}  // namespace

Result<qint64> timeOf(const QString& words, qint64 nowUs) {
    const QString text = words.trimmed();
    if (const auto time = relativeTime(text.toLower(), nowUs)) {
        return *time;
    }
    if (const auto time = absoluteTime(text); time && *time >= 0) {
        return *time;
    }
    return Error{"Write a time as now, now-24h, now/d, 2026-03-11 or 2026-03-11 14:37 (UTC)"};
}

Result<Span> spanOf(const QString& from, const QString& to, qint64 nowUs) {
    const auto begin = timeOf(from, nowUs);
    const auto end = timeOf(to, nowUs);
    if (!begin || !end) {
        return Error{(begin ? "To: " + end.error() : "From: " + begin.error())};
    }
    if (*begin >= *end) {
        return Error{"The range ends before it begins"};
    }
    const bool untilNow = to.trimmed().compare("now"_L1, Qt::CaseInsensitive) == 0;
    const bool counted =
        from.contains(u'-') && from.trimmed().startsWith("now"_L1, Qt::CaseInsensitive) && !from.contains(u'/');
    if (untilNow && counted) {
        return Span{.lastUs = nowUs - *begin, .fromUs = 0, .toUs = 0};
    }
    return Span{.lastUs = 0, .fromUs = *begin, .toUs = untilNow ? 0 : *end};
}

QString spanWords(const Span& span) {
    if (span.lastUs != 0) {
        const Length length = lengthOf(span.lastUs);
        return length.count == 1 ? u"Last "_s + length.name : u"Last %1 %2s"_s.arg(length.count).arg(length.name);
    }
    if (span.sliding()) {
        return u"Since "_s + stampOf(span.fromUs);
    }
    const QString to = stampOf(span.toUs);
    const qsizetype day = to.indexOf(u' ') + 1;
    const bool sameDay = stampOf(span.fromUs).first(day) == to.first(day);
    return u"%1 to %2"_s.arg(stampOf(span.fromUs), sameDay ? to.sliced(day) : to);
}

QString fromWords(const Span& span) {
    if (span.lastUs == 0) {
        return stampOf(span.fromUs);
    }
    const Length length = lengthOf(span.lastUs);
    return u"now-%1%2"_s.arg(length.count).arg(length.letter);
}

QString toWords(const Span& span) {
    return span.sliding() ? u"now"_s : stampOf(span.toUs);
}

}  // namespace apiary::console
