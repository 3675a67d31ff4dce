#pragma once

#include "console/model/values.hpp"

#include <QObject>

namespace apiary::console {

/// The way to the collector, as the models see it; the gRPC one is in console/client, tests have one with canned
/// values.
///
/// Every question carries a number from nextNumber(); its answer, or its failure in words, comes later as a signal
/// with the same number, always in the thread of this object. An asker drops answers with an old number. Nothing
/// blocks.
class CollectorLink : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    /// For the next question: no other has it.
    quint64 nextNumber() { return ++lastNumber_; }

    virtual LinkState state() const = 0;
    /// Connects, and connects again after a loss, until stop().
    virtual void start() = 0;
    /// Cancels all that is under way. No signal comes afterwards.
    virtual void stop() = 0;
    /// Does not wait for the end of the pause between two attempts.
    virtual void retryNow() = 0;

    /// Also of the range of equal length that ends where this one begins.
    virtual void askTotals(quint64 number, const Scope& scope) = 0;
    virtual void askSeries(quint64 number, const Scope& scope, SeriesField field) = 0;
    /// The greatest, with what they were in the range of equal length before.
    virtual void askTop(quint64 number, const Scope& scope, TopField field, int limit) = 0;
    /// Sessions by day of the week and hour, UTC.
    virtual void askActivity(quint64 number, const Scope& scope) = 0;
    /// The sessions behind `before`; a key of 0 and an empty id: from the newest.
    virtual void askSessions(quint64 number, const Scope& scope, const SessionFilter& filter, const SessionKey& before,
                             int limit) = 0;
    virtual void askCount(quint64 number, const Scope& scope, const SessionFilter& filter) = 0;
    /// Probes with the marks of a tool, behind `before` as askSessions() has it; protocols of the scope do not apply.
    virtual void askProbes(quint64 number, const Scope& scope, const QString& tool, const SessionKey& before,
                           int limit) = 0;
    virtual void askSession(quint64 number, const QByteArray& id) = 0;
    /// The range of `scope` is ignored: those that are connected now.
    virtual void askOpen(quint64 number, const Scope& scope, int limit) = 0;
    /// Asks for a service to be on or off. The answer only says that the wish is stored.
    virtual void switchService(quint64 number, qint32 sensorId, const QString& service, bool on) = 0;

Q_SIGNALS:
    void stateChanged(const LinkState& state);
    void totalsArrived(quint64 number, const Totals& totals, const Totals& before);
    void seriesArrived(quint64 number, const Series& series);
    void topArrived(quint64 number, const QList<TopEntry>& entries);
    void activityArrived(quint64 number, const Activity& activity);
    void countArrived(quint64 number, const SessionCount& count);
    void sessionsArrived(quint64 number, const SessionPage& page);
    void probesArrived(quint64 number, const ProbePage& page);
    void sessionArrived(quint64 number, const SessionDetail& detail);
    void openArrived(quint64 number, const OpenSessions& open);
    void wishStored(quint64 number, quint64 version);
    /// A question failed; `words` says why, for a person.
    void failed(quint64 number, const QString& words);
    /// Of all traffic and all sensors.
    void happened(const LiveBatch& batch);
    void fleetArrived(const QList<Sensor>& sensors);

private:
    quint64 lastNumber_ = 0;
};

}  // namespace apiary::console
