#include "console/view/sensor_services.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QGridLayout>
#include <QToolButton>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

/// Ports that a filter names one by one; a service with more is listed by its protocol alone.
constexpr qsizetype kMostPorts = 50;

/// What stands beside the link: who is connected, or how the service is not as it should be. Why it fails has a line of
/// its own.
QString wordsOf(const Service& service, const SwitchLook& look) {
    if (look.phase == SwitchLook::Phase::Failed) {
        return {};
    }
    if (look.phase == SwitchLook::Phase::Agrees && look.on) {
        return service.openSessions > 0 ? u"%1 open"_s.arg(grouped(service.openSessions)) : QString();
    }
    return look.words;
}

/// How its agent's last visit to a service went.
QString visitWords(const Service& service, qint64 nowUs) {
    if (!service.selfTest) {
        return {};
    }
    const QString age = ageText(std::max<qint64>(0, nowUs - service.selfTest->atUs));
    return service.selfTest->passed ? u"self-test passed %1 ago"_s.arg(age)
                                    : u"self-test failed at %1, %2 ago"_s.arg(visible(service.selfTest->step, 16), age);
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
    grid->setVerticalSpacing(3);
    grid->setColumnStretch(3, 1);
    column->addLayout(grid);
    const Sensor* found = sensor();
    if (found == nullptr) {
        return;
    }
    for (const Service& service : found->services) {
        addLine(*found, service, *grid);
    }
    refresh();
}

void SensorServices::addLine(const Sensor& sensor, const Service& service, QGridLayout& grid) {
    const int number = static_cast<int>(lines_.size());
    const int row = 2 * number;
    const QString name = visible(service.name, 32);
    Line line{.service = service.name,
              .control = new ServiceSwitch(theme_),
              .ports = plainLabel({}, monoFont(12), "secondary"),
              .words = new ElidedLabel(uiFont(12), "secondary"),
              .sessions = new QToolButton,
              .below = new ElidedLabel(uiFont(11), "secondary")};
    line.control->setAccessibleName(u"%1 on %2"_s.arg(name, visible(sensor.name, 32)));
    line.control->setObjectName(u"switch:%1:%2"_s.arg(sensorId_).arg(name));
    line.words->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    line.sessions->setProperty("look", u"link"_s);
    line.sessions->setObjectName(u"sessions:%1:%2"_s.arg(sensorId_).arg(name));
    line.sessions->setFont(uiFont(12));
    line.sessions->setCursor(Qt::PointingHandCursor);
    line.sessions->setToolTip(
        console::toolTip(u"List the sessions of %1 on %2 in the range of all pages. The number is "
                         "counted since the agent started."_s.arg(name, sensor.name)));
    connect(line.control, &ServiceSwitch::wanted, this,
            [this, service = service.name](bool on) { workspace_.switchService(sensorId_, service, on); });
    connect(line.sessions, &QToolButton::clicked, this, [this, number] {
        if (const Sensor* found = this->sensor(); found != nullptr && number < found->services.size()) {
            Q_EMIT sessionsWanted(sessionsOf(*found, found->services[number]));
        }
    });
    grid.addWidget(line.control, row, 0);
    grid.addWidget(plainLabel(name, uiFont(13, QFont::Medium)), row, 1);
    grid.addWidget(line.ports, row, 2);
    grid.addWidget(line.words, row, 3);
    grid.addWidget(line.sessions, row, 4, Qt::AlignRight);
    grid.addWidget(line.below, row + 1, 1, 1, 4);
    lines_.append(line);
}

const Sensor* SensorServices::sensor() const {
    return workspace_.fleet().sensor(sensorId_);
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
        line.ports->setText(portsText(service));
        line.ports->setToolTip(console::toolTip(service.listens.join(u", "_s)));
        line.words->setText(wordsOf(service, *look));
        line.words->setToolTip(console::toolTip(look->words));
        setTone(*line.words, toneOf(look->phase));
        const bool failed = look->phase == SwitchLook::Phase::Failed;
        const bool visited = service.selfTest && service.actual == Actual::On;
        line.below->setVisible(failed || visited);
        line.below->setText(failed ? look->words : visited ? visitWords(service, workspace_.nowUs()) : QString());
        line.below->setToolTip(failed ? console::toolTip(look->words)
                               : visited && !service.selfTest->passed
                                   ? console::toolTip(u"The agent's own visit failed: "_s + service.selfTest->reason)
                                   : console::toolTip(u"The agent's own visit, over the real listener"_s));
        setTone(*line.below, failed || (visited && !service.selfTest->passed) ? "critical" : "secondary");
        line.sessions->setText(service.sessions == 1 ? u"1 session"_s
                                                     : u"%1 sessions"_s.arg(grouped(service.sessions)));
        line.sessions->setVisible(service.sessions > 0);
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

SessionQuery sessionsOf(const Sensor& sensor, const Service& service) {
    SessionQuery query{.protocols = {service.protocol}, .sensorIds = {sensor.id}, .filter = {}};
    const QList<quint16> ports = portsOf(service);
    if (ports.size() <= kMostPorts) {
        query.filter.targetPorts = ports;
    }
    return query;
}

}  // namespace apiary::console
