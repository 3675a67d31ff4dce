#pragma once

#include "console/model/workspace.hpp"
#include "console/view/legend.hpp"
#include "console/view/open_list.hpp"
#include "console/view/sensor_services.hpp"
#include "console/view/session_panel.hpp"
#include "console/view/session_table.hpp"
#include "console/view/tile.hpp"
#include "console/view/time_chart.hpp"

namespace apiary::console {

class Card;

/// Sessions at two depths with the same widgets: the overview has figures, chart, connections and switches around the
/// table; the sessions' view gives the table and the transcript all the room.
class AnalysisPage final : public QWidget {
    Q_OBJECT

public:
    enum class Depth { Overview, Sessions };

    AnalysisPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    void setDepth(Depth depth);
    Depth depth() const { return depth_; }

    QList<Tile*> tiles() const { return {sessions_, sources_, credentials_, open_, online_}; }
    const TimeChart& chart() const { return *chart_; }
    const Legend& legend() const { return *legend_; }
    const SessionTable& table() const { return *table_; }
    const SessionPanel& panel() const { return *panel_; }
    const OpenList& openList() const { return *openList_; }
    QList<ShownSwitch> shownSwitches() const { return services_->shownSwitches(); }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeTiles();
    Card* makeChart();
    QWidget* makeBrowser();
    void fit();
    void showOverview();
    void showFleet();
    void showChart();

    const Theme& theme_;
    Workspace& workspace_;
    Depth depth_ = Depth::Overview;
    Tile* sessions_;
    Tile* sources_;
    Tile* credentials_;
    Tile* open_;
    Tile* online_;
    TimeChart* chart_;
    Legend* legend_;
    Placeholder* noChart_;
    SessionTable* table_;
    SessionPanel* panel_;
    OpenList* openList_;
    ServicesList* services_;
    QWidget* tileRow_ = nullptr;
    Card* chartCard_ = nullptr;
    Card* openCard_ = nullptr;
    Card* tableCard_ = nullptr;
    Card* panelCard_ = nullptr;
    Card* servicesCard_ = nullptr;
    QWidget* browser_ = nullptr;
};

}  // namespace apiary::console
