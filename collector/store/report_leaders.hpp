#pragma once

#include "collector/store/report_scope.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <pqxx/transaction>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// How many of the largest of each hour findLeaders() looks at, if it is not told and fewer do not decide.
inline constexpr std::uint32_t kListedOfEachHour = 200;

struct Leader {
    std::string key;    // as the database has it
    std::string label;  // as people read it
    std::uint64_t count = 0;
};

/// The largest sources, credentials or commands of a scope that names no sensor, protocol or source, exactly, without
/// adding up all that there are: these fields have too many keys for it. It reads the largest of every hour that the
/// range touches: what a key has in these lists is the least that it can have, and with the end of each list that it is
/// missing from the most. Only keys that may lead are counted, and who is on no list cannot have more than the ends of
/// all lists together.
///
/// Nothing for other fields and scopes, and if that does not decide who leads: when all have about as many, or hours of
/// sources are kept no more. Then everything must be added up. Blocks; throws what libpqxx throws.
std::optional<std::vector<Leader>> findLeaders(pqxx::transaction_base& transaction, const ReportScope& scope,
                                               v1::TopField field, std::uint32_t limit,
                                               std::uint32_t listed = kListedOfEachHour);

/// How often these keys of leaders come in such a scope; those that do not come are missing.
std::vector<Leader> countKeys(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                              const std::vector<std::string>& keys);

/// Names an entry by what the statements of leaders say in the column of the key, or back. A login has two names there.
void setKey(v1::TopEntry& entry, v1::TopField field, const std::string& column);
std::string columnOf(const v1::TopEntry& entry, v1::TopField field);

/// Fills in the country and the network of each source, where they are known.
void placeSources(pqxx::transaction_base& transaction, v1::TopNReply& reply);

/// Since when hours of sources are kept. The day at the limit is being folded away and does not count.
ReportMoment hourSourcesFrom(pqxx::transaction_base& transaction);

}  // namespace apiary::collector
