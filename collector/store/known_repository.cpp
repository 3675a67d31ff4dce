#include "collector/store/known_repository.hpp"

#include "collector/ingest/text_values.hpp"
#include "collector/store/column_values.hpp"
#include "collector/store/known_table.hpp"
#include "collector/store/stored_rows.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <pqxx/except>
#include <pqxx/result>
#include <pqxx/transaction>

#include <algorithm>

namespace apiary::collector {
namespace {

constexpr std::size_t kMostOwner = 256;
constexpr std::size_t kMostReason = 1024;

constexpr const char* kAudit =
    "INSERT INTO apiary.audit_log(operator, action, target, refused, new_value) "
    "VALUES ($1, $2, $3, $4::boolean, $5::jsonb)";
constexpr const char* kAuditBrokenOff =
    "INSERT INTO apiary.audit_log(operator, action, target, refused, new_value) "
    "VALUES ($1, 'known_retag', $2, false, $3::jsonb || jsonb_build_object('broke_off', $4::text))";
constexpr const char* kAdd = R"(
    WITH r AS (INSERT INTO apiary.known_rule(network, target_port, sensor_id, protocol, tag, owner, reason, expires_at,
        created_by)
      VALUES ($1::cidr, $2::int, $3::int, $4, $5, $6, $7, $8::timestamptz, $9) RETURNING *)
    SELECT known_rule_id, to_jsonb(r) FROM r)";
constexpr const char* kList = R"(
    SELECT known_rule_id, network, target_port, coalesce(n.name, r.sensor_id::text), protocol, tag, owner, reason,
      to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), coalesce(expires_at <= now(), false), created_by
      FROM apiary.known_rule r LEFT JOIN apiary.sensor n USING (sensor_id) WHERE removed_at IS NULL ORDER BY 1)";
constexpr const char* kRemove =
    "UPDATE apiary.known_rule SET removed_at = clock_timestamp() WHERE known_rule_id = $1::bigint AND removed_at IS "
    "NULL";
struct Kind {
    StoredKind stored;
    const char* change;  // $1 ids, $2 tags
};
// What is folded and to be changed becomes rows first, and is met again as such. Ingest's own folding goes on beside:
// so folds are gone over before the rows and once more behind them.
constexpr const char* kUnfold = "SELECT apiary.unfold($1::uuid[]) WHERE $2::text[] IS NOT NULL";
constexpr Kind kKinds[] = {
    {StoredKind::Folds, kUnfold},
    {StoredKind::Sessions, "SELECT apiary.retag_sessions($1::uuid[], $2::text[])"},
    {StoredKind::Open, "SELECT apiary.retag_others($1::uuid[], $2::text[], true)"},
    {StoredKind::Probes, "SELECT apiary.retag_others($1::uuid[], $2::text[], false)"},
    {StoredKind::Folds, kUnfold},
};

const char* orNull(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

void audit(pqxx::transaction_base& transaction, const std::string& by, const char* action, const std::string& target,
           bool refused, const char* value) {
    transaction.exec_params0(kAudit, by, action, target, refused, value);
}

Status checkTexts(const KnownWish& wish) {
    if (wish.network.empty() && !wish.port && wish.sensor.empty() && wish.protocol.empty()) {
        return Error{"the rule would fit everything: name a network, a port, a sensor or a protocol"};
    }
    if (!wish.network.empty()) {
        if (const auto network = parseNetwork(wish.network); !network) {
            return Error{network.error()};
        } else if (coversIpv4(*network)) {
            return Error{wish.network + " has every IPv4 address in it: leave the network out to mean any"};
        }
    }
    if (wish.port && (*wish.port < 0 || *wish.port > 65535)) {
        return Error{std::to_string(*wish.port) + " is no port: 0 to 65535"};
    }
    if (!wish.protocol.empty() && !isProtocolName(wish.protocol)) {
        return Error{"'" + wish.protocol + "' is no protocol: a name in lower case, such as ftp"};
    }
    if (!parseTag(wish.tag)) {
        return Error{"'" + wish.tag + "' is no tag for known traffic: known-scanner or self-test"};
    }
    if (wish.owner.empty() || wish.owner.size() > kMostOwner || wish.reason.empty() ||
        wish.reason.size() > kMostReason) {
        return Error{"say whose traffic it is and why it is known: an owner of at most 256 bytes, a reason of 1,024"};
    }
    return Done{};
}

Result<std::string> sensorNumber(pqxx::transaction_base& transaction, const std::string& name) {
    if (name.empty()) {
        return std::string();
    }
    const auto found = transaction.exec_params("SELECT sensor_id FROM apiary.sensor WHERE name = $1", name);
    if (found.empty()) {
        return Error{"there is no sensor '" + name + "': see the table sensor for their names"};
    }
    return textOf(found[0][0]);
}

// The words alone, so that a text which PostgreSQL cannot read costs no transaction.
Status checkExpiry(Connection& connection, const std::string& expires) {
    if (expires.empty()) {
        return Done{};
    }
    pqxx::work transaction(connection.session());
    try {
        if (!transaction.exec_params1("SELECT $1::timestamptz > now() AND $1::timestamptz < '2200-01-01'", expires)[0]
                 .as<bool>()) {
            return Error{"the expiry " + expires +
                         " has passed, or is too far away (2200): leave it out for a rule without end"};
        }
    } catch (const pqxx::sql_error&) {
        return Error{"'" + expires + "' is no time: write a day, such as 2027-01-31"};
    }
    return Done{};
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : ",") + text;
    }
    return all;
}

// Whether a list of tags, as PostgreSQL writes it, has this one.
bool has(const std::string& tags, std::string_view tag) {
    return ("," + tags.substr(1, tags.size() - 2) + ",").find("," + std::string(tag) + ",") != std::string::npos;
}

// What of the present tags is the rules' affair, in the order of the rules' own.
std::string knownOf(const std::string& tags) {
    std::vector<std::string> known;
    for (const KnownTag tag : {KnownTag::KnownScanner, KnownTag::SelfTest}) {
        if (has(tags, tagText(tag))) {
            known.emplace_back(tagText(tag));
        }
    }
    return joined(known);
}

// Gives the rows of a page the tags of the rules. Returns whether any had others.
bool retagPage(pqxx::transaction_base& transaction, const KnownRules& rules, const Kind& kind, const pqxx::result& rows,
               Retagged& done) {
    std::vector<std::string> ids;
    std::vector<std::string> tags;
    for (const auto& row : rows) {
        const Uuid id = uuidOf(row[0]);
        const auto source = parseAddress(row[1].c_str());
        const std::string present = row[5].c_str();
        KnownTags given = has(present, kVisitTag) ? tagBit(KnownTag::SelfTest) : KnownTags{0};
        if (source) {
            given |= rules.tagsOf({*source, static_cast<std::uint16_t>(row[2].as<int>()), row[3].as<std::int32_t>(),
                                   row[4].c_str(), std::chrono::time_point_cast<RuleMoment::duration>(id.time())});
        }
        auto known = joined(tagTexts(given));
        if (known != knownOf(present)) {
            ids.push_back(id.text());
            tags.push_back(std::move(known));
        }
    }
    if (!ids.empty()) {
        transaction.exec_params(kind.change, arrayText(ids), arrayText(tags));
    }
    if (kind.stored != StoredKind::Folds) {
        done.seen += rows.size();
        done.changed += ids.size();
    }
    return !ids.empty();
}

// As long as the rules change meanwhile, what was done before may be wrong.
void retagAll(Connection& connection, KnownTable& table, const StoredDays& stored, Retagged& done) {
    for (bool again = true; again;) {
        again = false;
        bool changed = false;
        for (const Kind& kind : kKinds) {
            changed = false;
            for (auto day = stored.first; day <= stored.last && !again; day += std::chrono::days(1)) {
                again = !walkDay(
                    connection, kind.stored, day,
                    [&](pqxx::transaction_base& transaction) { return !table.refresh(transaction); },
                    [&](pqxx::transaction_base& transaction, const pqxx::result& rows) {
                        changed = retagPage(transaction, table.rules(), kind, rows, done) || changed;
                    });
            }
        }
        again = again || changed;  // of the last kind: rows have become folds meanwhile, and are rows once more
    }
}

std::string countsOf(const Retagged& done) {
    return R"({"seen": )" + std::to_string(done.seen) + R"(, "changed": )" + std::to_string(done.changed) + "}";
}

// What broke off may have lost the database, too.
void auditBrokenOff(Connection& connection, const std::string& by, const std::string& target, const Retagged& done,
                    const std::string& why) {
    try {
        pqxx::work transaction(connection.session());
        transaction.exec_params0(kAuditBrokenOff, by, target, countsOf(done), escapeCut(why, kMostReason));
        transaction.commit();
    } catch (const pqxx::failure&) {
        // The caller hears why it broke off; its beginning stands in the log.
    }
}

}  // namespace

Result<std::int64_t> KnownRepository::add(const KnownWish& wish, const std::string& by) {
    Status checked = checkTexts(wish);
    if (checked) {
        checked = checkExpiry(connection_, wish.expires);
    }
    pqxx::work transaction(connection_.session());
    auto sensor = sensorNumber(transaction, wish.sensor);
    if (checked && !sensor) {
        checked = Error{sensor.error()};
    }
    if (!checked) {
        audit(transaction, by, "known_add", "known rule", true, nullptr);
        transaction.commit();
        return Error{checked.error()};
    }
    const auto port = wish.port ? std::to_string(*wish.port) : std::string();
    // As it was understood: a rule that the database reads in another way would be one that nobody can read.
    const auto network = wish.network.empty() ? std::string() : networkText(*parseNetwork(wish.network));
    const auto row =
        transaction.exec_params1(kAdd, orNull(network), orNull(port), orNull(*sensor), orNull(wish.protocol), wish.tag,
                                 wish.owner, wish.reason, orNull(wish.expires), by);
    const auto number = row[0].as<std::int64_t>();
    audit(transaction, by, "known_add", "known rule " + std::to_string(number), false, row[1].c_str());
    transaction.commit();
    return number;
}

std::vector<KnownEntry> KnownRepository::list() {
    pqxx::read_transaction transaction(connection_.session());
    std::vector<KnownEntry> entries;
    for (const auto& row : transaction.exec(kList)) {
        std::string what = textOf(row[1]);
        const auto add = [&](const char* name, const std::string& value) {
            what += value.empty() ? "" : (what.empty() ? "" : ", ") + std::string(name) + value;
        };
        add("port ", textOf(row[2]));
        add("sensor ", textOf(row[3]));
        add("protocol ", textOf(row[4]));
        entries.push_back({.number = row[0].as<std::int64_t>(),
                           .what = what,
                           .tag = textOf(row[5]),
                           .owner = textOf(row[6]),
                           .reason = textOf(row[7]),
                           .expires = textOf(row[8]),
                           .expired = row[9].as<bool>(),
                           .createdBy = textOf(row[10])});
    }
    return entries;
}

Status KnownRepository::remove(std::int64_t number, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const bool done = transaction.exec_params(kRemove, number).affected_rows() == 1;
    audit(transaction, by, "known_remove", "known rule " + std::to_string(number), !done, nullptr);
    transaction.commit();
    if (!done) {
        return Error{"there is no rule " + std::to_string(number) + " in force: known list shows their numbers"};
    }
    return Done{};
}

Retagged KnownRepository::retag(std::optional<std::chrono::sys_days> since, const std::string& by) {
    KnownTable table;
    StoredDays stored;
    std::string target;
    {
        pqxx::work transaction(connection_.session());
        table.refresh(transaction);
        stored = storedDays(transaction, since);
        target = "everything since day " + std::to_string(stored.first.time_since_epoch().count());
        audit(transaction, by, "known_retag_begin", target, false, nullptr);
        transaction.commit();
    }
    Retagged done;
    try {
        retagAll(connection_, table, stored, done);
    } catch (const std::exception& error) {
        auditBrokenOff(connection_, by, target, done, error.what());
        throw;
    }
    pqxx::work transaction(connection_.session());
    const auto counts = countsOf(done);
    audit(transaction, by, "known_retag", target, false, counts.c_str());
    transaction.commit();
    return done;
}

}  // namespace apiary::collector
