#include "console/view/sensor_services.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QScrollArea>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

/// Sensors that the overview shows with all their services; a larger fleet has its page.
constexpr qsizetype kMostSections = 20;

/// ":2021" for one port, ":2021, :2022" for more; the addresses are in the tool tip.
QString portsOf(const Service& service) {
    QStringList ports;
    for (const QString& listen : service.listens) {
        const QString port = u':' + listen.section(u':', -1);
        if (!ports.contains(port)) {
            ports.append(port);
        }
    }
    return ports.size() > 2 ? u"%1 ports"_s.arg(ports.size()) : ports.join(u", "_s);
}

QString wordsOf(const Service& service, const SwitchLook& look) {
    if (look.phase == SwitchLook::Phase::Agrees && look.on) {
        const QString sessions = u"%1 sessions"_s.arg(grouped(service.sessions));
        return service.openSessions > 0 ? u"%1 open · %2"_s.arg(grouped(service.openSessions), sessions) : sessions;
    }
    return look.words;
}

const char* toneOf(SwitchLook::Phase phase) {
    return phase == SwitchLook::Phase::Failed     ? "critical"
           : phase == SwitchLook::Phase::Applying ? "warn"
                                                  : "secondary";
}

}  // namespace

SensorServices::SensorServices(const Theme& theme, Workspace& workspace, qint32 sensorId, bool withName,
                               QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace), sensorId_(sensorId) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    if (withName) {
        auto* head = new QHBoxLayout;
        name_ = new ElidedLabel(uiFont(13, QFont::DemiBold), "");
        health_ = new Pill(theme);
        head->addWidget(name_, 1);
        head->addWidget(health_);
        column->addLayout(head);
    }
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(3, 1);
    column->addLayout(grid);
    const Sensor* found = sensor();
    if (found == nullptr) {
        return;
    }
    for (const Service& service : found->services) {
        const int row = static_cast<int>(lines_.size());
        Line line{.service = service.name,
                  .control = new ServiceSwitch(theme),
                  .ports = plainLabel({}, monoFont(12), "secondary"),
                  .words = new ElidedLabel(uiFont(12), "secondary")};
        const QString name = visible(service.name, 32);
        line.control->setAccessibleName(u"%1 on %2"_s.arg(name, visible(found->name, 32)));
        line.control->setObjectName(u"switch:%1:%2"_s.arg(sensorId_).arg(name));
        line.words->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        connect(line.control, &ServiceSwitch::wanted, this,
                [this, service = service.name](bool on) { workspace_.switchService(sensorId_, service, on); });
        grid->addWidget(line.control, row, 0);
        grid->addWidget(plainLabel(name, uiFont(13, QFont::Medium)), row, 1);
        grid->addWidget(line.ports, row, 2);
        grid->addWidget(line.words, row, 3);
        lines_.append(line);
    }
    refresh();
}

const Sensor* SensorServices::sensor() const {
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    const auto found = std::ranges::find(sensors, sensorId_, &Sensor::id);
    return found == sensors.end() ? nullptr : &*found;
}

bool SensorServices::refresh() {
    const Sensor* found = sensor();
    if (found == nullptr || found->services.size() != lines_.size()) {
        return false;
    }
    if (name_ != nullptr) {
        name_->setText(visible(found->name, 64));
        health_->show(healthWords(found->health), moodOf(found->health));
        health_->setToolTip(console::toolTip(found->healthReason));
    }
    for (qsizetype i = 0; i < lines_.size(); ++i) {
        const Service& service = found->services[i];
        const Line& line = lines_[i];
        const auto look = workspace_.fleet().look(sensorId_, line.service);
        if (service.name != line.service || !look) {
            return false;
        }
        line.control->show(*look, workspace_.link().live());
        line.ports->setText(portsOf(service));
        line.ports->setToolTip(console::toolTip(service.listens.join(u", "_s)));
        line.words->setText(wordsOf(service, *look));
        line.words->setToolTip(console::toolTip(look->words));
        setTone(*line.words, toneOf(look->phase));
    }
    return true;
}

QList<ShownSwitch> SensorServices::shownSwitches() const {
    QList<ShownSwitch> shown;
    const Sensor* found = sensor();
    for (const Line& line : lines_) {
        if (found != nullptr && line.control->isVisible() && !line.control->visibleRegion().isEmpty()) {
            shown.append({sensorId_, found->name, line.service, line.control->look(),
                          QRect(line.control->mapToGlobal(QPoint(0, 0)), line.control->size())});
        }
    }
    return shown;
}

ServicesList::ServicesList(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QWidget(parent), theme_(theme), workspace_(workspace), column_(new QWidget), empty_(new Placeholder(theme)) {
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(column_);
    area_ = area;
    auto* sections = new QVBoxLayout(column_);
    sections->setContentsMargins(0, 2, 4, 2);
    sections->setSpacing(14);
    sections->addStretch(1);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(area_);
    outer->addWidget(empty_);
    connect(&workspace, &Workspace::fleetChanged, this, &ServicesList::refresh);
    connect(&workspace, &Workspace::linkChanged, this, &ServicesList::refresh);
    refresh();
}

void ServicesList::refresh() {
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    area_->setVisible(!sensors.isEmpty());
    empty_->setVisible(sensors.isEmpty());
    if (workspace_.fleet().loaded()) {
        empty_->show(Glyph::Hexagon, u"No sensor is enrolled"_s,
                     u"“apiary-collector issue sensor NAME” makes the certificate of the first."_s);
    } else {
        empty_->show(Glyph::Clock, u"Loading sensors…"_s, {});
    }
    bool same = sections_.size() == std::min(sensors.size(), kMostSections);
    for (qsizetype i = 0; same && i < sections_.size(); ++i) {
        same = sections_[i]->sensorId() == sensors[i].id && sections_[i]->refresh();
    }
    if (!same) {
        rebuild();
    }
}

void ServicesList::rebuild() {
    qDeleteAll(sections_);
    sections_.clear();
    auto* layout = static_cast<QVBoxLayout*>(column_->layout());
    for (const Sensor& sensor : workspace_.fleet().sensors()) {
        if (sections_.size() < kMostSections) {
            auto* section = new SensorServices(theme_, workspace_, sensor.id, true);
            layout->insertWidget(layout->count() - 1, section);
            sections_.append(section);
        }
    }
}

QList<ShownSwitch> ServicesList::shownSwitches() const {
    QList<ShownSwitch> shown;
    for (const SensorServices* section : sections_) {
        shown += section->shownSwitches();
    }
    return shown;
}

}  // namespace apiary::console
