#include "console/model/fleet_filter.hpp"

#include <algorithm>

namespace apiary::console {

FleetFilter::FleetFilter(FleetModel& fleet, QObject* parent) : QSortFilterProxyModel(parent), fleet_(fleet) {
    setSourceModel(&fleet);
}

void FleetFilter::find(const QString& text) {
    text_ = text.trimmed();
    invalidateFilter();
}

void FleetFilter::onlyProblems(bool only) {
    onlyProblems_ = only;
    invalidateFilter();
}

bool FleetFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    const Sensor& sensor = fleet_.sensors()[row];
    if (onlyProblems_ && !troubled(fleet_, sensor)) {
        return false;
    }
    const auto holds = [this](const QString& text) { return text.contains(text_, Qt::CaseInsensitive); };
    return text_.isEmpty() || holds(sensor.name) || holds(sensor.site) || holds(sensor.version) ||
           std::ranges::any_of(sensor.services, holds, &Service::name);
}

}  // namespace apiary::console
