#include "console/model/figures_export.hpp"

#include "console/model/drill.hpp"
#include "console/model/session_export.hpp"
#include "console/model/visible_text.hpp"

#include <QDateTime>
#include <QTimeZone>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kLongest = 10'000;

QString stamp(qint64 us) {
    return us == 0 ? QString()
                   : QDateTime::fromMSecsSinceEpoch(us / 1000, QTimeZone::utc()).toString(u"yyyy-MM-ddTHH:mm:ssZ"_s);
}

QByteArray record(const QStringList& fields) {
    QByteArrayList cells;
    for (const QString& field : fields) {
        cells.append(csvField(field));
    }
    return cells.join(',') + "\r\n";
}

QString nounOf(TopField field) {
    switch (field) {
        case TopField::Source:
            return u"source"_s;
        case TopField::Credential:
            return u"credential"_s;
        case TopField::Protocol:
            return u"protocol"_s;
        case TopField::Port:
            return u"port"_s;
        case TopField::Sensor:
            return u"sensor"_s;
        case TopField::Country:
            return u"country"_s;
        case TopField::Command:
            return u"command"_s;
        case TopField::Artifact:
            return u"sha256"_s;
        case TopField::Tool:
            break;
    }
    return u"tool"_s;
}

}  // namespace

QByteArray figuresCsv(const OverviewModel::Figures& figures) {
    if (!figures.bands) {
        return {};
    }
    const Bands& bands = *figures.bands;
    QStringList names{u"bucket_start"_s};
    QStringList totals{u"total"_s};
    for (const Band& band : bands.layers) {
        names.append(visible(band.name, kLongest));
        totals.append(QString::number(band.total));
    }
    QByteArray csv = record(names + QStringList{u"all"_s});
    const QList<quint64> sums = bands.sums();
    for (qsizetype bucket = 0; bucket < bands.bucketUs.size(); ++bucket) {
        QStringList fields{stamp(bands.bucketUs[bucket])};
        const auto countText = [silent = bands.silentAt(bucket)](quint64 count) {
            return silent ? QString() : QString::number(count);
        };
        for (const Band& band : bands.layers) {
            fields.append(countText(band.sessions.value(bucket)));
        }
        csv += record(fields + QStringList{countText(sums.value(bucket))});
    }
    return csv + record(totals + QStringList{QString::number(bands.total())});
}

QByteArray rankingCsv(TopField field, const QList<TopEntry>& entries) {
    const bool logins = field == TopField::Credential;
    const bool sources = field == TopField::Source;
    QStringList names = logins    ? QStringList{u"username"_s, u"secret"_s}
                        : sources ? QStringList{u"source"_s, u"country"_s, u"network"_s}
                                  : QStringList{nounOf(field)};
    QByteArray csv = record(names + QStringList{unitOf(field).replace(u' ', u'_'), u"before"_s});
    for (const TopEntry& entry : entries) {
        const QString key = visible(QString::fromUtf8(entry.key), kLongest);
        QStringList fields =
            logins    ? QStringList{visible(entry.username, kLongest), visible(entry.secret, kLongest)}
            : sources ? QStringList{key, visible(entry.country, kLongest), visible(entry.networkName, kLongest)}
                      : QStringList{key};
        csv += record(fields + QStringList{QString::number(entry.count), QString::number(entry.previous)});
    }
    return csv;
}

QByteArray fleetCsv(const FleetModel& fleet) {
    QByteArray csv =
        record({u"sensor_id"_s, u"sensor"_s, u"site"_s, u"connected"_s, u"health"_s, u"health_reason"_s, u"last_seen"_s,
                u"version"_s, u"records_waiting"_s, u"clock_offset_ms"_s, u"service"_s, u"protocol"_s, u"listens"_s,
                u"wanted"_s, u"state"_s, u"open"_s, u"sessions"_s, u"refused"_s});
    for (const Sensor& sensor : fleet.sensors()) {
        const QStringList head{QString::number(sensor.id),
                               visible(sensor.name, kLongest),
                               visible(sensor.site, kLongest),
                               sensor.connected ? u"yes"_s : u"no"_s,
                               healthText(sensor.health),
                               visible(sensor.healthReason, kLongest),
                               stamp(sensor.lastSeenUs),
                               visible(sensor.version, kLongest),
                               QString::number(sensor.spoolRecords),
                               QString::number(sensor.clockOffsetMs)};
        for (const Service& service : sensor.services) {
            const auto look = fleet.look(sensor.id, service.name);
            csv += record(head + QStringList{visible(service.name, kLongest), visible(service.protocol, kLongest),
                                             visible(service.listens.join(u' '), kLongest),
                                             service.desired ? u"on"_s : u"off"_s, look ? look->words : QString(),
                                             QString::number(service.openSessions), QString::number(service.sessions),
                                             QString::number(service.refused)});
        }
        if (sensor.services.isEmpty()) {
            csv += record(head + QStringList(8));
        }
    }
    return csv;
}

}  // namespace apiary::console
