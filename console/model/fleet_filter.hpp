#pragma once

#include "console/model/fleet_model.hpp"

#include <QSortFilterProxyModel>

namespace apiary::console {

/// The sensors that a person wants to see: those that hold a text in name, site, version or a service, and all or only
/// those that need a look. `fleet` must outlive it.
class FleetFilter final : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit FleetFilter(FleetModel& fleet, QObject* parent = nullptr);

    /// Letters of either case mean the same; spaces around it do not count.
    void find(const QString& text);
    void onlyProblems(bool only);
    const QString& text() const { return text_; }
    bool problemsOnly() const { return onlyProblems_; }

    /// The number of the sensor in that row; `index` must be one of this model's.
    qint32 sensorAt(const QModelIndex& index) const { return index.data(FleetModel::SensorIdRole).toInt(); }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    const FleetModel& fleet_;
    QString text_;
    bool onlyProblems_ = false;
};

}  // namespace apiary::console
