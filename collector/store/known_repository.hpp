#pragma once

#include "collector/enrich/known_rules.hpp"
#include "collector/store/connection.hpp"
#include "common/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// A rule as people write it; what is empty fits everything.
struct KnownWish {
    std::string network;
    std::optional<int> port;
    std::string sensor;  // its name
    std::string protocol;
    std::string tag = "known-scanner";
    std::string owner;
    std::string reason;
    std::string expires;  // a day, 2027-01-31, whose start is meant, or a time that PostgreSQL reads
};

/// A rule in force, as people read it.
struct KnownEntry {
    std::int64_t number = 0;
    std::string what;  // `192.0.2.0/24, port 22, sensor ams-01, protocol ssh`
    std::string tag;
    std::string owner;
    std::string reason;
    std::string expires;  // `2027-01-31 00:00:00 UTC`, empty if never
    bool expired = false;
    std::string createdBy;
};

/// How much retag() went through and changed.
struct Retagged {
    std::uint64_t seen = 0;
    std::uint64_t changed = 0;
};

/// The rules for known traffic in the database. Uses the connection of its thread; blocks, and throws what libpqxx
/// throws. Each act leaves a row in audit_log.
class KnownRepository {
public:
    explicit KnownRepository(Connection& connection) : connection_(connection) {}

    /// Adds a rule, in force for what is committed from now on, and returns its number. An Error if it cannot be: a bad
    /// network, an unknown sensor, an expiry that has passed, a rule that fits everything, no owner or no reason.
    Result<std::int64_t> add(const KnownWish& wish, const std::string& by);

    std::vector<KnownEntry> list();

    /// Takes a rule out of force. An Error if there is none of that number.
    Status remove(std::int64_t number, const std::string& by);

    /// Gives everything since the start of that day (UTC; none: all that is kept) the tags that the rules in force now
    /// give: sessions, those that are open, and probes. One transaction for each few thousand rows, in which rollups
    /// move with the rows, so ingest waits for less than a second at a time. May be repeated, and begins again when the
    /// rules change meanwhile. Its beginning and its end leave a row in audit_log each; if it breaks off, the latter
    /// says how far it came and why, unless the database is gone. The connection must be the owner's: the writer cannot
    /// change what is written.
    Retagged retag(std::optional<std::chrono::sys_days> since, const std::string& by);

private:
    Connection& connection_;
};

}  // namespace apiary::collector
