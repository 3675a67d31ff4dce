#pragma once

#include "console/model/values.hpp"

#include <QAbstractTableModel>

namespace apiary::console {

/// The sessions of a scope, newest first: a window of at most kMostRows that moves along all of them, page by page, as
/// the view asks for older or newer ones. Memory does not grow with the way but for a key a page.
///
/// Whoever owns it answers pageWanted() with addPage() or pageFailed(); one page is under way at a time. Live sessions
/// go to their place in the order at once, or wait while held() so that rows do not move under the reader.
class SessionTableModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column {
        Time,
        Protocol,
        Source,
        Country,
        SensorName,
        FirstLogin,
        Port,
        Logins,
        Outcome,
        Tags,
        Duration,
        In,
        Out,
        ColumnCount
    };
    /// Raw values beside the texts of Qt::DisplayRole.
    enum Role { IdRole = Qt::UserRole, OutcomeRole, AcceptedRole, OpenRole };

    static constexpr int kPage = 200;
    static constexpr int kMostRows = 4'000;

    using QAbstractTableModel::QAbstractTableModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

    /// Asks for the first page; what is shown stays until it comes. It begins behind `start`; by default, with the
    /// newest.
    void startOver(const SessionKey& start = {});
    /// Whether rows above the first were let go, or were never asked for.
    bool canFetchNewer() const { return loaded_ && !above_.isEmpty() && !underWay_; }
    /// Asks for the page above the first row.
    void fetchNewer();
    void addPage(const SessionPage& page);
    void pageFailed();
    /// Asks again for the first page if the last question was for it and failed.
    void retryStart();
    void takeLive(const QList<SessionRow>& rows);
    /// While held, live sessions wait; letting go shows them.
    void hold(bool held);
    /// Goes to the newest sessions, with those that wait.
    void showNewest();
    /// Whether the first row is the newest session.
    bool atNewest() const { return above_.isEmpty() && start_ == SessionKey{}; }

    /// The rows of the window.
    const QList<SessionRow>& rows() const { return rows_; }
    /// How many rows were let go above the first.
    qsizetype rowsAbove() const { return above_.size() * kPage; }
    /// Where the list begins; empty: with the newest.
    const SessionKey& start() const { return start_; }
    /// Whether there are more behind the last row.
    bool more() const { return more_; }
    int waiting() const { return static_cast<int>(waiting_.size()) + waitingMore_; }
    bool loaded() const { return loaded_; }
    int rowOf(const QByteArray& id) const;

Q_SIGNALS:
    void pageWanted(const SessionKey& before, int limit);
    void waitingChanged(int waiting);
    void loadedChanged();

private:
    enum class Wanted { First, Older, Newer };

    void place(const SessionRow& row);
    void want(Wanted wanted, const SessionKey& before, int limit);
    void replaceBy(const SessionPage& page);
    void append(const SessionPage& page);
    void prepend(const SessionPage& page);
    void letGoAbove();
    void letGoBelow();

    QList<SessionRow> rows_;
    QList<SessionRow> waiting_;
    QList<SessionKey> above_;  // for each page let go: the key behind which it begins
    SessionKey start_;
    SessionKey startWanted_;
    int waitingMore_ = 0;  // that wait too, but were not kept
    bool held_ = false;
    bool loaded_ = false;
    bool more_ = false;
    bool underWay_ = false;
    bool failed_ = false;  // the last page that was asked for
    Wanted wanted_ = Wanted::First;
};

/// How an outcome reads in a table: "peer_closed" as "peer closed".
QString outcomeText(const QString& outcome);

}  // namespace apiary::console
