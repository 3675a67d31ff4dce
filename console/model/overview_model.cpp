#include "console/model/overview_model.hpp"

namespace apiary::console {

OverviewModel::OverviewModel(CollectorLink& link, QObject* parent) : QObject(parent), link_(link) {
    connect(&link_, &CollectorLink::failed, this, &OverviewModel::takeFailure);
    connect(&link_, &CollectorLink::totalsArrived, this,
            [this](quint64 number, const Totals& totals, const Totals& before) {
                if (number == totals_) {
                    figures_.totals = totals;
                    figures_.before = before;
                    figures_.failure.clear();
                    Q_EMIT changed();
                }
            });
    connect(&link_, &CollectorLink::seriesArrived, this, [this](quint64 number, const Series& series) {
        if (number == series_) {
            figures_.bands = bandsOf(series);
            Q_EMIT changed();
        }
    });
}

void OverviewModel::ask(const Scope& scope) {
    scope_ = scope;
    link_.askTotals(totals_ = link_.nextNumber(), scope_);
    link_.askSeries(series_ = link_.nextNumber(), scope_, SeriesField::Sessions);
}

void OverviewModel::takeFailure(quint64 number, const QString& words) {
    if (number == totals_ || number == series_) {
        figures_.failure = words;
        Q_EMIT changed();
    }
}

}  // namespace apiary::console
