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

QJsonObject jsonOf(const SessionRow& row) {
    QJsonArray tags;
    for (const QString& tag : row.tags) {
        tags.append(whole(tag));
    }
    return {{u"session"_s, idText(row.id)},
            {u"started"_s, isoTime(row.startedUs)},
            {u"ended"_s, row.open() ? QJsonValue() : QJsonValue(isoTime(row.endedUs))},
            {u"sensor"_s, whole(row.sensor)},
            {u"protocol"_s, whole(row.protocol)},
            {u"identified"_s, whole(row.identified)},
            {u"transport"_s, row.udp ? u"udp"_s : u"tcp"_s},
            {u"source"_s, whole(row.source)},
            {u"source_port"_s, row.sourcePort},
            {u"target"_s, whole(row.target)},
            {u"target_port"_s, row.targetPort},
            {u"outcome"_s, row.open() ? u"open"_s : whole(row.outcome)},
            {u"credentials"_s, static_cast<qint64>(row.credentials)},
            {u"login_accepted"_s, row.loginAccepted},
            {u"commands"_s, static_cast<qint64>(row.commands)},
            {u"artifacts"_s, static_cast<qint64>(row.artifacts)},
            {u"bytes_in"_s, static_cast<qint64>(row.bytesIn)},
            {u"bytes_out"_s, static_cast<qint64>(row.bytesOut)},
            {u"country"_s, whole(row.country)},
            {u"tags"_s, tags},
            {u"traffic"_s, whole(row.traffic)}};
}

QString kindWord(quint32 kind) {
    static const QStringList kKinds{u"received"_s, u"sent"_s, u"tls"_s, u"channel"_s, u"anomaly"_s, u"gap"_s};
    return kKinds.value(kind, QString::number(kind));
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
