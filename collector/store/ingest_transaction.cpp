#include "collector/store/ingest_transaction.hpp"

#include "collector/store/column_values.hpp"
#include "common/net/address.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

constexpr const char* kDigests =
    "SELECT session_id, encode(sha256(convert_to(string_agg(normalized, E'\\n' ORDER BY seq), 'UTF8')), 'hex') "
    "FROM apiary.command WHERE session_id = ANY ($1::uuid[]) "
    "AND started_at >= 'epoch'::timestamptz + $2 * interval '1 us' "
    "AND started_at <= 'epoch'::timestamptz + $3 * interval '1 us' GROUP BY 1";
constexpr const char* kAssemble =
    "SELECT apiary.artifact_assemble($1, $2, $3, 'epoch'::timestamptz + $4 * interval '1 us', $5, $6::inet, $7, $8, "
    "$9)";
constexpr const char* kCommit = "COMMIT;";
constexpr const char* kNotDurable = "SET LOCAL synchronous_commit = off;";

std::int64_t micros(Moment moment) {
    return moment.time_since_epoch().count();
}

pqxx::binarystring binary(std::string_view bytes) {
    return pqxx::binarystring(std::string(bytes));
}

bool lacksDigest(const ClosedRow& row) {
    return row.commands > 0 && !row.commandDigest;
}

/// A sensor that begins a new spool in the place of one that it lost says so once, of an unknown number of records.
bool tellsOfALostSpool(const GapRow& row) {
    return row.what == "spool" && row.records == 0;
}

}  // namespace

void prepareIngest(pqxx::connection_base& session) {
    session.prepare("digests", kDigests);
    session.prepare("assemble", kAssemble);
    prepareManifests(session);
}

IngestTransaction::IngestTransaction(Connection& connection, const IngestRows& rows, const IngestTerms& terms)
    : connection_(connection), rows_(rows), terms_(terms) {}

void IngestTransaction::writeAll(bool commit) {
    openWith(ledgerText());
    close(countingText() + (commit ? kCommit : ""));
    takeAnswers(connection_);
}

void IngestTransaction::carry() {
    openWith({});
    putQuestion(connection_, {.before = before_, .copies = copies_, .after = {}});
    before_.clear();
    copies_.clear();
}

void IngestTransaction::conclude(bool durable) {
    takeAnswers(connection_);
    before_ = ledgerText();
    close(countingText() + (durable ? "" : kNotDurable) + kCommit);
}

void IngestTransaction::await() {
    takeAnswers(connection_);
}

/// The transaction begins, and nothing follows unless the rows are tagged by the present rules, which then stay until
/// the commit.
void IngestTransaction::openWith(const std::string& statements) {
    before_ = "BEGIN;SELECT apiary.known_rules_require(" + std::to_string(terms_.rules) + ");" + statements;
    copies_ = copiesOf(rows_, terms_.collectorId);
    if (!rows_.closed.empty() && !lacksDigests()) {
        copies_.insert(copies_.begin(), copyOfClosed(rows_, terms_.collectorId, digests_));
    }
}

/// Sends what has not been sent, then the statements.
void IngestTransaction::close(const std::string& statements) {
    const auto ask = [&] {
        copyBinary(connection_, {.before = before_, .copies = copies_, .after = {}});
        before_.clear();
        copies_.clear();
    };
    if (lacksDigests()) {
        ask();
        fetchDigests();
        copies_.push_back(copyOfClosed(rows_, terms_.collectorId, digests_));
    }
    if (!rows_.uploads.empty() || !rows_.manifests.empty()) {
        ask();
        assembleUploads();
        storeManifests();
    }
    putQuestion(connection_, {.before = before_, .copies = copies_, .after = statements});
}

bool IngestTransaction::lacksDigests() const {
    return std::ranges::any_of(rows_.closed, lacksDigest);
}

/// The command digests of sessions whose commands came in several transactions; those of this one must be written.
void IngestTransaction::fetchDigests() {
    std::vector<Uuid> sessions;
    Moment first = Moment::max();
    Moment last = Moment::min();
    for (const ClosedRow& row : rows_.closed) {
        if (lacksDigest(row)) {
            sessions.push_back(row.head.session);
            first = std::min(first, row.head.startedAt);
            last = std::max(last, row.head.startedAt);
        }
    }
    pqxx::nontransaction statements(connection_.session(), "digests");
    for (const auto& row : statements.exec_prepared("digests", uuidArray(sessions), micros(first), micros(last))) {
        const auto id = Uuid::parse(row[0].c_str());
        const std::string hex = row[1].c_str();
        Sha256Digest& digest = digests_[id.value_or(Uuid{})];
        for (std::size_t i = 0; i < digest.size(); ++i) {
            digest[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
        }
    }
}

void IngestTransaction::assembleUploads() {
    pqxx::nontransaction statements(connection_.session(), "uploads");
    for (const UploadRow& row : rows_.uploads) {
        statements.exec_prepared("assemble", row.key.session.text(), row.payload, row.key.seq, micros(row.key.at),
                                 row.key.sensorId, addressText(row.key.source), binary(view(row.sha256)), row.size,
                                 binary(row.name));
    }
}

void IngestTransaction::storeManifests() {
    pqxx::nontransaction statements(connection_.session(), "manifests");
    writeManifests(statements, rows_.manifests,
                   terms_.certificates != nullptr ? *terms_.certificates : CertificateCheck());
}

/// Nothing that precedes or follows stays unless the rows are the next ones of their streams.
std::string IngestTransaction::ledgerText() const {
    std::string text;
    for (const LedgerStep& step : rows_.ledger) {
        text += "SELECT apiary.ledger_require('" + step.stream.text() + "', " + std::to_string(step.lane) + "::int2, " +
                std::to_string(step.first) + ", " + std::to_string(step.last) + ");";
    }
    return text;
}

/// What follows the rows: sessions that are open no more, and the rollups, last because others wait for their rows; and
/// what visits of sensors to their own services say of the time in which those listened.
/// What was open at a sensor when it lost its spool will never be closed by it.
std::string IngestTransaction::countingText() const {
    std::string text;
    if (!rows_.openBefore.empty()) {
        text += "DELETE FROM apiary.session_open WHERE session_id = ANY ('" + uuidArray(rows_.openBefore) + "');";
    }
    for (const AbandonedRow& row : rows_.abandoned) {
        text += "DELETE FROM apiary.session_open WHERE session_id = '" + row.session.text() +
                "' AND sensor_id = " + std::to_string(row.sensorId) + ";";
    }
    if (terms_.rollups && !rows_.closed.empty()) {
        std::vector<Uuid> sessions;
        std::ranges::transform(rows_.closed, std::back_inserter(sessions),
                               [](const ClosedRow& row) { return row.head.session; });
        text += "SELECT apiary.rollup_add('" + uuidArray(sessions) + "');";
    }
    std::vector<Uuid> visits;
    for (const ClosedRow& row : rows_.closed) {
        if (row.head.visit) {
            visits.push_back(row.head.session);
        }
    }
    if (!visits.empty()) {
        text += "SELECT apiary.visits_add('" + uuidArray(visits) + "');";
    }
    for (const GapRow& row : rows_.gaps) {
        if (tellsOfALostSpool(row)) {
            text += "SELECT apiary.close_unfinished(" + std::to_string(row.sensorId) + ", 'epoch'::timestamptz + " +
                    std::to_string(micros(row.from)) + " * interval '1 us', " + std::to_string(terms_.collectorId) +
                    "::int2);";
        }
    }
    return text;
}

}  // namespace apiary::collector
