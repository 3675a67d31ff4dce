#pragma once

#include "console/model/workspace.hpp"
#include "console/view/pill.hpp"
#include "console/view/service_switch.hpp"

#include <QWidget>

class QGridLayout;
class QLabel;
class QToolButton;

namespace apiary::console {

/// The services of one sensor, a line each: switch, name, ports, how it stands, and a link to its sessions.
class SensorServices final : public QWidget {
    Q_OBJECT

public:
    SensorServices(const Theme& theme, Workspace& workspace, qint32 sensorId, bool withName, QWidget* parent = nullptr);

    qint32 sensorId() const { return sensorId_; }
    /// Shows the newest state; returns false when the sensor is gone or has other services: then make a new one.
    bool refresh();
    QList<ShownSwitch> shownSwitches() const;

Q_SIGNALS:
    void sessionsWanted(const SessionQuery& query);

private:
    struct Line {
        QString service;
        ServiceSwitch* control;
        QLabel* ports;
        QLabel* words;
        QToolButton* sessions;
        QLabel* below;  // why it fails, or how the last visit went
    };

    void addLine(const Sensor& sensor, const Service& service, QGridLayout& grid);

    const Sensor* sensor() const;

    const Theme& theme_;
    Workspace& workspace_;
    const qint32 sensorId_;
    QLabel* name_ = nullptr;
    Pill* health_ = nullptr;
    QList<Line> lines_;
};

/// The sessions of a service: of that sensor, that protocol and those ports.
SessionQuery sessionsOf(const Sensor& sensor, const Service& service);

}  // namespace apiary::console
