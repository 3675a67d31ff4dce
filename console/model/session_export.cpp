#include "console/model/session_export.hpp"

#include "common/text/escape.hpp"
#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <QByteArrayList>
#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimeZone>

#include <array>
#include <utility>

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

QString escaped(const QByteArray& bytes) {
    return QString::fromStdString(escape({bytes.constData(), static_cast<std::size_t>(bytes.size())}));
}

/// A column of the exports: what is of no use in a spreadsheet is a number or a text there all the same.
struct Column {
    const char16_t* name;
    QJsonValue (*value)(const SessionRow& row);
};

QJsonValue number(quint64 value) {
    return static_cast<qint64>(value);
}

/// Null where nothing is known, in CSV an empty field.
QJsonValue known(const QString& text) {
    return text.isEmpty() ? QJsonValue() : QJsonValue(whole(text));
}

QJsonValue loginPart(const SessionRow& row, QString std::pair<QString, QString>::*part) {
    return row.firstLogin ? QJsonValue(whole(*row.firstLogin.*part)) : QJsonValue();
}

// All that the collector says of a session in a list. New ones go to the end: who reads the columns by their place goes
// on reading them.
const std::array kColumns{
    Column{u"session", [](const SessionRow& row) { return QJsonValue(idText(row.id)); }},
    Column{u"started", [](const SessionRow& row) { return known(isoTime(row.startedUs)); }},
    Column{u"ended", [](const SessionRow& row) { return known(isoTime(row.endedUs)); }},
    Column{u"sensor", [](const SessionRow& row) { return QJsonValue(whole(row.sensor)); }},
    Column{u"protocol", [](const SessionRow& row) { return QJsonValue(whole(row.protocol)); }},
    Column{u"transport", [](const SessionRow& row) { return QJsonValue(row.udp ? u"udp"_s : u"tcp"_s); }},
    Column{u"source", [](const SessionRow& row) { return QJsonValue(whole(row.source)); }},
    Column{u"source_port", [](const SessionRow& row) { return number(row.sourcePort); }},
    Column{u"target", [](const SessionRow& row) { return QJsonValue(whole(row.target)); }},
    Column{u"target_port", [](const SessionRow& row) { return number(row.targetPort); }},
    Column{u"outcome", [](const SessionRow& row) { return QJsonValue(row.open() ? u"open"_s : whole(row.outcome)); }},
    Column{u"credentials", [](const SessionRow& row) { return number(row.credentials); }},
    Column{u"login_accepted", [](const SessionRow& row) { return QJsonValue(row.loginAccepted); }},
    Column{u"commands", [](const SessionRow& row) { return number(row.commands); }},
    Column{u"artifacts", [](const SessionRow& row) { return number(row.artifacts); }},
    Column{u"bytes_in", [](const SessionRow& row) { return number(row.bytesIn); }},
    Column{u"bytes_out", [](const SessionRow& row) { return number(row.bytesOut); }},
    Column{u"identified", [](const SessionRow& row) { return known(row.identified); }},
    Column{u"packets", [](const SessionRow& row) { return number(row.packets); }},
    Column{u"country", [](const SessionRow& row) { return known(row.country); }},
    Column{u"network", [](const SessionRow& row) { return row.network == 0 ? QJsonValue() : number(row.network); }},
    Column{u"network_name", [](const SessionRow& row) { return known(row.networkName); }},
    Column{u"tags",
           [](const SessionRow& row) {
               QJsonArray tags;
               for (const QString& tag : row.tags) {
                   tags.append(whole(tag));
               }
               return QJsonValue(tags);
           }},
    Column{u"traffic", [](const SessionRow& row) { return known(row.traffic); }},
    Column{u"first_username",
           [](const SessionRow& row) { return loginPart(row, &std::pair<QString, QString>::first); }},
    Column{u"first_secret", [](const SessionRow& row) { return loginPart(row, &std::pair<QString, QString>::second); }},
    Column{u"source_first_seen", [](const SessionRow& row) { return known(isoTime(row.sourceFirstSeenUs)); }},
    Column{u"sensor_id", [](const SessionRow& row) { return QJsonValue(row.sensorId); }},
};

QJsonObject jsonOf(const SessionRow& row) {
    QJsonObject object;
    for (const Column& column : kColumns) {
        object.insert(QString::fromUtf16(column.name), column.value(row));
    }
    return object;
}

/// A value as people write it in a cell.
QString cellOf(const QJsonValue& value) {
    if (value.isBool()) {
        return value.toBool() ? u"yes"_s : u"no"_s;
    }
    if (value.isDouble()) {
        return QString::number(value.toInteger());
    }
    if (value.isArray()) {
        QStringList parts;
        for (const QJsonValue& part : value.toArray()) {
            parts.append(part.toString());
        }
        return parts.join(u' ');
    }
    return value.toString();
}

QString kindWord(quint32 kind) {
    static const QStringList kKinds{u"received"_s, u"sent"_s, u"tls"_s, u"channel"_s, u"anomaly"_s, u"gap"_s};
    return kKinds.value(kind, QString::number(kind));
}

}  // namespace

QByteArray csvField(const QString& text) {
    // The wide forms are formulas too where a spreadsheet is East Asian.
    static const QString kFormula = u"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"_s;
    QString field = text;
    if (!field.isEmpty() && kFormula.contains(field.front())) {
        field.prepend(u'\'');
    }
    if (field.contains(u',') || field.contains(u';') || field.contains(u'"') || field.contains(u'\t') ||
        field.contains(u'\r') || field.contains(u'\n')) {
        field = u'"' + field.replace(u"\""_s, u"\"\""_s) + u'"';
    }
    return field.toUtf8();
}

QByteArray csvHeader() {
    QByteArrayList names;
    for (const Column& column : kColumns) {
        names.append(QString::fromUtf16(column.name).toUtf8());
    }
    return names.join(',') + "\r\n";
}

QByteArray csvLine(const SessionRow& row) {
    QByteArrayList cells;
    for (const Column& column : kColumns) {
        cells.append(csvField(cellOf(column.value(row))));
    }
    cells.front() = row.id.toHex();  // without the hyphens of JSON
    return cells.join(',') + "\r\n";
}

QByteArray jsonLine(const SessionRow& row) {
    return QJsonDocument(jsonOf(row)).toJson(QJsonDocument::Compact) + '\n';
}

QByteArray sessionJson(const SessionDetail& detail) {
    QJsonArray events;
    for (const SessionEvent& event : detail.events) {
        events.append(QJsonObject{{u"at"_s, isoTime(event.atUs)},
                                  {u"kind"_s, kindWord(event.kind)},
                                  {u"channel"_s, static_cast<qint64>(event.channel)},
                                  {u"bytes"_s, escaped(event.bytes)}});
    }
    QJsonArray credentials;
    for (const Credential& credential : detail.credentials) {
        credentials.append(QJsonObject{{u"username"_s, escaped(credential.username)},
                                       {u"secret"_s, escaped(credential.secret)},
                                       {u"accepted"_s, credential.accepted}});
    }
    QJsonArray artifacts;
    for (const Artifact& artifact : detail.artifacts) {
        artifacts.append(QJsonObject{{u"sha256"_s, QString::fromLatin1(artifact.sha256.toHex())},
                                     {u"size"_s, static_cast<qint64>(artifact.size)},
                                     {u"name"_s, escaped(artifact.name)}});
    }
    QJsonArray log;
    for (const QByteArray& line : detail.log) {
        log.append(whole(QString::fromUtf8(line)));
    }
    QJsonObject all = jsonOf(detail.row);
    all.insert(u"events"_s, events);
    all.insert(u"events_cut"_s, detail.eventsCut);
    all.insert(u"logins"_s, credentials);
    all.insert(u"offered"_s, artifacts);
    all.insert(u"text_log"_s, log);
    all.insert(u"text_log_cut"_s, detail.logCut);
    all.insert(u"transcript_sha256"_s, QString::fromLatin1(detail.transcriptSha256.toHex()));
    all.insert(u"journal_sha256"_s, QString::fromLatin1(detail.journalSha256.toHex()));
    return QJsonDocument(all).toJson(QJsonDocument::Indented);
}

QByteArray logText(const SessionDetail& detail) {
    QByteArray text;
    for (const QByteArray& line : detail.log) {
        text += line + '\n';
    }
    return text;
}

}  // namespace apiary::console
