#pragma once

#include "collector/store/connection.hpp"
#include "collector/store/report_filter.hpp"
#include "collector/store/report_scope.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace apiary::collector {

/// The key of a page of sessions or probes: the row that it begins behind.
struct PageKey {
    std::optional<Uuid> before;  // none: from the newest
};

/// Answers people's questions from the database. Uses the connection of its thread; each call is one read-only
/// transaction of one moment, blocks, and throws what libpqxx throws.
///
/// Sessions are counted and listed when they have ended; those that are open are in listOpen() alone. Whole buckets
/// come from rollups and the ends of a range from rows, so every count is exactly the number of rows that
/// listSessions() lists for the same scope, as long as retention has left them. Where the rows are gone, an end of a
/// range counts as a whole bucket; what no rollup knows throws RowsGone, or is no comparison. Protocols do not apply to
/// probes; those that went before there was a rollup of them are in no count.
class ReportReader {
public:
    explicit ReportReader(Connection& connection, const SearchLimits& limits = {});

    /// With `compare` also the range of equal length before.
    v1::TotalsReply totals(const ReportScope& scope, bool compare = false);

    /// Zeros included: each protocol has a count for every bucket. The busiest protocol first. Of sources and new
    /// sources there is one series, of no protocol. With one kind of traffic and one collector, hours come from
    /// apiary.source_hour; those that are older than policy.hour_source_days as they were counted then.
    v1::SeriesReply series(const ReportScope& scope, std::chrono::seconds step,
                           v1::SeriesField field = v1::SERIES_FIELD_SESSIONS);

    /// By day of the week and hour, UTC: 168 counts.
    v1::ActivityReply activity(const ReportScope& scope);

    /// The largest first, at most `limit`. Keys: an address, `user / secret` (escaped, 256 characters of each), a
    /// protocol, `21/tcp`, a sensor's name, a country, a normalized command, a SHA-256 in hex, AS64500, a scan tool.
    /// Neither unknown country nor network leads where none is known. Sources have country and network beside them, if
    /// known. With `compare` also how often each came in the range of equal length before.
    v1::TopNReply top(const ReportScope& scope, v1::TopField field, std::uint32_t limit, bool compare = false);

    v1::ListSessionsReply listSessions(const ReportScope& scope, const PageKey& page, std::uint32_t limit,
                                       const SessionFilter& filter = {});

    /// What listSessions() lists in all pages together, of how many sources, and how often they did the one thing that
    /// the filter names. With a filter, counting stops at 100,000 sessions; even so, one that names nothing but that a
    /// login was tried has all the tries, and one that names nothing but new sources has all of these.
    v1::CountSessionsReply count(const ReportScope& scope, const SessionFilter& filter);

    /// At most 10,000 events, 4 MiB of their bytes and 6 MiB of transcript; nothing if there is no such session.
    std::optional<v1::SessionDetail> session(const Uuid& id);

    /// Of the scope's sensors, protocols and traffic; neither its range nor its source matter.
    v1::ListOpenReply listOpen(const ReportScope& scope, std::uint32_t limit);

    /// Probes with the marks of a tool, newest first; on the first page also how many there are.
    v1::ListProbesReply listProbes(const ReportScope& scope, const std::string& tool, const PageKey& page,
                                   std::uint32_t limit);

    /// The name of every sensor, by its number.
    std::map<std::int32_t, std::string> sensorNames();

private:
    Connection& connection_;
    const SearchLimits limits_;
};

/// A connection for reports: it cannot write, and a statement is cut off after `longest`.
std::unique_ptr<Connection> openForReports(const std::string& dsn, std::chrono::milliseconds longest);

}  // namespace apiary::collector
