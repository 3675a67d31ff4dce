#pragma once

#include "collector/ingest/rows.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/manifest_rows.hpp"
#include "collector/store/row_copies.hpp"

#include <cstdint>
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

/// One transaction of ingest: ledger, rows by binary COPY, rollups. As a whole by writeAll(), or in steps, so that the
/// rows of one travel while the one before is counted and committed: carry(), conclude(), await().
///
/// Whatever throws (pqxx::sql_error, pqxx::broken_connection) leaves the transaction open or broken: roll back, or drop
/// the connection. `connection` and `rows` must outlive it. Begin and commit go with the rows and not through libpqxx:
/// they would be ways of their own to the server and back.
class IngestTransaction {
public:
    IngestTransaction(Connection& connection, const IngestRows& rows, const IngestTerms& terms);

    IngestTransaction(const IngestTransaction&) = delete;
    IngestTransaction& operator=(const IngestTransaction&) = delete;

    /// All of it, the ledger first; without `commit` the transaction is left open for what else belongs to it.
    void writeAll(bool commit);

    /// Sends the rows, but for those that can only be made when the transactions before are committed. Does not wait
    /// for the end of it.
    void carry();

    /// Behind carry(), when the transactions before are committed: ledger, the other rows, rollups, commit; one that is
    /// not `durable` is on disk only when a later one is. Does not wait for the end of it, but to be refused what
    /// carry() sent.
    void conclude(bool durable);

    /// Behind conclude(): waits until it is committed.
    void await();

private:
    void openWith(const std::string& statements);
    void close(const std::string& statements);
    void fetchDigests();
    void assembleUploads();
    void storeManifests();
    std::string ledgerText() const;
    std::string countingText() const;
    bool lacksDigests() const;

    Connection& connection_;
    const IngestRows& rows_;
    const IngestTerms terms_;
    std::string before_;            // not sent yet
    std::vector<CopyRows> copies_;  // likewise
    CommandDigests digests_;
};

}  // namespace apiary::collector
