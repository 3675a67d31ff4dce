#include "collector/store/fold_repository.hpp"

#include "collector/store/column_values.hpp"

#include <pqxx/transaction>

#include <algorithm>
#include <chrono>

namespace apiary::collector {
namespace {

constexpr std::int64_t kTogether = 20'000;

constexpr const char* kTo = R"(
    SELECT (extract(epoch FROM least($1::timestamptz, now() - interval '10 min')) * 1000000)::bigint,
      EXISTS (SELECT FROM apiary.fold_service))";
constexpr const char* kFold = R"(
    SELECT (extract(epoch FROM upto) * 1000000)::bigint, folds, sessions
      FROM apiary.fold_write($1::timestamptz, $2::timestamptz, $3::smallint, $4::int))";
constexpr const char* kOn = R"(
    INSERT INTO apiary.fold_service(sensor_id, service, by) SELECT sensor_id, $2, $3 FROM apiary.sensor WHERE name = $1
      ON CONFLICT (sensor_id, service) DO UPDATE SET by = excluded.by)";
constexpr const char* kOff = R"(
    DELETE FROM apiary.fold_service k USING apiary.sensor n WHERE n.sensor_id = k.sensor_id AND n.name = $1
      AND k.service = $2 AND $3::text IS NOT NULL)";
constexpr const char* kAudit =
    "INSERT INTO apiary.audit_log(operator, action, target, refused) VALUES ($1, $2, $3, $4::boolean)";
constexpr const char* kServices = R"(
    SELECT n.name, k.service, to_char(k.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), k.by
      FROM apiary.fold_service k JOIN apiary.sensor n USING (sensor_id) ORDER BY 1, 2)";

ReportMoment momentOf(const pqxx::field& micros) {
    return ReportMoment(std::chrono::microseconds(micros.as<std::int64_t>()));
}

}  // namespace

Folded FoldRepository::fold(std::int16_t collectorId, ReportMoment from, ReportMoment to,
                            const std::function<bool()>& goOn) {
    Folded done;
    {
        pqxx::work transaction(connection_.session());
        const pqxx::row row = transaction.exec_params1(kTo, momentText(to));
        to = momentOf(row[0]);
        if (!row[1].as<bool>()) {
            return done;
        }
    }
    while (from < to && goOn()) {
        // No hour is folded in two steps unless it holds many: what is alike is found together.
        const auto hour = bucketOf(from, std::chrono::hours(1)) + std::chrono::hours(1);
        pqxx::work transaction(connection_.session());
        const pqxx::row row = transaction.exec_params1(kFold, momentText(from), momentText(std::min(hour, to)),
                                                       static_cast<int>(collectorId), kTogether);
        transaction.commit();
        from = momentOf(row[0]);
        done.folds += countOf(row[1]);
        done.sessions += countOf(row[2]);
    }
    return done;
}

bool FoldRepository::name(const std::string& sensor, const std::string& service, bool on, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const bool done = transaction.exec_params(on ? kOn : kOff, sensor, service, by).affected_rows() == 1;
    transaction.exec_params0(kAudit, by, on ? "fold_on" : "fold_off", sensor + " " + service, !done);
    transaction.commit();
    return done;
}

std::vector<FoldedService> FoldRepository::services() {
    pqxx::work transaction(connection_.session());
    std::vector<FoldedService> services;
    for (const auto& row : transaction.exec(kServices)) {
        services.push_back(
            {.sensor = textOf(row[0]), .service = textOf(row[1]), .since = textOf(row[2]), .by = textOf(row[3])});
    }
    return services;
}

}  // namespace apiary::collector
