#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace apiary::collector {

/// The account of the machine that acts, for the audit log.
std::string account();

/// Reads a day, YYYY-MM-DD.
Result<std::chrono::sys_days> parseDay(std::string_view text);

/// The commands of `apiary-collector` besides `run`. Each prints what it did on stdout, may be repeated, and returns an
/// Error that says what to do. They throw where disk or database fail.

/// Prepares database and certificates: roles and database (as `superuser`), schema (as the owner), the authority and
/// the collector's own certificate.
Status initialise(const CollectorConfig& config, const std::string& superuser);

/// Brings the schema up to this program's.
Status bringUpToDate(const CollectorConfig& config);

/// Writes ca.crt, NAME.crt and NAME.key into `folder`, for a sensor that is enrolled by that.
Status issueSensor(const CollectorConfig& config, const std::string& name, const std::string& folder);

/// Shuts a sensor out for ever. What it has sent stays.
Status revokeSensor(const CollectorConfig& config, const std::string& name);

/// Like issueSensor() for an operator of the role: viewer, analyst, operator or admin.
Status issueOperator(const CollectorConfig& config, const std::string& name, const std::string& role,
                     const std::string& folder);

/// Shuts an operator out for ever, with every certificate of that name.
Status revokeOperator(const CollectorConfig& config, const std::string& name);

/// Checks certificates, files of countries and networks, database, schema, rights, partitions, disk and ports; prints a
/// line each, `ok` or `FAIL` with what to do. Returns how many failed.
int doctor(const CollectorConfig& config);

}  // namespace apiary::collector
