#include "console/model/open_session_model.hpp"

#include "console/model/figures.hpp"
#include "console/model/visible_text.hpp"

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

int OpenSessionModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(open_.rows.size());
}

QVariant OpenSessionModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid) ||
        role != Qt::DisplayRole) {
        return {};
    }
    const SessionRow& row = open_.rows[index.row()];
    return u"%1 %2:%3 %4 port %5 since %6"_s.arg(protocolText(row.protocol), visible(row.source),
                                                 QString::number(row.sourcePort), visible(row.sensor),
                                                 QString::number(row.targetPort), clockText(row.startedUs));
}

void OpenSessionModel::replace(const OpenSessions& open) {
    beginResetModel();
    open_ = open;
    loaded_ = true;
    endResetModel();
}

}  // namespace apiary::console
