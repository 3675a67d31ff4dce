#pragma once

#include "collector/store/report_conditions.hpp"
#include "collector/store/report_filter.hpp"
#include "collector/store/report_scope.hpp"
#include "collector/store/report_sql.hpp"
#include "common/uuid.hpp"

#include <pqxx/result>
#include <pqxx/transaction_base>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// `FROM apiary.session s WHERE ...`: the rows of the list, from the index of time, which the primary key is as an id
/// begins with its start; to which the conditions of a filter are added. $1 to $6 as in all reports; the smallest id of
/// the range is $7, and $8 one that all are smaller than; $9 is for a limit.
inline const std::string kOfTheList =
    " s WHERE started_at >= $1::timestamptz AND started_at < $2::timestamptz AND session_id >= "
    "$7::uuid AND session_id < $8::uuid" +
    kFilter;
inline const std::string kListed = " FROM apiary.session" + kOfTheList;

/// Likewise of those that are kept in folds.
inline const std::string kListedOfFolds =
    " FROM apiary.folded_sessions($1::timestamptz, least($2::timestamptz, apiary.uuid_time($8::uuid) + interval '1 "
    "ms'), false)" +
    kOfTheList;

/// Executes a statement about the rows of the list that come before `before`, with what parametersOf() makes behind.
pqxx::result askListed(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                       const Uuid& before, std::int64_t limit,
                       const std::vector<std::optional<std::string>>& parameters);

/// A stretch of the list, and how its sessions are found.
struct SearchPart {
    ReportScope scope;
    FilterSearch search;
};

/// The newest first: what the filter lets through of the scope before `before` is in these. A page is mostly found in
/// the first of them, whether that is popular or rare which the filter names.
std::vector<SearchPart> searchPage(pqxx::transaction_base& transaction, const ReportScope& scope, const Uuid& before,
                                   const SessionFilter& filter, const SearchLimits& limits);

/// The same to look at all of them.
std::vector<SearchPart> searchAll(pqxx::transaction_base& transaction, const ReportScope& scope,
                                  const SessionFilter& filter, const SearchLimits& limits);

}  // namespace apiary::collector
