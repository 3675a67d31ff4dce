#include "console/view/fleet_page.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/card.hpp"
#include "console/view/controls.hpp"
#include "console/view/fleet_figures.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QLabel>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;
constexpr int kFacts = 6;
constexpr int kPanel = 330;

}  // namespace

FleetPage::FleetPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      online_(new Tile(theme, u"Sensors online"_s)),
      running_(new Tile(theme, u"Services running"_s)),
      open_(new Tile(theme, u"Open now"_s)),
      queue_(new Tile(theme, u"Waiting on sensors"_s)),
      table_(new FleetTable(theme, workspace)),
      empty_(new Placeholder(theme)) {
    panel_ = makePanel();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 14);
    column->setSpacing(kGap);
    column->addWidget(makeTiles());
    auto* line = new QHBoxLayout;
    line->setSpacing(kGap);
    auto* card = new Card(theme);
    card->body()->addWidget(table_, 1);
    card->body()->addWidget(empty_, 1);
    line->addWidget(card, 1);
    line->addWidget(panel_);
    column->addLayout(line, 1);
    connect(&workspace, &Workspace::fleetChanged, this, &FleetPage::refresh);
    connect(&workspace, &Workspace::linkChanged, this, &FleetPage::refresh);
    connect(table_, &FleetTable::currentChangedTo, this, &FleetPage::showSensor);
    refresh();
}

QWidget* FleetPage::makeTiles() {
    auto* tiles = new QWidget;
    auto* line = new QHBoxLayout(tiles);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    for (Tile* tile : {online_, running_, open_, queue_}) {
        line->addWidget(tile);
    }
    return tiles;
}

Card* FleetPage::makePanel() {
    auto* card = new Card(theme_);
    card->setFixedWidth(kPanel);
    card->body()->setContentsMargins(14, 10, 14, 12);
    card->body()->setSpacing(10);
    auto* head = new QHBoxLayout;
    name_ = new ElidedLabel(uiFont(17, QFont::DemiBold), "");
    health_ = new Pill(theme_);
    head->addWidget(name_, 1);
    head->addWidget(health_);
    card->body()->addLayout(head);
    site_ = plainLabel({}, uiFont(12), "secondary");
    card->body()->addWidget(site_);
    reason_ = plainLabel({}, uiFont(12.5), "warn");
    reason_->setWordWrap(true);
    card->body()->addWidget(reason_);
    card->body()->addWidget(plainLabel(u"Services"_s, uiFont(13.5, QFont::DemiBold)));
    servicesPlace_ = new QVBoxLayout;
    card->body()->addLayout(servicesPlace_);
    card->body()->addSpacing(6);
    card->body()->addWidget(plainLabel(u"Agent"_s, uiFont(13.5, QFont::DemiBold)));
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(1, 1);
    for (int i = 0; i < kFacts; ++i) {
        facts_.append(std::pair(plainLabel({}, uiFont(12.5), "secondary"), plainLabel({}, uiFont(12.5))));
        grid->addWidget(facts_.last().first, i, 0);
        grid->addWidget(facts_.last().second, i, 1, Qt::AlignRight);
    }
    card->body()->addLayout(grid);
    card->body()->addStretch(1);
    return card;
}

QList<ShownSwitch> FleetPage::shownSwitches() const {
    return table_->shownSwitches();
}

void FleetPage::refresh() {
    const FleetModel& fleet = workspace_.fleet();
    const bool any = !fleet.sensors().isEmpty();
    table_->setVisible(any);
    panel_->setVisible(any);
    empty_->setVisible(!any);
    empty_->show(
        fleet.loaded() ? Glyph::Hexagon : Glyph::Clock,
        fleet.loaded() ? u"No sensor is enrolled"_s : u"Loading sensors…"_s,
        fleet.loaded() ? u"“apiary-collector issue sensor NAME” makes the certificate of the first."_s : QString());
    if (fleet.loaded()) {
        const FleetFigures figures = figuresOf(fleet);
        showOnline(*online_, figures);
        running_->setValue(u"%1 / %2"_s.arg(figures.running).arg(figures.wanted), figures.serviceWords(),
                           figures.failed > 0 ? Tile::Mood::Critical : Tile::Mood::Calm);
        open_->setValue(grouped(figures.openSessions), u"connections on all services"_s);
        queue_->setValue(grouped(figures.queued),
                         figures.queued > 0 ? u"records not yet acknowledged"_s : u"all records are in the database"_s);
    }
    showSensor();
}

void FleetPage::showSensor() {
    const auto current = table_->currentSensor();
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    const auto sensor = current ? std::ranges::find(sensors, *current, &Sensor::id) : sensors.end();
    if (sensor == sensors.end()) {
        return;
    }
    name_->setText(visible(sensor->name, 64));
    health_->show(healthWords(sensor->health), moodOf(sensor->health));
    site_->setText(sensor->site.isEmpty() ? u"no site given"_s : visible(sensor->site, 64));
    reason_->setText(visible(sensor->healthReason, 300));
    reason_->setVisible(!sensor->healthReason.isEmpty());
    setTone(*reason_, sensor->health == Health::Offline   ? "critical"
                      : sensor->health == Health::Healthy ? "secondary"
                                                          : "warn");
    if (services_ == nullptr || services_->sensorId() != sensor->id || !services_->refresh()) {
        delete services_;
        services_ = new SensorServices(theme_, workspace_, sensor->id, false);
        servicesPlace_->addWidget(services_);
    }
    const qint64 now = workspace_.nowUs();
    const QList<std::pair<QString, QString>> texts{
        {u"Last heard of"_s, sensor->lastSeenUs == 0 ? u"never"_s : ageText(now - sensor->lastSeenUs) + u" ago"_s},
        {u"Desired state"_s, sensor->appliedVersion == sensor->desiredVersion
                                 ? u"r%1, in step"_s.arg(sensor->desiredVersion)
                                 : u"r%1 → r%2"_s.arg(sensor->appliedVersion).arg(sensor->desiredVersion)},
        {u"Records waiting"_s, grouped(sensor->spoolRecords)},
        {u"Clock"_s,
         qAbs(sensor->clockOffsetMs) < 1000 ? u"in step"_s : u"%1 s off"_s.arg(double(sensor->clockOffsetMs) / 1000)},
        {u"Sensor number"_s, QString::number(sensor->id)},
        {u"Version"_s, visible(sensor->version, 24)}};
    for (qsizetype i = 0; i < texts.size(); ++i) {
        facts_[i].first->setText(texts[i].first);
        facts_[i].second->setText(texts[i].second);
    }
}

}  // namespace apiary::console
