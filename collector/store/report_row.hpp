#pragma once

#include "proto/apiary/v1/report.pb.h"

#include <pqxx/result>

#include <string>

namespace apiary::collector {

inline const std::string kFirstSeenColumn =
    "(SELECT (extract(epoch FROM min(o.first_seen_at)) * 1000000)::bigint FROM apiary.source o WHERE o.address = "
    "s.source)";

/// What a statement selects of ended sessions, which are `s` in its FROM, with endedJoins() behind them: readRow()
/// reads it. Of ended ones two columns follow, journal_path and journal_sha256.
inline const std::string kEndedRow =
    R"(
    SELECT s.session_id, (extract(epoch FROM s.started_at) * 1000000)::bigint,
      (extract(epoch FROM s.ended_at) * 1000000)::bigint, s.sensor_id, n.name, host(s.source), s.source_port, host(s.target),
      s.target_port, s.transport, s.protocol, s.detected, s.outcome, s.bytes_in, s.bytes_out, s.packets, s.credentials,
      s.commands, s.artifacts, s.login_accepted, s.country, s.tags, s.traffic, s.asn, a.name, f.username_text, f.secret_text, )" +
    kFirstSeenColumn + ", s.journal_path, s.journal_sha256 ";
/// The same of open ones, with kOpenJoins.
inline const std::string kOpenRow =
    R"(
    SELECT s.session_id, (extract(epoch FROM s.started_at) * 1000000)::bigint, 0::bigint, s.sensor_id, n.name, host(s.source),
      s.source_port, host(s.target), s.target_port, s.transport, s.protocol, NULL, 'open', 0, 0, 0, 0, 0, 0, false, s.country,
      s.tags, s.traffic, s.asn, a.name, NULL, NULL, )" +
    kFirstSeenColumn + ", NULL, NULL ";
/// Where readRow() ends.
inline constexpr int kRowColumns = 28;

inline const std::string kOpenJoins =
    " s LEFT JOIN apiary.sensor n USING (sensor_id) LEFT JOIN apiary.network_name a ON a.asn = s.asn ";
/// `near` bounds c.started_at, so that only those partitions of the credentials are planned that it fits.
inline std::string endedJoins(const std::string& near) {
    return kOpenJoins +
           "LEFT JOIN LATERAL (SELECT c.username_text, c.secret_text FROM apiary.credential c WHERE s.credentials > 0 "
           "AND c.session_id = s.session_id AND c.started_at = s.started_at AND " +
           near + " ORDER BY c.seq LIMIT 1) f ON true ";
}

void readRow(const pqxx::row& from, v1::SessionRow& row);

}  // namespace apiary::collector
