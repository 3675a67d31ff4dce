#pragma once

#include <QList>
#include <QString>
#include <QtGlobal>

namespace apiary::console {

/// 1,248,311
QString grouped(quint64 number);

/// 1.2k, 3.4M: for axes and narrow columns.
QString shortNumber(double number);

/// 513 B, 1.2 kB, 3.4 MB
QString byteText(quint64 bytes);

/// 0.20 s, 42 s, 12 min, 3 h 10 min
QString durationText(qint64 us);

/// 3 s, 42 s, 12 min, 3 h 10 min: how long ago or since when, in whole seconds; "now" for a time ahead of the clock.
QString ageText(qint64 us);

/// `12 Mar 14:37:19`, in UTC.
QString dayTimeText(qint64 us);

/// `14:37:19`, in UTC.
QString clockText(qint64 us);

/// `2026-03-12 14:37:19.841`, in UTC.
QString fullTimeText(qint64 us);

/// `11 Mar 14:37 to 12 Mar 14:37 UTC`
QString rangeText(qint64 fromUs, qint64 toUs);

/// A course of counts in at most `points` values, each the mean of neighbours: where it is even, it stays so, however
/// many fall together. `points` is above 0.
QList<double> inFewPoints(const QList<quint64>& course, qsizetype points);

/// The hyphenated form of a UUID's 16 bytes, or their hexadecimal digits if there are not 16.
QString idText(const QByteArray& id);

/// TELNET, FTP: as protocols are written everywhere in the console.
QString protocolText(const QString& protocol);

}  // namespace apiary::console
