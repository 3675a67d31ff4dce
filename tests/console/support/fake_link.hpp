#pragma once

#include "console/model/collector_link.hpp"

namespace apiary::console {

/// A link that notes what it is asked and answers when the test says so.
class FakeLink final : public CollectorLink {
    Q_OBJECT

public:
    struct Asked {
        quint64 number = 0;
        Scope scope;
        SessionKey before;
        QByteArray id;
    };
    struct Wish {
        quint64 number = 0;
        qint32 sensorId = 0;
        QString service;
        bool on = false;
    };

    LinkState state() const override { return now; }
    void start() override {}
    void stop() override { stopped = true; }
    void retryNow() override { ++retries; }
    void askTotals(quint64 number, const Scope& scope) override { totals.append({number, scope, {}, {}}); }
    void askSeries(quint64 number, const Scope& scope) override { series.append({number, scope, {}, {}}); }
    void askSessions(quint64 number, const Scope& scope, const SessionKey& before, int) override {
        pages.append({number, scope, before, {}});
    }
    void askSession(quint64 number, const QByteArray& id) override { sessions.append({number, {}, {}, id}); }
    void askOpen(quint64 number, const QList<qint32>&, int) override { open.append({number, {}, {}, {}}); }
    void switchService(quint64 number, qint32 sensorId, const QString& service, bool on) override {
        wishes.append({number, sensorId, service, on});
    }

    void enter(LinkState::Kind kind, const QString& reason = {}) {
        now.kind = kind;
        now.reason = reason;
        now.collector = QStringLiteral("127.0.0.1:7443");
        Q_EMIT stateChanged(now);
    }

    LinkState now;
    QList<Asked> totals;
    QList<Asked> series;
    QList<Asked> pages;
    QList<Asked> sessions;
    QList<Asked> open;
    QList<Wish> wishes;
    int retries = 0;
    bool stopped = false;
};

}  // namespace apiary::console
