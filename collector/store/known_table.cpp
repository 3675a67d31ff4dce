#include "collector/store/known_table.hpp"

#include <pqxx/result>

#include <stdexcept>

namespace apiary::collector {
namespace {

constexpr const char* kRules =
    "SELECT network, target_port, sensor_id, protocol, tag, (extract(epoch FROM expires_at) * 1000000)::bigint "
    "FROM apiary.known_rule WHERE removed_at IS NULL";

KnownRule ruleOf(const pqxx::row& row) {
    KnownRule rule;
    if (!row[0].is_null()) {
        const auto network = parseNetwork(row[0].c_str());
        if (!network) {
            throw std::runtime_error("known_rule.network: " + network.error());
        }
        rule.network = *network;
    }
    if (!row[1].is_null()) {
        rule.port = static_cast<std::uint16_t>(row[1].as<int>());
    }
    if (!row[2].is_null()) {
        rule.sensor = row[2].as<std::int32_t>();
    }
    rule.protocol = row[3].is_null() ? "" : row[3].c_str();
    const auto tag = parseTag(row[4].c_str());
    if (!tag) {
        throw std::runtime_error("known_rule.tag is neither known-scanner nor self-test");
    }
    rule.tag = *tag;
    if (!row[5].is_null()) {
        rule.expires = RuleMoment(std::chrono::microseconds(row[5].as<std::int64_t>()));
    }
    return rule;
}

void tagHead(const KnownRules& rules, OpenRow& row) {
    const auto tags = rules.tagsOf({row.source, row.target.port, row.sensorId, row.protocol, row.startedAt});
    row.tags = tagTexts(row.visit ? tags | tagBit(KnownTag::SelfTest) : tags);
    if (row.visit) {
        row.tags.emplace_back(kVisitTag);
    }
}

}  // namespace

bool KnownTable::refresh(pqxx::transaction_base& transaction) {
    const auto version = transaction.exec1("SELECT apiary.known_rules_version()")[0].as<std::int64_t>();
    if (version_ == version) {
        return false;
    }
    rules_ = KnownRules(readKnownRules(transaction));
    version_ = version;
    return true;
}

void tagRows(const KnownRules& rules, IngestRows& rows) {
    for (OpenRow& row : rows.opened) {
        tagHead(rules, row);
    }
    for (ClosedRow& row : rows.closed) {
        tagHead(rules, row.head);
    }
    for (ProbeRow& row : rows.probes) {
        row.tags = tagTexts(rules.tagsOf({row.source, row.target.port, row.sensorId, {}, row.startedAt}));
    }
}

std::vector<KnownRule> readKnownRules(pqxx::transaction_base& transaction) {
    std::vector<KnownRule> rules;
    for (const auto& row : transaction.exec(kRules)) {
        rules.push_back(ruleOf(row));
    }
    return rules;
}

}  // namespace apiary::collector
