#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <string>

namespace apiary::collector {

/// Whether the files of countries and networks that the configuration names can be read; good if it names none. The
/// Error has a line for each that cannot, which begins with where it is named: `collector.toml:12: ...`.
Status checkSources(const CollectorConfig& config);

/// How old the files are that can be read, in words; empty if none can.
std::string sourceAges(const CollectorConfig& config);

/// Gives what has been stored since that day the country and the network that it lacks, as the database's owner.
/// `since` is YYYY-MM-DD (UTC); empty: all that is kept. Blocks; throws what libpqxx throws.
Status enrichStored(const CollectorConfig& config, const std::string& since);

}  // namespace apiary::collector
