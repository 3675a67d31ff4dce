#pragma once

#include "console/model/workspace.hpp"
#include "console/view/heat_map.hpp"
#include "console/view/legend.hpp"
#include "console/view/live_column.hpp"
#include "console/view/nav_bar.hpp"
#include "console/view/open_list.hpp"
#include "console/view/overview_tiles.hpp"
#include "console/view/panel_body.hpp"
#include "console/view/ranked_card.hpp"
#include "console/view/time_chart.hpp"
#include "console/view/world_map.hpp"

class QGridLayout;
class QStackedWidget;
class QToolButton;

namespace apiary::console {

class Card;

/// What the honeynet sees: figures, sessions over time, when they come, who and what comes most, and what happens now.
/// Every figure opens the sessions, or probes, that it counts.
class OverviewPage final : public QWidget {
    Q_OBJECT

public:
    OverviewPage(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    QList<Tile*> tiles() const { return tiles_->tiles(); }
    const TimeChart& chart() const { return *chart_; }
    const Legend& legend() const { return *legend_; }
    const HeatMap& heatMap() const { return *heat_; }
    const PanelBody& heatBody() const { return *heatBody_; }
    const WorldMap& worldMap() const { return *map_; }
    const QList<RankedCard*>& rankings() const { return rankings_; }
    const LiveColumn& live() const { return *live_; }
    /// `12 sessions/s`, or that it is paused.
    QString liveWords() const;
    const OpenList& openList() const { return *openList_; }

Q_SIGNALS:
    void pageWanted(Page page);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    Card* makeChart();
    QWidget* makeMapAndHeat();
    QWidget* makeRankings();
    Card* makeLive();
    void connectModels();
    void connectChart();
    void fit();
    void showChart();
    void showMap();
    void showHeat();
    void showLive();
    void showProbes(const QString& tool, const Scope& scope);
    void list(const SessionQuery& query, const Scope& scope);
    void listBucket(const QStringList& protocols, int bucket);
    void listHour(int hour);
    void listCountry(const QString& code);
    void openSession(const QByteArray& id);
    QStringList shownProtocols() const;

    const Theme& theme_;
    Workspace& workspace_;
    QGridLayout* grid_;
    OverviewTiles* tiles_;
    TimeChart* chart_;
    Legend* legend_;
    PanelBody* chartBody_ = nullptr;
    WorldMap* map_;
    HeatMap* heat_;
    PanelBody* heatBody_;
    LiveColumn* live_;
    PanelBody* liveBody_;
    OpenList* openList_;
    QStackedWidget* liveStack_ = nullptr;
    QToolButton* pause_ = nullptr;
    QList<QToolButton*> liveTabs_;
    QList<RankedCard*> rankings_;
    Card* chartCard_ = nullptr;
    Card* mapCard_ = nullptr;
    Card* heatCard_ = nullptr;
    Card* liveCard_ = nullptr;
};

}  // namespace apiary::console
