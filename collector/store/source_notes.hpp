#pragma once

#include "collector/enrich/source_lookup.hpp"
#include "collector/ingest/rows.hpp"

#include <pqxx/transaction_base>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace apiary::collector {

/// Gives sessions and probes the country and the network of their source, in place of those they had.
void locateRows(const SourceLookup& sources, IngestRows& rows);

/// What the database is told besides the rows: names of networks, and which files said so. One thread.
class SourceNotes {
public:
    using Names = std::map<std::uint32_t, std::string>;

    /// Whether write() would write nothing.
    bool know(const Names& names, const std::vector<SourceFileNote>& files) const;

    /// Writes the names that differ from those written before, and a row in audit_log for each file that was not in use
    /// before. Call it last in a transaction: others wait for the rows of names, and must hold no rollup then. Throws
    /// what libpqxx throws.
    void write(pqxx::transaction_base& transaction, const std::string& by, const Names& names,
               const std::vector<SourceFileNote>& files);

    /// The transaction of the last write() is committed: what it wrote is there.
    void committed();

    /// It may be another database.
    void forget();

private:
    std::unordered_map<std::uint32_t, std::string> names_;
    std::vector<std::string> files_;  // their digests
    Names newNames_;
    std::vector<std::string> newFiles_;
};

/// The names of the networks of rows that locateRows() has filled in.
SourceNotes::Names networkNames(const IngestRows& rows);

}  // namespace apiary::collector
