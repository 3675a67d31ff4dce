#include "collector/store/retention_repository.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <string_view>

namespace apiary::collector {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr int kArtifactsAtOnce = 1000;
constexpr std::string_view kInUse = "55P03";

// Days count from 1970.
constexpr const char* kState = R"(
    SELECT (now() AT TIME ZONE 'UTC')::date - DATE '1970-01-01', retention_days,
      apiary.retention_floor(true) - DATE '1970-01-01', rows_from - DATE '1970-01-01',
      pg_database_size(current_database()) FROM apiary.policy, apiary.retained)";
// A day's sessions go first: what is left of it is then nobody's.
constexpr const char* kPartitions = R"(
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - DATE '1970-01-01', c.relname, pg_total_relation_size(c.oid)
      FROM unnest(apiary.partitioned_tables()) WITH ORDINALITY t(name, n)
      JOIN pg_inherits i ON i.inhparent = ('apiary.' || t.name)::regclass JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relname ~ '_[0-9]{8}$' ORDER BY 1, t.n)";
constexpr const char* kSessions =
    "SELECT (day_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01', sum(sessions)::bigint FROM apiary.rollup_day_port "
    "GROUP BY 1";
// As retention_manifests() and retention_quarantine() will have it once rows are kept from day $1 on.
constexpr const char* kGoing = R"(
    SELECT count(m.piece_id), coalesce(sum(length(m.entries) + length(m.chain) + length(m.signature) + length(m.certificate)), 0),
      min(f.floor) - DATE '1970-01-01',
      (SELECT count(*) FROM apiary.quarantine q, apiary.policy p
        WHERE q.received_at < date_trunc('day', now(), 'UTC') - p.retention_days * interval '24 h')
    FROM (SELECT apiary.manifest_floor(greatest(rows_from, DATE '1970-01-01' + $1::int)) AS floor FROM apiary.retained
        WHERE rows_from IS NOT NULL OR $1::int IS NOT NULL) f LEFT JOIN apiary.manifest_piece m ON m.day < f.floor)";
// As retention_coverage() has it.
constexpr const char* kCoverageGoing = R"(
    SELECT c.day - DATE '1970-01-01', (SELECT count(*) FROM apiary.coverage_hour h
        WHERE h.hour_at < c.day::timestamp AT TIME ZONE 'UTC')
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date - greatest(coverage_days, retention_days) AS day
        FROM apiary.policy WHERE coverage_days IS NOT NULL) c)";
constexpr const char* kMayReadWal = "SELECT has_function_privilege('pg_ls_waldir()', 'EXECUTE')";

constexpr const char* kPolicy = R"(
    SELECT retention_days || ' days of rows' || CASE WHEN minimum_days < retention_days
        THEN ', for want of space no fewer than ' || minimum_days ELSE ', whatever space they take' END
      || '; rollups ' || CASE WHEN rollup_days IS NULL THEN 'for ever' ELSE 'of ' || greatest(rollup_days, retention_days) || ' days' END
      || '; manifests as long as the rows' || coalesce(', and of at least ' || manifest_days || ' days', '')
      || '; which sensor listened ' || CASE WHEN coverage_days IS NULL OR coverage_days >= rollup_days
        THEN 'as long as the rollups' ELSE 'of ' || greatest(coverage_days, retention_days) || ' days' END
      || '; quarantine of ' || pg_size_pretty(quarantine_bytes) || ' for each sensor' FROM apiary.policy)";
// Not set: stays. 0: none.
constexpr const char* kChangePolicy = R"(
    WITH o AS (SELECT to_jsonb(p) AS old FROM apiary.policy p),
    c AS (UPDATE apiary.policy p SET retention_days = coalesce($1::int, retention_days),
        minimum_days = nullif(coalesce($2::int, minimum_days), 0), rollup_days = nullif(coalesce($3::int, rollup_days), 0),
        manifest_days = nullif(coalesce($5::int, manifest_days), 0), quarantine_bytes = coalesce($6::bigint, quarantine_bytes),
        coverage_days = nullif(coalesce($7::int, coverage_days), 0)
      RETURNING to_jsonb(p) AS new)
    INSERT INTO apiary.audit_log(operator, action, target, old_value, new_value)
      SELECT $4, 'policy', 'retention', old, new FROM o, c)";

sys_days dayOf(const pqxx::field& number) {
    return sys_days(days(number.as<int>()));
}

const char* orNull(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

}  // namespace

RetentionState RetentionRepository::look() {
    RetentionState state;
    {
        pqxx::work transaction(connection_.session());
        const pqxx::row row = transaction.exec1(kState);
        state.today = dayOf(row[0]);
        state.keepDays = days(row[1].as<int>());
        state.sizeFloor = dayOf(row[2]);
        if (!row[3].is_null()) {
            state.rowsFrom = dayOf(row[3]);
        }
        state.databaseBytes = row[4].as<std::uint64_t>();
        for (const auto& found : transaction.exec(kPartitions)) {
            if (state.days.empty() || state.days.back().day != dayOf(found[0])) {
                state.days.push_back({.day = dayOf(found[0]), .partitions = {}, .sessions = 0});
            }
            // One that was dropped since it was listed has no size.
            state.days.back().partitions.push_back(
                {.name = found[1].c_str(), .bytes = found[2].is_null() ? 0 : found[2].as<std::uint64_t>()});
        }
        for (const auto& counted : transaction.exec(kSessions)) {
            const auto day = std::ranges::find(state.days, dayOf(counted[0]), &PartitionDay::day);
            if (day != state.days.end()) {
                day->sessions = counted[1].as<std::uint64_t>();
            }
        }
    }
    state.walBytes = walBytes();
    return state;
}

std::optional<std::uint64_t> RetentionRepository::walBytes() {
    pqxx::work transaction(connection_.session());
    if (!transaction.exec1(kMayReadWal)[0].as<bool>()) {
        return std::nullopt;
    }
    return transaction.exec1("SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()")[0].as<std::uint64_t>();
}

/// Does the work in a transaction, again while others use what it needs. False if it was given up.
template <typename Work>
bool RetentionRepository::untilFree(const Work& work, const Pause& pause) {
    for (int tries = 1;; ++tries) {
        try {
            pqxx::work transaction(connection_.session());
            work(transaction);
            transaction.commit();
            return true;
        } catch (const pqxx::sql_error& error) {
            if (error.sqlstate() != kInUse) {
                throw;
            }
        }
        if (!pause(tries)) {
            return false;
        }
    }
}

RetentionRepository::Going RetentionRepository::goesWith(const RetentionPlan& plan) {
    pqxx::work transaction(connection_.session());
    const std::string before = plan.before ? std::to_string(plan.before->time_since_epoch().count()) : std::string();
    const pqxx::row row = transaction.exec_params1(kGoing, orNull(before));
    Going going{.manifests = row[0].as<std::uint64_t>(),
                .manifestBytes = row[1].as<std::uint64_t>(),
                .manifestsFrom = row[2].is_null() ? sys_days() : dayOf(row[2]),
                .quarantine = row[3].as<std::uint64_t>(),
                .coverage = 0,
                .coverageFrom = {}};
    for (const auto& covered : transaction.exec(kCoverageGoing)) {
        going.coverageFrom = dayOf(covered[0]);
        going.coverage = covered[1].as<std::uint64_t>();
    }
    return going;
}

Retained RetentionRepository::carryOut(const RetentionPlan& plan, const std::string& by, const Pause& pause) {
    Retained done;
    if (plan.before) {
        pqxx::work transaction(connection_.session());
        transaction.exec_params("SELECT apiary.retention_begin(DATE '1970-01-01' + $1::int, $2::boolean, $3)",
                                static_cast<int>(plan.before->time_since_epoch().count()), plan.forSize, by);
        transaction.commit();
    }
    for (const PartitionDay& day : plan.going) {
        for (const DayPartition& partition : day.partitions) {
            std::optional<std::uint64_t> bytes;
            const bool free = untilFree(
                [&](pqxx::work& transaction) {
                    const auto row =
                        transaction.exec_params1("SELECT apiary.retention_drop($1, $2)", partition.name, by);
                    bytes = row[0].is_null() ? std::optional<std::uint64_t>() : row[0].as<std::uint64_t>();
                },
                pause);
            if (!free) {
                done.inUse.push_back(partition.name);
            } else if (bytes) {
                ++done.partitions;
                done.bytes += *bytes;
            }
        }
    }
    {
        pqxx::work transaction(connection_.session());
        done.openSessions =
            transaction.exec1("SELECT open_sessions FROM apiary.retention_sweep()")[0].as<std::uint64_t>();
        done.rollups = transaction.exec_params1("SELECT apiary.retention_rollups($1)", by)[0].as<std::uint64_t>();
        done.manifests = transaction.exec_params1("SELECT apiary.retention_manifests($1)", by)[0].as<std::uint64_t>();
        done.quarantine = transaction.exec_params1("SELECT apiary.retention_quarantine($1)", by)[0].as<std::uint64_t>();
        transaction.commit();
    }
    for (std::uint64_t removed = kArtifactsAtOnce; removed >= kArtifactsAtOnce;) {
        removed = 0;
        untilFree(
            [&](pqxx::work& transaction) {
                removed = transaction
                              .exec_params1("SELECT artifacts FROM apiary.retention_artifacts($1)", kArtifactsAtOnce)[0]
                              .as<std::uint64_t>();
            },
            pause);
        done.artifacts += removed;
    }
    return done;
}

std::uint64_t RetentionRepository::foldHours() {
    pqxx::work transaction(connection_.session());
    const auto folded = transaction.exec1("SELECT apiary.rollup_fold()")[0].as<std::uint64_t>();
    transaction.commit();
    return folded;
}

Result<std::string> changePolicy(Connection& owner, const PolicyChange& change, const std::string& by) {
    const auto text = [](const auto& value) { return value ? std::to_string(*value) : std::string(); };
    const std::string retention = text(change.retentionDays);
    const std::string minimum = text(change.minimumDays);
    const std::string rollup = text(change.rollupDays);
    const std::string manifest = text(change.manifestDays);
    const std::string quarantine = text(change.quarantineBytes);
    const std::string coverage = text(change.coverageDays);
    try {
        pqxx::work transaction(owner.session());
        if (change.retentionDays || change.minimumDays || change.rollupDays || change.manifestDays ||
            change.quarantineBytes || change.coverageDays) {
            transaction.exec_params0(kChangePolicy, orNull(retention), orNull(minimum), orNull(rollup), by,
                                     orNull(manifest), orNull(quarantine), orNull(coverage));
        }
        std::string words = transaction.exec1(kPolicy)[0].c_str();
        transaction.commit();
        return words;
    } catch (const pqxx::check_violation&) {
        return Error{
            "rows are kept for 1 to 3,660 days, for want of space no shorter than 1 day, rollups for at most "
            "36,600, and so for manifests and which sensor listened: the policy stays as it was"};
    }
}

}  // namespace apiary::collector
