#include "collector/store/manifest_rows.hpp"

#include "common/crypto/manifest_chain.hpp"
#include "common/crypto/signature.hpp"
#include "common/log/log.hpp"

#include <pqxx/pqxx>

namespace apiary::collector {
namespace {

constexpr const char* kAdd =
    "SELECT apiary.manifest_add($1, '1970-01-01'::date + $2::int, $3, $4, $5, $6, $7, "
    "'epoch'::timestamptz + $8 * interval '1 us', $9)";

pqxx::binarystring binary(std::string_view bytes) {
    return pqxx::binarystring(std::string(bytes));
}

/// What is wrong with the piece by itself.
std::string flawOf(const ManifestRow& row, const Uuid& sensor, const CertificateCheck& check) {
    if (row.signature.empty() || !signatureHolds(row.certificate, view(row.chain), row.signature)) {
        return "its signature is not by the key of its certificate";
    }
    std::string stranger = check ? check(sensor, row.certificate) : std::string();
    return stranger.empty() ? stranger : "its certificate is not the sensor's: " + stranger;
}

}  // namespace

void prepareManifests(pqxx::connection_base& session) {
    session.prepare("manifest", kAdd);
    session.prepare("uuid", "SELECT sensor_uuid, name FROM apiary.sensor WHERE sensor_id = $1");
}

void writeManifests(pqxx::transaction_base& statements, const std::vector<ManifestRow>& rows,
                    const CertificateCheck& check) {
    for (const ManifestRow& row : rows) {
        const pqxx::row sensor = statements.exec_prepared1("uuid", row.sensorId);
        const std::string flaw = flawOf(row, Uuid::parse(sensor[0].c_str()).value_or(Uuid{}), check);
        const std::string found =
            statements
                .exec_prepared1("manifest", row.sensorId, static_cast<int>(row.day.time_since_epoch().count()),
                                row.first, binary(row.entries), binary(view(row.chain)), binary(row.signature),
                                binary(row.certificate), row.madeAt.time_since_epoch().count(), flaw)[0]
                .as<std::string>();
        if (!found.empty() && found != "known") {
            log::error("a piece of the manifest of sensor " + std::string(sensor[1].c_str()) + " is flawed: " + found);
        }
    }
}

}  // namespace apiary::collector
