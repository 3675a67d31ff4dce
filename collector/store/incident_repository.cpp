#include "collector/store/incident_repository.hpp"

#include "collector/store/column_values.hpp"
#include "collector/watch/notice_text.hpp"

#include <pqxx/except>
#include <pqxx/result>
#include <pqxx/transaction>

#include <utility>

namespace apiary::collector {
namespace {

using Act = IncidentPlan::Act;
using Time = Trouble::Time;

constexpr const char* kNull = nullptr;

// One that has never reported may be any collector's: it is watched where it is connected.
constexpr const char* kSensors = R"(
    SELECT n.sensor_id, n.name, n.revoked_at IS NOT NULL, (extract(epoch FROM s.reported_at) * 1000000)::bigint,
           coalesce(q.arrived, 0), coalesce(q.dropped_records, 0), coalesce(q.bytes, 0), p.quarantine_bytes,
           (SELECT count(*) FROM apiary.manifest_piece m WHERE m.sensor_id = n.sensor_id AND m.flaw IS NOT NULL),
           (SELECT count(*) FROM apiary.gap g WHERE g.sensor_id = n.sensor_id AND g.what IN ('spool', 'restore'))
      FROM apiary.policy p CROSS JOIN apiary.sensor n LEFT JOIN apiary.sensor_state s USING (sensor_id)
      LEFT JOIN apiary.quarantine_use q USING (sensor_id)
     WHERE s.collector_id = $1::smallint OR s.sensor_id IS NULL)";

// Of each service of $1, $2 the newest 200 sessions of 14 days; of folded ones, which are older, only when the last
// came. Loopback is next to itself: nothing hides anybody there.
constexpr const char* kRecent = R"(
    SELECT k.sensor_id, k.service, (extract(epoch FROM greatest(n.last_at, o.last_at, f.last_at)) * 1000000)::bigint, n.recent,
           n.from_one, host(n.one), n.near
      FROM unnest($1::int[], $2::text[]) k(sensor_id, service)
      CROSS JOIN LATERAL (
        WITH r AS MATERIALIZED (SELECT s.started_at, s.source, (s.source_scope IN ('private', 'own')
            OR host(s.source) = host(s.target) OR s.source <<= '100.64.0.0/10')
            AND NOT (s.target <<= '127.0.0.0/8' OR host(s.target) = '::1') AS near
          FROM apiary.session s WHERE s.sensor_id = k.sensor_id AND s.service = k.service AND s.traffic <> 'self-test'
            AND s.started_at > $3::timestamptz - interval '14 days' ORDER BY s.started_at DESC LIMIT 200),
        t AS (SELECT source, count(*) AS from_one, bool_and(near) AS near FROM r GROUP BY source
          ORDER BY 2 DESC, 1 LIMIT 1)
        SELECT (SELECT max(started_at) FROM r) AS last_at, (SELECT count(*) FROM r) AS recent,
          coalesce((SELECT from_one FROM t), 0) AS from_one, (SELECT source FROM t) AS one,
          coalesce((SELECT near FROM t), false) AS near) n
      CROSS JOIN LATERAL (SELECT max(started_at) AS last_at FROM apiary.session_open s
        WHERE s.sensor_id = k.sensor_id AND s.service = k.service AND s.traffic <> 'self-test') o
      CROSS JOIN LATERAL (SELECT max(last_at) AS last_at FROM apiary.session_fold s
        WHERE s.sensor_id = k.sensor_id AND s.service = k.service AND s.traffic <> 'self-test'
          AND s.started_at > $3::timestamptz - interval '14 days') f)";

constexpr const char* kGaps = R"(
    SELECT count(*), (extract(epoch FROM percentile_disc(0.999) WITHIN GROUP (ORDER BY gap)) * 1000000)::bigint
      FROM (SELECT started_at - lag(started_at) OVER (ORDER BY started_at) AS gap FROM (
        SELECT started_at FROM ((SELECT s.started_at FROM apiary.session s WHERE s.sensor_id = $1::int AND s.service = $2
           AND s.traffic <> 'self-test' AND s.started_at > $3::timestamptz - interval '14 days'
         ORDER BY s.started_at DESC LIMIT 20001) UNION ALL
         (SELECT started_at FROM apiary.folded_newest($1::int, $2, $3::timestamptz - interval '14 days', 20001) started_at)) b
         ORDER BY started_at DESC LIMIT 20001) newest) gaps WHERE gap IS NOT NULL)";

constexpr const char* kLoad = R"(
    SELECT i.incident_id, i.rule, coalesce(i.sensor_id, 0), coalesce(n.name, ''), i.service, i.subject, i.severity,
           (extract(epoch FROM i.since_at) * 1000000)::bigint, i.title, t.times, t.lasting,
           (extract(epoch FROM t.ended_at) * 1000000)::bigint, t.counted, t.changed, t.told,
           (extract(epoch FROM t.told_at) * 1000000)::bigint, i.advice
      FROM apiary.incident_telling t JOIN apiary.incident i USING (incident_id) LEFT JOIN apiary.sensor n USING (sensor_id)
     WHERE t.collector_id = $1::smallint)";

constexpr const char* kOpen = R"(
    INSERT INTO apiary.incident(rule, severity, title, collector_id, sensor_id, service, subject, since_at, opened_at,
           advice)
    VALUES ($1, $2::smallint, $3, $4::smallint, nullif($5::int, 0), $6, $7, $8::timestamptz, $9::timestamptz, $10) RETURNING incident_id)";

constexpr const char* kKeepTelling = R"(
    INSERT INTO apiary.incident_telling(incident_id, collector_id, times, lasting, ended_at, counted, changed, told, told_at)
    VALUES ($1::bigint, $2::smallint, $3::bigint, $4::boolean, $5::timestamptz, $6::numeric::bigint, $7::boolean, $8,
            $9::timestamptz)
    ON CONFLICT (incident_id) DO UPDATE SET times = excluded.times, lasting = excluded.lasting,
           ended_at = excluded.ended_at, counted = excluded.counted, changed = excluded.changed, told = excluded.told,
           told_at = excluded.told_at)";

constexpr const char* kAddNotice = R"(
    INSERT INTO apiary.notice(collector_id, incident_id, channel, made_at, next_try_at, body)
    VALUES ($1::smallint, $2::bigint, $3, $4::timestamptz, $4::timestamptz, $5))";

constexpr const char* kDropNotices = R"(
    UPDATE apiary.notice SET dropped_at = $2::timestamptz, problem = coalesce(problem || '; ', '') || 'too many waited'
     WHERE collector_id = $1::smallint AND notice_id IN (SELECT notice_id FROM (
       SELECT notice_id, row_number() OVER (PARTITION BY channel ORDER BY notice_id DESC) AS place FROM apiary.notice
        WHERE collector_id = $1::smallint AND delivered_at IS NULL AND dropped_at IS NULL) x WHERE place > $3::int))";

std::string momentText(Time at) {
    return collector::momentText(std::chrono::floor<std::chrono::microseconds>(at));
}

std::optional<Time> timeOf(const pqxx::field& micros) {
    return micros.is_null() ? std::nullopt : std::optional(Time(std::chrono::microseconds(micros.as<std::int64_t>())));
}

std::optional<NoticeEvent> eventOf(const std::string& text) {
    for (const auto event : {NoticeEvent::Began, NoticeEvent::Lasts, NoticeEvent::Ended}) {
        if (text == eventText(event)) {
            return event;
        }
    }
    return std::nullopt;
}

Incident incidentOf(const pqxx::row& row) {
    Incident incident{.id = row[0].as<std::int64_t>(),
                      .trouble = {.key = {.sensorId = row[2].as<std::int32_t>(),
                                          .kind = parseTroubleKind(textOf(row[1])).value_or(TroubleKind::Limit),
                                          .service = textOf(row[4]),
                                          .subject = textOf(row[5])},
                                  .sensor = textOf(row[3]),
                                  .severity = static_cast<Severity>(row[6].as<int>()),
                                  .since = timeOf(row[7]).value_or(Time()),
                                  .count = countOf(row[12]),
                                  .brief = textOf(row[8]),
                                  .remedy = textOf(row[16])}};
    incident.times = countOf(row[9]);
    incident.lasting = row[10].as<bool>();
    incident.endedAt = timeOf(row[11]);
    incident.changed = row[13].as<bool>();
    incident.told = eventOf(textOf(row[14]));
    incident.toldAt = timeOf(row[15]).value_or(Time());
    return incident;
}

/// Writes one plan, inside its transaction.
class PlanWriter {
public:
    PlanWriter(pqxx::transaction_base& transaction, const IncidentRepository::Settings& settings, Time now)
        : transaction_(transaction), settings_(settings), id_(settings.collectorId), now_(momentText(now)) {}

    void write(IncidentPlan::Change& change) {
        if (change.act == Act::Opened) {
            open(change.incident);
        }
        if (change.act == Act::Opened || change.act == Act::Reopened || change.act == Act::Closed) {
            transaction_.exec_params0(
                "INSERT INTO apiary.incident_change(incident_id, operator, state) VALUES ($1::bigint, $2, $3)",
                change.incident.id, "collector " + settings_.collector, change.act == Act::Closed ? "closed" : "new");
        }
        keepTelling(change);
        if (change.notice) {
            addNotice(std::to_string(change.incident.id).c_str(), noticeJson(change.incident, settings_.collector));
        }
    }
    void addNotice(const char* incident, const std::string& body) {
        for (const auto& channel : settings_.channels) {
            transaction_.exec_params0(kAddNotice, id_, incident, channel, now_, body);
        }
        added_ = true;
    }
    /// Returns how many notices were dropped.
    std::size_t finish(const NoticeAllowance& allowance) {
        if (!added_) {
            return 0;
        }
        transaction_.exec_params0(
            "INSERT INTO apiary.notice_hour VALUES ($1::smallint, $2::timestamptz, $3::int, $4::int) ON CONFLICT "
            "(collector_id) DO UPDATE SET hour_at = excluded.hour_at, sent = excluded.sent, held = excluded.held",
            id_, momentText(allowance.hourAt), allowance.sent, allowance.held);
        const std::size_t overflowed =
            transaction_.exec_params(kDropNotices, id_, now_, IncidentRepository::kMostWaiting).affected_rows();
        transaction_.exec_params0(
            "DELETE FROM apiary.notice WHERE collector_id = $1::smallint AND made_at < "
            "$2::timestamptz - interval '7 days'",
            id_, now_);
        return overflowed;
    }

private:
    void open(Incident& incident) {
        const auto& trouble = incident.trouble;
        incident.id =
            transaction_
                .exec_params1(kOpen, std::string(kindText(trouble.key.kind)), static_cast<int>(trouble.severity),
                              trouble.brief, id_, trouble.key.sensorId, trouble.key.service, trouble.key.subject,
                              momentText(trouble.since), now_, trouble.remedy)[0]
                .as<std::int64_t>();
    }
    void keepTelling(const IncidentPlan::Change& change) {
        const auto& incident = change.incident;
        if (change.act == Act::Forgotten) {
            transaction_.exec_params0("DELETE FROM apiary.incident_telling WHERE incident_id = $1::bigint",
                                      incident.id);
            return;
        }
        const std::string ended = incident.endedAt ? momentText(*incident.endedAt) : "";
        const std::string told(incident.told ? eventText(*incident.told) : "");
        const std::string toldAt = momentText(incident.toldAt);
        transaction_.exec_params0(kKeepTelling, incident.id, id_, incident.times, incident.lasting,
                                  incident.endedAt ? ended.c_str() : kNull, incident.trouble.count, incident.changed,
                                  incident.told ? told.c_str() : kNull, incident.told ? toldAt.c_str() : kNull);
    }

    pqxx::transaction_base& transaction_;
    const IncidentRepository::Settings& settings_;
    const int id_;
    const std::string now_;
    bool added_ = false;
};

}  // namespace

IncidentRepository::IncidentRepository(Settings settings) : settings_(std::move(settings)) {}

template <typename Use>
auto IncidentRepository::with(Use use) {
    if (!connection_) {
        connection_ = std::make_unique<Connection>(settings_.dsn, "apiary-collector watch");
    }
    try {
        pqxx::work transaction(connection_->session());
        if constexpr (std::is_void_v<decltype(use(transaction))>) {
            use(transaction);
            transaction.commit();
        } else {
            auto result = use(transaction);
            transaction.commit();
            return result;
        }
    } catch (const pqxx::broken_connection&) {
        connection_.reset();
        throw;
    } catch (const pqxx::in_doubt_error&) {
        connection_.reset();
        throw;
    }
}

std::vector<IncidentStore::KnownSensor> IncidentRepository::sensors() {
    return with([&](pqxx::transaction_base& transaction) {
        std::vector<KnownSensor> sensors;
        for (const auto& row : transaction.exec_params(kSensors, static_cast<int>(settings_.collectorId))) {
            sensors.push_back({.sensorId = row[0].as<std::int32_t>(),
                               .name = textOf(row[1]),
                               .revoked = row[2].as<bool>(),
                               .reportedAt = timeOf(row[3]),
                               .odd = {.quarantined = countOf(row[4]),
                                       .dropped = countOf(row[5]),
                                       .quarantineBytes = countOf(row[6]),
                                       .quarantineQuota = countOf(row[7]),
                                       .flawedPieces = countOf(row[8]),
                                       .lostSpools = countOf(row[9])}});
        }
        return sensors;
    });
}

void IncidentRepository::readRecent(std::span<const ServiceKey> services, Time now, ServiceHistories& into) {
    std::vector<std::int32_t> sensors;
    std::vector<std::string> names;
    for (const auto& [sensor, name] : services) {
        sensors.push_back(sensor);
        names.push_back(name);
    }
    with([&](pqxx::transaction_base& transaction) {
        for (const auto& row :
             transaction.exec_params(kRecent, arrayText(sensors), arrayText(names), momentText(now))) {
            auto& history = into[{row[0].as<std::int32_t>(), textOf(row[1])}];
            history.lastSession = timeOf(row[2]);
            history.recent = countOf(row[3]);
            history.fromOne = countOf(row[4]);
            history.one = textOf(row[5]);
            history.oneIsNear = row[6].as<bool>();
        }
    });
}

void IncidentRepository::readGaps(const ServiceKey& service, Time now, ServiceHistory& into) {
    with([&](pqxx::transaction_base& transaction) {
        const auto row = transaction.exec_params1(kGaps, service.first, service.second, momentText(now));
        into.gaps = countOf(row[0]);
        into.longGap = std::chrono::microseconds(countOf(row[1]));
    });
}

IncidentStore::Stored IncidentRepository::load() {
    return with([&](pqxx::transaction_base& transaction) {
        Stored stored;
        const int id = settings_.collectorId;
        for (const auto& row : transaction.exec_params(kLoad, id)) {
            stored.incidents.push_back(incidentOf(row));
        }
        for (const auto& row : transaction.exec_params(
                 "SELECT (extract(epoch FROM hour_at) * 1000000)::bigint, sent, held FROM apiary.notice_hour "
                 "WHERE collector_id = $1::smallint",
                 id)) {
            stored.allowance = {.hourAt = timeOf(row[0]).value_or(Time()),
                                .sent = static_cast<std::uint32_t>(countOf(row[1])),
                                .held = static_cast<std::uint32_t>(countOf(row[2]))};
        }
        return stored;
    });
}

void IncidentRepository::save(IncidentPlan& plan, Time now) {
    overflowed_ += with([&](pqxx::transaction_base& transaction) {
        PlanWriter writer(transaction, settings_, now);
        if (plan.heldBack > 0) {
            writer.addNotice(kNull, heldBackJson(plan.heldBack, plan.lasting, settings_.collector));
        }
        for (auto& change : plan.changes) {
            writer.write(change);
        }
        return writer.finish(plan.allowance);
    });
}

}  // namespace apiary::collector
