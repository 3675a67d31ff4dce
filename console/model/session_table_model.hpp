#pragma once

#include "console/model/values.hpp"

#include <QAbstractTableModel>

namespace apiary::console {

/// The sessions of a scope, newest first, loaded page by page as the view asks for more.
///
/// Whoever owns it answers pageWanted() with addPage() or pageFailed(); one page is under way at a time. Live sessions
/// go to their place in the order at once, or wait while held() so that rows do not move under the reader.
class SessionTableModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Time, Protocol, Source, SensorName, Port, Outcome, Logins, Duration, In, Out, ColumnCount };
    /// Raw values beside the texts of Qt::DisplayRole.
    enum Role { IdRole = Qt::UserRole, OutcomeRole, AcceptedRole, OpenRole };

    static constexpr int kPage = 200;
    static constexpr int kMostRows = 20'000;

    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

    /// Asks for the first page; what is shown stays until it comes.
    void startOver();
    void addPage(const SessionPage& page);
    void pageFailed();
    void takeLive(const QList<SessionRow>& rows);
    /// While held, live sessions wait; letting go shows them.
    void hold(bool held);

    const QList<SessionRow>& rows() const { return rows_; }
    int waiting() const { return static_cast<int>(waiting_.size()); }
    bool loaded() const { return loaded_; }
    int rowOf(const QByteArray& id) const;

Q_SIGNALS:
    void pageWanted(const SessionKey& before);
    void waitingChanged(int waiting);
    void loadedChanged();

private:
    void place(const SessionRow& row);

    QList<SessionRow> rows_;
    QList<SessionRow> waiting_;
    bool held_ = false;
    bool loaded_ = false;
    bool more_ = false;
    bool underWay_ = false;
    bool fresh_ = true;  // the page under way replaces what is there
};

/// How an outcome reads in a table: "peer_closed" as "peer closed".
QString outcomeText(const QString& outcome);

}  // namespace apiary::console
