#include "console/view/readout.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"
#include "console/view/main_window.hpp"
#include "console/view/probe_sheet.hpp"
#include "console/view/readout_fleet.hpp"
#include "console/view/readout_overview.hpp"

#include <QJsonArray>
#include <QJsonDocument>
#include <QLineEdit>
#include <QPushButton>
#include <QSaveFile>
#include <QToolButton>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRows = 20;
constexpr int kHexColumns = 80;
constexpr int kHexLines = 200;

QString word(LinkState::Kind kind) {
    switch (kind) {
        case LinkState::Kind::Connecting:
            return u"connecting"_s;
        case LinkState::Kind::Live:
            return u"live"_s;
        case LinkState::Kind::Lost:
            return u"lost"_s;
        case LinkState::Kind::Certificate:
            return u"certificate"_s;
        case LinkState::Kind::Unusable:
            break;
    }
    return u"unusable"_s;
}

QString word(SwitchLook::Phase phase) {
    switch (phase) {
        case SwitchLook::Phase::Agrees:
            return u"agrees"_s;
        case SwitchLook::Phase::Applying:
            return u"applying"_s;
        case SwitchLook::Phase::Failed:
            return u"failed"_s;
        case SwitchLook::Phase::Unknown:
            break;
    }
    return u"unknown"_s;
}

QString word(Actual actual) {
    switch (actual) {
        case Actual::Off:
            return u"off"_s;
        case Actual::Starting:
            return u"starting"_s;
        case Actual::On:
            return u"on"_s;
        case Actual::Failed:
            return u"failed"_s;
        case Actual::Draining:
            return u"draining"_s;
        case Actual::Unknown:
            break;
    }
    return u"unknown"_s;
}

QJsonArray tiles(const QList<Tile*>& all) {
    QJsonArray list;
    for (const Tile* tile : all) {
        list.append(QJsonObject{{u"name"_s, tile->name()},
                                {u"value"_s, tile->value()},
                                {u"note"_s, tile->note()},
                                {u"rect"_s, rectangle(*tile)}});
    }
    return list;
}

/// With what the last tile and the column say of the connections.
QJsonArray overviewTiles(const OverviewPage& page, const Workspace& workspace) {
    QJsonArray list = tiles(page.tiles());
    if (const auto& totals = workspace.overview().figures().totals) {
        list.append(QJsonObject{
            {u"name"_s, u"Open now"_s}, {u"value"_s, grouped(totals->openSessions)}, {u"note"_s, QString()}});
    }
    return list;
}

QJsonArray rows(const SessionTable& table, const Workspace& workspace) {
    const SessionTableModel& model = workspace.list().table();
    QJsonArray list;
    for (int row = 0; row < std::min(kRows, model.rowCount()); ++row) {
        QJsonObject cells;
        for (int column = 0; column < SessionTableModel::ColumnCount; ++column) {
            cells.insert(model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(),
                         model.index(row, column).data(Qt::DisplayRole).toString());
        }
        list.append(QJsonObject{{u"session_id"_s, idText(model.rows()[row].id)},
                                {u"cells"_s, cells},
                                {u"shown"_s, QJsonArray::fromStringList(table.shownCells(row))},
                                {u"rect"_s, rectangle(table.screenOf(row))}});
    }
    return list;
}

/// Packets as they are painted: lines of one packet joined, without the breaks that the width made.
QJsonArray turns(const QList<TranscriptLine>& lines) {
    QJsonArray list;
    for (qsizetype i = 0; i < lines.size();) {
        QString text;
        const TranscriptLine& first = lines[i];
        do {
            text += lines[i].text();
            ++i;
        } while (i < lines.size() && !lines[i].first);
        list.append(QJsonObject{{u"who"_s, first.kind == TranscriptLine::Kind::Received ? u"attacker"_s
                                           : first.kind == TranscriptLine::Kind::Sent   ? u"us"_s
                                                                                        : u"note"_s},
                                {u"seconds"_s, first.seconds},
                                {u"text"_s, text}});
    }
    return list;
}

QJsonObject session(const SessionPanel& panel, const Workspace& workspace) {
    const QString form = panel.tab();
    QJsonObject shown{{u"session_id"_s, idText(workspace.list().selection().id)},
                      {u"title"_s, panel.title()},
                      {u"agreement"_s, panel.agreement()},
                      {u"form"_s, form == u"transcript"_s ? u"turns"_s : form},
                      {u"source_tab"_s, panel.sourceTab()},
                      {u"find"_s, panel.search().text()},
                      {u"found"_s, panel.transcript().matches()},
                      {u"painted_rect"_s, rectangle(panel.transcript())}};
    QJsonObject facts;
    for (const auto& [name, value] : panel.facts()) {
        facts.insert(name, value);
    }
    shown.insert(u"facts"_s, facts);
    QJsonArray log;
    if (workspace.list().selection().detail) {
        const SessionDetail& detail = *workspace.list().selection().detail;
        shown.insert(u"turns"_s, turns(layOutTranscript(detail, 1 << 20)));
        QJsonArray hex;
        for (const TranscriptLine& line : layOutHex(detail, kHexColumns)) {
            hex.append(line.text());
            if (hex.size() == kHexLines) {
                break;
            }
        }
        shown.insert(u"hex"_s, hex);
        for (const QByteArray& line : detail.log) {
            log.append(visible(QString::fromUtf8(line), kTranscriptBytes));
        }
        shown.insert(u"transcript_sha256"_s, QString::fromLatin1(detail.transcriptSha256.toHex()));
        shown.insert(u"journal_sha256"_s, QString::fromLatin1(detail.journalSha256.toHex()));
    }
    shown.insert(u"log"_s, log);
    QJsonArray painted;
    for (const TranscriptLine& line :
         panel.transcript().lines().first(std::min<qsizetype>(200, panel.transcript().lines().size()))) {
        painted.append(line.text());
    }
    shown.insert(u"painted"_s, painted);
    return shown;
}

/// What the list's query finds; null until it is counted.
QJsonValue found(const Workspace& workspace) {
    const auto& count = workspace.list().count();
    return count ? QJsonObject{{u"sessions"_s, static_cast<qint64>(count->sessions)},
                               {u"times"_s, static_cast<qint64>(count->times)},
                               {u"more"_s, count->more}}
                 : QJsonValue();
}

QJsonObject listing(const SessionsPage& page, const Workspace& workspace) {
    const FilterBar& bar = page.filterBar();
    const SessionList& list = workspace.list();
    QJsonArray chips;
    for (qsizetype i = 0; i < bar.chips().size(); ++i) {
        chips.append(QJsonObject{{u"text"_s, bar.chips()[i]}, {u"rect"_s, rectangle(*bar.chipButtons()[i])}});
    }
    QJsonArray bars;
    for (const quint64 sessions : bar.histogram().bars()) {
        bars.append(static_cast<qint64>(sessions));
    }
    QJsonObject shown{{u"filter"_s, bar.filter()},
                      {u"line"_s, bar.line().text()},
                      {u"error"_s, bar.error()},
                      {u"chips"_s, chips},
                      {u"completions"_s, QJsonArray::fromStringList(bar.line().options())},
                      {u"count_line"_s, bar.countWords()},
                      {u"loaded"_s, list.table().rowCount()},
                      {u"columns"_s, QJsonArray::fromStringList(page.table().shownColumns())},
                      {u"histogram"_s, bars},
                      {u"newer"_s, page.table().newer().isHidden() ? QString() : page.table().newer().text()},
                      {u"empty"_s, page.table().emptyWords()},
                      {u"export"_s, page.exportWords()},
                      {u"filter_rect"_s, rectangle(bar.line())},
                      {u"histogram_rect"_s, rectangle(bar.histogram())}};
    if (list.count()) {
        shown.insert(u"sessions"_s, static_cast<qint64>(list.count()->sessions));
        shown.insert(u"times"_s, static_cast<qint64>(list.count()->times));
        shown.insert(u"more"_s, list.count()->more);
    }
    return shown;
}

/// Of the sheet over the page; null if it is not there.
QJsonValue probes(const MainWindow& window) {
    const auto* sheet = qobject_cast<const ProbeSheet*>(window.sheet());
    if (sheet == nullptr) {
        return {};
    }
    const ProbeList& list = sheet->probes();
    QJsonArray rows;
    for (int row = 0; row < std::min(kRows, list.rowCount()); ++row) {
        QJsonObject cells;
        for (int column = 0; column < ProbeList::ColumnCount; ++column) {
            cells.insert(list.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(),
                         list.index(row, column).data(Qt::DisplayRole).toString());
        }
        rows.append(cells);
    }
    return QJsonObject{{u"tool"_s, visible(list.tool())},
                       {u"state"_s, sheet->panel().words()},
                       {u"words"_s, sheet->words()},
                       {u"count"_s, list.count() ? QJsonValue(static_cast<qint64>(*list.count())) : QJsonValue()},
                       {u"rows"_s, rows}};
}

QJsonArray switches(const QList<ShownSwitch>& all, const Workspace& workspace) {
    QJsonArray list;
    for (const ShownSwitch& shown : all) {
        QString actual;
        bool desired = false;
        for (const Sensor& sensor : workspace.fleet().sensors()) {
            for (const Service& service : sensor.services) {
                if (sensor.id == shown.sensorId && service.name == shown.service) {
                    actual = word(service.actual);
                    desired = service.desired;
                }
            }
        }
        list.append(QJsonObject{{u"sensor_id"_s, shown.sensorId},
                                {u"sensor"_s, visible(shown.sensor)},
                                {u"service"_s, visible(shown.service)},
                                {u"on"_s, shown.look.on},
                                {u"phase"_s, word(shown.look.phase)},
                                {u"words"_s, shown.look.words},
                                {u"desired"_s, desired},
                                {u"actual"_s, actual},
                                {u"rect"_s, rectangle(shown.screen)}});
    }
    return list;
}

/// Every button on the screen that has a name; switches have a list of their own.
QJsonObject buttons(const MainWindow& window) {
    QJsonObject found;
    for (const QAbstractButton* button : window.findChildren<QAbstractButton*>()) {
        const QString name = button->objectName();
        if (button->isVisible() && !name.isEmpty() && !name.startsWith("qt_"_L1) && !name.startsWith("switch:"_L1)) {
            found.insert(name, rectangle(*button));
        }
    }
    return found;
}

}  // namespace

QJsonObject readOut(const MainWindow& window, const Workspace& workspace) {
    const LinkState& link = workspace.link();
    const bool fleet = window.page() == Page::Fleet;
    const OverviewPage& overview = window.overview();
    const QJsonObject connection{{u"state"_s, word(link.kind)},
                                 {u"word"_s, window.nav().link().word()},
                                 {u"collector"_s, visible(link.collector)},
                                 {u"reason"_s, visible(link.reason, 600)},
                                 {u"advice"_s, visible(link.advice, 600)},
                                 {u"attempt"_s, link.attempt},
                                 {u"notice"_s, window.notice().words()},
                                 {u"headline"_s, window.showsData() ? QString() : window.linkPage().headline()}};
    QJsonObject all = readOverview(overview, workspace);
    const QJsonObject rest{
        {u"at"_s, fullTimeText(workspace.nowUs())},
        {u"connection"_s, connection},
        {u"page"_s, fleet                             ? u"fleet"_s
                    : window.page() == Page::Sessions ? u"sessions"_s
                                                      : u"overview"_s},
        {u"range"_s, window.topBar().subtitle()},
        {u"range_us"_s, QJsonArray{workspace.scope().fromUs, workspace.scope().toUs}},
        {u"tiles"_s, fleet ? tiles(window.fleet().tiles()) : overviewTiles(overview, workspace)},
        {u"rows"_s, rows(window.sessions().table(), workspace)},
        {u"found"_s, found(workspace)},
        {u"list"_s, listing(window.sessions(), workspace)},
        {u"session"_s, session(window.sessions().panel(), workspace)},
        {u"probes"_s, probes(window)},
        {u"switches"_s, switches(fleet ? window.fleet().shownSwitches() : QList<ShownSwitch>(), workspace)},
        {u"buttons"_s, buttons(window)},
        {u"window"_s, rectangle(window)}};
    const QJsonObject others = readFleet(window, workspace);
    for (auto entry = others.begin(); entry != others.end(); ++entry) {
        all.insert(entry.key(), entry.value());
    }
    for (auto entry = rest.begin(); entry != rest.end(); ++entry) {
        all.insert(entry.key(), entry.value());
    }
    return all;
}

QString writeReadout(const QString& path, const QJsonObject& readout) {
    QSaveFile file(path);
    const QByteArray text = QJsonDocument(readout).toJson(QJsonDocument::Indented);
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit()) {
        return u"%1 cannot be written: %2"_s.arg(path, file.errorString());
    }
    return {};
}

}  // namespace apiary::console
