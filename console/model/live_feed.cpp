#include "console/model/live_feed.hpp"

#include <algorithm>

namespace apiary::console {

namespace {

constexpr qint64 kSecondUs = 1'000'000;

/// Puts a session where it belongs by its start.
void place(QList<SessionRow>& rows, const SessionRow& row) {
    const auto known = std::ranges::find(rows, row.id, &SessionRow::id);
    if (known != rows.end()) {
        *known = row;
        return;
    }
    const auto older =
        std::ranges::find_if(rows, [&row](const SessionRow& other) { return other.startedUs <= row.startedUs; });
    rows.insert(older, row);
    if (rows.size() > LiveFeed::kRows) {
        rows.removeLast();
    }
}

}  // namespace

void LiveFeed::take(const LiveBatch& batch, qint64 nowUs) {
    QList<SessionRow>& rows = paused_ ? newest_ : rows_;
    // A session counts when it has ended: its beginning may have fallen out of the list by then.
    const quint64 came = batch.notShown + static_cast<quint64>(batch.ended.size());
    for (const SessionRow& row : batch.opened) {
        place(rows, row);
    }
    for (const SessionRow& row : batch.ended) {
        place(rows, row);
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
