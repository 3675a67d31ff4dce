#pragma once

#include "collector/ingest/rows.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/manifest_rows.hpp"
#include "collector/store/row_copies.hpp"

#include <cstdint>
#include <libpq-fe.h>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What holds for all rows of a transaction.
struct IngestTerms {
    std::int16_t collectorId = 0;
    std::int64_t rules = 0;  // number of the rules for known traffic by which the rows are tagged
    bool rollups = true;     // whether they are counted
    const CertificateCheck* certificates = nullptr;  // of pieces of manifests; outlives the transaction
};

/// Statements of an ingest connection that are prepared once.
void prepareIngest(pqxx::connection_base& session);

/// As prepareIngest(), for transactions that overlap. Two senders of the same row must not wait for each other's
/// transaction where the server cannot know of it: after a second such a wait is an error.
void prepareOverlap(pqxx::connection_base& session);

/// One transaction of ingest: ledger, rows by binary COPY, rollups. As a whole by writeAll(), or step by step, so that
/// two of them go on at once: carry(), conclude(), and advance() until it is committed.
///
/// Whatever throws (pqxx::sql_error, pqxx::broken_connection) leaves the transaction open or broken: roll back, or drop
/// the connection. `connection` and `rows` must outlive it. Begin and commit go with the rows and not through libpqxx:
/// they would be ways of their own to the server and back.
class IngestTransaction {
public:
    IngestTransaction(Connection& connection, const IngestRows& rows, const IngestTerms& terms);

    IngestTransaction(const IngestTransaction&) = delete;
    IngestTransaction& operator=(const IngestTransaction&) = delete;

    /// All of it, the ledger first, until the server has done it; without `commit` the transaction is left open for
    /// what else belongs to it.
    void writeAll(bool commit);

    /// Begins to send the rows, but for those that can only be made when the transactions before are committed.
    void carry();

    /// When the transactions before are committed: lets ledger, the other rows, rollups and commit follow what carry()
    /// sends. One that is not `durable` is on disk only when a later one is.
    void conclude(bool durable);

    /// Goes on as far as it can without waiting; true when it is committed. What is neither row nor statement of many
    /// (uploads, manifests) is waited for.
    bool advance();

    /// Waits until this, or `other` if it is not null, can go on, or 100 ms.
    void await(const IngestTransaction* other) const;

private:
    enum class Stage { Carrying, FetchingDigests, BeforeStatements, Ending, Done };

    void open(const std::string& statements, const std::string& after);
    void proceed();
    void put(Stage stage, CopyQuestion question);
    void putEnd(std::string before, std::vector<CopyRows> copies);
    std::string digestsText() const;
    void takeDigests(const PGresult* found);
    void assembleUploads();
    void storeManifests();
    std::string ledgerText() const;
    std::string countingText() const;
    bool lacksDigests() const;
    bool needsStatements() const;

    Connection& connection_;
    const IngestRows& rows_;
    const IngestTerms terms_;
    Stage stage_ = Stage::Carrying;
    std::string ledger_;                 // not sent yet
    std::optional<std::string> ending_;  // behind all others, once that may follow
    std::optional<Question> question_;
    CommandDigests digests_;
};

}  // namespace apiary::collector
