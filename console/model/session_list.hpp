#pragma once

#include "console/model/collector_link.hpp"
#include "console/model/filter_names.hpp"
#include "console/model/list_export.hpp"
#include "console/model/session_table_model.hpp"
#include "console/model/source_sessions.hpp"

#include <QElapsedTimer>
#include <QTimer>

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
    FilterNames& names() { return names_; }
    const FilterNames& names() const { return names_; }
    SourceSessions& sameSource() { return sameSource_; }
    const SourceSessions& sameSource() const { return sameSource_; }
    ListExport& exporter() { return export_; }
    const ListExport& exporter() const { return export_; }
    const SessionQuery& query() const { return query_; }
    /// The scope of the list: that of the pages narrowed by the query.
    Scope asked() const;
    const Selection& selection() const { return selection_; }
    /// Of all that the query finds; nothing until it came.
    const std::optional<SessionCount>& count() const { return count_; }
    /// Of the same range without the query; asked for when the query finds nothing.
    const std::optional<SessionCount>& outside() const { return outside_; }
    /// Over time; nothing while it did not come, or if the collector cannot count what the filter names.
    const std::optional<Series>& series() const { return series_; }
    bool hasSeries() const { return query_.filter == SessionFilter{}; }
    /// Whether sessions came of which only the collector can say if they fit.
    bool mayHaveMore() const { return mayHaveMore_; }
    /// How long the first page took, in milliseconds; -1 before.
    qint64 tookMs() const { return tookMs_; }
    /// Why the last page did not come; empty if it did. A first page is asked for again while someone looks.
    const QString& failure() const { return failure_; }
    /// Whether the rows are of this query; those of the one before stay until its first page is there.
    bool answered() const { return answered_; }

    /// Asks for the list with another query. `scope` is that of the figures, so that the list has what they counted.
    void setQuery(const SessionQuery& query, const Scope& scope);
    /// Asks for the first page and the count. `scope` is that of all pages.
    void startOver(const Scope& scope);
    /// Goes to the sessions that started before a time, without another query.
    void jumpTo(qint64 us);
    /// Back to the newest, with what waits; asks again if only the collector knows what is new.
    void showNewest();
    /// While someone looks, count and series follow what happens, every 10 s at most.
    void watch(bool watched);
    void select(const QByteArray& id);
    void askSelected();
    /// Selects the session `step` rows further down, or the nearest of the same source in that direction. False if
    /// there is none among the loaded.
    bool step(int step);
    bool stepInSource(int step);
    void exportTo(const QString& path, ListExport::Form form);
    /// Takes what ended just now into the list where it belongs.
    void takeLive(const LiveBatch& batch);

Q_SIGNALS:
    void queryChanged();
    void changed();  // count, failure or answered()
    void selectionChanged();

private:
    bool nothingFits() const;
    void ask(const SessionKey& before, int limit);
    void askFigures();
    void takeCount(quint64 number, const SessionCount& count);
    void takeFitting(const QList<SessionRow>& rows);
    void takePage(quint64 number, const SessionPage& page);
    void takeFailure(quint64 number, const QString& words);
    void selectFirst();

    CollectorLink& link_;
    SessionTableModel table_;
    FilterNames names_;
    SourceSessions sameSource_;
    ListExport export_;
    Scope scope_;
    SessionQuery query_;
    Selection selection_;
    std::optional<SessionCount> count_;
    std::optional<SessionCount> outside_;
    std::optional<Series> series_;
    QString failure_;
    bool answered_ = true;
    bool choosing_ = false;  // the query is new, and nothing was chosen from what it finds
    bool mayHaveMore_ = false;
    bool watched_ = false;
    bool grew_ = false;  // since count and series were asked for
    qint64 tookMs_ = -1;
    QElapsedTimer sinceAsked_;
    QTimer figures_;
    quint64 outsideAsked_ = 0;  // numbers of the newest questions
    quint64 seriesAsked_ = 0;
    quint64 page_ = 0;
    quint64 counted_ = 0;
    quint64 session_ = 0;
};

}  // namespace apiary::console
