#include "console/model/session_list.hpp"

#include <algorithm>

namespace apiary::console {

SessionList::SessionList(CollectorLink& link, QObject* parent) : QObject(parent), link_(link) {
    connect(&link_, &CollectorLink::failed, this, &SessionList::takeFailure);
    connect(&link_, &CollectorLink::sessionsArrived, this, &SessionList::takePage);
    connect(&link_, &CollectorLink::countArrived, this, [this](quint64 number, const SessionCount& count) {
        if (number == counted_) {
            count_ = count;
            Q_EMIT changed();
        }
    });
    connect(&link_, &CollectorLink::sessionArrived, this, [this](quint64 number, const SessionDetail& detail) {
        if (number == session_) {
            selection_.detail = detail;
            selection_.failure.clear();
            Q_EMIT selectionChanged();
        }
    });
    connect(&table_, &SessionTableModel::pageWanted, this, &SessionList::ask);
}

void SessionList::setQuery(const SessionQuery& query, const Scope& scope) {
    query_ = query;
    count_.reset();
    Q_EMIT queryChanged();
    startOver(scope);
}

void SessionList::startOver(const Scope& scope) {
    scope_ = scope;
    if (!link_.state().live()) {
        return;
    }
    table_.startOver();
    if (!nothingFits()) {
        link_.askCount(counted_ = link_.nextNumber(), asked(), query_.filter);
    }
}

void SessionList::select(const QByteArray& id) {
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

void SessionList::takeLive(const LiveBatch& batch) {
    if (batch.notShown > 0) {
        startOver(scope_);
    } else if (query_.empty()) {
        QList<SessionRow> inScope;
        for (const SessionRow& row : batch.ended) {
            if (row.startedUs >= scope_.fromUs) {
                inScope.append(row);
            }
        }
        if (!inScope.isEmpty()) {
            table_.takeLive(inScope);
            selectFirst();
        }
    }
    const auto ended = [this](const SessionRow& row) { return row.id == selection_.id; };
    if (std::ranges::any_of(batch.ended, ended)) {
        askSelected();
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

void SessionList::ask(const SessionKey& before) {
    if (nothingFits()) {
        table_.addPage({});
        count_ = SessionCount{};
        Q_EMIT changed();
        return;
    }
    link_.askSessions(page_ = link_.nextNumber(), asked(), query_.filter, before, SessionTableModel::kPage);
}

void SessionList::takePage(quint64 number, const SessionPage& page) {
    if (number == page_) {
        failure_.clear();
        table_.addPage(page);
        selectFirst();
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

void SessionList::selectFirst() {
    if (selection_.id.isEmpty() && !table_.rows().isEmpty()) {
        select(table_.rows().first().id);
    }
}

}  // namespace apiary::console
