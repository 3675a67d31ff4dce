#pragma once

#include "console/model/workspace.hpp"
#include "console/view/service_switch.hpp"
#include "console/view/theme.hpp"

#include <QTableView>

namespace apiary::console {

/// The sensors, one row each, with a switch in the column of each service.
class FleetTable final : public QTableView {
    Q_OBJECT

public:
    FleetTable(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    QList<ShownSwitch> shownSwitches() const;
    /// The sensor of the current row, or nothing.
    std::optional<qint32> currentSensor() const;

Q_SIGNALS:
    void currentChangedTo(qint32 sensorId);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitColumns();

    Workspace& workspace_;
};

}  // namespace apiary::console
