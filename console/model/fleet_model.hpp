#pragma once

#include "console/model/values.hpp"

#include <QAbstractTableModel>
#include <QHash>

namespace apiary::console {

/// How the switch of a service looks: where it points, and whether the sensor agrees.
struct SwitchLook {
    enum class Phase { Agrees, Applying, Failed, Unknown };

    bool on = false;  // the wish
    Phase phase = Phase::Unknown;
    QString words;  // "on", "off", "starting…", "failed: address in use", "unknown"

    friend bool operator==(const SwitchLook&, const SwitchLook&) = default;
};

/// The sensors, one row each: name, health, site, a column for each service name of the fleet, connections open now,
/// queue, last seen, clock, version.
///
/// A wish made here shows as applying until the collector's own state says that the sensor agrees, and as failed when
/// it does not within 30 s; nothing is ever shown as done before it is.
class FleetModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    /// Columns before and behind those of the services.
    enum Lead { Name, HealthWord, Site, LeadCount };
    enum Tail { Open, Queue, LastSeen, Clock, Version, TailCount };
    enum Role { SensorIdRole = Qt::UserRole };

    static constexpr qint64 kPatienceUs = 30'000'000;

    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// The newest state, at the console's clock.
    void replace(const QList<Sensor>& sensors, qint64 nowUs);
    void wish(qint32 sensorId, const QString& service, bool on, qint64 nowUs);
    /// The wish was refused: the switch goes back to what is stored.
    void forgetWish(qint32 sensorId, const QString& service);
    /// Lets wishes that nobody followed grow old.
    void tick(qint64 nowUs);

    const QList<Sensor>& sensors() const { return sensors_; }
    const QStringList& serviceNames() const { return serviceNames_; }
    bool loaded() const { return loaded_; }
    /// Null if there is no sensor of that number; valid until the next replace().
    const Sensor* sensor(qint32 sensorId) const;
    /// The service's name in that column; empty for the others.
    QString serviceOf(int column) const;
    /// Nothing if the sensor has no service of that name.
    std::optional<SwitchLook> look(qint32 sensorId, const QString& service) const;

private:
    struct Wish {
        bool on = false;
        qint64 sinceUs = 0;
    };
    using Key = std::pair<qint32, QString>;

    QString tailText(const Sensor& sensor, int tail) const;
    QVariant tip(const Sensor& sensor, int column) const;
    void changedAll();

    QList<Sensor> sensors_;
    QHash<qint32, qsizetype> rows_;  // where a sensor is in sensors_
    QStringList serviceNames_;
    QHash<Key, Wish> wishes_;
    QHash<Key, qint64> apartSinceUs_;  // since when a sensor has not done what is stored
    qint64 nowUs_ = 0;
    bool loaded_ = false;
};

QString healthText(Health health);

/// Whether a sensor needs a look: offline, degraded, with a service that does not do what is asked, with a clock more
/// than 2 s off, or with a long queue.
bool troubled(const FleetModel& fleet, const Sensor& sensor);

/// The sensors of a scope whose records of its range may still be missing: not connected now, and not heard of since
/// the range ended.
QList<const Sensor*> silentIn(const QList<Sensor>& sensors, const Scope& scope);

/// Records waiting on a sensor from which on a person should look.
inline constexpr quint64 kLongQueue = 1'000;
inline constexpr qint64 kClockOffMs = 2'000;

/// "in step", "4.2 s ahead", "3.0 s behind": the sensor's clock against the collector's.
QString clockOffsetText(qint64 offsetMs);

/// Connections that are open on all services of a sensor.
quint64 openSessions(const Sensor& sensor);

/// ":2021" for one port, ":2021, :2022" for two, "7 ports" for more.
QString portsText(const Service& service);
/// The ports that a service listens on, each once, rising.
QList<quint16> portsOf(const Service& service);

}  // namespace apiary::console
