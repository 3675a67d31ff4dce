#include "console/view/fleet_panel.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"
#include "console/view/fleet_figures.hpp"
#include "console/view/remark.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QPushButton>
#include <QScrollArea>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kPanel = 330;
constexpr qsizetype kReasonLength = 300;

/// Why the sensor needs a look; while the link is lost, first of all that this is how it was.
QString reasonText(const Sensor& sensor, const LinkState& link) {
    const QString reason = visible(sensor.healthReason, kReasonLength);
    const QString stale = staleWords(link);
    return stale.isEmpty()    ? reason
           : reason.isEmpty() ? u"This is %1. How the sensor is now is not known."_s.arg(stale)
                              : u"This is %1. How the sensor is now is not known. It was: %2"_s.arg(stale, reason);
}

/// "r103, in step"; while the sensor is behind: "r103, r104 on its way".
QString stateText(const Sensor& sensor) {
    return sensor.appliedVersion == sensor.desiredVersion
               ? u"r%1, in step"_s.arg(sensor.desiredVersion)
               : u"r%1, r%2 on its way"_s.arg(sensor.appliedVersion).arg(sensor.desiredVersion);
}

quint64 refusedBy(const Sensor& sensor) {
    quint64 refused = 0;
    for (const Service& service : sensor.services) {
        refused += service.refused;
    }
    return refused;
}

QList<std::pair<QString, QString>> factsOf(const Sensor& sensor, qint64 nowUs) {
    const QString unknown = u"unknown"_s;
    return {{u"Last heard of"_s, sensor.lastSeenUs == 0 ? u"never"_s : ageText(nowUs - sensor.lastSeenUs) + u" ago"_s},
            {u"Desired state"_s, stateText(sensor)},
            {u"Records waiting"_s, grouped(sensor.spoolRecords)},
            {u"Connections now"_s, sensor.connected ? grouped(openSessions(sensor)) : unknown},
            {u"Refused (limits)"_s, grouped(refusedBy(sensor))},
            {u"Clock"_s, sensor.connected ? clockOffsetText(sensor.clockOffsetMs) : unknown},
            {u"Sensor number"_s, QString::number(sensor.id)},
            {u"Version"_s, visible(sensor.version, 24)}};
}

}  // namespace

FleetPanel::FleetPanel(const Theme& theme, Workspace& workspace, QWidget* parent)
    : Card(theme, {}, parent),
      theme_(theme),
      workspace_(workspace),
      name_(new ElidedLabel(uiFont(17, QFont::DemiBold), "")),
      health_(new Pill(theme)),
      site_(new ElidedLabel(uiFont(12), "secondary")),
      reason_(new Remark(theme)),
      troubles_(new SensorTroubles),
      servicesPlace_(new QVBoxLayout),
      bounds_(new SensorBounds(theme)),
      sessions_(textButton(u"View sessions"_s)) {
    setFixedWidth(kPanel);
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(14, 8, 14, 8);
    column->setSpacing(10);
    auto* head = new QHBoxLayout;
    head->addWidget(name_, 1);
    head->addWidget(health_);
    column->addLayout(head);
    column->addWidget(site_);
    column->addWidget(reason_);
    column->addWidget(troubles_);
    column->addWidget(plainLabel(u"Services"_s, uiFont(13.5, QFont::DemiBold)));
    column->addLayout(servicesPlace_);
    column->addSpacing(6);
    column->addWidget(bounds_);
    column->addWidget(plainLabel(u"Agent"_s, uiFont(13.5, QFont::DemiBold)));
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(1, 1);
    for (int i = 0; i < factsOf({}, 0).size(); ++i) {
        auto* value = new ElidedLabel(uiFont(12.5), "");
        value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        facts_.append(std::pair<QLabel*, QLabel*>(plainLabel({}, uiFont(12.5), "secondary"), value));
        grid->addWidget(facts_.last().first, i, 0);
        grid->addWidget(value, i, 1);
    }
    column->addLayout(grid);
    column->addStretch(1);
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFocusPolicy(Qt::NoFocus);
    area->setWidget(content);
    body()->addWidget(area, 1);
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(14, 0, 14, 12);
    sessions_->setObjectName(u"fleet:View sessions"_s);
    foot->addWidget(sessions_, 1);
    body()->addLayout(foot);
    connect(sessions_, &QPushButton::clicked, this,
            [this] { Q_EMIT sessionsWanted({.protocols = {}, .sensorIds = {sensorId_}, .filter = {}}); });
}

void FleetPanel::show(std::optional<qint32> sensorId) {
    const Sensor* sensor = sensorId ? workspace_.fleet().sensor(*sensorId) : nullptr;
    setVisible(sensor != nullptr);
    if (sensor == nullptr) {
        return;
    }
    sensorId_ = sensor->id;
    name_->setText(visible(sensor->name, 64));
    name_->setToolTip(console::toolTip(sensor->name));
    const bool live = workspace_.link().live();
    health_->show(healthWords(sensor->health), live ? moodOf(sensor->health) : Mood::Off);
    site_->setText(sensor->site.isEmpty() ? u"no site given"_s : visible(sensor->site, 64));
    const bool bad = sensor->health == Health::Offline || !sensor->connected || !live;
    reason_->show(reasonText(*sensor, workspace_.link()), bad ? Remark::Mood::Critical : Remark::Mood::Warn);
    troubles_->show(sensor->troubles, live, workspace_.nowUs());
    showServices(*sensor);
    bounds_->show(sensor->bounds, live && sensor->connected, workspace_.nowUs());
    showFacts(*sensor);
}

void FleetPanel::showServices(const Sensor& sensor) {
    if (services_ != nullptr && services_->sensorId() == sensor.id && services_->refresh()) {
        return;
    }
    if (services_ != nullptr) {
        services_->hide();
        services_->deleteLater();  // one of its own buttons may have brought us here
    }
    services_ = new SensorServices(theme_, workspace_, sensor.id, false);
    servicesPlace_->addWidget(services_);
    connect(services_, &SensorServices::sessionsWanted, this, &FleetPanel::sessionsWanted);
}

void FleetPanel::showFacts(const Sensor& sensor) {
    const auto texts = factsOf(sensor, workspace_.nowUs());
    for (qsizetype i = 0; i < texts.size(); ++i) {
        facts_[i].first->setText(texts[i].first);
        facts_[i].second->setText(texts[i].second);
        setTone(*facts_[i].second, workspace_.link().live() ? "" : "secondary");
    }
    if (workspace_.link().live()) {
        setTone(*facts_[2].second, sensor.spoolRecords > kLongQueue ? "warn" : "");
        setTone(*facts_[5].second, sensor.connected && qAbs(sensor.clockOffsetMs) > kClockOffMs ? "warn" : "");
    }
}

QString FleetPanel::title() const {
    return name_->text();
}

QString FleetPanel::health() const {
    return health_->words();
}

QString FleetPanel::reason() const {
    return reason_->words();
}

QList<std::pair<QString, QString>> FleetPanel::facts() const {
    QList<std::pair<QString, QString>> facts;
    for (const auto& [name, value] : facts_) {
        facts.append({name->text(), value->text()});
    }
    return facts;
}

QList<ShownSwitch> FleetPanel::shownSwitches() const {
    return services_ == nullptr || !isVisible() ? QList<ShownSwitch>() : services_->shownSwitches();
}

}  // namespace apiary::console
