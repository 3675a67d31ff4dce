#include "collector/store/source_notes.hpp"

#include "collector/store/column_values.hpp"
#include "common/text/escape.hpp"

#include <pqxx/result>

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kMostPath = 4096;

constexpr const char* kNames = R"(
    INSERT INTO apiary.network_name AS n (asn, name) SELECT * FROM unnest($1::bigint[], $2::text[]) x(asn, name) ORDER BY 1
    ON CONFLICT (asn) DO UPDATE SET name = excluded.name, updated_at = now() WHERE n.name <> excluded.name)";
constexpr const char* kFile = R"(
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES ($1, 'source_file', $2,
      jsonb_build_object('type', $3::text, 'built', $4::text, 'sha256', $5::text)))";

void locate(const SourceLookup& sources, OpenRow& row) {
    SourceFacts facts = sources.factsOf(row.source);
    row.country = std::move(facts.country);
    row.network = facts.network;
    row.networkName = std::move(facts.networkName);
}

}  // namespace

void locateRows(const SourceLookup& sources, IngestRows& rows) {
    rows.enrichment = editionText(sources.files());
    if (rows.enrichment.empty()) {
        return;
    }
    for (OpenRow& row : rows.opened) {
        locate(sources, row);
    }
    for (ClosedRow& row : rows.closed) {
        locate(sources, row.head);
    }
    for (ProbeRow& row : rows.probes) {
        const SourceFacts facts = sources.factsOf(row.source);
        row.country = facts.country;
        row.network = facts.network;
    }
}

SourceNotes::Names networkNames(const IngestRows& rows) {
    SourceNotes::Names names;
    const auto add = [&](const OpenRow& row) {
        if (!row.networkName.empty()) {
            names.emplace(row.network, row.networkName);
        }
    };
    std::ranges::for_each(rows.opened, add);
    std::ranges::for_each(rows.closed, [&](const ClosedRow& row) { add(row.head); });
    return names;
}

bool SourceNotes::know(const Names& names, const std::vector<SourceFileNote>& files) const {
    return std::ranges::all_of(names,
                               [&](const auto& name) {
                                   const auto known = names_.find(name.first);
                                   return known != names_.end() && known->second == name.second;
                               }) &&
           files.size() == files_.size() && std::ranges::all_of(files, [&](const SourceFileNote& file) {
               return std::ranges::find(files_, file.sha256) != files_.end();
           });
}

void SourceNotes::write(pqxx::transaction_base& transaction, const std::string& by, const Names& names,
                        const std::vector<SourceFileNote>& files) {
    newNames_.clear();
    std::vector<std::string> numbers;
    std::vector<std::string> texts;
    for (const auto& [number, name] : names) {
        const auto known = names_.find(number);
        if (known == names_.end() || known->second != name) {
            newNames_.emplace(number, name);
            numbers.push_back(std::to_string(number));
            texts.push_back(name);
        }
    }
    if (!numbers.empty()) {
        transaction.exec_params0(kNames, arrayText(numbers), arrayText(texts));
    }
    newFiles_.clear();
    for (const SourceFileNote& file : files) {
        newFiles_.push_back(file.sha256);
        if (std::ranges::find(files_, file.sha256) == files_.end()) {
            transaction.exec_params0(kFile, by, escapeCut(file.path, kMostPath), file.type, file.built, file.sha256);
        }
    }
}

void SourceNotes::committed() {
    for (auto& [number, name] : newNames_) {
        names_.insert_or_assign(number, std::move(name));
    }
    newNames_.clear();
    files_ = newFiles_;
}

void SourceNotes::forget() {
    *this = {};
}

}  // namespace apiary::collector
