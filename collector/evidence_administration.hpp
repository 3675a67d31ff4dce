#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <cstddef>
#include <string>

namespace apiary::collector {

/// Compares the rows of a sensor and day (YYYY-MM-DD, UTC) with the manifest that the sensor signed: prints a line for
/// each piece that does not hold, `altered row ID`, `missing row ID`, `row ID not in the manifest`, `transcript of ID
/// differs`, and a summary. Returns how many flaws it found. An Error: there is nothing to compare. Reads only, in
/// steps; throws what libpqxx throws.
Result<std::size_t> verifyDay(const CollectorConfig& config, const std::string& sensor, const std::string& day);

}  // namespace apiary::collector
