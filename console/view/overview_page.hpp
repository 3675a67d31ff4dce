#pragma once

#include "console/model/workspace.hpp"
#include "console/view/legend.hpp"
#include "console/view/open_list.hpp"
#include "console/view/sensor_services.hpp"
#include "console/view/tile.hpp"
#include "console/view/time_chart.hpp"

namespace apiary::console {

class Card;

/// Figures, chart, connections and switches.
class OverviewPage final : public QWidget {
    Q_OBJECT

public:
    OverviewPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    QList<Tile*> tiles() const { return {sessions_, sources_, credentials_, open_, online_}; }
    const TimeChart& chart() const { return *chart_; }
    const Legend& legend() const { return *legend_; }
    const OpenList& openList() const { return *openList_; }
    QList<ShownSwitch> shownSwitches() const { return services_->shownSwitches(); }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeTiles();
    Card* makeChart();
    void fit();
    void showOverview();
    void showFleet();
    void showChart();

    const Theme& theme_;
    Workspace& workspace_;
    Tile* sessions_;
    Tile* sources_;
    Tile* credentials_;
    Tile* open_;
    Tile* online_;
    TimeChart* chart_;
    Legend* legend_;
    Placeholder* noChart_;
    OpenList* openList_;
    ServicesList* services_;
    Card* chartCard_ = nullptr;
    Card* openCard_ = nullptr;
    Card* servicesCard_ = nullptr;
};

}  // namespace apiary::console
