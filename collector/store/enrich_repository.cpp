#include "collector/store/enrich_repository.hpp"

#include "collector/store/column_values.hpp"
#include "common/net/address.hpp"

#include <pqxx/transaction>

#include <vector>

namespace apiary::collector {
namespace {

constexpr const char* kSessions = "SELECT apiary.enrich_sessions($1::uuid[], $2::text[], $3::bigint[], $4)";
constexpr const char* kUnfold = "SELECT apiary.unfold($1::uuid[])";  // rows come behind folds
constexpr const char* kOthers = "SELECT apiary.enrich_others($1::uuid[], $2::text[], $3::bigint[], $4::boolean)";
constexpr const char* kAudit = R"(
    INSERT INTO apiary.audit_log(operator, action, target, new_value)
      VALUES ($1, 'enrich', $2, jsonb_build_object('seen', $3::bigint, 'changed', $4::bigint, 'files', $5::text)))";

/// An array whose empty texts are null.
std::string nullableArray(const std::vector<std::string>& texts) {
    std::string text = "{";
    for (const std::string& one : texts) {
        text += (text.size() > 1 ? "," : "") + (one.empty() ? "NULL" : one);
    }
    return text + "}";
}

/// What a page of rows lacks and the files know.
struct Missing {
    std::vector<std::string> ids;
    std::vector<std::string> countries;  // empty where nothing is to change
    std::vector<std::string> networks;
    SourceNotes::Names names;
};

Missing missingOf(const pqxx::result& rows, const SourceLookup& sources) {
    Missing missing;
    for (const auto& row : rows) {
        const auto source = parseAddress(row[1].c_str());
        if (!source || (!row[6].is_null() && !row[7].is_null())) {
            continue;
        }
        const SourceFacts facts = sources.factsOf(*source);
        const std::string country = row[6].is_null() ? facts.country : "";
        const std::string network = row[7].is_null() && facts.network > 0 ? std::to_string(facts.network) : "";
        if (!country.empty() || !network.empty()) {
            missing.ids.emplace_back(textOf(row[0]));
            missing.countries.push_back(country);
            missing.networks.push_back(network);
        }
        if (!network.empty() && !facts.networkName.empty()) {
            missing.names.emplace(facts.network, facts.networkName);
        }
    }
    return missing;
}

}  // namespace

Enriched EnrichRepository::fill(std::optional<std::chrono::sys_days> since, const SourceLookup& sources,
                                const std::string& by) {
    const auto files = sources.files();
    const std::string edition = editionText(files);
    StoredDays stored;
    {
        pqxx::work transaction(connection_.session());
        stored = storedDays(transaction, since);
        transaction.commit();
    }
    Enriched done;
    SourceNotes notes;
    for (const StoredKind kind : {StoredKind::Folds, StoredKind::Sessions, StoredKind::Open, StoredKind::Probes}) {
        const auto change = [&](pqxx::transaction_base& transaction, const pqxx::result& rows) {
            notes.committed();  // the page before
            const Missing missing = missingOf(rows, sources);
            if (kind != StoredKind::Folds) {
                done.seen += rows.size();
            }
            if (missing.ids.empty()) {
                return;
            }
            const auto ids = arrayText(missing.ids);
            if (kind == StoredKind::Folds) {
                transaction.exec_params1(kUnfold, ids);
                return;
            }
            const auto countries = nullableArray(missing.countries);
            const auto networks = nullableArray(missing.networks);
            const auto changed =
                kind == StoredKind::Sessions
                    ? transaction.exec_params1(kSessions, ids, countries, networks, edition)
                    : transaction.exec_params1(kOthers, ids, countries, networks, kind == StoredKind::Open);
            done.changed += countOf(changed[0]);
            notes.write(transaction, by, missing.names, files);
        };
        for (auto day = stored.first; day <= stored.last; day += std::chrono::days(1)) {
            walkDay(
                connection_, kind, day, [](pqxx::transaction_base&) { return true; }, change);
        }
    }
    pqxx::work transaction(connection_.session());
    transaction.exec_params0(kAudit, by,
                             "everything since day " + std::to_string(stored.first.time_since_epoch().count()),
                             static_cast<std::int64_t>(done.seen), static_cast<std::int64_t>(done.changed), edition);
    transaction.commit();
    return done;
}

}  // namespace apiary::collector
