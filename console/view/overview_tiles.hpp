#pragma once

#include "console/model/workspace.hpp"
#include "console/view/tile.hpp"

namespace apiary::console {

/// The five figures of the overview, each with its change against the range before. `workspace` must outlive it.
class OverviewTiles final : public QWidget {
    Q_OBJECT

public:
    OverviewTiles(const Theme& theme, Workspace& workspace, QWidget* parent = nullptr);

    QList<Tile*> tiles() const { return {sessions_, sources_, credentials_, newSources_, online_}; }
    /// The line of the last tile about connections: `12 open`, empty until it is known.
    QString openWords() const;

Q_SIGNALS:
    void sessionsWanted(const SessionQuery& query, const Scope& scope);
    void fleetWanted();

private:
    void showTotals();
    void showCourses();
    void showFleet();

    Workspace& workspace_;
    Tile* sessions_;
    Tile* sources_;
    Tile* credentials_;
    Tile* newSources_;
    Tile* online_;
};

/// `24 h`, `7 d`, `15 min`: how long the range of a scope is.
QString lengthWords(const Scope& scope);

}  // namespace apiary::console
