#include "console/model/source_sessions.hpp"

namespace apiary::console {

SourceSessions::SourceSessions(CollectorLink& link, QObject* parent) : QObject(parent), link_(link) {
    connect(&link_, &CollectorLink::countArrived, this, [this](quint64 number, const SessionCount& count) {
        if (number == counted_) {
            count_ = count;
            Q_EMIT changed();
        }
    });
    connect(&link_, &CollectorLink::sessionsArrived, this, [this](quint64 number, const SessionPage& page) {
        if (number == listed_) {
            rows_ = page.rows;
            failure_.clear();
            Q_EMIT changed();
        }
    });
    connect(&link_, &CollectorLink::failed, this, [this](quint64 number, const QString& words) {
        if (number == listed_ || number == counted_) {
            failure_ = words;
            Q_EMIT changed();
        }
    });
}

void SourceSessions::ask(const QString& source, const Scope& scope, bool again) {
    if (source == source_ && !again) {
        return;
    }
    if (source != source_) {
        count_.reset();
        rows_.reset();
    }
    source_ = source;
    scope_ = scope;
    if (!source.isEmpty() && link_.state().live()) {
        SessionFilter filter;
        filter.sourceNetwork = source;
        link_.askCount(counted_ = link_.nextNumber(), scope, filter);
    }
    if (wanted_) {
        askRows();
    }
    Q_EMIT changed();
}

void SourceSessions::wantRows(bool wanted) {
    wanted_ = wanted;
    if (wanted && !rows_) {
        askRows();
    }
}

void SourceSessions::askRows() {
    if (!source_.isEmpty() && link_.state().live()) {
        SessionFilter filter;
        filter.sourceNetwork = source_;
        link_.askSessions(listed_ = link_.nextNumber(), scope_, filter, {}, kMostRows);
    }
}

}  // namespace apiary::console
