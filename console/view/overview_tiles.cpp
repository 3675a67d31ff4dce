#include "console/view/overview_tiles.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/fleet_figures.hpp"

#include <QBoxLayout>

#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;
constexpr double kLargeRise = 20;  // percent

/// "▲ 12.4 % vs previous 24 h"; amber from a large rise on.
std::pair<QString, Tile::Mood> changeOf(quint64 now, quint64 before, const QString& length) {
    if (before == 0) {
        return {now == 0 ? u"none"_s : u"none in the %1 before"_s.arg(length), Tile::Mood::Calm};
    }
    const double change = 100.0 * (static_cast<double>(now) / static_cast<double>(before) - 1.0);
    const QString shape = std::abs(change) < 0.05 ? u"= "_s : change > 0 ? u"▲ "_s : u"▼ "_s;
    const QString size = std::abs(change) < 100 ? QString::number(std::abs(change), 'f', 1)
                                                : grouped(static_cast<quint64>(std::llround(std::abs(change))));
    return {shape + u"%1 % vs previous %2"_s.arg(size, length),
            change >= kLargeRise ? Tile::Mood::Warn : Tile::Mood::Calm};
}

}  // namespace

QString lengthWords(const Scope& scope) {
    const qint64 minutes = (scope.toUs - scope.fromUs) / 60'000'000;
    return minutes >= 2'880 && minutes % 1440 == 0 ? u"%1 d"_s.arg(minutes / 1440)
           : minutes >= 60                         ? u"%1 h"_s.arg(qRound(double(minutes) / 60))
                                                   : u"%1 min"_s.arg(minutes);
}

OverviewTiles::OverviewTiles(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      sessions_(new Tile(theme, u"Sessions"_s)),
      sources_(new Tile(theme, u"Unique sources"_s)),
      credentials_(new Tile(theme, u"Credentials tried"_s)),
      newSources_(new Tile(theme, u"New sources"_s)),
      online_(new Tile(theme, u"Sensors online"_s)) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    for (Tile* tile : tiles()) {
        line->addWidget(tile);
    }
    sessions_->setOpens(u"Lists these sessions"_s);
    sources_->setOpens(u"Lists the sessions of these sources, and counts both"_s);
    credentials_->setOpens(u"Lists the sessions with a login, and counts the tries"_s);
    newSources_->setOpens(u"Sources never seen before the range; lists their sessions, and counts both"_s);
    online_->setOpens(u"Shows the fleet"_s);
    SessionQuery tried;
    tried.filter.loginTried = true;
    SessionQuery fresh;
    fresh.filter.sourceIsNew = true;
    for (const auto& [tile, query] : {std::pair(sessions_, SessionQuery{}), std::pair(sources_, SessionQuery{}),
                                      std::pair(credentials_, tried), std::pair(newSources_, fresh)}) {
        connect(tile, &Tile::activated, this,
                [this, query = query] { Q_EMIT sessionsWanted(query, workspace_.overview().figures().totalsScope); });
    }
    connect(online_, &Tile::activated, this, &OverviewTiles::fleetWanted);
    connect(&workspace.overview(), &OverviewModel::changed, this, &OverviewTiles::showTotals);
    connect(&workspace.overview(), &OverviewModel::changed, this, &OverviewTiles::showCourses);
    connect(&workspace.overview(), &OverviewModel::coursesChanged, this, &OverviewTiles::showCourses);
    connect(&workspace, &Workspace::fleetChanged, this, &OverviewTiles::showFleet);
    connect(&workspace, &Workspace::openChanged, this, &OverviewTiles::showFleet);
    showTotals();
    showCourses();
    showFleet();
}

void OverviewTiles::showTotals() {
    const OverviewModel::Figures& figures = workspace_.overview().figures();
    const QString failure = visible(figures.totalsFailure);
    if (!figures.totals) {
        for (Tile* tile : {sessions_, sources_, credentials_, newSources_}) {
            if (!failure.isEmpty()) {
                tile->setValue(u"–"_s, failure, Tile::Mood::Stale);
            }
        }
        return;
    }
    const Totals before = figures.before.value_or(Totals{});
    const QString length = lengthWords(figures.totalsScope);
    for (const auto& [tile, figure] :
         {std::pair(sessions_, &Totals::sessions), std::pair(sources_, &Totals::sources),
          std::pair(credentials_, &Totals::credentials), std::pair(newSources_, &Totals::newSources)}) {
        const quint64 now = (*figures.totals).*figure;
        const auto [note, mood] = changeOf(now, before.*figure, length);
        tile->setValue(grouped(now), failure.isEmpty() ? note : failure, failure.isEmpty() ? mood : Tile::Mood::Stale);
    }
}

void OverviewTiles::showCourses() {
    const OverviewModel& overview = workspace_.overview();
    const auto& bands = overview.figures().bands;
    const QList<bool> silent = bands ? bands->silent : QList<bool>();
    sessions_->setCourse(bands ? bands->sums() : QList<quint64>(), silent);
    for (const auto& [tile, field] :
         {std::pair(sources_, SeriesField::Sources), std::pair(credentials_, SeriesField::Credentials),
          std::pair(newSources_, SeriesField::NewSources)}) {
        tile->setCourse(overview.course(field).value.value_or(QList<quint64>()), silent);
    }
}

QString OverviewTiles::openWords() const {
    return workspace_.openSessions().loaded() ? u"%1 open"_s.arg(grouped(workspace_.openSessions().total()))
                                              : QString();
}

void OverviewTiles::showFleet() {
    if (!workspace_.fleet().loaded()) {
        return;
    }
    const FleetFigures figures = figuresOf(workspace_.fleet());
    showOnline(*online_, figures);
    if (const QString open = openWords(); !open.isEmpty()) {
        const Tile::Mood mood = figures.online < figures.sensors ? Tile::Mood::Critical
                                : figures.degraded > 0           ? Tile::Mood::Warn
                                                                 : Tile::Mood::Calm;
        online_->setValue(online_->value(), online_->note() + u" · "_s + open, mood);
    }
}

}  // namespace apiary::console
