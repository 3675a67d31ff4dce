#pragma once

#include "console/model/values.hpp"

#include <QObject>

namespace apiary::console {

/// The way to the collector, as the models see it; the gRPC one is in console/client, tests have one with canned
/// values.
///
/// Every question carries a number chosen by the caller; its answer, or its failure in words, comes later as a signal
/// with the same number, always in the thread of this object. An asker drops answers with an old number. Nothing
/// blocks.
class CollectorLink : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    virtual LinkState state() const = 0;
    /// Connects, and connects again after a loss, until stop().
    virtual void start() = 0;
    /// Cancels all that is under way. No signal comes afterwards.
    virtual void stop() = 0;
    /// Does not wait for the end of the pause between two attempts.
    virtual void retryNow() = 0;

    virtual void askTotals(quint64 number, const Scope& scope) = 0;
    virtual void askSeries(quint64 number, const Scope& scope) = 0;
    /// The sessions behind `before`; a key of 0 and an empty id: from the newest.
    virtual void askSessions(quint64 number, const Scope& scope, const SessionKey& before, int limit) = 0;
    virtual void askSession(quint64 number, const QByteArray& id) = 0;
    virtual void askOpen(quint64 number, const QList<qint32>& sensorIds, int limit) = 0;
    /// Asks for a service to be on or off. The answer only says that the wish is stored.
    virtual void switchService(quint64 number, qint32 sensorId, const QString& service, bool on) = 0;

Q_SIGNALS:
    void stateChanged(const LinkState& state);
    void totalsArrived(quint64 number, const Totals& totals);
    void seriesArrived(quint64 number, const Series& series);
    void sessionsArrived(quint64 number, const SessionPage& page);
    void sessionArrived(quint64 number, const SessionDetail& detail);
    void openArrived(quint64 number, const OpenSessions& open);
    void wishStored(quint64 number, quint64 version);
    /// A question failed; `words` says why, for a person.
    void failed(quint64 number, const QString& words);
    void happened(const LiveBatch& batch);
    void fleetArrived(const QList<Sensor>& sensors);
};

}  // namespace apiary::console
