#include "console/model/session_list.hpp"

#include "common/uuid.hpp"
#include "console/model/filter_fit.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::console {

namespace {

constexpr int kFiguresMs = 10'000;
/// The key of a page that begins with the last session before the millisecond of `us`. Ids say their own time, and the
/// collector takes no key whose two halves differ.
SessionKey keyBefore(qint64 us) {
    const std::chrono::milliseconds since(us / 1000);
    const Uuid first = Uuid::v7(std::chrono::system_clock::time_point(since), {});
    return {since.count() * 1000, QByteArray(first.view().data(), static_cast<qsizetype>(first.view().size()))};
}

}  // namespace

SessionList::SessionList(CollectorLink& link, QObject* parent)
    : QObject(parent), link_(link), names_(link), sameSource_(link), export_(link) {
    connect(&link_, &CollectorLink::failed, this, &SessionList::takeFailure);
    connect(&link_, &CollectorLink::sessionsArrived, this, &SessionList::takePage);
    connect(&link_, &CollectorLink::countArrived, this, &SessionList::takeCount);
    connect(&link_, &CollectorLink::seriesArrived, this, [this](quint64 number, const Series& series) {
        if (number == seriesAsked_) {
            series_ = series;
            Q_EMIT changed();
        }
    });
    connect(&link_, &CollectorLink::sessionArrived, this, [this](quint64 number, const SessionDetail& detail) {
        if (number == session_) {
            selection_.detail = detail;
            selection_.failure.clear();
            sameSource_.ask(detail.row.source, scope_, false);
            Q_EMIT selectionChanged();
        }
    });
    connect(&table_, &SessionTableModel::pageWanted, this, &SessionList::ask);
    figures_.setInterval(kFiguresMs);
    connect(&figures_, &QTimer::timeout, this, [this] {
        if (link_.state().live() && (grew_ || !failure_.isEmpty())) {
            table_.retryStart();
            askFigures();
        }
    });
}

void SessionList::setQuery(const SessionQuery& query, const Scope& scope) {
    query_ = query;
    choosing_ = true;
    answered_ = false;
    count_.reset();
    outside_.reset();
    series_.reset();
    Q_EMIT queryChanged();
    Q_EMIT changed();
    startOver(scope);
}

void SessionList::startOver(const Scope& scope) {
    scope_ = scope;
    if (!link_.state().live()) {
        return;
    }
    mayHaveMore_ = false;
    if (!watched_) {
        series_.reset();  // it is asked for when someone looks
    }
    sameSource_.ask(sameSource_.source(), scope_, true);
    table_.startOver();
    askFigures();
}

void SessionList::askFigures() {
    grew_ = false;
    if (nothingFits()) {
        return;
    }
    link_.askCount(counted_ = link_.nextNumber(), asked(), query_.filter);
    if (hasSeries() && watched_) {
        link_.askSeries(seriesAsked_ = link_.nextNumber(), asked(), SeriesField::Sessions);
    }
}

void SessionList::jumpTo(qint64 us) {
    if (link_.state().live()) {
        table_.startOver(keyBefore(us));
    }
}

void SessionList::showNewest() {
    if (mayHaveMore_ && link_.state().live()) {
        mayHaveMore_ = false;
        table_.hold(false);
        table_.startOver();
        askFigures();
    } else {
        table_.showNewest();
    }
    Q_EMIT changed();
}

void SessionList::watch(bool watched) {
    watched_ = watched;
    if (!watched) {
        figures_.stop();
        return;
    }
    figures_.start();
    if (!series_ && table_.loaded() && link_.state().live()) {
        askFigures();
    }
}

void SessionList::takeCount(quint64 number, const SessionCount& count) {
    if (number == counted_) {
        count_ = count;
        if (count.sessions == 0 && !query_.empty()) {
            link_.askCount(outsideAsked_ = link_.nextNumber(), scope_, {});
        }
        Q_EMIT changed();
    } else if (number == outsideAsked_) {
        outside_ = count;
        Q_EMIT changed();
    }
}

void SessionList::select(const QByteArray& id) {
    choosing_ = false;
    if (id == selection_.id) {
        return;
    }
    selection_ = {.id = id, .detail = {}, .failure = {}};
    Q_EMIT selectionChanged();
    askSelected();
}

void SessionList::askSelected() {
    if (link_.state().live() && !selection_.id.isEmpty()) {
        link_.askSession(session_ = link_.nextNumber(), selection_.id);
    }
}

bool SessionList::step(int step) {
    const int row = table_.rowOf(selection_.id);
    const int next = row < 0 ? 0 : row + step;
    if (next < 0 || next >= table_.rowCount() || next == row) {
        return false;
    }
    select(table_.rows()[next].id);
    return true;
}

bool SessionList::stepInSource(int step) {
    const QList<SessionRow>& rows = table_.rows();
    const int from = table_.rowOf(selection_.id);
    for (int row = from + step; from >= 0 && row >= 0 && row < rows.size(); row += step) {
        if (rows[row].source == rows[from].source) {
            select(rows[row].id);
            return true;
        }
    }
    return false;
}

void SessionList::exportTo(const QString& path, ListExport::Form form) {
    export_.start(path, form, asked(), query_.filter);
}

void SessionList::takeLive(const LiveBatch& batch) {
    if (batch.notShown > 0 && query_.empty() && table_.atNewest()) {
        startOver(scope_);
    } else {
        mayHaveMore_ = mayHaveMore_ || batch.notShown > 0;
        takeFitting(batch.ended);
    }
    const auto ended = [this](const SessionRow& row) { return row.id == selection_.id; };
    if (std::ranges::any_of(batch.ended, ended)) {
        askSelected();
    }
}

void SessionList::takeFitting(const QList<SessionRow>& rows) {
    QList<SessionRow> fitting;
    bool unknown = mayHaveMore_;
    for (const SessionRow& row : rows) {
        const Fit fit = row.startedUs < scope_.fromUs ? Fit::No : fitOf(row, query_);
        if (fit == Fit::Yes) {
            fitting.append(row);
        }
        unknown = unknown || (fit == Fit::Unknown && table_.rowOf(row.id) < 0);
    }
    grew_ = grew_ || !fitting.isEmpty() || unknown;
    if (!fitting.isEmpty()) {
        table_.takeLive(fitting);
        selectFirst();
    }
    if (unknown != mayHaveMore_) {
        mayHaveMore_ = unknown;
        Q_EMIT changed();
    }
}

/// The scope of the pages narrowed by the query.
Scope SessionList::asked() const {
    Scope scope = scope_;
    scope.protocols = query_.protocols;
    if (scope.sensorIds.isEmpty()) {
        scope.sensorIds = query_.sensorIds;
    } else if (!query_.sensorIds.isEmpty()) {
        scope.sensorIds.removeIf([this](qint32 id) { return !query_.sensorIds.contains(id); });
    }
    return scope;
}

/// True if the query asks for sensors that the scope leaves out: for the collector, no sensor named means all.
bool SessionList::nothingFits() const {
    return !scope_.sensorIds.isEmpty() && asked().sensorIds.isEmpty();
}

void SessionList::ask(const SessionKey& before, int limit) {
    if (nothingFits()) {
        answered_ = true;
        table_.addPage({});
        count_ = SessionCount{};
        Q_EMIT changed();
        return;
    }
    link_.askSessions(page_ = link_.nextNumber(), asked(), query_.filter, before, limit);
    sinceAsked_.start();
}

void SessionList::takePage(quint64 number, const SessionPage& page) {
    if (number == page_) {
        failure_.clear();
        answered_ = true;
        tookMs_ = sinceAsked_.elapsed();
        table_.addPage(page);
        selectFirst();
        choosing_ = false;
        Q_EMIT changed();
    }
}

void SessionList::takeFailure(quint64 number, const QString& words) {
    if (number == page_) {
        failure_ = words;
        table_.pageFailed();
        Q_EMIT changed();
    } else if (number == session_) {
        selection_.failure = words;
        Q_EMIT selectionChanged();
    }
}

/// After a new query also if the session chosen before is none of those found: beside them it would seem to be one.
void SessionList::selectFirst() {
    const bool chosen = !selection_.id.isEmpty() && !(choosing_ && table_.rowOf(selection_.id) < 0);
    if (chosen) {
        return;
    }
    if (!table_.rows().isEmpty()) {
        select(table_.rows().first().id);
    } else if (!selection_.id.isEmpty()) {
        selection_ = {};
        Q_EMIT selectionChanged();
    }
}

}  // namespace apiary::console
