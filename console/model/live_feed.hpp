#pragma once

#include "console/model/values.hpp"

#include <QObject>

namespace apiary::console {

/// The sessions that came in last, newest first, and how many come in a second. A session that ends takes the place of
/// what was known of it. While paused, what comes in waits.
class LiveFeed final : public QObject {
    Q_OBJECT

public:
    static constexpr qsizetype kRows = 100;
    /// The rate is over so many seconds.
    static constexpr qint64 kRateSeconds = 10;

    using QObject::QObject;

    void take(const LiveBatch& batch, qint64 nowUs);
    /// Rows to begin with, newest first; ignored once there are any.
    void seed(const QList<SessionRow>& rows);
    void clear();
    void pause(bool paused);

    const QList<SessionRow>& rows() const { return rows_; }
    bool paused() const { return paused_; }
    /// Sessions that came in while paused.
    quint64 waiting() const { return waiting_; }
    double perSecond(qint64 nowUs) const;

Q_SIGNALS:
    void changed();

private:
    struct Arrival {
        qint64 us = 0;
        quint64 sessions = 0;
    };

    QList<SessionRow> rows_;    // as shown
    QList<SessionRow> newest_;  // while paused: what will be shown afterwards
    QList<Arrival> arrivals_;
    quint64 waiting_ = 0;
    bool paused_ = false;
};

}  // namespace apiary::console
