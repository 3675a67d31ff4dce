#pragma once

#include "console/model/bands.hpp"
#include "console/model/collector_link.hpp"
#include "console/model/fleet_model.hpp"
#include "console/model/open_session_model.hpp"
#include "console/model/session_table_model.hpp"

#include <QTimer>

#include <functional>
#include <optional>

namespace apiary::console {

/// The time that the analyst looks at: the last so many seconds, or a stretch chosen in the chart.
struct Span {
    qint64 lastUs = 24 * 3'600'000'000LL;
    qint64 fromUs = 0;  // with lastUs 0
    qint64 toUs = 0;

    bool sliding() const { return lastUs != 0; }
    friend bool operator==(const Span&, const Span&) = default;
};

/// What the window shows, apart from how: it asks the collector, drops answers that are out of date, and feeds the
/// models.
///
/// Figures are asked for again when something happened (at most twice a second) and every 10 s. After a loss all stays
/// as it was; it is asked for again when the link is back. Lives in one thread; `link` must outlive it.
class Workspace final : public QObject {
    Q_OBJECT

public:
    using Clock = std::function<qint64()>;

    /// `clock` gives microseconds since 1970; the system's by default.
    explicit Workspace(CollectorLink& link, Clock clock = {}, QObject* parent = nullptr);

    /// What is known of the selected session.
    struct Selection {
        QByteArray id;
        std::optional<SessionDetail> detail;
        QString failure;  // why there is no detail
    };
    /// What is known of the range; empty until it came.
    struct Overview {
        std::optional<Totals> totals;
        std::optional<Totals> before;  // of the stretch of the same length just before
        std::optional<Bands> bands;
        QString failure;
    };

    SessionTableModel& sessions() { return sessions_; }
    OpenSessionModel& openSessions() { return open_; }
    FleetModel& fleet() { return fleet_; }
    const SessionTableModel& sessions() const { return sessions_; }
    const FleetModel& fleet() const { return fleet_; }
    const Overview& overview() const { return overview_; }
    const Selection& selection() const { return selection_; }
    const LinkState& link() const { return state_; }
    const Span& span() const { return span_; }
    qint64 nowUs() const { return clock_(); }
    /// The range that the newest figures are for.
    const Scope& scope() const { return scope_; }

    void setSpan(const Span& span);
    void select(const QByteArray& id);
    void refresh();
    void retryNow() { link_.retryNow(); }
    void switchService(qint32 sensorId, const QString& service, bool on);

Q_SIGNALS:
    void linkChanged();
    void spanChanged();
    void overviewChanged();
    void selectionChanged();
    void fleetChanged();
    /// Something that a person asked for did not work.
    void refused(const QString& words);

private:
    enum class Ask { Totals, Before, Series, Page, Session, Open, Count };
    struct Wish {
        qint32 sensorId = 0;
        QString service;
    };

    quint64 next(Ask ask);
    bool current(Ask ask, quint64 number) const { return numbers_[static_cast<std::size_t>(ask)] == number; }
    void takeState(const LinkState& state);
    void takeFailure(quint64 number, const QString& words);
    void takeLive(const LiveBatch& batch);
    void takeTotals(quint64 number, const Totals& totals);
    void takeSession(quint64 number, const SessionDetail& detail);
    void askFigures();
    void askSelected();

    CollectorLink& link_;
    Clock clock_;
    SessionTableModel sessions_;
    OpenSessionModel open_;
    FleetModel fleet_;
    Overview overview_;
    Selection selection_;
    LinkState state_;
    Span span_;
    Scope scope_;
    Scope tableScope_;
    std::array<quint64, static_cast<std::size_t>(Ask::Count)> numbers_{};
    QHash<quint64, Wish> wishes_;
    quint64 lastNumber_ = 0;
    QTimer soon_;    // after something happened
    QTimer slowly_;  // whatever happens
    QTimer second_;  // for what grows old
};

}  // namespace apiary::console
