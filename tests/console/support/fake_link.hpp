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
        SessionFilter filter;
    };
    struct AskedTop {
        quint64 number = 0;
        Scope scope;
        TopField field = TopField::Source;
    };
    struct AskedSeries {
        quint64 number = 0;
        Scope scope;
        SeriesField field = SeriesField::Sessions;
    };
    struct AskedProbes {
        quint64 number = 0;
        Scope scope;
        QString tool;
        SessionKey before;
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
    void askTotals(quint64 number, const Scope& scope) override { totals.append({number, scope, {}, {}, {}}); }
    void askSeries(quint64 number, const Scope& scope, SeriesField field) override {
        (field == SeriesField::Sessions      ? series
         : field == SeriesField::Credentials ? credentialSeries
                                             : sourceSeries)
            .append({number, scope, field});
    }
    void askTop(quint64 number, const Scope& scope, TopField field, int) override {
        tops.append({number, scope, field});
    }
    void askActivity(quint64 number, const Scope& scope) override { activities.append({number, scope, {}, {}, {}}); }
    void askSessions(quint64 number, const Scope& scope, const SessionFilter& filter, const SessionKey& before,
                     int) override {
        pages.append({number, scope, before, {}, filter});
    }
    void askCount(quint64 number, const Scope& scope, const SessionFilter& filter) override {
        counts.append({number, scope, {}, {}, filter});
    }
    void askProbes(quint64 number, const Scope& scope, const QString& tool, const SessionKey& before, int) override {
        probes.append({number, scope, tool, before});
    }
    void askSession(quint64 number, const QByteArray& id) override { sessions.append({number, {}, {}, id, {}}); }
    void askOpen(quint64 number, const Scope& scope, int) override { open.append({number, scope, {}, {}, {}}); }
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
    QList<AskedSeries> series;
    QList<AskedSeries> credentialSeries;
    QList<AskedSeries> sourceSeries;  // of all and of new ones
    QList<AskedTop> tops;
    QList<Asked> activities;
    QList<AskedProbes> probes;
    QList<Asked> pages;
    QList<Asked> counts;
    QList<Asked> sessions;
    QList<Asked> open;
    QList<Wish> wishes;
    int retries = 0;
    bool stopped = false;
};

}  // namespace apiary::console
