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
        case Queue:
            return grouped(sensor.spoolRecords);
        case LastSeen:
            return sensor.lastSeenUs == 0 ? u"never"_s : ageText(nowUs_ - sensor.lastSeenUs);
        case Version:
            return visible(sensor.version, 24);
        default:
            return {};
    }
}

QVariant FleetModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) {
        return {};
    }
    const Sensor& sensor = sensors_[index.row()];
    const int tail = index.column() - LeadCount - static_cast<int>(serviceNames_.size());
    if (role == Qt::ToolTipRole) {
        return sensor.healthReason.isEmpty() ? QVariant() : toolTip(sensor.healthReason);
    }
    if (role == Qt::TextAlignmentRole) {
        return int((tail == Queue || tail == LastSeen ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
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
    static const std::array<const char*, TailCount> kTail{"Queue", "Last seen", "Version"};
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) {
        return {};
    }
    const int tail = section - LeadCount - static_cast<int>(serviceNames_.size());
    if (role == Qt::TextAlignmentRole) {
        const bool service = section >= LeadCount && tail < 0;
        return int((service                             ? Qt::AlignHCenter
                    : tail == Queue || tail == LastSeen ? Qt::AlignRight
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
    const bool sameShape = loaded_ && names == serviceNames_ && sensors.size() == sensors_.size();
    if (!sameShape) {
        beginResetModel();
    }
    sensors_ = sensors;
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

std::optional<SwitchLook> FleetModel::look(qint32 sensorId, const QString& service) const {
    using Phase = SwitchLook::Phase;
    const auto sensor = std::ranges::find(sensors_, sensorId, &Sensor::id);
    const Service* found = sensor == sensors_.end() ? nullptr : find(*sensor, service);
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

}  // namespace apiary::console
