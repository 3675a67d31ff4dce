#include "collector/store/ingest_lookups.hpp"

#include "collector/store/column_values.hpp"
#include "common/net/address.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>

namespace apiary::collector {
namespace {

constexpr std::int64_t kMostLanes = 10'000;  // of one sensor's spools, for ever

std::string microsText(std::chrono::system_clock::time_point at) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
    return "'epoch'::timestamptz + " + std::to_string(micros) + " * interval '1 us'";
}

/// Nothing is folded that is new, and of a new session nobody is asked.
std::string foldedQuestion(std::span<const Uuid> sessions) {
    return "SELECT u FROM apiary.folded_among(ARRAY(SELECT i FROM unnest('" + uuidArray(sessions) +
           "'::uuid[]) i WHERE apiary.uuid_time(i) < now() - interval '10 min')) u";
}

}  // namespace

void prepareLookups(pqxx::connection_base& session) {
    session.prepare("sensor",
                    "SELECT s.sensor_id, s.revoked_at IS NOT NULL, "
                    "(SELECT count(*) FROM apiary.ingest_stream i WHERE i.sensor_id = s.sensor_id) "
                    "FROM apiary.sensor s WHERE s.sensor_uuid = $1");
    session.prepare("register",
                    "INSERT INTO apiary.ingest_stream(stream_id, lane, sensor_id) VALUES ($1, $2, $3) "
                    "ON CONFLICT DO NOTHING");
    session.prepare("positions", "SELECT lane, last_seq, sensor_id FROM apiary.ingest_stream WHERE stream_id = $1");
    session.prepare("open",
                    "SELECT session_id, sensor_id, host(source), protocol FROM apiary.session_open "
                    "WHERE session_id = ANY ($1::uuid[])");
    session.prepare("reopen", "SELECT count(*) FROM apiary.reopen_unfinished($1::uuid[])");
    session.prepare("open_counts",
                    "SELECT sensor_id, count(*) FROM apiary.session_open WHERE sensor_id = ANY ($1::int[]) GROUP BY 1");
}

std::variant<Admission, Refusal> admitSensor(pqxx::connection_base& session, const Uuid& sensor, const Uuid& stream,
                                             std::span<const std::int16_t> lanes) {
    pqxx::work transaction(session, "admit");
    const pqxx::result known = transaction.exec_prepared("sensor", sensor.text());
    if (known.empty()) {
        return Refusal{"sensor " + sensor.text() + " is not in the table sensor: issue it a certificate here"};
    }
    if (known[0][1].as<bool>()) {
        return Refusal{"sensor " + sensor.text() + " is revoked"};
    }
    if (known[0][2].as<std::int64_t>() >= kMostLanes) {
        return Refusal{
            "sensor " + sensor.text() + " has used " + std::to_string(kMostLanes) +
            " lanes: no honest spool needs so many; revoke it, or issue it a certificate under another name"};
    }
    Admission admission{.sensorId = known[0][0].as<std::int32_t>(), .stream = stream, .positions = {}};
    for (const std::int16_t lane : lanes) {
        admission.positions[lane] = 0;
    }
    if (!lanes.empty()) {
        transaction.exec_prepared("register", stream.text(), lanes.front(), admission.sensorId);  // who owns the spool
    }
    for (const auto& row : transaction.exec_prepared("positions", stream.text())) {
        if (row[2].as<std::int32_t>() != admission.sensorId) {
            return Refusal{"sensor " + sensor.text() + " sends spool " + stream.text() +
                           ", which is another sensor's: give it a spool of its own"};
        }
        admission.positions[row[0].as<std::int16_t>()] = row[1].as<std::int64_t>();
    }
    transaction.exec(kWaitsForTheDisk);
    transaction.commit();
    return admission;
}

std::optional<std::int64_t> lanePosition(pqxx::connection_base& session, std::int32_t sensorId, const Uuid& stream,
                                         std::int16_t lane) {
    pqxx::work transaction(session, "position");
    transaction.exec_prepared("register", stream.text(), lane, sensorId);
    std::optional<std::int64_t> position;
    bool others = false;
    for (const auto& row : transaction.exec_prepared("positions", stream.text())) {
        const bool own = row[2].as<std::int32_t>() == sensorId;
        others = others || !own;
        if (own && row[0].as<std::int16_t>() == lane) {
            position = row[1].as<std::int64_t>();
        }
    }
    if (others) {
        return std::nullopt;  // and what was registered here is not
    }
    transaction.exec(kWaitsForTheDisk);
    transaction.commit();
    return position;
}

SessionOwners openSessions(pqxx::connection_base& session, std::span<const Uuid> sessions) {
    pqxx::work transaction(session, "open");
    SessionOwners owners;
    const auto look = [&](std::span<const Uuid> wanted) {
        for (const auto& row : transaction.exec_prepared("open", uuidArray(wanted))) {
            const auto id = Uuid::parse(row[0].c_str());
            const auto source = parseAddress(row[2].c_str());
            if (id && source) {
                owners[*id] = {.sensorId = row[1].as<std::int32_t>(), .source = *source, .protocol = row[3].c_str()};
            }
        }
    };
    look(sessions);
    std::vector<Uuid> others;
    std::ranges::copy_if(sessions, std::back_inserter(others), [&](const Uuid& id) { return !owners.contains(id); });
    if (!others.empty() && transaction.exec_prepared1("reopen", uuidArray(others))[0].as<std::int64_t>() > 0) {
        look(others);
        transaction.commit();
    }
    return owners;
}

std::size_t closeStaleSessions(pqxx::connection_base& session, std::int16_t collectorId, std::int32_t sensorId,
                               std::chrono::system_clock::time_point before, const std::string& reason, int most) {
    pqxx::work transaction(session, "stale");
    const auto closed = transaction
                            .exec_params1("SELECT count(*) FROM apiary.close_stale($1::int, " + microsText(before) +
                                              ", $2::smallint, $3, $4::int)",
                                          sensorId, static_cast<int>(collectorId), reason, most)[0]
                            .as<std::size_t>();
    transaction.commit();
    return closed;
}

std::vector<Uuid> endedSessions(pqxx::connection_base& session, std::span<const Uuid> sessions) {
    std::vector<Uuid> ended;
    if (sessions.empty()) {
        return ended;
    }
    const auto [first, last] = std::ranges::minmax(sessions, {}, [](const Uuid& id) { return id.time(); });
    // Planned each time, for the days of these sessions alone; and never by reading a partition of which the planner
    // believes that it is still as empty as at midnight.
    const std::string question =
        "SET LOCAL enable_seqscan = off; SELECT session_id FROM apiary.session WHERE "
        "session_id = ANY ('" +
        uuidArray(sessions) + "'::uuid[]) AND started_at >= " + microsText(first.time()) +
        " AND started_at <= " + microsText(last.time()) + " UNION ALL " + foldedQuestion(sessions);
    pqxx::nontransaction transaction(session, "ended");
    for (const auto& row : transaction.exec(question)) {
        if (const auto id = Uuid::parse(row[0].c_str())) {
            ended.push_back(*id);
        }
    }
    return ended;
}

bool anyFolded(pqxx::connection_base& session, std::span<const Uuid> sessions) {
    pqxx::nontransaction transaction(session, "folded");
    return !sessions.empty() && !transaction.exec(foldedQuestion(sessions)).empty();
}

std::vector<Uuid> unheardOf(pqxx::connection_base& session, const Uuid& stream, std::int16_t lane,
                            std::span<const SessionSink::Ending> endings) {
    std::vector<Uuid> sessions;
    std::ranges::transform(endings, std::back_inserter(sessions), &SessionSink::Ending::session);
    std::set<Uuid> known;
    std::ranges::copy(endedSessions(session, sessions), std::inserter(known, known.end()));
    std::erase_if(sessions, [&](const Uuid& id) { return known.contains(id); });
    if (sessions.empty()) {
        return sessions;
    }
    pqxx::work transaction(session, "unheard of");
    const auto forget = [&](const pqxx::result& rows) {
        for (const auto& row : rows) {
            known.insert(Uuid::parse(row[0].c_str()).value_or(Uuid{}));
        }
    };
    forget(transaction.exec_prepared("open", uuidArray(sessions)));
    const auto aside = transaction.exec_params(
        "SELECT seq FROM apiary.quarantine WHERE stream_id = $1 AND lane = $2 AND seq BETWEEN $3 AND $4", stream.text(),
        lane, endings.front().seq, endings.back().seq);
    for (const auto& row : aside) {
        const auto found = std::ranges::find(endings, row[0].as<std::int64_t>(), &SessionSink::Ending::seq);
        if (found != endings.end()) {
            known.insert(found->session);
        }
    }
    std::erase_if(sessions, [&](const Uuid& id) { return known.contains(id); });
    // What was not even kept in quarantine nobody can tell from what never came.
    const bool dropped =
        transaction
            .exec_params1(
                "SELECT EXISTS (SELECT FROM apiary.quarantine_use WHERE dropped_records > 0 AND sensor_id IN "
                "(SELECT sensor_id FROM apiary.ingest_stream WHERE stream_id = $1))",
                stream.text())[0]
            .as<bool>();
    return dropped ? std::vector<Uuid>() : sessions;
}

OpenCounts openCounts(pqxx::connection_base& session, std::span<const std::int32_t> sensors) {
    std::string list = "{";
    for (const std::int32_t sensor : sensors) {
        list += (list.size() > 1 ? "," : "") + std::to_string(sensor);
    }
    pqxx::work transaction(session, "open counts");
    OpenCounts counts;
    for (const auto& row : transaction.exec_prepared("open_counts", list + "}")) {
        counts[row[0].as<std::int32_t>()] = row[1].as<std::int64_t>();
    }
    return counts;
}

}  // namespace apiary::collector
