#pragma once

#include "collector/ingest/rows.hpp"

#include <pqxx/transaction_base>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::collector {

/// Why a certificate (DER) is not one of the sensor of that uuid; empty if it is.
using CertificateCheck = std::function<std::string(const Uuid& sensor, std::string_view certificate)>;

/// Prepares what writeManifests() needs.
void prepareManifests(pqxx::connection_base& session);

/// Stores pieces of manifests within an ingest transaction, each with what is wrong with it; a flaw is logged too.
/// Without `check` a certificate is only asked whether its key made the signature.
void writeManifests(pqxx::transaction_base& statements, const std::vector<ManifestRow>& rows,
                    const CertificateCheck& check);

}  // namespace apiary::collector
