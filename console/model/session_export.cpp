#include "console/model/session_export.hpp"

#include "console/model/visible_text.hpp"

#include <QByteArrayList>
#include <QDateTime>
#include <QTimeZone>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

QString isoTime(qint64 us) {
    if (us == 0) {
        return {};
    }
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(us / 1000, QTimeZone::utc());
    return time.toString(u"yyyy-MM-ddTHH:mm:ss"_s) + u".%1Z"_s.arg(us % 1'000'000, 6, 10, QLatin1Char('0'));
}

QString whole(const QString& text) {
    return visible(text, text.size());
}

}  // namespace

QByteArray csvField(const QString& text) {
    QString field = text;
    if (!field.isEmpty() && u"=+-@\t\r"_s.contains(field.front())) {
        field.prepend(u'\'');
    }
    if (field.contains(u',') || field.contains(u'"') || field.contains(u'\r') || field.contains(u'\n')) {
        field = u'"' + field.replace(u"\""_s, u"\"\""_s) + u'"';
    }
    return field.toUtf8();
}

QByteArray csvHeader() {
    return "session,started,ended,sensor,protocol,transport,source,source_port,target,target_port,outcome,"
           "credentials,login_accepted,commands,artifacts,bytes_in,bytes_out\r\n";
}

QByteArray csvLine(const SessionRow& row) {
    const QStringList fields{
        QString::fromLatin1(row.id.toHex()),
        isoTime(row.startedUs),
        isoTime(row.endedUs),
        whole(row.sensor),
        whole(row.protocol),
        row.udp ? u"udp"_s : u"tcp"_s,
        whole(row.source),
        QString::number(row.sourcePort),
        whole(row.target),
        QString::number(row.targetPort),
        row.open() ? u"open"_s : whole(row.outcome),
        QString::number(row.credentials),
        row.loginAccepted ? u"yes"_s : u"no"_s,
        QString::number(row.commands),
        QString::number(row.artifacts),
        QString::number(row.bytesIn),
        QString::number(row.bytesOut),
    };
    QByteArrayList cells;
    for (const QString& field : fields) {
        cells.append(csvField(field));
    }
    return cells.join(',') + "\r\n";
}

}  // namespace apiary::console
