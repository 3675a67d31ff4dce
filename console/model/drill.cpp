#include "console/model/drill.hpp"

#include "console/model/visible_text.hpp"

#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr double kMuch = 1.5;
constexpr qsizetype kDigestBytes = 32;
constexpr qsizetype kNoteLength = 48;

/// The two parts of a login. A collector that names them in the key alone is understood where that can mean one thing.
std::optional<std::pair<QString, QString>> loginOf(const TopEntry& entry) {
    if (!entry.username.isEmpty() || !entry.secret.isEmpty() || entry.key == " / ") {
        return std::pair(entry.username, entry.secret);
    }
    const QStringList parts = QString::fromUtf8(entry.key).split(u" / "_s);
    return parts.size() == 2 ? std::optional(std::pair(parts[0], parts[1])) : std::nullopt;
}

/// `Netherlands (NL)`
QString countryText(const QByteArray& code) {
    const QString key = QString::fromUtf8(code);
    if (key == "??"_L1) {
        return u"unknown"_s;
    }
    const QLocale::Territory territory = QLocale::codeToTerritory(key);
    return territory == QLocale::AnyTerritory ? visible(key)
                                              : u"%1 (%2)"_s.arg(QLocale::territoryToString(territory), key);
}

std::optional<SessionQuery> queryForLogin(const TopEntry& entry) {
    const auto login = loginOf(entry);
    if (!login) {
        return std::nullopt;
    }
    SessionQuery query;
    query.filter.username = login->first;
    query.filter.secret = login->second;
    return query;
}

std::optional<SessionQuery> queryForPort(const QString& key) {
    const QStringList parts = key.split(u'/');
    bool number = false;
    const ushort port = parts[0].toUShort(&number);
    if (!number || parts.size() > 2) {
        return std::nullopt;
    }
    SessionQuery query;
    query.filter.targetPorts = {port};
    if (parts.size() == 2) {
        query.filter.udp = parts[1] == "udp"_L1;
    }
    return query;
}

std::optional<SessionQuery> queryForSensor(const QString& name, const QList<Sensor>& sensors) {
    const auto sensor = std::ranges::find(sensors, name, &Sensor::name);
    if (sensor == sensors.end()) {
        return std::nullopt;
    }
    SessionQuery query;
    query.sensorIds = {sensor->id};
    return query;
}

}  // namespace

std::optional<SessionQuery> queryFor(TopField field, const TopEntry& entry, const QList<Sensor>& sensors) {
    const QString key = QString::fromUtf8(entry.key);
    SessionQuery query;
    switch (field) {
        case TopField::Source:
            query.filter.sourceNetwork = key;
            return query;
        case TopField::Credential:
            return queryForLogin(entry);
        case TopField::Protocol:
            query.protocols = {key};
            return query;
        case TopField::Port:
            return queryForPort(key);
        case TopField::Sensor:
            return queryForSensor(key, sensors);
        case TopField::Command:
            query.filter.command = key;
            return query;
        case TopField::Artifact:
            query.filter.artifact = QByteArray::fromHex(entry.key);
            return query.filter.artifact.size() == kDigestBytes ? std::optional(query) : std::nullopt;
        case TopField::Tool:
            return std::nullopt;
        case TopField::Country:
            break;
    }
    query.filter.countries = {key};
    return query;
}

QString titleOf(TopField field) {
    switch (field) {
        case TopField::Source:
            return u"Top sources"_s;
        case TopField::Credential:
            return u"Top credentials"_s;
        case TopField::Protocol:
            return u"Top protocols"_s;
        case TopField::Port:
            return u"Top ports"_s;
        case TopField::Sensor:
            return u"Top sensors"_s;
        case TopField::Country:
            return u"Top countries"_s;
        case TopField::Command:
            return u"Top commands"_s;
        case TopField::Tool:
            return u"Scan tools"_s;
        case TopField::Artifact:
            break;
    }
    return u"Top artifacts"_s;
}

QString unitOf(TopField field) {
    switch (field) {
        case TopField::Credential:
            return u"tries"_s;
        case TopField::Command:
            return u"times typed"_s;
        case TopField::Artifact:
            return u"times offered"_s;
        case TopField::Tool:
            return u"probes"_s;
        default:
            return u"sessions"_s;
    }
}

QString labelOf(TopField field, const TopEntry& entry) {
    const auto login = field == TopField::Credential ? loginOf(entry) : std::nullopt;
    if (login) {
        const auto part = [](const QString& text) { return text.isEmpty() ? u"(empty)"_s : visible(text); };
        return part(login->first) + u':' + part(login->second);
    }
    return field == TopField::Country ? countryText(entry.key) : visible(QString::fromUtf8(entry.key));
}

QString noteOf(TopField field, const TopEntry& entry) {
    QStringList notes;
    for (const QString& note : {entry.country, entry.networkName}) {
        if (field == TopField::Source && !note.isEmpty()) {
            notes.append(visible(note, kNoteLength));
        }
    }
    return notes.join(u" · "_s);
}

QString changeText(quint64 now, quint64 before) {
    if (before == 0) {
        return now == 0 ? QString() : u"new"_s;
    }
    const double change = 100.0 * (static_cast<double>(now) / static_cast<double>(before) - 1.0);
    const double shown = std::min(std::abs(change), 99'999.0);
    const QString sign = shown < 0.5 ? u"±"_s : change > 0 ? u"+"_s : u"−"_s;
    return sign + QString::number(shown, 'f', 0) + u'%';
}

bool rises(quint64 now, quint64 before) {
    return before > 0 && static_cast<double>(now) >= kMuch * static_cast<double>(before);
}

QString weekHourText(int hour) {
    static const std::array<QString, 7> days{u"Mon"_s, u"Tue"_s, u"Wed"_s, u"Thu"_s, u"Fri"_s, u"Sat"_s, u"Sun"_s};
    const int ofDay = hour % 24;
    return u"%1 %2:00 to %3:00"_s.arg(days[static_cast<std::size_t>(hour / 24 % 7)])
        .arg(ofDay, 2, 10, QChar(u'0'))
        .arg(ofDay + 1, 2, 10, QChar(u'0'));
}

}  // namespace apiary::console
