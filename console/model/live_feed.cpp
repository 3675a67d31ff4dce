#include "console/model/live_feed.hpp"

#include <algorithm>

namespace apiary::console {

namespace {

constexpr qint64 kSecondUs = 1'000'000;

/// Puts a session where it belongs by its start; true if it was not there before.
bool place(QList<SessionRow>& rows, const SessionRow& row) {
    const auto known = std::ranges::find(rows, row.id, &SessionRow::id);
    if (known != rows.end()) {
        *known = row;
        return false;
    }
    const auto older =
        std::ranges::find_if(rows, [&row](const SessionRow& other) { return other.startedUs <= row.startedUs; });
    rows.insert(older, row);
    if (rows.size() > LiveFeed::kRows) {
        rows.removeLast();
    }
    return true;
}

}  // namespace

void LiveFeed::take(const LiveBatch& batch, qint64 nowUs) {
    QList<SessionRow>& rows = paused_ ? newest_ : rows_;
    quint64 came = batch.notShown;
    for (const QList<SessionRow>& part : {batch.opened, batch.ended}) {
        for (const SessionRow& row : part) {
            came += place(rows, row) ? 1 : 0;
        }
    }
    waiting_ += paused_ ? came : 0;
    arrivals_.removeIf([nowUs](const Arrival& old) { return old.us <= nowUs - kRateSeconds * kSecondUs; });
    arrivals_.append({nowUs, came});
    Q_EMIT changed();
}

void LiveFeed::seed(const QList<SessionRow>& rows) {
    if (rows_.isEmpty() && !paused_ && !rows.isEmpty()) {
        rows_ = rows.first(std::min(kRows, rows.size()));
        Q_EMIT changed();
    }
}

void LiveFeed::clear() {
    rows_.clear();
    newest_.clear();
    arrivals_.clear();
    waiting_ = 0;
    Q_EMIT changed();
}

void LiveFeed::pause(bool paused) {
    if (paused == paused_) {
        return;
    }
    paused_ = paused;
    if (paused) {
        newest_ = rows_;
    } else {
        rows_ = newest_;
        newest_.clear();
    }
    waiting_ = 0;
    Q_EMIT changed();
}

double LiveFeed::perSecond(qint64 nowUs) const {
    quint64 sessions = 0;
    for (const Arrival& arrival : arrivals_) {
        if (arrival.us > nowUs - kRateSeconds * kSecondUs) {
            sessions += arrival.sessions;
        }
    }
    return static_cast<double>(sessions) / static_cast<double>(kRateSeconds);
}

}  // namespace apiary::console
