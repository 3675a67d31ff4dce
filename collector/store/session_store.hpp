#pragma once

#include "collector/enrich/source_lookup.hpp"
#include "collector/ingest/session_sink.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/ingest_transaction.hpp"
#include "collector/store/known_table.hpp"
#include "collector/store/manifest_rows.hpp"
#include "collector/store/source_notes.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {

/// Writes what ingest hands over to PostgreSQL: ledger, rows by binary COPY, rollups, all in one transaction. Two may
/// overlap, on connections of their own, so that the rows of one travel while the one before is counted and committed.
///
/// Connects when it is first used, and again after a connection was lost or a commit was in doubt: only the ledger
/// tells what has happened then. One thread.
class SessionStore final : public SessionSink {
public:
    /// What is known of sources now, never null; asked once for each transaction.
    using Sources = std::function<std::shared_ptr<const SourceLookup>()>;

    /// What lacks, in words, for the database to take more; nothing while there is room. Asked before each transaction.
    using Lack = std::function<std::optional<std::string>()>;

    /// `writer` is a connection as apiary_writer; `collectorId` goes into every row. Without `sources` nothing is known
    /// of any, without `lack` there is always room.
    SessionStore(std::string writer, std::int16_t collectorId, Sources sources = {}, Lack lack = {});
    ~SessionStore() override;

    std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override;
    std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) override;
    SessionOwners findOpen(std::span<const Uuid> sessions) override;
    std::vector<Uuid> findEnded(std::span<const Uuid> sessions) override;
    std::vector<Uuid> findUnheardOf(const Uuid& stream, std::int16_t lane, std::span<const Ending> endings) override;
    OpenCounts countOpen(std::span<const std::int32_t> sensors) override;
    std::size_t closeStale(std::int32_t sensorId, Moment before, const std::string& reason, int most) override;
    Window window(Moment now) override;
    WriteOutcome write(IngestRows& rows) override;
    bool begin(IngestRows& rows) override;
    bool conclude(bool durable) override;
    bool settle() override;
    bool harden() override;
    void abandon() override;

    /// Whose certificate a piece of a manifest must bring; to be said before the first write().
    void checkManifests(CertificateCheck check) { certificates_ = std::move(check); }

    /// This machine's clock, if it is not the system's: tests.
    void tellTime(std::function<std::chrono::system_clock::time_point()> clock) { clock_ = std::move(clock); }

    /// Whether the rollups are written too; a benchmark asks what they cost.
    void countInRollups(bool count) { rollups_ = count; }

private:
    template <typename Work>
    auto use(Work work);
    void connect();
    void compareClocks();
    void ensurePartitions(const IngestRows& rows);
    void refreshRules(pqxx::connection_base& session);
    static bool holdsFolded(pqxx::connection_base& session, const IngestRows& rows);
    struct Knowledge {
        SourceNotes::Names names;
        std::vector<SourceFileNote> files;
    };
    Knowledge prepare(pqxx::connection_base& session, IngestRows& rows);
    IngestTerms terms() const;
    void transact(pqxx::connection_base& session, IngestRows& rows);

    /// A transaction that overlaps with another, on a connection of its own.
    struct Flight {
        Flight(std::unique_ptr<Connection> on, const IngestRows& rows, const IngestTerms& terms)
            : connection(std::move(on)), transaction(*connection, rows, terms) {}

        std::unique_ptr<Connection> connection;
        IngestTransaction transaction;
        std::exception_ptr failure;  // met while something else was waited for
    };
    static void nudge(Flight& flight);
    void finish();
    void land();
    template <typename Step>
    bool overlapping(Step step);

    const std::string dsn_;
    const std::int16_t collectorId_;
    bool rollups_ = true;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<Flight> begun_;
    std::unique_ptr<Flight> concluded_;
    std::vector<std::unique_ptr<Connection>> spare_;  // for the next flights
    const Sources sources_;
    const Lack lack_;
    CertificateCheck certificates_;
    std::function<std::chrono::system_clock::time_point()> clock_ = std::chrono::system_clock::now;
    struct ClockMark {
        std::chrono::steady_clock::time_point at;
        std::chrono::system_clock::time_point ours;
    };
    std::optional<ClockMark> compared_;  // with the database's clock, and found right
    KnownTable known_;
    SourceNotes notes_;
    std::unique_ptr<Connection> partitioning_;  // DDL of its own, outside the batch's transaction
    std::set<std::chrono::sys_days> days_;      // whose partitions are there
    std::chrono::sys_days policyRead_{};
    std::chrono::days retention_{};
    std::chrono::days ahead_{};
    std::chrono::sys_days keptFrom_{};
};

}  // namespace apiary::collector
