#include "console/view/overview_page.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/card.hpp"
#include "console/view/controls.hpp"
#include "console/view/fleet_figures.hpp"

#include <QBoxLayout>
#include <QGridLayout>

#include <cmath>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;
constexpr int kNarrow = 1200;  // below it the side column gives way
constexpr int kSide = 330;
constexpr int kSideNarrow = 284;

/// "▲ 12.4 % vs previous 24 h"; amber from a rise of 20 % on.
std::pair<QString, Tile::Mood> changeOf(quint64 now, quint64 before, const QString& length) {
    if (before == 0) {
        return {now == 0 ? u"none"_s : u"none in the %1 before"_s.arg(length), Tile::Mood::Calm};
    }
    const double change = 100.0 * (static_cast<double>(now) / static_cast<double>(before) - 1.0);
    const QString shape = change >= 0 ? u"▲ "_s : u"▼ "_s;
    return {shape + QString::number(std::abs(change), 'f', std::abs(change) < 100 ? 1 : 0) +
                u" % vs previous %1"_s.arg(length),
            change >= 20 ? Tile::Mood::Warn : Tile::Mood::Calm};
}

QString lengthWords(const Scope& scope) {
    const qint64 minutes = (scope.toUs - scope.fromUs) / 60'000'000;
    return minutes >= 2'880 && minutes % 1440 == 0 ? u"%1 d"_s.arg(minutes / 1440)
           : minutes >= 60                         ? u"%1 h"_s.arg(qRound(double(minutes) / 60))
                                                   : u"%1 min"_s.arg(minutes);
}

QString stepWords(qint64 stepUs) {
    const qint64 minutes = stepUs / 60'000'000;
    return minutes >= 60 && minutes % 60 == 0 ? u"%1 h buckets"_s.arg(minutes / 60) : u"%1 min buckets"_s.arg(minutes);
}

}  // namespace

OverviewPage::OverviewPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      sessions_(new Tile(theme, u"Sessions"_s)),
      sources_(new Tile(theme, u"Unique sources"_s)),
      credentials_(new Tile(theme, u"Credentials tried"_s)),
      open_(new Tile(theme, u"Open now"_s)),
      online_(new Tile(theme, u"Sensors online"_s)),
      chart_(new TimeChart(theme)),
      legend_(new Legend(theme, *chart_)),
      noChart_(new Placeholder(theme)),
      openList_(new OpenList(theme, workspace.openSessions(), [&workspace] { return workspace.nowUs(); })),
      services_(new ServicesList(theme, workspace)) {
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(16, 14, 16, 14);
    grid->setSpacing(kGap);
    chartCard_ = makeChart();
    openCard_ = new Card(theme, u"Open connections"_s);
    openCard_->body()->addWidget(openList_, 1);
    servicesCard_ = new Card(theme, u"Services"_s);
    servicesCard_->body()->addWidget(services_, 1);
    grid->addWidget(makeTiles(), 0, 0, 1, 2);
    grid->addWidget(chartCard_, 1, 0);
    grid->addWidget(openCard_, 1, 1, 2, 1);
    grid->addWidget(servicesCard_, 2, 0);
    grid->setColumnStretch(0, 1);

    connect(&workspace.overview(), &OverviewModel::changed, this, &OverviewPage::showOverview);
    connect(&workspace, &Workspace::openChanged, this, &OverviewPage::showOverview);
    connect(&workspace, &Workspace::fleetChanged, this, &OverviewPage::showFleet);
    connect(&workspace, &Workspace::fleetChanged, openList_->viewport(), qOverload<>(&QWidget::update));
    connect(openList_, &OpenList::activated, &workspace.list(), &SessionList::select);
    connect(chart_, &TimeChart::rangeSelected, this,
            [this](qint64 from, qint64 to) { workspace_.setSpan({.lastUs = 0, .fromUs = from, .toUs = to}); });
    grid->setRowMinimumHeight(1, 236);
    grid->setRowStretch(1, 36);
    grid->setRowStretch(2, 64);
    showOverview();
    showFleet();
}

QWidget* OverviewPage::makeTiles() {
    auto* row = new QWidget;
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    for (Tile* tile : tiles()) {
        line->addWidget(tile);
    }
    return row;
}

Card* OverviewPage::makeChart() {
    auto* card = new Card(theme_, u"Sessions by protocol"_s);
    auto* line = new QHBoxLayout;
    line->setSpacing(kGap);
    line->addWidget(chart_, 1);
    line->addWidget(legend_);
    line->addWidget(noChart_, 1);
    card->body()->addLayout(line, 1);
    return card;
}

void OverviewPage::fit() {
    const int side = width() < kNarrow ? kSideNarrow : kSide;
    openCard_->setFixedWidth(side);
}

void OverviewPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

void OverviewPage::showOverview() {
    const OverviewModel::Figures& overview = workspace_.overview().figures();
    if (overview.totals) {
        const Totals& totals = *overview.totals;
        const Totals before = overview.before.value_or(Totals{});
        const QString length = lengthWords(workspace_.scope());
        const auto [sessionNote, sessionMood] = changeOf(totals.sessions, before.sessions, length);
        const auto [credentialNote, credentialMood] = changeOf(totals.credentials, before.credentials, length);
        sessions_->setValue(grouped(totals.sessions), sessionNote, sessionMood);
        sources_->setValue(grouped(totals.sources), u"%1 never seen before"_s.arg(grouped(totals.newSources)));
        credentials_->setValue(grouped(totals.credentials), credentialNote, credentialMood);
        const QList<SessionRow>& connected = workspace_.openSessions().rows();
        open_->setValue(grouped(totals.openSessions),
                        connected.isEmpty() ? u"nobody is connected"_s
                                            : u"newest from %1"_s.arg(visible(connected.first().source, 48)));
    }
    showChart();
    const OpenSessionModel& open = workspace_.openSessions();
    openCard_->setSubtitle(!open.loaded() ? QString()
                           : open.total() > static_cast<quint64>(open.rows().size())
                               ? u"%1, newest %2"_s.arg(grouped(open.total())).arg(open.rows().size())
                               : u"%1 now"_s.arg(grouped(open.total())));
}

void OverviewPage::showChart() {
    const OverviewModel::Figures& overview = workspace_.overview().figures();
    const bool drawn = overview.bands && !overview.bands->layers.isEmpty();
    chart_->setVisible(drawn);
    legend_->setVisible(drawn);
    noChart_->setVisible(!drawn);
    if (drawn) {
        chart_->setBands(*overview.bands, workspace_.scope().fromUs, workspace_.scope().toUs);
        legend_->refresh();
        chartCard_->setSubtitle(stepWords(overview.bands->stepUs) + u" · UTC · drag to zoom"_s);
        sessions_->setCourse(overview.bands->sums());
    } else if (overview.bands) {
        noChart_->show(Glyph::Quiet, u"No sessions in this range"_s,
                       u"Widen the range, or wait for the first visitor."_s);
        chartCard_->setSubtitle({});
        legend_->refresh();
        sessions_->setCourse({});
    } else if (!overview.failure.isEmpty()) {
        noChart_->show(Glyph::Alert, u"The figures could not be read"_s, overview.failure);
    } else {
        noChart_->show(Glyph::Clock, u"Loading…"_s, {});
    }
}

void OverviewPage::showFleet() {
    if (workspace_.fleet().loaded()) {
        const FleetFigures figures = figuresOf(workspace_.fleet());
        showOnline(*online_, figures);
        servicesCard_->setSubtitle(u"%1 of %2 running"_s.arg(figures.running).arg(figures.wanted));
    }
}

}  // namespace apiary::console
