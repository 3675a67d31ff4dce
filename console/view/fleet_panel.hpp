#pragma once

#include "console/view/card.hpp"
#include "console/view/sensor_bounds.hpp"
#include "console/view/sensor_services.hpp"
#include "console/view/sensor_troubles.hpp"

class QBoxLayout;
class QLabel;
class QPushButton;

namespace apiary::console {

class Remark;

/// One sensor in full: what is wrong with it, its services, how full what is bounded is, facts about the agent, and the
/// way to its sessions.
class FleetPanel final : public Card {
    Q_OBJECT

public:
    FleetPanel(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    /// Shows a sensor's newest state; without one the panel says so.
    void show(std::optional<qint32> sensorId);

    QString title() const;
    QString health() const;
    /// Why the sensor is not healthy, and while the link is lost, of when this is; empty if there is nothing to say.
    QString reason() const;
    /// Name and value as they stand there.
    QList<std::pair<QString, QString>> facts() const;
    QList<ShownSwitch> shownSwitches() const;
    const SensorTroubles& troubles() const { return *troubles_; }
    const SensorBounds& bounds() const { return *bounds_; }

Q_SIGNALS:
    void sessionsWanted(const SessionQuery& query);

private:
    void showFacts(const Sensor& sensor);
    void showServices(const Sensor& sensor);

    const Theme& theme_;
    Workspace& workspace_;
    QLabel* name_;
    Pill* health_;
    QLabel* site_;
    Remark* reason_;
    SensorTroubles* troubles_;
    QBoxLayout* servicesPlace_;
    SensorServices* services_ = nullptr;
    SensorBounds* bounds_;
    QList<std::pair<QLabel*, QLabel*>> facts_;
    QPushButton* sessions_;
    qint32 sensorId_ = 0;
};

}  // namespace apiary::console
