#include "console/view/readout_overview.hpp"

#include "console/model/drill.hpp"
#include "console/model/figures.hpp"
#include "console/view/overview_page.hpp"

#include <QChart>
#include <QJsonArray>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kMostOpen = 20;

QJsonArray rangeOf(const Scope& scope) {
    return {scope.fromUs, scope.toUs};
}

QJsonObject chart(const OverviewPage& page, const Workspace& workspace) {
    const TimeChart& chart = page.chart();
    const QRectF plot = chart.chart()->plotArea();
    const QString mode = chart.mode() == TimeChart::Mode::Stacked ? u"stacked"_s
                         : chart.mode() == TimeChart::Mode::Lines ? u"lines"_s
                                                                  : u"log"_s;
    const QRect screen(chart.viewport()->mapToGlobal(plot.topLeft().toPoint()), plot.size().toSize());
    QJsonArray buckets;
    QJsonArray silent;
    for (qsizetype i = 0; i < chart.bands().bucketUs.size(); ++i) {
        QJsonObject counts{{u"at_us"_s, chart.bands().bucketUs[i]}};
        for (const Band& band : chart.bands().layers) {
            if (band.sessions[i] > 0) {
                counts.insert(band.name, static_cast<qint64>(band.sessions[i]));
            }
        }
        if (counts.size() > 1) {
            buckets.append(counts);
        }
        if (chart.bands().silentAt(i)) {
            silent.append(chart.bands().bucketUs[i]);
        }
    }
    return {{u"mode"_s, mode},
            {u"hovered"_s, chart.hovered()},
            {u"step_us"_s, chart.bands().stepUs},
            {u"range_us"_s, rangeOf(workspace.overview().figures().bandsScope)},
            {u"buckets"_s, buckets},
            {u"silent_us"_s, silent},
            {u"plot"_s, rectangle(screen)}};
}

QJsonObject ranking(const RankedCard& card, const Workspace& workspace) {
    const TopField field = card.field();
    const Answer<QList<TopEntry>>& answer = workspace.overview().ranking(field);
    const QList<TopEntry> entries = answer.value.value_or(QList<TopEntry>());
    QJsonArray list;
    for (int i = 0; i < card.list().lines().size() && i < entries.size(); ++i) {
        const RankedList::Line& line = card.list().lines()[i];
        list.append(QJsonObject{{u"key"_s, line.name},
                                {u"note"_s, line.note},
                                {u"count"_s, static_cast<qint64>(line.count)},
                                {u"previous"_s, static_cast<qint64>(entries[i].previous)},
                                {u"change"_s, line.change},
                                {u"rising"_s, line.rising},
                                {u"rect"_s, rectangle(card.list().screenOf(i))}});
    }
    return {{u"title"_s, titleOf(field)},
            {u"unit"_s, unitOf(field)},
            {u"state"_s, card.body().words()},
            {u"range_us"_s, rangeOf(answer.scope)},
            {u"entries"_s, list}};
}

QJsonObject heatMap(const OverviewPage& page, const Workspace& workspace) {
    const HeatMap& heat = page.heatMap();
    QJsonArray cells;
    for (int hour = 0; hour < heat.activity().sessions.size(); ++hour) {
        const QRect field = heat.fieldOf(hour).toRect();
        const QRect screen(heat.mapToGlobal(field.topLeft()), field.size());
        cells.append(QJsonObject{{u"hour"_s, hour},
                                 {u"name"_s, weekHourText(hour)},
                                 {u"sessions"_s, static_cast<qint64>(heat.activity().sessions[hour])},
                                 {u"silent"_s, heat.activity().silentAt(hour)},
                                 {u"rect"_s, rectangle(heat.isVisible() ? screen : QRect())}});
    }
    return {{u"state"_s, page.heatBody().words()},
            {u"range_us"_s, rangeOf(workspace.overview().activity().scope)},
            {u"cells"_s, cells}};
}

QJsonObject worldMap(const OverviewPage& page, const Workspace& workspace) {
    const WorldMap& map = page.worldMap();
    QJsonArray countries;
    for (const auto& [code, sessions] : map.counts().asKeyValueRange()) {
        const QPoint point = map.pointIn(code);
        if (!point.isNull()) {
            countries.append(QJsonObject{{u"code"_s, code},
                                         {u"sessions"_s, static_cast<qint64>(sessions)},
                                         {u"rect"_s, rectangle(QRect(map.mapToGlobal(point), QSize(1, 1)))}});
        }
    }
    return {{u"shown"_s, map.isVisible()},
            {u"range_us"_s, rangeOf(workspace.overview().ranking(TopField::Country).scope)},
            {u"countries"_s, countries}};
}

QJsonObject live(const OverviewPage& page, const Workspace& workspace) {
    QJsonArray rows;
    for (int row = 0; row < page.live().shownRows(); ++row) {
        rows.append(QJsonObject{{u"session_id"_s, idText(workspace.live().rows()[row].id)},
                                {u"cells"_s, QJsonArray::fromStringList(page.live().shownCells(row))},
                                {u"rect"_s, rectangle(page.live().screenOf(row))}});
    }
    return {{u"words"_s, page.liveWords()}, {u"paused"_s, workspace.live().paused()}, {u"rows"_s, rows}};
}

}  // namespace

QJsonObject rectangle(const QRect& screen) {
    return {{u"x"_s, screen.x()}, {u"y"_s, screen.y()}, {u"w"_s, screen.width()}, {u"h"_s, screen.height()}};
}

QJsonObject rectangle(const QWidget& widget) {
    return rectangle(QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size()));
}

QJsonObject readOverview(const OverviewPage& page, const Workspace& workspace) {
    QJsonArray legend;
    for (int i = 0; i < page.legend().entries().size(); ++i) {
        const Legend::Entry& entry = page.legend().entries()[i];
        legend.append(QJsonObject{{u"name"_s, entry.name},
                                  {u"sessions"_s, static_cast<qint64>(entry.total)},
                                  {u"text"_s, entry.sessions},
                                  {u"share"_s, entry.share},
                                  {u"shown"_s, entry.shown},
                                  {u"rect"_s, rectangle(page.legend().screenOf(i))}});
    }
    QJsonArray open;
    const int connected = std::min(kMostOpen, page.openList().rows());
    for (int row = 0; row < connected; ++row) {
        open.append(QJsonArray::fromStringList(page.openList().shownCells(row)));
    }
    QJsonArray rankings;
    for (const RankedCard* card : page.rankings()) {
        rankings.append(ranking(*card, workspace));
    }
    return {{u"legend"_s, legend},
            {u"open"_s, open},
            {u"rankings"_s, rankings},
            {u"chart"_s, chart(page, workspace)},
            {u"heat_map"_s, heatMap(page, workspace)},
            {u"map"_s, worldMap(page, workspace)},
            {u"live"_s, live(page, workspace)}};
}

}  // namespace apiary::console
