#pragma once

#include "collector/enrich/known_rules.hpp"
#include "collector/ingest/rows.hpp"

#include <pqxx/transaction_base>

#include <cstdint>
#include <optional>
#include <vector>

namespace apiary::collector {

/// The rules for known traffic as one writer holds them: read from the database when their number has changed.
class KnownTable {
public:
    /// Asks for the number of the rules, which stays as it is until the transaction ends, and reads them if it is a new
    /// one. Returns whether they were read. Throws what libpqxx throws; the rules are then as before.
    bool refresh(pqxx::transaction_base& transaction);

    /// Forgets what is held; the next refresh() reads.
    void forget() { version_.reset(); }

    const KnownRules& rules() const { return rules_; }

    /// Their number; nothing before the first refresh().
    std::optional<std::int64_t> version() const { return version_; }

private:
    std::optional<std::int64_t> version_;
    KnownRules rules_;
};

/// Gives sessions and probes the tags of the rules that fit, in place of those they had.
void tagRows(const KnownRules& rules, IngestRows& rows);

/// The rules in force. An expired one is: it is asked for sessions that started before.
std::vector<KnownRule> readKnownRules(pqxx::transaction_base& transaction);

}  // namespace apiary::collector
