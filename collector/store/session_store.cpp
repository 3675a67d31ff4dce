#include "collector/store/session_store.hpp"

#include "collector/store/column_values.hpp"
#include "collector/store/ingest_lookups.hpp"
#include "common/net/address.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr const char* kPartitions =
    "SELECT apiary.ensure_partitions($1::date::timestamp AT TIME ZONE 'UTC', "
    "($1::date + 1)::timestamp AT TIME ZONE 'UTC')";
constexpr std::chrono::seconds kCompareClocks{10};
constexpr std::chrono::seconds kStep{60};             // of our clock: then they are compared at once
constexpr std::chrono::hours kClocksApart{24};        // records of the next day are taken, so that less does no harm
constexpr std::string_view kNotNew = "AP001";         // what ledger_require() raises
constexpr std::string_view kOutsideWindow = "22008";  // what ensure_partitions() raises
constexpr std::string_view kEnded = "23505";          // what a key would say
constexpr std::string_view kOtherRules = "AP002";     // what known_rules_require() raises

std::string dateText(sys_days day) {
    const std::chrono::year_month_day date(day);
    const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
           two(static_cast<unsigned>(date.day()));
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

void prepareStatements(pqxx::connection_base& session) {
    prepareLookups(session);
    session.prepare(
        "policy",
        "SELECT retention_days, ahead_days, rows_from - DATE '1970-01-01' FROM apiary.policy, apiary.retained");
    prepareIngest(session);
}

}  // namespace

SessionStore::SessionStore(std::string writer, std::int16_t collectorId, Sources sources, Lack lack)
    : dsn_(std::move(writer)), collectorId_(collectorId), sources_(std::move(sources)), lack_(std::move(lack)) {}

SessionStore::~SessionStore() = default;

void SessionStore::connect() {
    known_.forget();  // it may be another database
    notes_.forget();
    connection_ = std::make_unique<Connection>(dsn_);
    prepareStatements(connection_->session());
}

/// Before anything else is asked that may wait for what a transaction under way has locked: nobody but us lets it go
/// on.
void SessionStore::land() {
    if (concluded_) {
        try {
            finish();
        } catch (...) {
            concluded_->failure = std::current_exception();  // settle() tells
        }
    }
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
        const bool away =
            connection_ == nullptr || PQstatus(connection_->raw()) != CONNECTION_OK || saysNoDatabase(failure.base());
        connection_.reset();
        partitioning_.reset();
        if (away) {
            throw SinkAway(message);
        }
        throw SinkUnavailable(message);
    } catch (...) {
        connection_.reset();  // it may stand in the middle of a COPY
        throw;
    }
}

std::variant<Admission, Refusal> SessionStore::admit(const Uuid& sensor, const Uuid& stream,
                                                     std::span<const std::int16_t> lanes) {
    land();
    return use([&](pqxx::connection_base& session) { return admitSensor(session, sensor, stream, lanes); });
}

std::optional<std::int64_t> SessionStore::position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) {
    land();
    return use([&](pqxx::connection_base& session) { return lanePosition(session, sensorId, stream, lane); });
}

SessionOwners SessionStore::findOpen(std::span<const Uuid> sessions) {
    land();
    return use([&](pqxx::connection_base& session) { return openSessions(session, sessions); });
}

std::size_t SessionStore::closeStale(std::int32_t sensorId, Moment before, const std::string& reason, int most) {
    land();
    return use([&](pqxx::connection_base& session) {
        return closeStaleSessions(session, collectorId_, sensorId, before, reason, most);
    });
}

std::vector<Uuid> SessionStore::findEnded(std::span<const Uuid> sessions) {
    return use([&](pqxx::connection_base& session) { return endedSessions(session, sessions); });
}

std::vector<Uuid> SessionStore::findUnheardOf(const Uuid& stream, std::int16_t lane, std::span<const Ending> endings) {
    land();
    return use([&](pqxx::connection_base& session) { return unheardOf(session, stream, lane, endings); });
}

OpenCounts SessionStore::countOpen(std::span<const std::int32_t> sensors) {
    land();
    return use([&](pqxx::connection_base& session) { return openCounts(session, sensors); });
}

/// Ours says what is of today, of long ago and of the future; the database's which days it has and drops. If one of
/// them was set wrong nothing is taken: it would be put aside, or filed under a day that goes tomorrow.
void SessionStore::compareClocks() {
    const auto at = std::chrono::steady_clock::now();
    const auto ours = clock_();
    if (compared_ && at - compared_->at < kCompareClocks &&
        std::chrono::abs((ours - compared_->ours) - (at - compared_->at)) < kStep) {
        return;
    }
    compared_.reset();
    const auto theirs = use([&](pqxx::connection_base& session) {
        pqxx::nontransaction transaction(session, "clock");
        return std::chrono::microseconds(
            transaction.exec1("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")[0]
                .as<std::int64_t>());
    });
    if (const auto apart = std::chrono::abs(ours.time_since_epoch() - theirs); apart > kClocksApart) {
        throw SinkUnavailable("the clocks of this machine and of the database's are " +
                              std::to_string(apart / std::chrono::minutes(1)) +
                              " minutes apart: set the one that is wrong (timedatectl)");
    }
    compared_ = {.at = at, .ours = ours};
}

Window SessionStore::window(Moment now) {
    compareClocks();
    const auto today = std::chrono::floor<days>(now);
    if (policyRead_ != today) {
        use([&](pqxx::connection_base& session) {
            pqxx::work transaction(session, "policy");
            const pqxx::row policy = transaction.exec_prepared1("policy");
            retention_ = days{policy[0].as<int>()};
            ahead_ = days{policy[1].as<int>()};
            keptFrom_ = policy[2].is_null() ? sys_days{} : sys_days{days{policy[2].as<int>()}};
        });
        policyRead_ = today;
    }
    return {.from = today - retention_, .to = today + ahead_ + days{1}, .keptFrom = keptFrom_};
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
    if (const auto lack = lack_ ? lack_() : std::nullopt) {
        throw SinkUnavailable(*lack);
    }
    return use([&](pqxx::connection_base& session) -> WriteOutcome {
        if (holdsFolded(session, rows)) {
            return Unfit{.sqlstate = std::string(kEnded), .message = "the session has ended already, and is in a fold"};
        }
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
                    if (error.sqlstate() == kOutsideWindow) {
                        policyRead_ = {};  // retention has moved the window
                    }
                    return Unfit{.sqlstate = error.sqlstate(), .message = firstLine(error.what())};
                } else {
                    throw;
                }
            }
        }
    });
}

/// True if sessions end in these rows that have ended long ago and were folded. Live ones cannot have.
bool SessionStore::holdsFolded(pqxx::connection_base& session, const IngestRows& rows) {
    const auto old = std::chrono::system_clock::now() - std::chrono::minutes(9);
    std::vector<Uuid> sessions;
    for (const ClosedRow& row : rows.closed) {
        if (row.head.session.time() < old) {
            sessions.push_back(row.head.session);
        }
    }
    return !sessions.empty() && anyFolded(session, sessions);
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

/// Fills in what is known besides the records themselves, and makes room for the rows.
SessionStore::Knowledge SessionStore::prepare(pqxx::connection_base& session, IngestRows& rows) {
    ensurePartitions(rows);
    if (!known_.version()) {
        refreshRules(session);
    }
    tagRows(known_.rules(), rows);
    const auto sources = sources_ ? sources_() : nullptr;
    if (sources) {
        locateRows(*sources, rows);
    }
    return {.names = sources ? networkNames(rows) : SourceNotes::Names{},
            .files = sources ? sources->files() : std::vector<SourceFileNote>{}};
}

IngestTerms SessionStore::terms() const {
    return {.collectorId = collectorId_,
            .rules = known_.version().value_or(0),
            .rollups = rollups_,
            .certificates = &certificates_};
}

void SessionStore::transact(pqxx::connection_base& session, IngestRows& rows) {
    const Knowledge knowledge = prepare(session, rows);
    const bool silent = notes_.know(knowledge.names, knowledge.files);
    IngestTransaction(*connection_, rows, terms()).writeAll(silent);
    if (!silent) {
        pqxx::nontransaction statements(session, "notes");
        notes_.write(statements, "collector " + std::to_string(collectorId_), knowledge.names, knowledge.files);
        statements.exec("COMMIT");
        notes_.committed();
    }
}

/// Does a step of two overlapping transactions; if it fails both are given up.
template <typename Step>
bool SessionStore::overlapping(Step step) {
    try {
        if (step()) {
            return true;
        }
    } catch (const pqxx::pqxx_exception&) {
        // write() meets it again, and says what it is.
    } catch (const SinkUnavailable&) {
        // Likewise.
    } catch (...) {
        abandon();
        throw;
    }
    abandon();
    return false;
}

bool SessionStore::begin(IngestRows& rows) {
    assert(!begun_);
    return overlapping([&] {
        if (lack_ && lack_()) {
            return false;  // and write() says so
        }
        const bool silent = use([&](pqxx::connection_base& session) {
            if (holdsFolded(session, rows)) {
                return false;  // write() says so
            }
            const Knowledge knowledge = prepare(session, rows);
            return notes_.know(knowledge.names, knowledge.files);
        });
        if (!silent) {
            return false;
        }
        // Both are there before either commits: that one lives tells that the server has not been restarted since, and
        // so that what was committed before is there.
        while (spare_.size() + (concluded_ ? 1 : 0) < 2) {
            spare_.push_back(std::make_unique<Connection>(dsn_));
            prepareOverlap(spare_.back()->session());
        }
        begun_ = std::make_unique<Flight>(std::move(spare_.back()), rows, terms());
        spare_.pop_back();
        begun_->transaction.carry();
        if (concluded_) {
            nudge(*concluded_);
        }
        return true;
    });
}

/// Lets the flight go on as far as it can. What fails is its own, and not that of the one that is waited for.
void SessionStore::nudge(Flight& flight) {
    if (flight.failure) {
        return;
    }
    try {
        flight.transaction.advance();
    } catch (...) {
        flight.failure = std::current_exception();
    }
}

/// Waits until the one that was concluded is committed, while the one that has begun goes on.
void SessionStore::finish() {
    for (;;) {
        if (concluded_->failure) {
            std::rethrow_exception(concluded_->failure);
        }
        if (concluded_->transaction.advance()) {
            return;
        }
        const bool both = begun_ && !begun_->failure;
        if (both) {
            nudge(*begun_);
        }
        concluded_->transaction.await(both && !begun_->failure ? &begun_->transaction : nullptr);
    }
}

bool SessionStore::conclude(bool durable) {
    assert(begun_ && !concluded_);
    return overlapping([&] {
        if (begun_->failure) {
            std::rethrow_exception(begun_->failure);
        }
        begun_->transaction.conclude(durable);
        concluded_ = std::move(begun_);
        return true;
    });
}

bool SessionStore::settle() {
    assert(concluded_);
    return overlapping([&] {
        finish();
        spare_.push_back(std::move(concluded_->connection));
        concluded_.reset();
        return true;
    });
}

bool SessionStore::harden() {
    assert(!begun_ && !concluded_);
    return overlapping([&] {
        if (spare_.empty()) {
            return false;
        }
        pqxx::nontransaction(spare_.back()->session(), "harden").exec(kWaitsForTheDisk);
        return true;
    });
}

void SessionStore::abandon() {
    begun_.reset();
    concluded_.reset();
    spare_.clear();
}

}  // namespace apiary::collector
