#include "console/view/fleet_table.hpp"

#include "console/model/visible_text.hpp"
#include "console/view/keys.hpp"
#include "console/view/pill.hpp"

#include <QHeaderView>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>
#include <array>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 30;
constexpr int kServiceWidth = 56;  // at least; more where the name needs it
constexpr int kPadding = 20;       // left and right of a word, as the style sheet has it over the columns
constexpr int kHealthWidth = 106;
constexpr int kNameWidth = 72;  // at least; more where a name needs it
constexpr int kWidestName = 200;
constexpr int kSiteWidth = 60;
constexpr int kWidestSite = 220;

/// Where the switch of a cell is.
QRectF switchField(const QRect& cell) {
    return {cell.center().x() - 14.0, cell.center().y() - 7.0, 28, 15};
}

class FleetDelegate final : public QStyledItemDelegate {
public:
    FleetDelegate(const Theme& theme, Workspace& workspace, FleetFilter& filter, QTableView& table)
        : QStyledItemDelegate(&table), theme_(theme), workspace_(workspace), filter_(filter), table_(table) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Sensor* sensor = workspace_.fleet().sensor(filter_.sensorAt(index));
        if (sensor == nullptr) {
            return;
        }
        const Tokens& tokens = theme_.tokens();
        painter->save();
        if (option.state.testFlag(QStyle::State_Selected)) {
            painter->fillRect(option.rect, tokens.selection);
        }
        painter->setPen(tokens.grid);
        painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
        const bool focus = table_.hasFocus() && index == table_.currentIndex();
        if (const auto look = lookOf(index)) {
            paintSwitch(*painter, switchField(option.rect), *look, tokens, canSwitch(*look, workspace_.link().live()),
                        focus);
        } else if (index.column() == FleetModel::HealthWord) {
            paintMood(*painter, option.rect.left() + 8, option.rect.center().y() + 0.5, healthWords(sensor->health),
                      workspace_.link().live() ? moodOf(sensor->health) : Mood::Off, tokens);
        } else {
            paintText(*painter, option.rect.adjusted(10, 0, -10, -1), *sensor, index);
        }
        if (focus && index.column() == FleetModel::Name) {
            painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()), tokens.accent);
        }
        painter->restore();
    }

    bool editorEvent(QEvent* event, QAbstractItemModel*, const QStyleOptionViewItem& option,
                     const QModelIndex& index) override {
        const auto look = lookOf(index);
        if (event->type() != QEvent::MouseButtonRelease || !look || !canSwitch(*look, workspace_.link().live())) {
            return false;
        }
        const auto* mouse = static_cast<QMouseEvent*>(event);
        if (mouse->button() != Qt::LeftButton || mouse->modifiers() != Qt::NoModifier ||
            !switchField(option.rect).adjusted(-6, -6, 6, 6).contains(mouse->position())) {
            return false;
        }
        workspace_.switchService(filter_.sensorAt(index), workspace_.fleet().serviceOf(index.column()), !look->on);
        return true;
    }

private:
    std::optional<SwitchLook> lookOf(const QModelIndex& index) const {
        const QString service = workspace_.fleet().serviceOf(index.column());
        return service.isEmpty() ? std::nullopt : workspace_.fleet().look(filter_.sensorAt(index), service);
    }

    /// Without the link no colour claims anything: neither that all is well nor that it is not.
    QColor colourOf(const Sensor& sensor, int column) const {
        const Tokens& tokens = theme_.tokens();
        if (!workspace_.link().live()) {
            return tokens.secondary;
        }
        const int tail = column - FleetModel::LeadCount - static_cast<int>(workspace_.fleet().serviceNames().size());
        const bool bad = (tail == FleetModel::Queue && sensor.spoolRecords > kLongQueue) ||
                         (tail == FleetModel::Clock && qAbs(sensor.clockOffsetMs) > kClockOffMs);
        if (!sensor.connected) {
            return tail == FleetModel::LastSeen ? tokens.critical : tokens.faint;
        }
        return bad ? tokens.warn : column == FleetModel::Name ? tokens.text : tokens.secondary;
    }

    void paintText(QPainter& painter, const QRect& cell, const Sensor& sensor, const QModelIndex& index) const {
        painter.setFont(index.column() == FleetModel::Name   ? uiFont(13, QFont::DemiBold)
                        : index.column() == FleetModel::Site ? uiFont(12.5)
                                                             : monoFont(12));
        painter.setPen(colourOf(sensor, index.column()));
        painter.drawText(
            cell, index.data(Qt::TextAlignmentRole).toInt(),
            painter.fontMetrics().elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, cell.width()));
    }

    const Theme& theme_;
    Workspace& workspace_;
    FleetFilter& filter_;
    QTableView& table_;
};

}  // namespace

FleetTable::FleetTable(const Theme& theme, Workspace& workspace, FleetFilter& filter, QWidget* parent)
    : QTableView(parent), workspace_(workspace), filter_(filter) {
    setModel(&filter);
    setItemDelegate(new FleetDelegate(theme, workspace, filter, *this));
    setShowGrid(false);
    setWordWrap(false);
    setFrameShape(NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setHorizontalScrollMode(ScrollPerPixel);
    setEditTriggers(NoEditTriggers);
    setTabKeyNavigation(false);
    setAccessibleName(u"Sensors"_s);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(kRow);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setFont(uiFont(12, QFont::Medium));
    horizontalHeader()->setFixedHeight(32);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionsClickable(false);
    tellKey(this, u"↑ ↓ ← →"_s, u"Move in the table of sensors"_s);
    tellKey(this, u"Space"_s, u"Turn the switch of the marked cell"_s);
    tellKey(this, u"Shift+↑ ↓, Ctrl+A"_s, u"Select several sensors, or all"_s);
    tellKey(this, u"Enter"_s, u"List the sessions of the sensor"_s);
    connect(model(), &QAbstractItemModel::modelAboutToBeReset, this, &FleetTable::remember);
    connect(model(), &QAbstractItemModel::modelReset, this, &FleetTable::restore);
    connect(selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        if (const auto sensor = currentSensor()) {
            Q_EMIT currentChangedTo(*sensor);
        }
    });
    // What a filter takes away may have been all that was selected.
    connect(model(), &QAbstractItemModel::rowsRemoved, this, [this] {
        if (selectionModel()->selectedRows().isEmpty() && currentIndex().isValid()) {
            selectRow(currentIndex().row());
        }
    });
    connect(selectionModel(), &QItemSelectionModel::selectionChanged, this, &FleetTable::selectedChanged);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&workspace, &Workspace::linkChanged, viewport(), qOverload<>(&QWidget::update));
    restore();
}

std::optional<qint32> FleetTable::currentSensor() const {
    return currentIndex().isValid() ? std::optional(filter_.sensorAt(currentIndex())) : std::nullopt;
}

QList<qint32> FleetTable::selectedSensors() const {
    QModelIndexList rows = selectionModel()->selectedRows();
    std::ranges::sort(rows, {}, &QModelIndex::row);
    QList<qint32> sensors;
    for (const QModelIndex& row : rows) {
        sensors.append(filter_.sensorAt(row));
    }
    return sensors;
}

QRect FleetTable::screenOf(int row) const {
    const QRect first = visualRect(filter_.index(row, FleetModel::Name));
    const QRect field = QRect(0, first.top(), viewport()->width(), first.height()).intersected(viewport()->rect());
    return field.isEmpty() ? QRect() : QRect(viewport()->mapToGlobal(field.topLeft()), field.size());
}

QList<ShownSwitch> FleetTable::shownSwitches() const {
    QList<ShownSwitch> shown;
    const FleetModel& fleet = workspace_.fleet();
    if (!isVisible()) {
        return shown;
    }
    for (int row = 0; row < filter_.rowCount(); ++row) {
        for (int i = 0; i < fleet.serviceNames().size(); ++i) {
            const QModelIndex index = filter_.index(row, FleetModel::LeadCount + i);
            const QRect field = switchField(visualRect(index)).toAlignedRect();
            const Sensor* sensor = fleet.sensor(filter_.sensorAt(index));
            const auto look = sensor == nullptr ? std::nullopt : fleet.look(sensor->id, fleet.serviceNames()[i]);
            if (look && viewport()->rect().contains(field)) {
                shown.append({sensor->id, sensor->name, fleet.serviceNames()[i], *look,
                              QRect(viewport()->mapToGlobal(field.topLeft()), field.size())});
            }
        }
    }
    return shown;
}

void FleetTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fitColumns();
}

void FleetTable::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (event->key() == Qt::Key_Space && event->modifiers() == Qt::NoModifier) {
        turnCurrent();
    } else if (enter && currentSensor()) {
        Q_EMIT sessionsWanted(*currentSensor());
    } else {
        QTableView::keyPressEvent(event);
    }
}

/// Turns the switch of the current cell; false if there is none, or none that can be turned.
bool FleetTable::turnCurrent() {
    const auto sensor = currentSensor();
    const QString service = workspace_.fleet().serviceOf(currentIndex().column());
    const auto look = sensor ? workspace_.fleet().look(*sensor, service) : std::nullopt;
    if (!look || !canSwitch(*look, workspace_.link().live())) {
        return false;
    }
    workspace_.switchService(*sensor, service, !look->on);
    return true;
}

void FleetTable::remember() {
    keptSelected_ = selectedSensors();
    keptCurrent_ = currentSensor();
    keptColumn_ = std::max(0, currentIndex().column());
}

void FleetTable::restore() {
    fitColumns();
    QItemSelection rows;
    QModelIndex current;
    for (int row = 0; row < filter_.rowCount(); ++row) {
        const QModelIndex index = filter_.index(row, 0);
        if (keptSelected_.contains(filter_.sensorAt(index))) {
            rows.select(index, filter_.index(row, filter_.columnCount() - 1));
        }
        if (keptCurrent_ == filter_.sensorAt(index)) {
            current = filter_.index(row, std::min(keptColumn_, filter_.columnCount() - 1));
        }
    }
    if (!current.isValid() && filter_.rowCount() > 0) {
        current = filter_.index(0, 0);
        rows.select(current, filter_.index(0, filter_.columnCount() - 1));
    }
    selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect);
    selectionModel()->setCurrentIndex(current, QItemSelectionModel::NoUpdate);
}

/// No word over a column is cut. Where there is no room for all columns, those that the panel shows too are left out:
/// version, clock, site.
void FleetTable::fitColumns() {
    const int services = static_cast<int>(workspace_.fleet().serviceNames().size());
    const int tail = FleetModel::LeadCount + services;
    const std::array<int, FleetModel::TailCount> tails{58, 64, 80, 104, 66};
    const bool anySite = !std::ranges::all_of(workspace_.fleet().sensors(), &QString::isEmpty, &Sensor::site);
    const int name = nameWidth();
    int room = viewport()->width() - kHealthWidth - name;
    for (int i = 0; i < services; ++i) {
        const int wide = std::max(kServiceWidth, headerWidth(FleetModel::LeadCount + i));
        setColumnWidth(FleetModel::LeadCount + i, wide);
        room -= wide;
    }
    for (int i = 0; i < FleetModel::TailCount; ++i) {
        const int wide = std::max(tails[static_cast<std::size_t>(i)], headerWidth(tail + i));
        const bool fits = i < FleetModel::Clock || room >= wide;
        setColumnHidden(tail + i, !fits);
        setColumnWidth(tail + i, wide);
        room -= fits ? wide : 0;
    }
    const bool sites = anySite && room >= kSiteWidth;
    const int site = sites ? std::min(room, kWidestSite) : 0;
    setColumnHidden(FleetModel::Site, !sites);
    setColumnWidth(FleetModel::Site, site);
    setColumnWidth(FleetModel::Name, name + std::max(0, room - site));
    setColumnWidth(FleetModel::HealthWord, kHealthWidth);
}

/// What the longest name of a sensor needs, in pixels, within bounds.
int FleetTable::nameWidth() const {
    const QFontMetrics metrics(uiFont(13, QFont::DemiBold));
    int widest = 0;
    for (const Sensor& sensor : workspace_.fleet().sensors()) {
        widest = std::max(widest, metrics.horizontalAdvance(visible(sensor.name, 64)));
    }
    return std::clamp(widest + kPadding + 2, kNameWidth, kWidestName);
}

/// What the word over a column needs, in pixels.
int FleetTable::headerWidth(int column) const {
    const QString word = model()->headerData(column, Qt::Horizontal).toString();
    return horizontalHeader()->fontMetrics().horizontalAdvance(word) + kPadding + 1;
}

}  // namespace apiary::console
