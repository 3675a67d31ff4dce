#include "collector/store/stored_rows.hpp"

#include "collector/store/column_values.hpp"
#include "collector/store/report_scope.hpp"

#include <pqxx/transaction>

#include <algorithm>
#include <string>

namespace apiary::collector {
namespace {

constexpr std::int64_t kPage = 5000;

// Days count from 1970.
constexpr const char* kDays = R"(
    SELECT least((extract(epoch FROM date_trunc('day', now(), 'UTC')) / 86400)::int - retention_days,
        (SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')) - DATE '1970-01-01' FROM pg_inherits i
           JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent IN ('apiary.session'::regclass, 'apiary.probe'::regclass) AND c.relname ~ '_[0-9]{8}$'),
        (SELECT floor(extract(epoch FROM min(started_at)) / 86400)::int FROM apiary.session_open)),
      (extract(epoch FROM date_trunc('day', now(), 'UTC')) / 86400)::int + ahead_days FROM apiary.policy)";

// A page: those whose ids follow $1, up to $2.
constexpr const char* kSessions = R"(
    SELECT session_id, host(source), target_port, sensor_id, protocol, tags, country, asn FROM apiary.session
     WHERE session_id >= $1::uuid AND session_id < $2::uuid AND started_at >= $3::timestamptz AND started_at < $4::timestamptz
     ORDER BY session_id LIMIT $5::bigint)";
constexpr const char* kProbes = R"(
    SELECT probe_id, host(source), coalesce(target_port, 0), sensor_id, '', tags, country, asn FROM apiary.probe
     WHERE probe_id >= $1::uuid AND probe_id < $2::uuid AND started_at >= $3::timestamptz AND started_at < $4::timestamptz
     ORDER BY probe_id LIMIT $5::bigint)";
constexpr const char* kOpen = R"(
    SELECT session_id, host(source), target_port, sensor_id, protocol, tags, country, asn FROM apiary.session_open
     WHERE session_id >= $1::uuid AND session_id < $2::uuid AND started_at >= $3::timestamptz AND started_at < $4::timestamptz
     ORDER BY session_id LIMIT $5::bigint)";

constexpr const char* kFolds = R"(
    SELECT fold_id, host(source), target_port, sensor_id, protocol, tags, country, asn FROM apiary.session_fold
     WHERE fold_id >= $1::uuid AND fold_id < $2::uuid AND started_at >= $3::timestamptz AND started_at < $4::timestamptz
     ORDER BY fold_id LIMIT $5::bigint)";

const char* pageOf(StoredKind kind) {
    switch (kind) {
        case StoredKind::Folds:
            return kFolds;
        case StoredKind::Sessions:
            return kSessions;
        case StoredKind::Open:
            return kOpen;
        default:
            return kProbes;
    }
}

// The id behind this one.
Uuid after(Uuid id) {
    for (std::size_t i = id.bytes.size(); i-- > 0;) {
        if (++id.bytes[i] != 0) {
            break;
        }
    }
    return id;
}

}  // namespace

StoredDays storedDays(pqxx::transaction_base& transaction, std::optional<std::chrono::sys_days> since) {
    using std::chrono::days;
    using std::chrono::sys_days;
    const auto kept = transaction.exec1(kDays);
    return {.first = std::max(sys_days(days(kept[0].as<int>())), since.value_or(sys_days::min())),
            .last = sys_days(days(kept[1].as<int>()))};
}

bool walkDay(Connection& connection, StoredKind kind, std::chrono::sys_days day,
             const std::function<bool(pqxx::transaction_base&)>& begin,
             const std::function<void(pqxx::transaction_base&, const pqxx::result&)>& change) {
    const ReportMoment from(day);
    const ReportMoment to(day + std::chrono::days(1));
    Uuid next = firstIdFrom(from);
    for (bool more = true; more;) {
        pqxx::work transaction(connection.session());
        if (!begin(transaction)) {
            return false;
        }
        const auto rows = transaction.exec_params(pageOf(kind), next.text(), firstIdFrom(to).text(), momentText(from),
                                                  momentText(to), kPage);
        change(transaction, rows);
        transaction.commit();
        more = static_cast<std::int64_t>(rows.size()) == kPage;
        if (more) {
            next = after(uuidOf(rows.back()[0]));
        }
    }
    return true;
}

}  // namespace apiary::collector
