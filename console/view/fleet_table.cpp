#include "console/view/fleet_table.hpp"

#include "console/view/pill.hpp"

#include <QHeaderView>
#include <QMouseEvent>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>
#include <array>
#include <numeric>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kRow = 34;
constexpr int kServiceWidth = 92;
constexpr int kHealthWidth = 118;
constexpr int kNameWidth = 110;
constexpr int kSiteWidth = 56;

/// Where the switch of a cell is.
QRectF switchField(const QRect& cell) {
    return {cell.center().x() - 14.0, cell.center().y() - 7.0, 28, 15};
}

class FleetDelegate final : public QStyledItemDelegate {
public:
    FleetDelegate(const Theme& theme, Workspace& workspace, QObject* parent)
        : QStyledItemDelegate(parent), theme_(theme), workspace_(workspace) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const Tokens& tokens = theme_.tokens();
        const Sensor& sensor = workspace_.fleet().sensors()[index.row()];
        painter->save();
        if (option.state.testFlag(QStyle::State_Selected)) {
            painter->fillRect(option.rect, tokens.selection);
        }
        painter->setPen(tokens.grid);
        painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
        if (const auto look = lookOf(index)) {
            paintSwitch(*painter, switchField(option.rect), *look, tokens, canSwitch(*look, workspace_.link().live()),
                        false);
        } else if (index.column() == FleetModel::HealthWord) {
            paintMood(*painter, option.rect.left() + 8, option.rect.center().y() + 0.5, healthWords(sensor.health),
                      moodOf(sensor.health), tokens);
        } else {
            paintText(*painter, option.rect.adjusted(10, 0, -10, -1), sensor, index);
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
        if (mouse->button() != Qt::LeftButton ||
            !switchField(option.rect).adjusted(-6, -6, 6, 6).contains(mouse->position())) {
            return false;
        }
        const FleetModel& fleet = workspace_.fleet();
        workspace_.switchService(fleet.sensors()[index.row()].id,
                                 fleet.serviceNames()[index.column() - FleetModel::LeadCount], !look->on);
        return true;
    }

private:
    std::optional<SwitchLook> lookOf(const QModelIndex& index) const {
        const FleetModel& fleet = workspace_.fleet();
        const int service = index.column() - FleetModel::LeadCount;
        if (service < 0 || service >= fleet.serviceNames().size()) {
            return std::nullopt;
        }
        return fleet.look(fleet.sensors()[index.row()].id, fleet.serviceNames()[service]);
    }

    void paintText(QPainter& painter, const QRect& cell, const Sensor& sensor, const QModelIndex& index) const {
        const Tokens& tokens = theme_.tokens();
        const bool name = index.column() == FleetModel::Name;
        const bool site = index.column() == FleetModel::Site;
        const bool queue = index.column() == FleetModel::LeadCount + workspace_.fleet().serviceNames().size();
        painter.setFont(name ? uiFont(13, QFont::DemiBold) : site ? uiFont(12.5) : monoFont(12));
        painter.setPen(sensor.health == Health::Offline      ? tokens.faint
                       : queue && sensor.spoolRecords > 1000 ? tokens.warn
                       : name                                ? tokens.text
                                                             : tokens.secondary);
        painter.drawText(
            cell, index.data(Qt::TextAlignmentRole).toInt(),
            painter.fontMetrics().elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, cell.width()));
    }

    const Theme& theme_;
    Workspace& workspace_;
};

}  // namespace

FleetTable::FleetTable(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QTableView(parent), workspace_(workspace) {
    setModel(&workspace.fleet());
    setItemDelegate(new FleetDelegate(theme, workspace, this));
    setShowGrid(false);
    setWordWrap(false);
    setFrameShape(NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setHorizontalScrollMode(ScrollPerPixel);
    setEditTriggers(NoEditTriggers);
    setAccessibleName(u"Sensors"_s);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(kRow);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setFont(uiFont(12, QFont::Medium));
    horizontalHeader()->setFixedHeight(32);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionsClickable(false);
    connect(model(), &QAbstractItemModel::modelReset, this, [this] {
        fitColumns();
        if (!currentIndex().isValid() && model()->rowCount() > 0) {
            setCurrentIndex(model()->index(0, 0));
        }
    });
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        if (const auto sensor = currentSensor()) {
            Q_EMIT currentChangedTo(*sensor);
        }
    });
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&workspace, &Workspace::linkChanged, viewport(), qOverload<>(&QWidget::update));
}

std::optional<qint32> FleetTable::currentSensor() const {
    const int row = currentIndex().row();
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    return row >= 0 && row < sensors.size() ? std::optional(sensors[row].id) : std::nullopt;
}

QList<ShownSwitch> FleetTable::shownSwitches() const {
    QList<ShownSwitch> shown;
    const FleetModel& fleet = workspace_.fleet();
    if (!isVisible()) {
        return shown;
    }
    for (int row = 0; row < fleet.sensors().size(); ++row) {
        for (int i = 0; i < fleet.serviceNames().size(); ++i) {
            const QRect cell = visualRect(fleet.index(row, FleetModel::LeadCount + i));
            const auto look = fleet.look(fleet.sensors()[row].id, fleet.serviceNames()[i]);
            if (look && viewport()->rect().intersects(cell)) {
                const QRect field = switchField(cell).toAlignedRect();
                shown.append({fleet.sensors()[row].id, fleet.sensors()[row].name, fleet.serviceNames()[i], *look,
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

void FleetTable::fitColumns() {
    const QList<Sensor>& sensors = workspace_.fleet().sensors();
    const int services = static_cast<int>(workspace_.fleet().serviceNames().size());
    const int tail = FleetModel::LeadCount + services;
    const std::array<int, FleetModel::TailCount> tails{76, 96, 84};
    const int fixed = kHealthWidth + services * kServiceWidth + std::accumulate(tails.begin(), tails.end(), 0);
    const bool sites = !std::ranges::all_of(sensors, &QString::isEmpty, &Sensor::site);
    const int room = viewport()->width() - fixed;
    const int name = std::max(kNameWidth, sites ? room / 2 : room);
    setColumnHidden(FleetModel::Site, !sites);
    setColumnWidth(FleetModel::Name, name);
    setColumnWidth(FleetModel::HealthWord, kHealthWidth);
    setColumnWidth(FleetModel::Site, std::max(kSiteWidth, room - name));
    for (int i = 0; i < services; ++i) {
        setColumnWidth(FleetModel::LeadCount + i, kServiceWidth);
    }
    for (int i = 0; i < FleetModel::TailCount; ++i) {
        setColumnWidth(tail + i, tails[static_cast<std::size_t>(i)]);
    }
}

}  // namespace apiary::console
