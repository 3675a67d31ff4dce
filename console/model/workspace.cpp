#include "console/model/workspace.hpp"

#include <QDateTime>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kSoonMs = 500;
constexpr int kFollowsMs = 10'000;  // up to this interval figures follow what happens
constexpr qint64 kStaleIntervals = 3;
constexpr int kMostOpen = 200;
constexpr qsizetype kMostSpans = 50;

}  // namespace

Workspace::Workspace(CollectorLink& link, Clock clock, QObject* parent)
    : QObject(parent),
      link_(link),
      clock_(std::move(clock)),
      overview_(link, [this] { return clock_(); }),
      list_(link),
      probes_(link),
      state_(link.state()) {
    if (!clock_) {
        clock_ = [] { return QDateTime::currentMSecsSinceEpoch() * 1000; };
    }
    connect(&link_, &CollectorLink::stateChanged, this, &Workspace::takeState);
    connect(&link_, &CollectorLink::failed, this, &Workspace::takeFailure);
    connect(&link_, &CollectorLink::happened, this, &Workspace::takeLive);
    connect(&link_, &CollectorLink::openArrived, this, [this](quint64 number, const OpenSessions& open) {
        if (number == openAsked_) {
            open_.replace(open);
            Q_EMIT openChanged();
        }
    });
    connect(&link_, &CollectorLink::wishStored, this, [this](quint64 number) { wishes_.remove(number); });
    connect(&link_, &CollectorLink::fleetArrived, this, [this](const QList<Sensor>& sensors) {
        fleet_.replace(sensors, clock_());
        Q_EMIT fleetChanged();
    });

    soon_.setSingleShot(true);
    soon_.setInterval(kSoonMs);
    slowly_.setInterval(refreshEveryMs_);
    second_.setInterval(1000);
    connect(&soon_, &QTimer::timeout, this, &Workspace::askFiguresAgain);
    connect(&slowly_, &QTimer::timeout, this, [this] {
        askFiguresAgain();
        overview_.askDetailsAgain(scope_);
    });
    connect(&overview_, &OverviewModel::changed, this, [this] {
        const OverviewModel::Figures& figures = overview_.figures();
        if (figures.totals && figures.totalsFailure.isEmpty() && figures.failure.isEmpty()) {
            figuresAtUs_ = clock_();
        }
    });
    connect(this, &Workspace::scopeChanged, &live_, &LiveFeed::clear);
    connect(&list_, &SessionList::changed, this, [this] {
        if (list_.query().empty() && list_.answered() && !listScope_) {
            live_.seed(list_.table().rows());
        }
    });
    connect(&second_, &QTimer::timeout, this, [this] {
        fleet_.tick(clock_());
        Q_EMIT fleetChanged();
        if (state_.kind == LinkState::Kind::Lost) {
            Q_EMIT linkChanged();
        }
        Q_EMIT second();
    });
    second_.start();
}

void Workspace::setSpan(const Span& span) {
    if (span == span_) {
        return;
    }
    earlier_.append(span_);
    if (earlier_.size() > kMostSpans) {
        earlier_.removeFirst();
    }
    later_.clear();
    moveTo(span);
}

void Workspace::spanBack() {
    if (canGoBack()) {
        later_.append(span_);
        moveTo(earlier_.takeLast());
    }
}

void Workspace::spanForward() {
    if (canGoForward()) {
        earlier_.append(span_);
        moveTo(later_.takeLast());
    }
}

void Workspace::moveTo(const Span& span) {
    span_ = span;
    listScope_.reset();
    Q_EMIT spanChanged();
    refresh();
}

void Workspace::listSessions(const SessionQuery& query, const std::optional<Scope>& scope) {
    listScope_.reset();
    if (scope && !ofSpan(*scope)) {
        listScope_ = scope;
    }
    list_.setQuery(query, scope.value_or(scope_));
}

/// Whether the range of a scope is, or was a moment ago, that of all pages.
bool Workspace::ofSpan(const Scope& scope) const {
    return span_.lastUs != 0 ? scope.toUs - scope.fromUs == span_.lastUs
           : span_.sliding() ? scope.fromUs == span_.fromUs && scope.toUs <= scope_.toUs && scope.toUs > span_.fromUs
                             : scope.fromUs == span_.fromUs && scope.toUs == span_.toUs;
}

void Workspace::setSensors(const QList<qint32>& sensorIds) {
    if (sensorIds != scope_.sensorIds) {
        scope_.sensorIds = sensorIds;
        Q_EMIT scopeChanged();
        refresh();
    }
}

void Workspace::setTraffic(const QStringList& traffic) {
    if (traffic != scope_.traffic) {
        scope_.traffic = traffic;
        Q_EMIT scopeChanged();
        refresh();
    }
}

void Workspace::refresh() {
    slide();
    askFigures();
    if (listScope_) {
        listScope_->sensorIds = scope_.sensorIds;
        listScope_->traffic = scope_.traffic;
    }
    list_.startOver(listScope_.value_or(scope_));
    list_.askSelected();
}

void Workspace::setRefreshEvery(int ms) {
    if (ms == refreshEveryMs_) {
        return;
    }
    refreshEveryMs_ = ms;
    slowly_.stop();
    soon_.stop();
    if (ms > 0) {
        slowly_.setInterval(ms);
        if (state_.live()) {
            slowly_.start();
        }
    }
    Q_EMIT refreshChanged();
}

bool Workspace::stale() const {
    return state_.live() && refreshEveryMs_ > 0 && figuresAtUs_ != 0 &&
           clock_() - figuresAtUs_ > kStaleIntervals * refreshEveryMs_ * 1000;
}

void Workspace::switchService(qint32 sensorId, const QString& service, bool on) {
    if (!state_.live()) {
        Q_EMIT refused(u"Services can be switched when the collector is connected again."_s);
        return;
    }
    const quint64 number = link_.nextNumber();
    wishes_.insert(number, {sensorId, service});
    fleet_.wish(sensorId, service, on, clock_());
    Q_EMIT fleetChanged();
    link_.switchService(number, sensorId, service, on);
}

void Workspace::takeState(const LinkState& state) {
    const bool back = state.live() && !state_.live();
    state_ = state;
    Q_EMIT linkChanged();
    if (back) {
        if (refreshEveryMs_ > 0) {
            slowly_.start();
        }
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
    }
}

void Workspace::takeLive(const LiveBatch& all) {
    const LiveBatch batch = inScope(all);
    if (span_.sliding() && !listScope_) {
        list_.takeLive(batch);
    }
    const bool quiet = batch.opened.isEmpty() && batch.ended.isEmpty() && batch.notShown == 0;
    if (!quiet) {
        live_.take(batch, clock_());
        Q_EMIT happened(batch);
        if (!soon_.isActive() && refreshEveryMs_ > 0 && refreshEveryMs_ <= kFollowsMs) {
            soon_.start();
        }
    }
}

/// Moves the range of a sliding span to now.
void Workspace::slide() {
    const qint64 now = clock_();
    scope_.fromUs = span_.lastUs != 0 ? now - span_.lastUs : span_.fromUs;
    scope_.toUs = span_.sliding() ? now : span_.toUs;
}

void Workspace::askFigures() {
    if (!state_.live()) {
        return;
    }
    slide();
    overview_.ask(scope_);
    overview_.askDetails(scope_);
    askOthers();
}

void Workspace::askFiguresAgain() {
    if (state_.live()) {
        slide();
        overview_.askAgain(scope_);
        askOthers();
    }
}

void Workspace::askOthers() {
    link_.askOpen(openAsked_ = link_.nextNumber(), scope_, kMostOpen);
    const auto& selected = list_.selection().detail;
    if (selected && selected->row.open()) {
        list_.askSelected();
    }
}

LiveBatch Workspace::inScope(const LiveBatch& batch) const {
    const QStringList wanted = scope_.traffic.isEmpty() ? QStringList{u"attack"_s} : scope_.traffic;
    const auto outside = [&](const SessionRow& row) {
        return !wanted.contains(row.traffic) ||
               (!scope_.sensorIds.isEmpty() && !scope_.sensorIds.contains(row.sensorId));
    };
    LiveBatch inside = batch;
    inside.opened.removeIf(outside);
    inside.ended.removeIf(outside);
    return inside;
}

}  // namespace apiary::console
