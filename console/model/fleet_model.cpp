#include "console/model/fleet_model.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

const Service* find(const Sensor& sensor, const QString& name) {
    const auto found = std::ranges::find(sensor.services, name, &Service::name);
    return found == sensor.services.end() ? nullptr : &*found;
}

bool agrees(const Service& service, bool on) {
    return service.desired == on && service.actual == (on ? Actual::On : Actual::Off);
}

}  // namespace

int FleetModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(sensors_.size());
}

int FleetModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : LeadCount + static_cast<int>(serviceNames_.size()) + TailCount;
}

QString FleetModel::tailText(const Sensor& sensor, int tail) const {
    switch (tail) {
        case Open:
            return sensor.connected ? grouped(openSessions(sensor)) : u"–"_s;
        case Queue:
            return grouped(sensor.spoolRecords);
        case LastSeen:
            return sensor.lastSeenUs == 0 ? u"never"_s : ageText(nowUs_ - sensor.lastSeenUs);
        case Clock:
            return sensor.connected ? clockOffsetText(sensor.clockOffsetMs) : u"–"_s;
        case Version:
            return visible(sensor.version, 24);
        default:
            return {};
    }
}

QVariant FleetModel::tip(const Sensor& sensor, int column) const {
    const QString name = serviceOf(column);
    if (name.isEmpty()) {
        return sensor.healthReason.isEmpty() ? QVariant() : toolTip(sensor.healthReason);
    }
    const Service* service = find(sensor, name);
    const auto seen = look(sensor.id, name);
    return service == nullptr || !seen
               ? QVariant(toolTip(u"%1 has no service %2"_s.arg(sensor.name, name)))
               : QVariant(toolTip(u"%1 on %2, %3: wanted %4, now %5"_s.arg(
                     name, sensor.name, portsText(*service), seen->on ? u"on"_s : u"off"_s, seen->words)));
}

QVariant FleetModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) {
        return {};
    }
    const Sensor& sensor = sensors_[index.row()];
    const int tail = index.column() - LeadCount - static_cast<int>(serviceNames_.size());
    if (role == SensorIdRole) {
        return sensor.id;
    }
    if (role == Qt::ToolTipRole) {
        return tip(sensor, index.column());
    }
    if (role == Qt::TextAlignmentRole) {
        return int((tail >= 0 && tail != Version ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    if (tail >= 0) {
        return tailText(sensor, tail);
    }
    switch (index.column()) {
        case Name:
            return visible(sensor.name, 64);
        case HealthWord:
            return healthText(sensor.health);
        case Site:
            return visible(sensor.site, 64);
        default: {
            const auto seen = look(sensor.id, serviceNames_[index.column() - LeadCount]);
            return seen ? seen->words : QString();
        }
    }
}

QVariant FleetModel::headerData(int section, Qt::Orientation orientation, int role) const {
    static const std::array<const char*, LeadCount> kLead{"Sensor", "Health", "Site"};
    static const std::array<const char*, TailCount> kTail{"Open", "Queue", "Last seen", "Clock", "Version"};
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) {
        return {};
    }
    const int tail = section - LeadCount - static_cast<int>(serviceNames_.size());
    if (role == Qt::TextAlignmentRole) {
        const bool service = section >= LeadCount && tail < 0;
        return int((service                        ? Qt::AlignHCenter
                    : tail >= 0 && tail != Version ? Qt::AlignRight
                                                   : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    if (tail >= 0) {
        return QString::fromLatin1(kTail[static_cast<std::size_t>(tail)]);
    }
    return section < LeadCount ? QString::fromLatin1(kLead[static_cast<std::size_t>(section)])
                               : visible(serviceNames_[section - LeadCount], 24);
}

void FleetModel::replace(const QList<Sensor>& sensors, qint64 nowUs) {
    QStringList names;
    for (const Sensor& sensor : sensors) {
        for (const Service& service : sensor.services) {
            if (!names.contains(service.name)) {
                names.append(service.name);
            }
        }
    }
    names.sort();
    const bool sameShape =
        loaded_ && names == serviceNames_ && std::ranges::equal(sensors, sensors_, {}, &Sensor::id, &Sensor::id);
    if (!sameShape) {
        beginResetModel();
    }
    sensors_ = sensors;
    rows_.clear();
    for (qsizetype row = 0; row < sensors_.size(); ++row) {
        rows_.insert(sensors_[row].id, row);
    }
    serviceNames_ = names;
    nowUs_ = nowUs;
    loaded_ = true;
    for (const Sensor& sensor : sensors_) {
        for (const Service& service : sensor.services) {
            const Key key{sensor.id, service.name};
            const auto wish = wishes_.constFind(key);
            if (wish != wishes_.constEnd() && agrees(service, wish->on)) {
                wishes_.remove(key);
            }
            if (agrees(service, service.desired)) {
                apartSinceUs_.remove(key);
            } else if (!apartSinceUs_.contains(key)) {
                apartSinceUs_.insert(key, nowUs);
            }
        }
    }
    if (sameShape) {
        changedAll();
    } else {
        endResetModel();
    }
}

void FleetModel::wish(qint32 sensorId, const QString& service, bool on, qint64 nowUs) {
    nowUs_ = nowUs;
    wishes_.insert({sensorId, service}, {on, nowUs});
    changedAll();
}

void FleetModel::forgetWish(qint32 sensorId, const QString& service) {
    wishes_.remove({sensorId, service});
    changedAll();
}

void FleetModel::tick(qint64 nowUs) {
    nowUs_ = nowUs;
    changedAll();
}

const Sensor* FleetModel::sensor(qint32 sensorId) const {
    const auto row = rows_.constFind(sensorId);
    return row == rows_.constEnd() ? nullptr : &sensors_[*row];
}

QString FleetModel::serviceOf(int column) const {
    const int service = column - LeadCount;
    return service < 0 || service >= serviceNames_.size() ? QString() : serviceNames_[service];
}

std::optional<SwitchLook> FleetModel::look(qint32 sensorId, const QString& service) const {
    using Phase = SwitchLook::Phase;
    const Sensor* const sensor = this->sensor(sensorId);
    const Service* found = sensor == nullptr ? nullptr : find(*sensor, service);
    if (found == nullptr) {
        return std::nullopt;
    }
    const Key key{sensorId, service};
    const auto wish = wishes_.constFind(key);
    const bool on = wish == wishes_.constEnd() ? found->desired : wish->on;
    if (!sensor->connected || found->actual == Actual::Unknown) {
        return SwitchLook{on, Phase::Unknown, u"unknown"_s};
    }
    const bool wished = wish != wishes_.constEnd();
    if (found->actual == Actual::Failed && on && !(wished && found->desired != on)) {
        const QString reason = visible(found->reason, 160);
        return SwitchLook{on, Phase::Failed, reason.isEmpty() ? u"failed"_s : u"failed: "_s + reason};
    }
    if (agrees(*found, on)) {
        return SwitchLook{on, Phase::Agrees, on ? u"on"_s : u"off"_s};
    }
    const qint64 since = wished ? wish->sinceUs : apartSinceUs_.value(key, nowUs_);
    if (nowUs_ - since > kPatienceUs) {
        return SwitchLook{on, Phase::Failed, u"failed: the sensor did not follow within 30 s"_s};
    }
    return SwitchLook{on, Phase::Applying,
                      found->actual == Actual::Draining ? u"draining…"_s
                      : on                              ? u"starting…"_s
                                                        : u"stopping…"_s};
}

void FleetModel::changedAll() {
    if (!sensors_.isEmpty()) {
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    }
}

QString healthText(Health health) {
    switch (health) {
        case Health::Healthy:
            return u"Healthy"_s;
        case Health::Degraded:
            return u"Degraded"_s;
        case Health::Offline:
            return u"Offline"_s;
        case Health::Applying:
            return u"Applying"_s;
        case Health::Unknown:
            break;
    }
    return u"Unknown"_s;
}

bool troubled(const FleetModel& fleet, const Sensor& sensor) {
    const auto fails = [&](const Service& service) {
        const auto look = fleet.look(sensor.id, service.name);
        return look && look->phase == SwitchLook::Phase::Failed;
    };
    return !sensor.connected || sensor.health == Health::Degraded || sensor.health == Health::Offline ||
           sensor.spoolRecords > kLongQueue || qAbs(sensor.clockOffsetMs) > kClockOffMs ||
           std::ranges::any_of(sensor.services, fails);
}

QList<const Sensor*> silentIn(const QList<Sensor>& sensors, const Scope& scope) {
    QList<const Sensor*> silent;
    for (const Sensor& sensor : sensors) {
        const bool meant = scope.sensorIds.isEmpty() || scope.sensorIds.contains(sensor.id);
        if (meant && !sensor.connected && sensor.lastSeenUs < scope.toUs) {
            silent.append(&sensor);
        }
    }
    return silent;
}

QString clockOffsetText(qint64 offsetMs) {
    return qAbs(offsetMs) < 100 ? u"in step"_s
                                : u"%1 s %2"_s.arg(static_cast<double>(qAbs(offsetMs)) / 1000, 0, 'f', 1)
                                      .arg(offsetMs > 0 ? u"ahead"_s : u"behind"_s);
}

quint64 openSessions(const Sensor& sensor) {
    quint64 open = 0;
    for (const Service& service : sensor.services) {
        open += service.openSessions;
    }
    return open;
}

QList<quint16> portsOf(const Service& service) {
    QList<quint16> ports;
    for (const QString& listen : service.listens) {
        const quint16 port = listen.section(u':', -1).toUShort();
        if (port != 0 && !ports.contains(port)) {
            ports.append(port);
        }
    }
    std::ranges::sort(ports);
    return ports;
}

QString portsText(const Service& service) {
    QStringList ports;
    for (const quint16 port : portsOf(service)) {
        ports.append(u":%1"_s.arg(port));
    }
    return ports.size() > 2 ? u"%1 ports"_s.arg(ports.size()) : ports.join(u", "_s);
}

}  // namespace apiary::console
