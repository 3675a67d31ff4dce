#pragma once

#include "collector/store/report_scope.hpp"

#include <pqxx/transaction_base>

namespace apiary::collector {

/// Says for each bucket of `reply`, which has its buckets, step and series, how much of its part in the range some
/// service in scope listened, by the minutes of coverage_hour; of the time before `now` but for the last two minutes,
/// which may not be stored yet. At least 1 where something was counted, where that time has not come, and where nothing
/// can be known: between the enrolment of the first sensor in scope and the first hour of coverage that there is.
/// Leaves `covered` empty if there is none.
void tellCoverage(pqxx::transaction_base& transaction, const ReportScope& scope, ReportMoment now,
                  v1::SeriesReply& reply);

/// The same of each hour of the week, of all its time in the range: but for the time before the first sensor in scope
/// was enrolled, that which has not come, and that of which nothing can be known. At least 1 where something was
/// counted or nothing of it can be known; 0 also where the range, since that enrolment, has nothing of it.
void tellCoverage(pqxx::transaction_base& transaction, const ReportScope& scope, ReportMoment now,
                  v1::ActivityReply& reply);

}  // namespace apiary::collector
