#pragma once

#include "console/view/fleet_table.hpp"
#include "console/view/pill.hpp"
#include "console/view/sensor_services.hpp"
#include "console/view/tile.hpp"

class QBoxLayout;
class QLabel;

namespace apiary::console {

class Card;
class Placeholder;

/// The sensors: figures, table with switches, and the one chosen in full.
class FleetPage final : public QWidget {
    Q_OBJECT

public:
    FleetPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    const FleetTable& table() const { return *table_; }
    QList<Tile*> tiles() const { return {online_, running_, open_, queue_}; }
    QList<ShownSwitch> shownSwitches() const;

private:
    QWidget* makeTiles();
    Card* makePanel();
    void refresh();
    void showSensor();

    const Theme& theme_;
    Workspace& workspace_;
    Tile* online_;
    Tile* running_;
    Tile* open_;
    Tile* queue_;
    FleetTable* table_;
    Placeholder* empty_;
    Card* panel_ = nullptr;
    QLabel* name_ = nullptr;
    QLabel* site_ = nullptr;
    QLabel* reason_ = nullptr;
    Pill* health_ = nullptr;
    QBoxLayout* servicesPlace_ = nullptr;
    SensorServices* services_ = nullptr;
    QList<std::pair<QLabel*, QLabel*>> facts_;
};

}  // namespace apiary::console
