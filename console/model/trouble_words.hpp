#pragma once

#include "console/model/values.hpp"

namespace apiary::console {

/// "Service silent", "One source": a kind of trouble in words; one that is not known here as it is written.
QString troubleTitle(const QString& kind);

/// "Service silent, ftp · since 12 Mar 14:37:19"
QString troubleHead(const Trouble& trouble);

/// "Spool", "Text logs": what is bounded, in words; what is not known here as it is written.
QString boundTitle(const QString& name);

/// "950 kB of 1 MB", "212 of 10,000"
QString boundText(const Bound& bound);

/// "full", "full within a day", "full in 12 days"; empty when that is not foreseen.
QString fullText(const Bound& bound, qint64 nowUs);

/// How much of it is used, from 0 to 1. A bound without a limit is never used.
double boundShare(const Bound& bound);

}  // namespace apiary::console
