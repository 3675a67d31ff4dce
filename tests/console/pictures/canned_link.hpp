#pragma once

#include "console/model/collector_link.hpp"
#include "tests/console/pictures/canned_day.hpp"

namespace apiary::console {

/// A link to a collector that saw the canned day, or nothing at all. Answers from the event loop, as the real one does.
class CannedLink final : public CollectorLink {
    Q_OBJECT

public:
    enum class Mood { Full, Empty, Silent, Failing };

    explicit CannedLink(Mood mood) : mood_(mood) {}

    LinkState state() const override { return state_; }
    void start() override { enter(LinkState::Kind::Live, {}); }
    void stop() override {}
    void retryNow() override {}

    void askTotals(quint64 number, const Scope& scope) override {
        reply(number, [=, this] {
            Q_EMIT totalsArrived(number, full() ? totalsOfDay(scope) : Totals{},
                                 full() ? totalsOfDayBefore(scope) : Totals{});
        });
    }
    void askSeries(quint64 number, const Scope& scope, SeriesField field) override {
        reply(number, [=, this] {
            Q_EMIT seriesArrived(number, !full()                          ? Series{}
                                         : field == SeriesField::Sessions ? dayOfSessions(scope)
                                                                          : dayOfCredentials(scope));
        });
    }
    void askTop(quint64 number, const Scope&, TopField field, int limit) override {
        reply(number, [=, this] { Q_EMIT topArrived(number, full() ? topOfDay(field, limit) : QList<TopEntry>{}); });
    }
    void askActivity(quint64 number, const Scope&) override {
        reply(number, [=, this] {
            Q_EMIT activityArrived(number, full() ? activityOfWeeks() : Activity{.sessions = QList<quint64>(168)});
        });
    }
    void askSessions(quint64 number, const Scope& scope, const SessionFilter&, const SessionKey& before,
                     int limit) override {
        reply(number, [=, this] {
            Q_EMIT sessionsArrived(number, full() ? sessionsOfDay(scope, before, limit) : SessionPage{});
        });
    }
    /// Of a filter only the source counts: one of them has come 412 times.
    void askCount(quint64 number, const Scope& scope, const SessionFilter& filter) override {
        reply(number, [=, this] {
            const quint64 fit = filter.sourceNetwork.isEmpty() ? totalsOfDay(scope).sessions : 412;
            Q_EMIT countArrived(number, {.sessions = full() ? fit : 0, .times = 0, .more = false});
        });
    }
    void askProbes(quint64 number, const Scope& scope, const QString& tool, const SessionKey& before,
                   int limit) override {
        reply(number, [=, this] {
            Q_EMIT probesArrived(number, full() ? probesOfDay(scope, tool, before, limit) : ProbePage{});
        });
    }
    void askSession(quint64 number, const QByteArray& id) override {
        reply(number, [=, this] { Q_EMIT sessionArrived(number, detailOf(id)); });
    }
    void askOpen(quint64 number, const Scope&, int) override {
        reply(number, [=, this] { Q_EMIT openArrived(number, full() ? openAtEnd() : OpenSessions{}); });
    }
    void switchService(quint64 number, qint32, const QString&, bool) override {
        reply(number, [=, this] { Q_EMIT wishStored(number, 1); });
    }

    void sendFleet() {
        if (mood_ != Mood::Silent) {
            Q_EMIT fleetArrived(full() ? fleetAtEnd() : QList<Sensor>{});
        }
    }
    void enter(LinkState::Kind kind, const QString& reason) {
        state_ = {.kind = kind,
                  .collector = QStringLiteral("collector-1:7443"),
                  .reason = reason,
                  .advice = {},
                  .sinceUs = kPictureUs - 22'000'000,
                  .retryAtUs = kPictureUs + 6'000'000,
                  .attempt = 4};
        Q_EMIT stateChanged(state_);
    }

private:
    bool full() const { return mood_ == Mood::Full; }

    template <typename Answer>
    void reply(quint64 number, Answer answer) {
        if (mood_ == Mood::Failing) {
            QMetaObject::invokeMethod(
                this, [=, this] { Q_EMIT failed(number, QStringLiteral("the database is not reachable")); },
                Qt::QueuedConnection);
        } else if (mood_ != Mood::Silent) {
            QMetaObject::invokeMethod(this, answer, Qt::QueuedConnection);
        }
    }

    const Mood mood_;
    LinkState state_;
};

}  // namespace apiary::console
