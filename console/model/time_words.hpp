#pragma once

#include "common/result.hpp"
#include "console/model/workspace.hpp"

#include <QString>

namespace apiary::console {

/// A time as a person writes it, in UTC: `now`, `now-24h`, `now-7d/d` (units s m h d w; `/` goes back to the start of
/// the unit, a week's is Monday), `2026-03-11`, `2026-03-11 14:37`, `2026-03-11T14:37:20Z`. The error says what can be
/// written.
Result<qint64> timeOf(const QString& words, qint64 nowUs);

/// The span between two such times. Until `now` it goes on with the clock: `now-24h` to `now` are the last 24 hours.
Result<Span> spanOf(const QString& from, const QString& to, qint64 nowUs);

/// `Last 24 hours`, `Since 2026-03-01 00:00`, `2026-03-09 00:00 to 2026-03-10 00:00`
QString spanWords(const Span& span);

/// The two times of a span as spanOf() reads them.
QString fromWords(const Span& span);
QString toWords(const Span& span);

}  // namespace apiary::console
