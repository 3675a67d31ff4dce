#include "console/view/readout_fleet.hpp"

#include "console/view/controls.hpp"
#include "console/view/help_sheet.hpp"
#include "console/view/main_window.hpp"
#include "console/view/readout_overview.hpp"

#include <QApplication>
#include <QJsonArray>
#include <QMenu>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

QJsonArray rowsOf(const FleetPage& page) {
    const FleetFilter& filter = page.filter();
    QJsonArray rows;
    for (int row = 0; row < filter.rowCount(); ++row) {
        const QRect screen = page.isVisible() ? page.table().screenOf(row) : QRect();
        QJsonObject cells;
        for (int column = 0; column < filter.columnCount(); ++column) {
            cells.insert(filter.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(),
                         filter.index(row, column).data(Qt::DisplayRole).toString());
        }
        QJsonObject entry{{u"sensor_id"_s, filter.sensorAt(filter.index(row, 0))}, {u"cells"_s, cells}};
        if (!screen.isEmpty()) {
            entry.insert(u"rect"_s, rectangle(screen));
        }
        rows.append(entry);
    }
    return rows;
}

QJsonObject panelOf(const FleetPanel& panel) {
    if (!panel.isVisible()) {
        return {};
    }
    QJsonObject facts;
    for (const auto& [name, value] : panel.facts()) {
        facts.insert(name, value);
    }
    QJsonArray troubles;
    for (const auto& [head, sentence] : panel.troubles().lines()) {
        troubles.append(QJsonArray{head, sentence});
    }
    QJsonArray bounds;
    for (const auto& [name, words] : panel.bounds().lines()) {
        bounds.append(QJsonArray{name, words});
    }
    return {{u"sensor"_s, panel.title()}, {u"health"_s, panel.health()}, {u"reason"_s, panel.reason()},
            {u"troubles"_s, troubles},    {u"bounds"_s, bounds},         {u"facts"_s, facts}};
}

QJsonObject fleetOf(const FleetPage& page) {
    QJsonArray selected;
    for (const qint32 id : page.table().selectedSensors()) {
        selected.append(id);
    }
    return {{u"rows"_s, rowsOf(page)},
            {u"segment"_s, page.filter().problemsOnly() ? u"problems"_s : u"all"_s},
            {u"search"_s, page.filter().text()},
            {u"selected"_s, selected},
            {u"empty"_s, page.filter().rowCount() == 0 ? page.empty().headline() : QString()},
            {u"panel"_s, panelOf(page.panel())}};
}

/// The entries of the menu that is open.
QJsonArray menuEntries() {
    QJsonArray entries;
    for (const QWidget* widget : QApplication::topLevelWidgets()) {
        const auto* menu = qobject_cast<const QMenu*>(widget);
        if (menu == nullptr || !menu->isVisible()) {
            continue;
        }
        for (QAction* action : menu->actions()) {
            const QRect field = menu->actionGeometry(action);
            entries.append(
                QJsonObject{{u"text"_s, action->text()},
                            {u"checked"_s, action->isChecked()},
                            {u"enabled"_s, action->isEnabled()},
                            {u"rect"_s, rectangle(QRect(menu->mapToGlobal(field.topLeft()), field.size()))}});
        }
    }
    return entries;
}

QJsonObject sheetOf(const Sheet* sheet) {
    if (sheet == nullptr) {
        return {};
    }
    QJsonObject shown{{u"title"_s, sheet->title()}};
    QJsonArray lines;
    if (const auto* confirm = qobject_cast<const ConfirmSheet*>(sheet)) {
        shown.insert(u"sentence"_s, confirm->sentence());
        for (const auto& [name, remark] : confirm->lines()) {
            lines.append(QJsonArray{name, remark});
        }
    } else if (const auto* help = qobject_cast<const HelpSheet*>(sheet)) {
        for (const KeySection& section : help->sections()) {
            for (const KeyLine& line : section.lines) {
                lines.append(QJsonArray{section.name, line.keys, line.words});
            }
        }
    }
    shown.insert(u"lines"_s, lines);
    return shown;
}

}  // namespace

QJsonObject readFleet(const MainWindow& window, const Workspace& workspace) {
    QJsonArray sensors;
    for (const qint32 id : workspace.scope().sensorIds) {
        sensors.append(id);
    }
    const QStringList& traffic = workspace.scope().traffic;
    const QJsonObject scope{
        {u"sensors"_s, sensors},
        {u"traffic"_s, QJsonArray::fromStringList(traffic.isEmpty() ? QStringList{u"attack"_s} : traffic)},
        {u"traffic_text"_s, window.topBar().traffic()},
        {u"partial"_s, window.topBar().partial()},
        {u"refresh_ms"_s, workspace.refreshEveryMs()}};
    return {{u"fleet"_s, fleetOf(window.fleet())},
            {u"scope"_s, scope},
            {u"menu"_s, menuEntries()},
            {u"sheet"_s, sheetOf(window.sheet())},
            {u"dimmed"_s, window.dimmed()}};
}

}  // namespace apiary::console
