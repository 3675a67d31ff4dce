#pragma once

#include "console/model/collector_link.hpp"
#include "console/model/fleet_model.hpp"
#include "console/model/live_feed.hpp"
#include "console/model/open_session_model.hpp"
#include "console/model/overview_model.hpp"
#include "console/model/probe_list.hpp"
#include "console/model/session_list.hpp"

#include <QTimer>

#include <functional>

namespace apiary::console {

/// The time that the analyst looks at: the last so many microseconds, a stretch from a time until now, or a stretch
/// that stands still.
struct Span {
    qint64 lastUs = 24 * 3'600'000'000LL;
    qint64 fromUs = 0;  // with lastUs 0
    qint64 toUs = 0;    // with lastUs 0; 0: now

    /// Whether it ends now, so that it goes on as the clock does.
    bool sliding() const { return lastUs != 0 || toUs == 0; }
    friend bool operator==(const Span&, const Span&) = default;
};

/// What the window shows, apart from how: which scope is looked at, and the models of it. It says when they ask the
/// collector.
///
/// Figures are asked for again when something happened (at most twice a second) and every 10 s, if the answer before
/// has come; OverviewModel's details every 10 s at most. After a loss all stays
/// as it was; it is asked for again when the link is back. Lives in one thread; `link` must outlive it.
class Workspace final : public QObject {
    Q_OBJECT

public:
    using Clock = std::function<qint64()>;

    /// `clock` gives microseconds since 1970; the system's by default.
    explicit Workspace(CollectorLink& link, Clock clock = {}, QObject* parent = nullptr);

    OverviewModel& overview() { return overview_; }
    SessionList& list() { return list_; }
    OpenSessionModel& openSessions() { return open_; }
    FleetModel& fleet() { return fleet_; }
    ProbeList& probes() { return probes_; }
    LiveFeed& live() { return live_; }
    const LiveFeed& live() const { return live_; }
    const OverviewModel& overview() const { return overview_; }
    const SessionList& list() const { return list_; }
    const FleetModel& fleet() const { return fleet_; }
    const LinkState& link() const { return state_; }
    const Span& span() const { return span_; }
    qint64 nowUs() const { return clock_(); }
    /// What all pages look at. Its range is that of the newest figures.
    const Scope& scope() const { return scope_; }

    void setSpan(const Span& span);
    /// The span before the last setSpan(), and forth again; nothing happens where there is none.
    void spanBack();
    void spanForward();
    bool canGoBack() const { return !earlier_.isEmpty(); }
    bool canGoForward() const { return !later_.isEmpty(); }
    /// None: all.
    void setSensors(const QList<qint32>& sensorIds);
    /// Empty: attacks alone.
    void setTraffic(const QStringList& traffic);
    /// Lists the sessions that fit, of the scope of all pages; or of `scope`, the one that a figure was counted in. A
    /// range of its own, other than that of all pages, stays with the list until it gets another query or the span is
    /// set.
    void listSessions(const SessionQuery& query, const std::optional<Scope>& scope = {});
    /// The scope of the list while it has a range of its own.
    const std::optional<Scope>& listScope() const { return listScope_; }
    void refresh();
    /// How often figures are asked for without being told to, in milliseconds; 0: only when a person asks. Up to 10 s
    /// they also follow what happens, at most twice a second.
    void setRefreshEvery(int ms);
    int refreshEveryMs() const { return refreshEveryMs_; }
    /// When figures last came without a failure; 0 before any did.
    qint64 figuresAtUs() const { return figuresAtUs_; }
    /// Whether the figures are older than three intervals although the link is live.
    bool stale() const;
    void retryNow() { link_.retryNow(); }
    void switchService(qint32 sensorId, const QString& service, bool on);

Q_SIGNALS:
    void linkChanged();
    void spanChanged();
    void scopeChanged();  // sensors or traffic
    void openChanged();
    void fleetChanged();
    void refreshChanged();  // the interval
    void second();          // goes by: what is shown grows old
    /// Something that a person asked for did not work.
    void refused(const QString& words);
    /// What happened just now, of the traffic and the sensors that are looked at.
    void happened(const LiveBatch& batch);

private:
    struct Wish {
        qint32 sensorId = 0;
        QString service;
    };

    void takeState(const LinkState& state);
    void takeFailure(quint64 number, const QString& words);
    void takeLive(const LiveBatch& batch);
    void slide();
    void moveTo(const Span& span);
    bool ofSpan(const Scope& scope) const;
    void askFigures();
    void askFiguresAgain();
    void askOthers();
    LiveBatch inScope(const LiveBatch& batch) const;

    CollectorLink& link_;
    Clock clock_;
    OverviewModel overview_;
    SessionList list_;
    ProbeList probes_;
    OpenSessionModel open_;
    FleetModel fleet_;
    LiveFeed live_;
    LinkState state_;
    Span span_;
    QList<Span> earlier_;
    QList<Span> later_;
    Scope scope_;
    std::optional<Scope> listScope_;
    int refreshEveryMs_ = 10'000;
    qint64 figuresAtUs_ = 0;
    quint64 openAsked_ = 0;  // number of the newest question
    QHash<quint64, Wish> wishes_;
    QTimer soon_;    // after something happened
    QTimer slowly_;  // whatever happens
    QTimer second_;  // for what grows old
};

}  // namespace apiary::console
