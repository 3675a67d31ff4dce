#include "console/view/fleet_figures.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

FleetFigures figuresOf(const FleetModel& fleet) {
    FleetFigures figures;
    qint64 worst = 0;
    for (const Sensor& sensor : fleet.sensors()) {
        ++figures.sensors;
        figures.online += sensor.connected ? 1 : 0;
        figures.degraded += sensor.connected && sensor.health == Health::Degraded ? 1 : 0;
        figures.queued += sensor.spoolRecords;
        figures.problems += troubled(fleet, sensor) ? 1 : 0;
        if (sensor.spoolRecords > figures.longestQueued) {
            figures.longestQueued = sensor.spoolRecords;
            figures.longestQueue = visible(sensor.name, 32);
        }
        if (sensor.connected && qAbs(sensor.clockOffsetMs) <= kClockOffMs) {
            ++figures.inStep;
        } else if (sensor.connected && qAbs(sensor.clockOffsetMs) > worst) {
            worst = qAbs(sensor.clockOffsetMs);
            figures.worstClock = visible(sensor.name, 32) + u' ' + clockOffsetText(sensor.clockOffsetMs);
        }
        for (const Service& service : sensor.services) {
            const auto look = fleet.look(sensor.id, service.name);
            figures.openSessions += sensor.connected ? service.openSessions : 0;
            figures.wanted += service.desired ? 1 : 0;
            figures.running += sensor.connected && service.actual == Actual::On ? 1 : 0;
            figures.failed += look && look->phase == SwitchLook::Phase::Failed ? 1 : 0;
            figures.applying += look && look->phase == SwitchLook::Phase::Applying ? 1 : 0;
        }
    }
    return figures;
}

QString FleetFigures::sensorWords() const {
    QStringList words;
    if (sensors > online) {
        words.append(u"%1 offline"_s.arg(sensors - online));
    }
    if (degraded > 0) {
        words.append(u"%1 degraded"_s.arg(degraded));
    }
    return words.isEmpty() ? (sensors == 0 ? u"none enrolled"_s : u"all healthy"_s) : words.join(u" · "_s);
}

QString FleetFigures::serviceWords() const {
    QStringList words;
    if (failed > 0) {
        words.append(u"%1 failing"_s.arg(failed));
    }
    if (applying > 0) {
        words.append(u"%1 applying"_s.arg(applying));
    }
    return words.isEmpty() ? u"as desired"_s : words.join(u" · "_s);
}

QString FleetFigures::queueWords() const {
    return queued == 0               ? u"all records are in the database"_s
           : longestQueued == queued ? u"all on "_s + longestQueue
                                     : u"%1 % on %2"_s.arg(longestQueued * 100 / queued).arg(longestQueue);
}

QString staleWords(const LinkState& link) {
    return link.live() ? QString() : u"as of %1 UTC"_s.arg(clockText(link.sinceUs));
}

void showOnline(Tile& tile, const FleetFigures& figures) {
    tile.setValue(u"%1 / %2"_s.arg(figures.online).arg(figures.sensors), figures.sensorWords(),
                  figures.online < figures.sensors ? Tile::Mood::Critical
                  : figures.degraded > 0           ? Tile::Mood::Warn
                                                   : Tile::Mood::Calm);
}

}  // namespace apiary::console
