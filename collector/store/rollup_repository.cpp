#include "collector/store/rollup_repository.hpp"

#include <pqxx/pqxx>

#include <array>
#include <string_view>

namespace apiary::collector {
namespace {

using std::chrono::sys_days;

struct Rollup {
    const char* name;
    const char* time;  // the column that names its bucket
};
constexpr std::array<Rollup, 13> kRollups{{{"rollup_5m_protocol", "bucket_at"},
                                           {"rollup_5m_facet", "bucket_at"},
                                           {"rollup_hour_protocol", "bucket_at"},
                                           {"rollup_hour_sensor", "bucket_at"},
                                           {"rollup_hour_country", "bucket_at"},
                                           {"rollup_hour_source", "bucket_at"},
                                           {"rollup_hour_credential", "bucket_at"},
                                           {"rollup_hour_command", "bucket_at"},
                                           {"rollup_hour_port", "bucket_at"},
                                           {"source_hour", "bucket_at"},
                                           {"source_day", "day_at"},
                                           {"rollup_day_port", "day_at"},
                                           {"rollup_hour_probe", "bucket_at"}}};

constexpr const char* kDays = R"(
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - DATE '1970-01-01' FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN apiary.retained r
     WHERE i.inhparent = 'apiary.session'::regclass AND c.relname ~ '_[0-9]{8}$'
       AND (to_date(right(c.relname, 8), 'YYYYMMDD') < r.rows_from) IS NOT TRUE ORDER BY 1)";
// As rollup_rebuild() locks them, so that what is compared is what it replaces.
constexpr const char* kLock =
    "LOCK TABLE apiary.rollup_5m_protocol, apiary.rollup_hour_protocol, apiary.rollup_hour_sensor, "
    "apiary.rollup_hour_country, apiary.rollup_hour_source, apiary.rollup_hour_credential, apiary.source_day, "
    "apiary.rollup_day_port, apiary.rollup_hour_probe IN SHARE ROW EXCLUSIVE MODE";
constexpr const char* kAudit =
    "INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES ($1, 'rollup_rebuild', "
    "(DATE '1970-01-01' + $2::int)::text, jsonb_build_object('differed', $3::text))";
constexpr std::string_view kRowsGone = "55000";

int number(sys_days day) {
    return static_cast<int>(day.time_since_epoch().count());
}

std::string midnight(sys_days day) {
    return "(TIMESTAMPTZ '1970-01-01 00:00+00' + " + std::to_string(number(day)) + " * interval '24 h')";
}

std::string rowsOf(const Rollup& rollup, sys_days day) {
    return std::string("SELECT * FROM apiary.") + rollup.name + " WHERE " + rollup.time + " >= " + midnight(day) +
           " AND " + rollup.time + " < " + midnight(day + std::chrono::days(1));
}

std::string notIn(const std::string& others, const std::string& rows) {
    return "(SELECT count(*) FROM (" + rows + " EXCEPT ALL " + others + ") x)";
}

/// How many rows differ from those of before. One with another count is one that went and one that came.
std::string differing(const Rollup& rollup, sys_days day) {
    const std::string was = std::string("SELECT * FROM pg_temp.before_") + rollup.name;
    const std::string is = rowsOf(rollup, day);
    return "SELECT greatest(" + notIn(is, was) + ", " + notIn(was, is) + ")";
}

}  // namespace

std::vector<sys_days> RollupRepository::days() {
    pqxx::work transaction(connection_.session());
    std::vector<sys_days> found;
    for (const auto& row : transaction.exec(kDays)) {
        found.emplace_back(std::chrono::days(row[0].as<int>()));
    }
    return found;
}

std::optional<RebuiltDay> RollupRepository::rebuild(sys_days day, const std::string& by) {
    {
        // Hours that are no longer kept are no difference.
        pqxx::work transaction(connection_.session());
        transaction.exec("SET LOCAL statement_timeout = 0; SELECT apiary.rollup_fold()");
        transaction.commit();
    }
    try {
        pqxx::work transaction(connection_.session());
        transaction.exec("SET LOCAL statement_timeout = 0");
        transaction.exec(kLock);
        for (const Rollup& rollup : kRollups) {
            transaction.exec(std::string("CREATE TEMP TABLE before_") + rollup.name + " ON COMMIT DROP AS " +
                             rowsOf(rollup, day));
        }
        RebuiltDay done;
        done.sessions = transaction
                            .exec1("SELECT apiary.rollup_rebuild(" + midnight(day) + ", " +
                                   midnight(day + std::chrono::days(1)) + ")")[0]
                            .as<std::uint64_t>();
        std::string words;
        for (const Rollup& rollup : kRollups) {
            const auto rows = transaction.exec1(differing(rollup, day))[0].as<std::uint64_t>();
            if (rows > 0) {
                done.differences.push_back({.rollup = rollup.name, .rows = rows});
                words += (words.empty() ? "" : ", ") + std::string(rollup.name) + " " + std::to_string(rows);
            }
        }
        if (!words.empty()) {
            transaction.exec_params0(kAudit, by, number(day), words);
        }
        transaction.commit();
        return done;
    } catch (const pqxx::sql_error& error) {
        if (error.sqlstate() == kRowsGone) {
            return std::nullopt;
        }
        throw;
    }
}

}  // namespace apiary::collector
