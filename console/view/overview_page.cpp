#include "console/view/overview_page.hpp"

#include "console/model/drill.hpp"
#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/card.hpp"
#include "console/view/controls.hpp"
#include "console/view/probe_sheet.hpp"

#include <QBoxLayout>
#include <QButtonGroup>
#include <QGridLayout>
#include <QKeyEvent>
#include <QStackedWidget>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;
constexpr int kNoLive = 1150;  // below it the live column gives way
constexpr int kSide = 328;

QString stepWords(qint64 stepUs) {
    const qint64 minutes = stepUs / 60'000'000;
    return minutes >= 60 && minutes % 60 == 0 ? u"%1 h buckets"_s.arg(minutes / 60) : u"%1 min buckets"_s.arg(minutes);
}

QToolButton* tabButton(const QString& name, const QString& text, QButtonGroup& group) {
    auto* button = new QToolButton;
    button->setProperty("look", u"flat"_s);
    button->setObjectName(name);
    button->setFont(uiFont(12.5, QFont::Medium));
    button->setText(text);
    button->setCheckable(true);
    group.addButton(button);
    return button;
}

}  // namespace

OverviewPage::OverviewPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      grid_(new QGridLayout),
      tiles_(new OverviewTiles(theme, workspace)),
      chart_(new TimeChart(theme)),
      legend_(new Legend(theme, *chart_)),
      map_(new WorldMap(theme)),
      heat_(new HeatMap(theme)),
      heatBody_(new PanelBody(theme, heat_)),
      live_(new LiveColumn(theme, workspace)),
      liveBody_(new PanelBody(theme, live_)),
      openList_(new OpenList(theme, workspace.openSessions(), [&workspace] { return workspace.nowUs(); })) {
    setLayout(grid_);
    grid_->setContentsMargins(16, 14, 16, 14);
    grid_->setSpacing(kGap);
    grid_->addWidget(tiles_, 0, 0, 1, 2);
    grid_->addWidget(makeChart(), 1, 0);
    grid_->addWidget(makeMapAndHeat(), 2, 0);
    grid_->addWidget(makeRankings(), 3, 0);
    grid_->addWidget(makeLive(), 1, 1, 3, 1);
    grid_->setColumnStretch(0, 1);
    const std::initializer_list<std::pair<int, int>> rows{{1, 270}, {2, 220}, {3, 190}};
    for (const auto& [row, least] : rows) {
        grid_->setRowMinimumHeight(row, least);
        grid_->setRowStretch(row, least);
    }
    connectModels();
    connectChart();
    showChart();
    showMap();
    showHeat();
    showLive();
}

Card* OverviewPage::makeChart() {
    chartCard_ = new Card(theme_, u"Sessions by protocol"_s);
    auto* modes = new QButtonGroup(this);
    for (const auto& [name, mode] :
         {std::pair(u"Stacked"_s, TimeChart::Mode::Stacked), std::pair(u"Lines"_s, TimeChart::Mode::Lines),
          std::pair(u"Log"_s, TimeChart::Mode::Log)}) {
        QToolButton* button = tabButton(u"chart:"_s + name, name, *modes);
        button->setChecked(mode == chart_->mode());
        connect(button, &QToolButton::clicked, chart_, [this, mode = mode] { chart_->setMode(mode); });
        chartCard_->head()->addWidget(button);
    }
    auto* content = new QWidget;
    auto* line = new QHBoxLayout(content);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    line->addWidget(chart_, 1);
    line->addWidget(legend_);
    chartBody_ = new PanelBody(theme_, content);
    chartBody_->setEmptyWords(u"No sessions in this range"_s, u"Widen the range, or wait for the first visitor."_s);
    chartCard_->body()->addWidget(chartBody_, 1);
    return chartCard_;
}

/// The map is there once the collector knows a country; till then the hours have the row for themselves.
QWidget* OverviewPage::makeMapAndHeat() {
    auto* row = new QWidget;
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    mapCard_ = new Card(theme_, u"Source countries"_s);
    mapCard_->setSubtitle(u"click a country for the sessions"_s);
    mapCard_->body()->addWidget(map_, 1);
    line->addWidget(mapCard_, 1);
    heatCard_ = new Card(theme_, u"When they come"_s);
    heatCard_->setSubtitle(u"weekday × hour, last 28 days · click for the sessions"_s);
    heatBody_->setEmptyWords(u"No sessions in the last 28 days"_s, {});
    heatCard_->body()->addWidget(heatBody_, 1);
    line->addWidget(heatCard_, 1);
    return row;
}

QWidget* OverviewPage::makeRankings() {
    auto* row = new QWidget;
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    for (const std::optional<TopField> field :
         {std::optional(TopField::Source), std::optional(TopField::Credential), std::optional<TopField>()}) {
        auto* ranking = new RankedCard(theme_, workspace_, field);
        connect(ranking, &RankedCard::sessionsWanted, this, &OverviewPage::list);
        connect(ranking, &RankedCard::probesWanted, this, &OverviewPage::showProbes);
        rankings_.append(ranking);
        line->addWidget(ranking, 1);
    }
    return row;
}

Card* OverviewPage::makeLive() {
    liveCard_ = new Card(theme_, u"Live"_s);
    liveCard_->setFixedWidth(kSide);
    liveStack_ = new QStackedWidget;
    liveStack_->addWidget(liveBody_);
    liveStack_->addWidget(openList_);
    liveBody_->setEmptyWords(u"Nothing yet"_s, u"Sessions appear here as they begin."_s);
    auto* tabs = new QButtonGroup(this);
    for (const auto& [name, at] : {std::pair(u"Feed"_s, 0), std::pair(u"Open"_s, 1)}) {
        QToolButton* button = tabButton(u"live:"_s + name, name, *tabs);
        button->setChecked(at == 0);
        connect(button, &QToolButton::clicked, this, [this, at = at] {
            liveStack_->setCurrentIndex(at);
            showLive();
        });
        liveTabs_.append(button);
        liveCard_->head()->addWidget(button);
    }
    pause_ = glyphButton(theme_, Glyph::Pause, {}, u"Pause the feed (Space)"_s, "flat");
    pause_->setObjectName(u"live:pause"_s);
    pause_->setCheckable(true);
    connect(pause_, &QToolButton::clicked, this, [this](bool paused) { workspace_.live().pause(paused); });
    liveCard_->head()->addWidget(pause_);
    liveCard_->body()->addWidget(liveStack_, 1);
    return liveCard_;
}

void OverviewPage::connectModels() {
    connect(tiles_, &OverviewTiles::sessionsWanted, this, &OverviewPage::list);
    connect(tiles_, &OverviewTiles::fleetWanted, this, [this] { Q_EMIT pageWanted(Page::Fleet); });
    connect(&workspace_.overview(), &OverviewModel::changed, this, &OverviewPage::showChart);
    connect(&workspace_.overview(), &OverviewModel::activityChanged, this, &OverviewPage::showHeat);
    connect(&workspace_.overview(), &OverviewModel::rankingChanged, this, [this](TopField field) {
        if (field == TopField::Country) {
            showMap();
        }
    });
    connect(map_, &WorldMap::activated, this, &OverviewPage::listCountry);
    connect(&workspace_.live(), &LiveFeed::changed, this, &OverviewPage::showLive);
    connect(&workspace_, &Workspace::openChanged, this, &OverviewPage::showLive);
    connect(&workspace_, &Workspace::fleetChanged, this, &OverviewPage::showLive);  // each second: the rate falls
    connect(&workspace_, &Workspace::fleetChanged, openList_->viewport(), qOverload<>(&QWidget::update));
    connect(openList_, &OpenList::activated, this, &OverviewPage::openSession);
    connect(live_, &LiveColumn::activated, this, &OverviewPage::openSession);
    connect(heat_, &HeatMap::activated, this, &OverviewPage::listHour);
}

void OverviewPage::connectChart() {
    connect(chart_, &TimeChart::rangeSelected, this,
            [this](qint64 from, qint64 to) { workspace_.setSpan({.lastUs = 0, .fromUs = from, .toUs = to}); });
    connect(chart_, &TimeChart::bandChosen, this,
            [this](int layer, int bucket) { listBucket(chart_->bands().layers[layer].protocols, bucket); });
    connect(chart_, &TimeChart::bucketChosen, this, [this](int bucket) { listBucket(shownProtocols(), bucket); });
    connect(legend_, &Legend::sessionsWanted, this, [this](int entry) {
        list({.protocols = chart_->bands().layers[entry].protocols, .sensorIds = {}, .filter = {}},
             workspace_.overview().figures().bandsScope);
    });
}

void OverviewPage::fit() {
    const bool roomy = width() >= kNoLive;
    liveCard_->setVisible(roomy);
    grid_->setHorizontalSpacing(roomy ? kGap : 0);
}

void OverviewPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

void OverviewPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    workspace_.overview().setWatched(true);
}

void OverviewPage::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    workspace_.overview().setWatched(false);
}

void OverviewPage::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space) {
        workspace_.live().pause(!workspace_.live().paused());
    } else {
        QWidget::keyPressEvent(event);
    }
}

void OverviewPage::showChart() {
    const OverviewModel::Figures& overview = workspace_.overview().figures();
    const bool some = overview.bands && !overview.bands->layers.isEmpty();
    if (overview.bands) {
        chart_->setBands(*overview.bands, overview.bandsScope.fromUs, overview.bandsScope.toUs);
        legend_->refresh();
    }
    chartBody_->show(overview.bands.has_value(), some, overview.failure);
    chartCard_->setSubtitle(
        some ? stepWords(overview.bands->stepUs) + u" · UTC · drag to zoom · click for the sessions"_s : QString());
}

void OverviewPage::showMap() {
    const OverviewModel& overview = workspace_.overview();
    QHash<QString, quint64> counts;
    for (const TopEntry& entry : overview.ranking(TopField::Country).value.value_or(QList<TopEntry>())) {
        counts[QString::fromUtf8(entry.key)] += entry.count;
    }
    map_->setCounts(counts);
    mapCard_->setVisible(overview.countriesKnown());
    heatCard_->setSubtitle(mapCard_->isVisibleTo(this) ? u"weekday × hour, last 28 days"_s
                                                       : u"weekday × hour, last 28 days · click for the sessions"_s);
}

void OverviewPage::showHeat() {
    const Answer<Activity>& activity = workspace_.overview().activity();
    const Activity shown = activity.value.value_or(Activity());
    heat_->setActivity(shown);
    const bool some = std::ranges::any_of(shown.sessions, [](quint64 count) { return count > 0; });
    heatBody_->show(activity.value.has_value(), some, activity.failure);
}

QString OverviewPage::liveWords() const {
    const LiveFeed& feed = workspace_.live();
    if (feed.paused()) {
        return feed.waiting() == 0 ? u"paused"_s : u"paused · %1 new"_s.arg(grouped(feed.waiting()));
    }
    const double rate = feed.perSecond(workspace_.nowUs());
    return QString::number(rate, 'f', rate < 9.95 && rate > 0 ? 1 : 0) + u" sessions/s"_s;
}

void OverviewPage::showLive() {
    const bool any = !workspace_.live().rows().isEmpty();
    liveBody_->show(workspace_.list().table().loaded(), any, {});
    pause_->setChecked(workspace_.live().paused());
    const OpenSessionModel& open = workspace_.openSessions();
    liveTabs_[1]->setText(open.loaded() ? u"Open %1"_s.arg(grouped(open.total())) : u"Open"_s);
    liveCard_->setSubtitle(liveWords());
}

void OverviewPage::list(const SessionQuery& query, const Scope& scope) {
    workspace_.listSessions(query, scope);
    Q_EMIT pageWanted(Page::Sessions);
}

void OverviewPage::showProbes(const QString& tool, const Scope& scope) {
    workspace_.probes().ask(tool, scope);
    new ProbeSheet(theme_, *window(), workspace_.probes());
}

QStringList OverviewPage::shownProtocols() const {
    QStringList protocols;
    bool all = true;
    for (const Band& band : chart_->bands().layers) {
        if (chart_->shown(band.name)) {
            protocols += band.protocols;
        } else {
            all = false;
        }
    }
    return all ? QStringList() : protocols;
}

/// The sessions that one bucket of the chart counts.
void OverviewPage::listBucket(const QStringList& protocols, int bucket) {
    const Bands& bands = chart_->bands();
    Scope scope = workspace_.overview().figures().bandsScope;
    const qint64 start = bands.bucketUs[bucket];
    scope.toUs = std::min(scope.toUs, start + bands.stepUs);
    scope.fromUs = std::max(scope.fromUs, start);
    list({.protocols = protocols, .sensorIds = {}, .filter = {}}, scope);
}

void OverviewPage::listHour(int hour) {
    SessionQuery query;
    query.filter.weekHours = {hour};
    list(query, workspace_.overview().activity().scope);
}

void OverviewPage::listCountry(const QString& code) {
    SessionQuery query;
    query.filter.countries = {code};
    list(query, workspace_.overview().ranking(TopField::Country).scope);
}

void OverviewPage::openSession(const QByteArray& id) {
    if (!workspace_.list().query().empty() || workspace_.listScope()) {
        workspace_.listSessions({});
    }
    workspace_.list().select(id);
    Q_EMIT pageWanted(Page::Sessions);
}

}  // namespace apiary::console
