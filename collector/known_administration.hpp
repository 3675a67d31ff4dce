#pragma once

#include "collector/config.hpp"
#include "collector/store/known_repository.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <string>

namespace apiary::collector {

/// Adds a rule for known traffic and prints its number and what to do next. Blocks; throws what libpqxx throws.
Status addKnown(const CollectorConfig& config, const KnownWish& wish);

/// Prints the rules in force, one each line.
Status listKnown(const CollectorConfig& config);

Status removeKnown(const CollectorConfig& config, std::int64_t number);

/// Gives what has been stored since that day the tags of the rules in force, as the database's owner. `since` is
/// YYYY-MM-DD (UTC); empty: all that is kept.
Status retagKnown(const CollectorConfig& config, const std::string& since);

}  // namespace apiary::collector
