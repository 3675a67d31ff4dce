#pragma once

#include "console/model/collector_link.hpp"
#include "console/model/session_table_model.hpp"

#include <optional>

namespace apiary::console {

/// What the analyst asks of the list besides the scope of all pages.
struct SessionQuery {
    QStringList protocols;    // none named: all
    QList<qint32> sensorIds;  // none named: all
    SessionFilter filter;

    bool empty() const { return *this == SessionQuery{}; }
    friend bool operator==(const SessionQuery&, const SessionQuery&) = default;
};

/// The list of sessions, the query behind it, and the session that is selected in it. Answers that are out of date are
/// dropped; after a loss all stays as it was. `link` must outlive it.
class SessionList final : public QObject {
    Q_OBJECT

public:
    explicit SessionList(CollectorLink& link, QObject* parent = nullptr);

    /// What is known of the selected session.
    struct Selection {
        QByteArray id;
        std::optional<SessionDetail> detail;
        QString failure;  // why there is no detail
    };

    SessionTableModel& table() { return table_; }
    const SessionTableModel& table() const { return table_; }
    const SessionQuery& query() const { return query_; }
    const Selection& selection() const { return selection_; }
    /// Of all that the query finds; nothing until it came.
    const std::optional<SessionCount>& count() const { return count_; }
    /// Why the last page did not come; empty if it did.
    const QString& failure() const { return failure_; }

    /// Asks for the list with another query. `scope` is that of the figures, so that the list has what they counted.
    void setQuery(const SessionQuery& query, const Scope& scope);
    /// Asks for the first page and the count. `scope` is that of all pages.
    void startOver(const Scope& scope);
    void select(const QByteArray& id);
    void askSelected();
    /// Takes what ended just now into the list where it belongs.
    void takeLive(const LiveBatch& batch);

Q_SIGNALS:
    void queryChanged();
    void changed();  // count or failure
    void selectionChanged();

private:
    Scope asked() const;
    bool nothingFits() const;
    void ask(const SessionKey& before);
    void takePage(quint64 number, const SessionPage& page);
    void takeFailure(quint64 number, const QString& words);
    void selectFirst();

    CollectorLink& link_;
    SessionTableModel table_;
    Scope scope_;
    SessionQuery query_;
    Selection selection_;
    std::optional<SessionCount> count_;
    QString failure_;
    quint64 page_ = 0;  // numbers of the newest questions
    quint64 counted_ = 0;
    quint64 session_ = 0;
};

}  // namespace apiary::console
