#pragma once

#include "console/model/fleet_filter.hpp"
#include "console/model/workspace.hpp"
#include "console/view/service_switch.hpp"
#include "console/view/theme.hpp"

#include <QTableView>

namespace apiary::console {

/// The sensors that the filter leaves, one row each, with a switch in the column of each service. Several can be
/// selected; Space turns the switch of the current cell, Enter asks for the sensor's sessions. What is selected stays
/// so when the fleet changes. `filter` must outlive it.
class FleetTable final : public QTableView {
    Q_OBJECT

public:
    FleetTable(const Theme& theme, Workspace& workspace, FleetFilter& filter, QWidget* parent = nullptr);

    QList<ShownSwitch> shownSwitches() const;
    /// The sensor of the current row, or nothing.
    std::optional<qint32> currentSensor() const;
    /// From the top down.
    QList<qint32> selectedSensors() const;
    /// Where a row is on the screen; empty if it is scrolled away.
    QRect screenOf(int row) const;

Q_SIGNALS:
    void currentChangedTo(qint32 sensorId);
    void selectedChanged();
    void sessionsWanted(qint32 sensorId);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void fitColumns();
    int nameWidth() const;
    int headerWidth(int column) const;
    void remember();
    void restore();
    bool turnCurrent();

    Workspace& workspace_;
    FleetFilter& filter_;
    QList<qint32> keptSelected_;  // over a reset of the model
    std::optional<qint32> keptCurrent_;
    int keptColumn_ = 0;
};

}  // namespace apiary::console
