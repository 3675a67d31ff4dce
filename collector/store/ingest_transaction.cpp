#include "collector/store/ingest_transaction.hpp"

#include "collector/store/column_values.hpp"
#include "common/net/address.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

constexpr const char* kDigests =
    "PREPARE digests(uuid[], bigint, bigint) AS "
    "SELECT session_id, encode(sha256(convert_to(string_agg(normalized, E'\\n' ORDER BY seq), 'UTF8')), 'hex') "
    "FROM apiary.command WHERE session_id = ANY ($1) "
    "AND started_at >= 'epoch'::timestamptz + $2 * interval '1 us' "
    "AND started_at <= 'epoch'::timestamptz + $3 * interval '1 us' GROUP BY 1";
constexpr const char* kAssemble =
    "SELECT apiary.artifact_assemble($1, $2, $3, 'epoch'::timestamptz + $4 * interval '1 us', $5, $6::inet, $7, $8, "
    "$9)";
constexpr const char* kCommit = "COMMIT;";
constexpr const char* kNotDurable = "SET LOCAL synchronous_commit = off;";
constexpr const char* kWaitOnlyForRows = "SET lock_timeout = '1s'";
constexpr const char* kWaitForCounts = "SET LOCAL lock_timeout = 0;";  // others count, or rebuild what is counted

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
    // libpqxx would tell the server of it at its first use.
    pqxx::nontransaction(session, "digests").exec(kDigests);
    session.prepare("assemble", kAssemble);
    prepareManifests(session);
}

void prepareOverlap(pqxx::connection_base& session) {
    prepareIngest(session);
    pqxx::nontransaction(session, "overlap").exec(kWaitOnlyForRows);
}

IngestTransaction::IngestTransaction(Connection& connection, const IngestRows& rows, const IngestTerms& terms)
    : connection_(connection), rows_(rows), terms_(terms) {}

void IngestTransaction::writeAll(bool commit) {
    ending_ = countingText() + (commit ? kCommit : "");
    if (lacksDigests() || needsStatements()) {
        open(ledgerText(), {});
    } else {
        open(ledgerText(), *ending_);
        stage_ = Stage::Ending;
    }
    while (!advance()) {
        await(nullptr);
    }
}

void IngestTransaction::carry() {
    ledger_ = ledgerText();
    open({}, {});
    advance();
}

void IngestTransaction::conclude(bool durable) {
    ending_ = kWaitForCounts + countingText() + (durable ? "" : kNotDurable) + kCommit;
    advance();
}

bool IngestTransaction::advance() {
    while (stage_ != Stage::Done) {
        if (!question_->advance() || (stage_ == Stage::Carrying && !ending_)) {
            return false;
        }
        proceed();
    }
    return true;
}

void IngestTransaction::await(const IngestTransaction* other) const {
    Question::awaitAny(*question_, other == nullptr ? nullptr : &*other->question_);
}

/// The transaction begins, and nothing follows unless the rows are tagged by the present rules, which then stay until
/// the commit.
void IngestTransaction::open(const std::string& statements, const std::string& after) {
    std::vector<CopyRows> copies;
    if (!lacksDigests()) {
        copies = copiesOfClosed(rows_, terms_.collectorId, digests_);
    }
    std::ranges::move(copiesOf(rows_, terms_.collectorId), std::back_inserter(copies));
    put(Stage::Carrying,
        {.before = "BEGIN;SELECT apiary.known_rules_require(" + std::to_string(terms_.rules) + ");" + statements,
         .copies = std::move(copies),
         .after = after});
}

void IngestTransaction::put(Stage stage, CopyQuestion question) {
    question_.emplace(connection_, std::move(question));
    stage_ = stage;
}

/// What follows the answer to the question.
void IngestTransaction::proceed() {
    switch (stage_) {
        case Stage::Carrying:
            if (lacksDigests()) {
                put(Stage::FetchingDigests, {.before = ledger_ + digestsText(), .copies = {}, .after = {}});
            } else {
                putEnd(std::move(ledger_), {});
            }
            break;
        case Stage::FetchingDigests:
            takeDigests(question_->rows());
            putEnd({}, copiesOfClosed(rows_, terms_.collectorId, digests_));
            break;
        case Stage::BeforeStatements:
            assembleUploads();
            storeManifests();
            put(Stage::Ending, {.before = *ending_, .copies = {}, .after = {}});
            break;
        case Stage::Ending:
        case Stage::Done:
            stage_ = Stage::Done;
            break;
    }
}

/// Puts what is left, and the end unless other statements come before it.
void IngestTransaction::putEnd(std::string before, std::vector<CopyRows> copies) {
    const bool later = needsStatements();
    put(later ? Stage::BeforeStatements : Stage::Ending,
        {.before = std::move(before), .copies = std::move(copies), .after = later ? std::string() : *ending_});
}

bool IngestTransaction::lacksDigests() const {
    return std::ranges::any_of(rows_.closed, lacksDigest);
}

bool IngestTransaction::needsStatements() const {
    return !rows_.uploads.empty() || !rows_.manifests.empty();
}

/// The command digests of sessions whose commands came in several transactions; those of this one must be written.
std::string IngestTransaction::digestsText() const {
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
    return "EXECUTE digests('" + uuidArray(sessions) + "', " + std::to_string(micros(first)) + ", " +
           std::to_string(micros(last)) + ");";
}

void IngestTransaction::takeDigests(const PGresult* found) {
    for (int row = 0; row < (found == nullptr ? 0 : PQntuples(found)); ++row) {
        const auto id = Uuid::parse(PQgetvalue(found, row, 0));
        const std::string hex = PQgetvalue(found, row, 1);
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
/// What was open at a sensor when it lost its spool will never be closed by it. Probes are counted behind all sessions:
/// whoever locks both rollups does so in this order.
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
    std::map<std::int32_t, Moment>
        lost;  // once each: a sensor that says it a thousand times is not to hold up the others
    for (const GapRow& row : rows_.gaps) {
        if (tellsOfALostSpool(row)) {
            Moment& at = lost.try_emplace(row.sensorId, row.from).first->second;
            at = std::max(at, row.from);
        }
    }
    for (const auto& [sensor, at] : lost) {
        text += "SELECT apiary.close_unfinished(" + std::to_string(sensor) + ", 'epoch'::timestamptz + " +
                std::to_string(micros(at)) + " * interval '1 us', " + std::to_string(terms_.collectorId) + "::int2);";
    }
    if (terms_.rollups && !rows_.probes.empty()) {
        std::vector<Uuid> probes;
        std::ranges::transform(rows_.probes, std::back_inserter(probes), &ProbeRow::probe);
        text += "SELECT apiary.rollup_add_probes('" + uuidArray(probes) + "');";
    }
    return text;
}

}  // namespace apiary::collector
