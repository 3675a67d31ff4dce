#include "collector/store/session_store.hpp"

#include "common/net/address.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr const char* kPartitions =
    "SELECT apiary.ensure_partitions($1::date::timestamp AT TIME ZONE 'UTC', "
    "($1::date + 1)::timestamp AT TIME ZONE 'UTC')";
constexpr const char* kDigests =
    "SELECT session_id, encode(sha256(convert_to(string_agg(normalized, E'\\n' ORDER BY seq), 'UTF8')), 'hex') "
    "FROM apiary.command WHERE session_id = ANY ($1::uuid[]) "
    "AND started_at >= 'epoch'::timestamptz + $2 * interval '1 us' "
    "AND started_at <= 'epoch'::timestamptz + $3 * interval '1 us' GROUP BY 1";
constexpr std::string_view kNotNew = "AP001";      // what ledger_require() raises
constexpr std::string_view kOtherRules = "AP002";  // what known_rules_require() raises
constexpr std::string_view kCommit = "COMMIT;";
constexpr const char* kAssemble =
    "SELECT apiary.artifact_assemble($1, $2, $3, 'epoch'::timestamptz + $4 * interval '1 us', $5, $6::inet, $7, $8, "
    "$9)";

std::string dateText(sys_days day) {
    const std::chrono::year_month_day date(day);
    const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
           two(static_cast<unsigned>(date.day()));
}

template <typename Ids>
std::string arrayText(const Ids& ids) {
    std::string text = "{";
    for (const Uuid& id : ids) {
        text += text.size() > 1 ? "," : "";
        text += id.text();
    }
    return text + "}";
}

std::int64_t micros(Moment moment) {
    return moment.time_since_epoch().count();
}

pqxx::binarystring binary(std::string_view bytes) {
    return pqxx::binarystring(std::string(bytes));
}

std::string firstLine(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

bool lacksPartition(const pqxx::sql_error& error) {
    return std::string_view(error.what()).find("no partition of relation") != std::string_view::npos;
}

/// True if it is the rows that the database refuses, and not the database that fails.
bool blamesRows(const pqxx::sql_error& error) {
    // Values, constraints, limits of an index or of a field; and what functions, triggers and views raise of their own.
    static constexpr std::array<std::string_view, 8> kClasses{"21", "22", "23", "38", "39", "44", "54", "P0"};
    return std::ranges::any_of(kClasses, [&](std::string_view of) { return error.sqlstate().starts_with(of); });
}

bool lacksDigest(const ClosedRow& row) {
    return row.commands > 0 && !row.commandDigest;
}

/// A sensor that begins a new spool in the place of one that it lost says so once, of an unknown number of records.
bool tellsOfALostSpool(const GapRow& row) {
    return row.what == "spool" && row.records == 0;
}

void prepareStatements(pqxx::connection_base& session) {
    session.prepare("sensor", "SELECT sensor_id, revoked_at IS NOT NULL FROM apiary.sensor WHERE sensor_uuid = $1");
    session.prepare("register",
                    "INSERT INTO apiary.ingest_stream(stream_id, lane, sensor_id) VALUES ($1, $2, $3) "
                    "ON CONFLICT DO NOTHING");
    session.prepare("positions", "SELECT lane, last_seq, sensor_id FROM apiary.ingest_stream WHERE stream_id = $1");
    session.prepare("open",
                    "SELECT session_id, sensor_id, host(source), protocol FROM apiary.session_open "
                    "WHERE session_id = ANY ($1::uuid[])");
    session.prepare("policy", "SELECT retention_days, ahead_days FROM apiary.policy");
    session.prepare("digests", kDigests);
    session.prepare("assemble", kAssemble);
    prepareManifests(session);
}

}  // namespace

SessionStore::SessionStore(std::string writer, std::int16_t collectorId, Sources sources)
    : dsn_(std::move(writer)), collectorId_(collectorId), sources_(std::move(sources)) {}

SessionStore::~SessionStore() = default;

void SessionStore::connect() {
    known_.forget();  // it may be another database
    notes_.forget();
    connection_ = std::make_unique<Connection>(dsn_);
    prepareStatements(connection_->session());
}

/// Does the work on the connection. Whatever fails costs the connection: what it did is then in doubt.
template <typename Work>
auto SessionStore::use(Work work) {
    try {
        if (connection_ == nullptr) {
            connect();
        }
        return work(connection_->session());
    } catch (const pqxx::pqxx_exception& failure) {
        std::string message = firstLine(failure.base().what());
        if (connection_ != nullptr && PQstatus(connection_->raw()) != CONNECTION_OK) {
            message = "the connection broke";
        }
        connection_.reset();
        partitioning_.reset();
        throw SinkUnavailable(message);
    } catch (...) {
        connection_.reset();  // it may stand in the middle of a COPY
        throw;
    }
}

std::variant<Admission, Refusal> SessionStore::admit(const Uuid& sensor, const Uuid& stream,
                                                     std::span<const std::int16_t> lanes) {
    return use([&](pqxx::connection_base& session) -> std::variant<Admission, Refusal> {
        pqxx::work transaction(session, "admit");
        const pqxx::result known = transaction.exec_prepared("sensor", sensor.text());
        if (known.empty()) {
            return Refusal{"sensor " + sensor.text() + " is not in the table sensor: issue it a certificate here"};
        }
        if (known[0][1].as<bool>()) {
            return Refusal{"sensor " + sensor.text() + " is revoked"};
        }
        Admission admission{.sensorId = known[0][0].as<std::int32_t>(), .stream = stream, .positions = {}};
        for (const std::int16_t lane : lanes) {
            transaction.exec_prepared("register", stream.text(), lane, admission.sensorId);
        }
        for (const auto& row : transaction.exec_prepared("positions", stream.text())) {
            if (row[2].as<std::int32_t>() != admission.sensorId) {
                return Refusal{"sensor " + sensor.text() + " sends spool " + stream.text() +
                               ", which is another sensor's: give it a spool of its own"};
            }
            admission.positions[row[0].as<std::int16_t>()] = row[1].as<std::int64_t>();
        }
        transaction.commit();
        return admission;
    });
}

std::optional<std::int64_t> SessionStore::position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) {
    return use([&](pqxx::connection_base& session) -> std::optional<std::int64_t> {
        pqxx::work transaction(session, "position");
        transaction.exec_prepared("register", stream.text(), lane, sensorId);
        std::optional<std::int64_t> position;
        for (const auto& row : transaction.exec_prepared("positions", stream.text())) {
            if (row[0].as<std::int16_t>() == lane && row[2].as<std::int32_t>() == sensorId) {
                position = row[1].as<std::int64_t>();
            }
        }
        transaction.commit();
        return position;
    });
}

SessionOwners SessionStore::findOpen(std::span<const Uuid> sessions) {
    return use([&](pqxx::connection_base& session) {
        pqxx::work transaction(session, "open");
        SessionOwners owners;
        for (const auto& row : transaction.exec_prepared("open", arrayText(sessions))) {
            const auto id = Uuid::parse(row[0].c_str());
            const auto source = parseAddress(row[2].c_str());
            if (id && source) {
                owners[*id] = {.sensorId = row[1].as<std::int32_t>(), .source = *source, .protocol = row[3].c_str()};
            }
        }
        return owners;
    });
}

Window SessionStore::window(Moment now) {
    const auto today = std::chrono::floor<days>(now);
    if (policyRead_ != today) {
        use([&](pqxx::connection_base& session) {
            pqxx::work transaction(session, "policy");
            const pqxx::row policy = transaction.exec_prepared1("policy");
            retention_ = days{policy[0].as<int>()};
            ahead_ = days{policy[1].as<int>()};
        });
        policyRead_ = today;
    }
    return {.from = today - retention_, .to = today + ahead_ + days{1}};
}

/// Makes the partitions that the rows need, and does not ask twice for a day.
void SessionStore::ensurePartitions(const IngestRows& rows) {
    std::set<sys_days> needed;
    const auto need = [&](const Uuid& id) { needed.insert(std::chrono::floor<days>(id.time())); };
    std::ranges::for_each(rows.closed, [&](const ClosedRow& row) { need(row.head.session); });
    std::ranges::for_each(rows.events, [&](const EventRow& row) { need(row.session); });
    std::ranges::for_each(rows.credentials, [&](const CredentialRow& row) { need(row.key.session); });
    std::ranges::for_each(rows.commands, [&](const CommandRow& row) { need(row.key.session); });
    std::ranges::for_each(rows.uploads, [&](const UploadRow& row) { need(row.key.session); });
    std::ranges::for_each(rows.probes, [&](const ProbeRow& row) { need(row.probe); });
    std::erase_if(needed, [&](sys_days day) { return days_.contains(day); });
    if (needed.empty()) {
        return;
    }
    if (partitioning_ == nullptr) {
        partitioning_ = std::make_unique<Connection>(dsn_);
    }
    for (const sys_days day : needed) {
        pqxx::work transaction(partitioning_->session(), "partitions");
        transaction.exec_params(kPartitions, dateText(day));
        transaction.commit();
        days_.insert(day);
    }
}

WriteOutcome SessionStore::write(IngestRows& rows) {
    return use([&](pqxx::connection_base& session) -> WriteOutcome {
        for (bool partitionsMade = false;;) {
            try {
                transact(session, rows);
                return Committed{};
            } catch (const pqxx::sql_error& error) {
                pqxx::nontransaction(session, "rollback").exec("ROLLBACK");
                if (error.sqlstate() == kNotNew) {
                    return Stale{};
                }
                if (error.sqlstate() == kOtherRules) {
                    refreshRules(session);
                } else if (lacksPartition(error) && !partitionsMade) {
                    days_.clear();  // it was there, and dropped meanwhile
                    partitionsMade = true;
                } else if (blamesRows(error)) {
                    return Unfit{.sqlstate = error.sqlstate(), .message = firstLine(error.what())};
                } else {
                    throw;
                }
            }
        }
    });
}

/// A rule that cannot be read is no fault of the rows.
void SessionStore::refreshRules(pqxx::connection_base& session) {
    try {
        pqxx::work transaction(session, "rules");
        known_.refresh(transaction);
        transaction.commit();
    } catch (const std::exception& failure) {
        throw SinkUnavailable("the rules for known traffic cannot be read: " + firstLine(failure.what()));
    }
}

/// Writes and commits. Begin and commit go with the rows and not through libpqxx: they would be ways of their own to
/// the server and back.
void SessionStore::transact(pqxx::connection_base& session, IngestRows& rows) {
    ensurePartitions(rows);
    if (!known_.version()) {
        refreshRules(session);
    }
    tagRows(known_.rules(), rows);
    const auto sources = sources_ ? sources_() : nullptr;
    if (sources) {
        locateRows(*sources, rows);
    }
    const SourceNotes::Names names = sources ? networkNames(rows) : SourceNotes::Names{};
    const std::vector<SourceFileNote> files = sources ? sources->files() : std::vector<SourceFileNote>{};
    const bool silent = notes_.know(names, files);
    pqxx::nontransaction statements(session, "ingest");
    writeRows(statements, rows, silent);
    if (!silent) {
        notes_.write(statements, "collector " + std::to_string(collectorId_), names, files);
        statements.exec(kCommit.data());
        notes_.committed();
    }
}

/// The command digests of sessions whose commands came in several transactions; those of this one must be written.
CommandDigests SessionStore::commandDigests(pqxx::transaction_base& statements, const std::vector<ClosedRow>& closed) {
    std::vector<Uuid> sessions;
    Moment first = Moment::max();
    Moment last = Moment::min();
    for (const ClosedRow& row : closed) {
        if (lacksDigest(row)) {
            sessions.push_back(row.head.session);
            first = std::min(first, row.head.startedAt);
            last = std::max(last, row.head.startedAt);
        }
    }
    CommandDigests digests;
    for (const auto& row : statements.exec_prepared("digests", arrayText(sessions), micros(first), micros(last))) {
        const auto id = Uuid::parse(row[0].c_str());
        const std::string hex = row[1].c_str();
        Sha256Digest& digest = digests[id.value_or(Uuid{})];
        for (std::size_t i = 0; i < digest.size(); ++i) {
            digest[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
        }
    }
    return digests;
}

void SessionStore::writeRows(pqxx::transaction_base& statements, const IngestRows& rows, bool commit) {
    std::string before = openingText(rows);
    std::vector<CopyRows> copies = copiesOf(rows, collectorId_);
    CommandDigests digests;
    const auto ask = [&](const std::string& after) {
        copyBinary(*connection_, {.before = before, .copies = copies, .after = after});
        before.clear();
        copies.clear();
    };
    if (std::ranges::any_of(rows.closed, lacksDigest)) {
        ask({});
        digests = commandDigests(statements, rows.closed);
    }
    if (!rows.closed.empty()) {
        copies.push_back(copyOfClosed(rows, collectorId_, digests));
    }
    if (!rows.uploads.empty() || !rows.manifests.empty()) {
        ask({});
    }
    writeManifests(statements, rows.manifests, certificates_);
    for (const UploadRow& row : rows.uploads) {
        statements.exec_prepared("assemble", row.key.session.text(), row.payload, row.key.seq, micros(row.key.at),
                                 row.key.sensorId, addressText(row.key.source), binary(view(row.sha256)), row.size,
                                 binary(row.name));
    }
    ask(closingText(rows) + (commit ? std::string(kCommit) : ""));
}

/// What precedes the rows: nothing follows unless the rows are tagged by the present rules, which then stay until the
/// commit, and are the next ones of their streams.
std::string SessionStore::openingText(const IngestRows& rows) const {
    std::string text = "BEGIN;SELECT apiary.known_rules_require(" + std::to_string(known_.version().value_or(0)) + ");";
    for (const LedgerStep& step : rows.ledger) {
        text += "SELECT apiary.ledger_require('" + step.stream.text() + "', " + std::to_string(step.lane) + "::int2, " +
                std::to_string(step.first) + ", " + std::to_string(step.last) + ");";
    }
    return text;
}

/// What follows the rows: sessions that are open no more, and the rollups, last because others wait for their rows. What was
/// open at a sensor when it lost its spool will never be closed by it.
std::string SessionStore::closingText(const IngestRows& rows) const {
    std::string text;
    if (!rows.openBefore.empty()) {
        text += "DELETE FROM apiary.session_open WHERE session_id = ANY ('" + arrayText(rows.openBefore) + "');";
    }
    for (const AbandonedRow& row : rows.abandoned) {
        text += "DELETE FROM apiary.session_open WHERE session_id = '" + row.session.text() +
                "' AND sensor_id = " + std::to_string(row.sensorId) + ";";
    }
    if (rollups_ && !rows.closed.empty()) {
        std::vector<Uuid> sessions;
        std::ranges::transform(rows.closed, std::back_inserter(sessions),
                               [](const ClosedRow& row) { return row.head.session; });
        text += "SELECT apiary.rollup_add('" + arrayText(sessions) + "');";
    }
    for (const GapRow& row : rows.gaps) {
        if (tellsOfALostSpool(row)) {
            text += "SELECT apiary.close_unfinished(" + std::to_string(row.sensorId) +
                    ", 'epoch'::timestamptz + " + std::to_string(micros(row.from)) + " * interval '1 us', " +
                    std::to_string(collectorId_) + "::int2);";
        }
    }
    return text;
}

}  // namespace apiary::collector
