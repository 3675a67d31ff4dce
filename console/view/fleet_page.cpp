#include "console/view/fleet_page.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"
#include "console/view/fleet_figures.hpp"
#include "console/view/keys.hpp"
#include "console/view/sheet.hpp"

#include <QBoxLayout>
#include <QLineEdit>
#include <QMenu>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kGap = 12;
constexpr int kSearch = 300;

QString sensorsText(qsizetype number) {
    return number == 1 ? u"1 sensor"_s : u"%1 sensors"_s.arg(number);
}

}  // namespace

FleetPage::FleetPage(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      workspace_(workspace),
      filter_(new FleetFilter(workspace.fleet(), this)),
      online_(new Tile(theme, u"Sensors online"_s)),
      running_(new Tile(theme, u"Services running"_s)),
      open_(new Tile(theme, u"Open connections"_s)),
      queue_(new Tile(theme, u"Buffered on agents"_s)),
      clocks_(new Tile(theme, u"Clocks in step"_s)),
      table_(new FleetTable(theme, workspace, *filter_)),
      empty_(new Placeholder(theme)),
      panel_(new FleetPanel(theme, workspace)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 14);
    column->setSpacing(kGap);
    column->addWidget(makeTiles());
    tools_ = makeTools();
    column->addWidget(tools_);
    auto* line = new QHBoxLayout;
    line->setSpacing(kGap);
    auto* card = new Card(theme);
    card->body()->addWidget(table_, 1);
    card->body()->addWidget(empty_, 1);
    line->addWidget(card, 1);
    line->addWidget(panel_);
    column->addLayout(line, 1);
    makeKeys();
    connect(&workspace, &Workspace::fleetChanged, this, &FleetPage::refresh);
    connect(&workspace, &Workspace::linkChanged, this, &FleetPage::refresh);
    connect(table_, &FleetTable::currentChangedTo, this, [this] { panel_->show(table_->currentSensor()); });
    connect(table_, &FleetTable::selectedChanged, this, &FleetPage::showSelection);
    connect(table_, &FleetTable::sessionsWanted, this, [this](qint32 sensorId) {
        Q_EMIT sessionsWanted({.protocols = {}, .sensorIds = {sensorId}, .filter = {}});
    });
    connect(panel_, &FleetPanel::sessionsWanted, this, &FleetPage::sessionsWanted);
    refresh();
}

QWidget* FleetPage::makeTiles() {
    auto* tiles = new QWidget;
    auto* line = new QHBoxLayout(tiles);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kGap);
    for (Tile* tile : this->tiles()) {
        line->addWidget(tile);
    }
    return tiles;
}

QWidget* FleetPage::makeTools() {
    auto* tools = new QWidget;
    auto* line = new QHBoxLayout(tools);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(8);
    search_ = new QLineEdit;
    search_->setObjectName(u"fleet:search"_s);
    search_->setFont(uiFont(13));
    search_->setFixedHeight(32);
    search_->setMaximumWidth(kSearch);
    search_->setPlaceholderText(u"Find sensor, site, service or version"_s);
    search_->setAccessibleName(u"Find sensors"_s);
    search_->setClearButtonEnabled(true);
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
        filter_->find(text);
        refresh();
    });
    line->addWidget(search_, 1);
    line->addWidget(all_ = segment(u"All"_s, false));
    line->addWidget(problems_ = segment(u"Problems"_s, true));
    line->addStretch(1);
    selected_ = plainLabel({}, uiFont(12.5), "secondary");
    line->addWidget(selected_);
    line->addWidget(on_ = bulkButton(true));
    line->addWidget(off_ = bulkButton(false));
    return tools;
}

QToolButton* FleetPage::segment(const QString& name, bool problems) {
    auto* button = new QToolButton;
    button->setProperty("look", u"filter"_s);
    button->setObjectName(u"fleet:"_s + name);
    button->setFont(uiFont(13, QFont::Medium));
    button->setCheckable(true);
    button->setChecked(problems == filter_->problemsOnly());
    connect(button, &QToolButton::clicked, this, [this, problems] {
        filter_->onlyProblems(problems);
        refresh();
    });
    return button;
}

QPushButton* FleetPage::bulkButton(bool on) {
    auto* button = textButton(on ? u"Switch on  ▾"_s : u"Switch off  ▾"_s);
    button->setObjectName(on ? u"fleet:Switch on"_s : u"fleet:Switch off"_s);
    button->setToolTip(on ? u"Switch a service on, on all selected sensors"_s
                          : u"Switch a service off, on all selected sensors"_s);
    auto* menu = new QMenu(button);
    menu->setObjectName(button->objectName() + u":menu"_s);
    connect(menu, &QMenu::aboutToShow, this, [this, menu, on] { fillBulk(*menu, on); });
    button->setMenu(menu);
    return button;
}

/// The services that a selected sensor has.
void FleetPage::fillBulk(QMenu& menu, bool on) {
    menu.clear();
    QStringList names;
    for (const qint32 id : table_->selectedSensors()) {
        for (const QString& name : workspace_.fleet().serviceNames()) {
            if (!names.contains(name) && workspace_.fleet().look(id, name)) {
                names.append(name);
            }
        }
    }
    names.sort();
    for (const QString& name : names) {
        // "&" before a letter would become its underline.
        QAction* action = menu.addAction(visible(name, 40).replace(u'&', u"&&"_s));
        connect(action, &QAction::triggered, this, [this, name, on] { askBulk(name, on); });
    }
}

/// Says which sensors would be asked and which would not, and why; asks those when it is confirmed.
void FleetPage::askBulk(const QString& service, bool on) {
    QList<std::pair<QString, QString>> lines;
    QList<qint32> ids;
    for (const qint32 id : table_->selectedSensors()) {
        const Sensor* sensor = workspace_.fleet().sensor(id);
        const auto look = workspace_.fleet().look(id, service);
        const bool can = look && canSwitch(*look, true) && look->on != on;
        if (can) {
            ids.append(id);
        }
        const auto found = std::ranges::find(sensor->services, service, &Service::name);
        const quint32 open = found == sensor->services.end() ? 0 : found->openSessions;
        lines.append({visible(sensor->name, 40), !look                     ? u"left out: has no such service"_s
                                                 : !canSwitch(*look, true) ? u"left out: not reachable"_s
                                                 : look->on == on && on    ? u"left out: is on already"_s
                                                 : look->on == on          ? u"left out: is off already"_s
                                                 : open > 0 && !on         ? u"%1 connected now"_s.arg(grouped(open))
                                                 : on                      ? u"is off"_s
                                                                           : u"is on"_s});
    }
    const QString name = visible(service, 40);
    const QString verb = on ? u"Switch on"_s : u"Switch off"_s;
    auto* sheet = new ConfirmSheet(
        theme_, *window(), u"%1 %2 on %3?"_s.arg(verb, name, sensorsText(ids.size())),
        on ? u"The sensors begin to listen on the service's ports."_s
           : u"The sensors stop listening on the service's ports; attackers see them closed until it is switched on again."_s,
        lines, u"%1 on %2"_s.arg(verb, sensorsText(ids.size())), !on);
    sheet->allow(!ids.isEmpty());
    connect(sheet, &ConfirmSheet::confirmed, this, [this, ids, service, on] {
        for (const qint32 id : ids) {
            workspace_.switchService(id, service, on);
        }
    });
}

void FleetPage::makeKeys() {
    addKey(this, u"/; Ctrl+F"_s, u"Find sensors"_s, [this] {
        search_->setFocus(Qt::ShortcutFocusReason);
        search_->selectAll();
    });
    addKey(this, u"Esc"_s, u"Show all sensors again"_s, [this] {
        search_->clear();
        filter_->onlyProblems(false);
        refresh();
        table_->setFocus(Qt::ShortcutFocusReason);
    });
}

void FleetPage::showProblems() {
    search_->clear();
    filter_->onlyProblems(true);
    refresh();
}

QList<ShownSwitch> FleetPage::shownSwitches() const {
    return table_->shownSwitches() + panel_->shownSwitches();
}

void FleetPage::refresh() {
    const FleetModel& fleet = workspace_.fleet();
    const bool any = filter_->rowCount() > 0;
    table_->setVisible(any);
    empty_->setVisible(!any);
    tools_->setVisible(!fleet.sensors().isEmpty());
    if (!fleet.loaded()) {
        empty_->showLoading(u"Loading sensors…"_s);
    } else if (fleet.sensors().isEmpty()) {
        empty_->show(Glyph::Hexagon, u"No sensor is enrolled"_s,
                     u"“apiary-collector issue sensor NAME” makes the certificate of the first."_s);
    } else if (filter_->text().isEmpty()) {
        empty_->show(Glyph::Check, u"No sensor needs a look"_s,
                     u"All %1 are online, do what is asked, and keep time. Esc shows them."_s.arg(
                         sensorsText(fleet.sensors().size())));
    } else {
        empty_->show(Glyph::Search, u"No sensor matches"_s,
                     u"0 of %1. Esc clears the search."_s.arg(sensorsText(fleet.sensors().size())));
    }
    showTiles();
    showSegments();
    showSelection();
    panel_->show(any ? table_->currentSensor() : std::nullopt);
}

void FleetPage::showTiles() {
    if (!workspace_.fleet().loaded()) {
        return;
    }
    const FleetFigures figures = figuresOf(workspace_.fleet());
    showOnline(*online_, figures);
    running_->setValue(u"%1 / %2"_s.arg(figures.running).arg(figures.wanted), figures.serviceWords(),
                       figures.failed > 0     ? Tile::Mood::Critical
                       : figures.applying > 0 ? Tile::Mood::Warn
                                              : Tile::Mood::Calm);
    open_->setValue(grouped(figures.openSessions), u"on all services, now"_s);
    queue_->setValue(grouped(figures.queued), figures.queueWords(),
                     figures.longestQueued > kLongQueue ? Tile::Mood::Warn : Tile::Mood::Calm);
    clocks_->setValue(u"%1 / %2"_s.arg(figures.inStep).arg(figures.online),
                      figures.worstClock.isEmpty() ? u"within 2 s of the collector's"_s : figures.worstClock,
                      figures.worstClock.isEmpty() ? Tile::Mood::Calm : Tile::Mood::Warn);
    if (const QString stale = staleWords(workspace_.link()); !stale.isEmpty()) {
        for (Tile* tile : tiles()) {
            tile->setValue(tile->value(), stale, Tile::Mood::Critical);
        }
    }
}

void FleetPage::showSegments() {
    const FleetFigures figures = figuresOf(workspace_.fleet());
    all_->setText(u"All %1"_s.arg(figures.sensors));
    problems_->setText(u"Problems %1"_s.arg(figures.problems));
    all_->setChecked(!filter_->problemsOnly());
    problems_->setChecked(filter_->problemsOnly());
}

void FleetPage::showSelection() {
    const qsizetype selected = table_->selectedSensors().size();
    const bool can = selected > 0 && workspace_.link().live();
    selected_->setText(selected == 0 ? QString() : u"%1 selected"_s.arg(selected));
    on_->setEnabled(can);
    off_->setEnabled(can);
}

}  // namespace apiary::console
