#pragma once

#include "console/view/fleet_panel.hpp"
#include "console/view/fleet_table.hpp"
#include "console/view/tile.hpp"

class QLineEdit;
class QMenu;
class QPushButton;
class QToolButton;

namespace apiary::console {

class Placeholder;

/// The sensors: figures, search, table with switches, the one chosen in full, and switching a service on several.
class FleetPage final : public QWidget {
    Q_OBJECT

public:
    FleetPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    const FleetTable& table() const { return *table_; }
    const FleetFilter& filter() const { return *filter_; }
    const FleetPanel& panel() const { return *panel_; }
    const Placeholder& empty() const { return *empty_; }
    QList<Tile*> tiles() const { return {online_, running_, open_, queue_, clocks_}; }
    /// Of the table, then of the panel.
    QList<ShownSwitch> shownSwitches() const;
    /// Leaves only the sensors that need a look.
    void showProblems();

Q_SIGNALS:
    void sessionsWanted(const SessionQuery& query);

private:
    QWidget* makeTiles();
    QWidget* makeTools();
    void makeKeys();
    QToolButton* segment(const QString& name, bool problems);
    QPushButton* bulkButton(bool on);
    void fillBulk(QMenu& menu, bool on);
    void askBulk(const QString& service, bool on);
    void refresh();
    void showTiles();
    void showSegments();
    void showSelection();

    const Theme& theme_;
    Workspace& workspace_;
    FleetFilter* filter_;
    Tile* online_;
    Tile* running_;
    Tile* open_;
    Tile* queue_;
    Tile* clocks_;
    QWidget* tools_ = nullptr;
    QLineEdit* search_ = nullptr;
    QToolButton* all_ = nullptr;
    QToolButton* problems_ = nullptr;
    QLabel* selected_ = nullptr;
    QPushButton* on_ = nullptr;
    QPushButton* off_ = nullptr;
    FleetTable* table_;
    Placeholder* empty_;
    FleetPanel* panel_;
};

}  // namespace apiary::console
