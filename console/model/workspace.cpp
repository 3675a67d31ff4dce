#include "console/model/workspace.hpp"

#include <QDateTime>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kSoonMs = 500;
constexpr int kSlowlyMs = 10'000;
constexpr int kMostOpen = 200;

}  // namespace

Workspace::Workspace(CollectorLink& link, Clock clock, QObject* parent)
    : QObject(parent), link_(link), clock_(std::move(clock)), state_(link.state()) {
    if (!clock_) {
        clock_ = [] { return QDateTime::currentMSecsSinceEpoch() * 1000; };
    }
    connect(&link_, &CollectorLink::stateChanged, this, &Workspace::takeState);
    connect(&link_, &CollectorLink::failed, this, &Workspace::takeFailure);
    connect(&link_, &CollectorLink::happened, this, &Workspace::takeLive);
    connect(&link_, &CollectorLink::totalsArrived, this, &Workspace::takeTotals);
    connect(&link_, &CollectorLink::sessionArrived, this, &Workspace::takeSession);
    connect(&link_, &CollectorLink::seriesArrived, this, [this](quint64 number, const Series& series) {
        if (current(Ask::Series, number)) {
            overview_.bands = bandsOf(series);
            Q_EMIT overviewChanged();
        }
    });
    connect(&link_, &CollectorLink::sessionsArrived, this, [this](quint64 number, const SessionPage& page) {
        if (current(Ask::Page, number)) {
            sessions_.addPage(page);
            if (selection_.id.isEmpty() && !sessions_.rows().isEmpty()) {
                select(sessions_.rows().first().id);
            }
        }
    });
    connect(&link_, &CollectorLink::openArrived, this, [this](quint64 number, const OpenSessions& open) {
        if (current(Ask::Open, number)) {
            open_.replace(open);
            Q_EMIT overviewChanged();
        }
    });
    connect(&link_, &CollectorLink::wishStored, this, [this](quint64 number) { wishes_.remove(number); });
    connect(&link_, &CollectorLink::fleetArrived, this, [this](const QList<Sensor>& sensors) {
        fleet_.replace(sensors, clock_());
        Q_EMIT fleetChanged();
    });
    connect(&sessions_, &SessionTableModel::pageWanted, this, [this](const SessionKey& before) {
        if (before == SessionKey{}) {
            tableScope_ = scope_;
        }
        link_.askSessions(next(Ask::Page), tableScope_, before, SessionTableModel::kPage);
    });

    soon_.setSingleShot(true);
    soon_.setInterval(kSoonMs);
    slowly_.setInterval(kSlowlyMs);
    second_.setInterval(1000);
    connect(&soon_, &QTimer::timeout, this, &Workspace::askFigures);
    connect(&slowly_, &QTimer::timeout, this, &Workspace::askFigures);
    connect(&second_, &QTimer::timeout, this, [this] {
        fleet_.tick(clock_());
        Q_EMIT fleetChanged();
        if (state_.kind == LinkState::Kind::Lost) {
            Q_EMIT linkChanged();
        }
    });
    second_.start();
}

void Workspace::setSpan(const Span& span) {
    if (span == span_) {
        return;
    }
    span_ = span;
    Q_EMIT spanChanged();
    refresh();
}

void Workspace::select(const QByteArray& id) {
    if (id == selection_.id) {
        return;
    }
    selection_ = {.id = id, .detail = {}, .failure = {}};
    Q_EMIT selectionChanged();
    askSelected();
}

void Workspace::refresh() {
    if (!state_.live()) {
        return;
    }
    askFigures();
    sessions_.startOver();
    askSelected();
}

void Workspace::switchService(qint32 sensorId, const QString& service, bool on) {
    if (!state_.live()) {
        Q_EMIT refused(u"Services can be switched when the collector is connected again."_s);
        return;
    }
    const quint64 number = ++lastNumber_;
    wishes_.insert(number, {sensorId, service});
    fleet_.wish(sensorId, service, on, clock_());
    Q_EMIT fleetChanged();
    link_.switchService(number, sensorId, service, on);
}

quint64 Workspace::next(Ask ask) {
    return numbers_[static_cast<std::size_t>(ask)] = ++lastNumber_;
}

void Workspace::takeState(const LinkState& state) {
    const bool back = state.live() && !state_.live();
    state_ = state;
    Q_EMIT linkChanged();
    if (back) {
        slowly_.start();
        refresh();
    } else if (!state.live()) {
        slowly_.stop();
        soon_.stop();
    }
}

void Workspace::takeFailure(quint64 number, const QString& words) {
    if (wishes_.contains(number)) {
        const Wish refusedWish = wishes_.take(number);
        fleet_.forgetWish(refusedWish.sensorId, refusedWish.service);
        Q_EMIT fleetChanged();
        Q_EMIT refused(words);
    } else if (current(Ask::Page, number)) {
        sessions_.pageFailed();
        overview_.failure = words;
        Q_EMIT overviewChanged();
    } else if (current(Ask::Session, number)) {
        selection_.failure = words;
        Q_EMIT selectionChanged();
    } else if (current(Ask::Totals, number) || current(Ask::Series, number) || current(Ask::Open, number)) {
        overview_.failure = words;
        Q_EMIT overviewChanged();
    }
}

void Workspace::takeLive(const LiveBatch& batch) {
    if (span_.sliding()) {
        QList<SessionRow> inScope;
        for (const SessionRow& row : batch.ended) {
            if (row.startedUs >= tableScope_.fromUs) {
                inScope.append(row);
            }
        }
        if (batch.notShown > 0) {
            sessions_.startOver();
        } else if (!inScope.isEmpty()) {
            sessions_.takeLive(inScope);
            if (selection_.id.isEmpty() && !sessions_.rows().isEmpty()) {
                select(sessions_.rows().first().id);
            }
        }
    }
    for (const SessionRow& row : batch.ended) {
        if (row.id == selection_.id) {
            askSelected();
        }
    }
    const bool quiet = batch.opened.isEmpty() && batch.ended.isEmpty() && batch.notShown == 0;
    if (!quiet && !soon_.isActive()) {
        soon_.start();
    }
}

void Workspace::takeTotals(quint64 number, const Totals& totals) {
    if (current(Ask::Totals, number)) {
        overview_.totals = totals;
        overview_.failure.clear();
    } else if (current(Ask::Before, number)) {
        overview_.before = totals;
    } else {
        return;
    }
    Q_EMIT overviewChanged();
}

void Workspace::takeSession(quint64 number, const SessionDetail& detail) {
    if (!current(Ask::Session, number)) {
        return;
    }
    selection_.detail = detail;
    selection_.failure.clear();
    Q_EMIT selectionChanged();
}

void Workspace::askFigures() {
    if (!state_.live()) {
        return;
    }
    const qint64 now = clock_();
    scope_.fromUs = span_.sliding() ? now - span_.lastUs : span_.fromUs;
    scope_.toUs = span_.sliding() ? now : span_.toUs;
    Scope before = scope_;
    before.fromUs = scope_.fromUs - (scope_.toUs - scope_.fromUs);
    before.toUs = scope_.fromUs;
    link_.askTotals(next(Ask::Totals), scope_);
    link_.askTotals(next(Ask::Before), before);
    link_.askSeries(next(Ask::Series), scope_);
    link_.askOpen(next(Ask::Open), scope_.sensorIds, kMostOpen);
    if (selection_.detail && selection_.detail->row.open()) {
        askSelected();
    }
}

void Workspace::askSelected() {
    if (state_.live() && !selection_.id.isEmpty()) {
        link_.askSession(next(Ask::Session), selection_.id);
    }
}

}  // namespace apiary::console
