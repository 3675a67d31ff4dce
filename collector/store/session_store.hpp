#pragma once

#include "collector/enrich/source_lookup.hpp"
#include "collector/ingest/session_sink.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/known_table.hpp"
#include "collector/store/manifest_rows.hpp"
#include "collector/store/row_copies.hpp"
#include "collector/store/source_notes.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace apiary::collector {

/// Writes what ingest hands over to PostgreSQL: ledger, rows by binary COPY, rollups, all in one transaction.
///
/// Connects when it is first used, and again after a connection was lost or a commit was in doubt: only the ledger
/// tells what has happened then. One thread.
class SessionStore final : public SessionSink {
public:
    /// What is known of sources now, never null; asked once for each transaction.
    using Sources = std::function<std::shared_ptr<const SourceLookup>()>;

    /// `writer` is a connection as apiary_writer; `collectorId` goes into every row. Without `sources` nothing is known
    /// of any.
    SessionStore(std::string writer, std::int16_t collectorId, Sources sources = {});
    ~SessionStore() override;

    std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                           std::span<const std::int16_t> lanes) override;
    std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) override;
    SessionOwners findOpen(std::span<const Uuid> sessions) override;
    Window window(Moment now) override;
    WriteOutcome write(IngestRows& rows) override;

    /// Whose certificate a piece of a manifest must bring; to be said before the first write().
    void checkManifests(CertificateCheck check) { certificates_ = std::move(check); }

    /// Whether the rollups are written too; a benchmark asks what they cost.
    void countInRollups(bool count) { rollups_ = count; }

private:
    template <typename Work>
    auto use(Work work);
    void connect();
    void ensurePartitions(const IngestRows& rows);
    void refreshRules(pqxx::connection_base& session);
    void transact(pqxx::connection_base& session, IngestRows& rows);
    static CommandDigests commandDigests(pqxx::transaction_base& statements, const std::vector<ClosedRow>& closed);
    void writeRows(pqxx::transaction_base& statements, const IngestRows& rows, bool commit);
    std::string openingText(const IngestRows& rows) const;
    std::string closingText(const IngestRows& rows) const;

    const std::string dsn_;
    const std::int16_t collectorId_;
    bool rollups_ = true;
    std::unique_ptr<Connection> connection_;
    const Sources sources_;
    CertificateCheck certificates_;
    KnownTable known_;
    SourceNotes notes_;
    std::unique_ptr<Connection> partitioning_;  // DDL of its own, outside the batch's transaction
    std::set<std::chrono::sys_days> days_;      // whose partitions are there
    std::chrono::sys_days policyRead_{};
    std::chrono::days retention_{};
    std::chrono::days ahead_{};
};

}  // namespace apiary::collector
