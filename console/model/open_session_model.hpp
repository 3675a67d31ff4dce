#pragma once

#include "console/model/values.hpp"

#include <QAbstractListModel>

namespace apiary::console {

/// Who is connected now, newest first.
class OpenSessionModel final : public QAbstractListModel {
    Q_OBJECT

public:
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    /// One line of text for each: protocol, source, target, sensor, start.
    QVariant data(const QModelIndex& index, int role) const override;

    void replace(const OpenSessions& open);

    const QList<SessionRow>& rows() const { return open_.rows; }
    quint64 total() const { return open_.total; }
    bool loaded() const { return loaded_; }

private:
    OpenSessions open_;
    bool loaded_ = false;
};

}  // namespace apiary::console
