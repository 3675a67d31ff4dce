#pragma once

#include "common/crypto/digest.hpp"
#include "common/net/endpoint.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// A time as the database keeps it.
using Moment = std::chrono::sys_time<std::chrono::microseconds>;

/// The rows of an ingest transaction, one struct for each table, in the database's own terms and ready to be written:
/// lengths, ranges and characters have been checked. Bytes of an attacker are in members named so; text is printable.

/// What is known of a session when it begins.
struct OpenRow {
    Uuid session;
    Moment startedAt;  // the millisecond of the id
    std::int32_t sensorId = 0;
    Endpoint source;
    Endpoint target;
    std::string transport;  // tcp, udp
    std::string service;
    std::string protocol;
    std::string persona;
    std::string scope;                // of the source: internet, private, own, special
    std::string syn;                  // bytes
    std::vector<std::string> tags{};  // of known traffic, given by the sink
    bool visit = false;               // of the agent itself, to try its service
    std::string country{};            // of the source, as the two below given by the sink; empty or 0: unknown
    std::uint32_t network = 0;        // its autonomous system
    std::string networkName{};
};

/// A session that has ended.
struct ClosedRow {
    OpenRow head;
    Moment endedAt;
    std::string outcome;
    std::string detected;  // the protocol that was spoken, where it differs
    std::int64_t bytesIn = 0;
    std::int64_t bytesOut = 0;
    std::int32_t packets = 0;
    std::int32_t events = 0;
    std::int32_t credentials = 0;
    std::int32_t commands = 0;
    std::int32_t artifacts = 0;
    bool loginAccepted = false;
    std::optional<Sha256Digest> commandDigest;
    std::int32_t clockOffsetMs = 0;
    std::string journalPath;
    std::optional<Sha256Digest> journalDigest;
};

/// event.kind
enum class EventKind : std::int16_t { Received = 0, Sent = 1, Tls = 2, Channel = 3, Anomaly = 4, Gap = 5 };

struct EventRow {
    Uuid session;
    std::int32_t seq = 0;
    Moment at;
    EventKind kind = EventKind::Received;
    std::int16_t channel = 0;
    std::string bytes;
};

/// What the rows of evidence have in common.
struct EvidenceKey {
    Uuid session;
    std::int32_t seq = 0;
    Moment at;
    std::int32_t sensorId = 0;
    Endpoint source;
    std::string protocol;
};

struct CredentialRow {
    EvidenceKey key;
    std::string method;
    std::string username;  // bytes
    std::string secret;    // bytes
    bool accepted = false;
};

struct CommandRow {
    EvidenceKey key;
    std::string verb;
    std::string argument;  // bytes
    std::string normalized;
};

/// A piece of an upload that has not ended.
struct PieceRow {
    Uuid session;
    std::int32_t payload = 0;
    std::int32_t seq = 0;
    std::string bytes;
};

/// The end of an upload: its pieces become an artifact.
struct UploadRow {
    EvidenceKey key;
    std::int32_t payload = 0;
    std::string name;  // bytes
    std::int64_t size = 0;
    Sha256Digest sha256{};
};

struct ProbeRow {
    Uuid probe;
    Moment startedAt;
    Moment endedAt;
    std::int32_t sensorId = 0;
    Endpoint source;
    Endpoint target;
    std::string scope;
    std::string kind;
    std::string service;
    std::int64_t packets = 0;
    std::string reason;
    std::string tool{};
    std::vector<std::string> tags{};
    std::string country{};
    std::uint32_t network = 0;
};

/// What a lane of an earlier spool of the sensor had numbered, and what of it comes under the numbers of this one.
struct LostNumbers {
    Uuid stream;
    std::int16_t lane = 0;
    std::int64_t first = 0;  // behind what comes; what the ledger has is to be left out as well
    std::int64_t last = 0;
    bool exact = false;
};

struct GapRow {
    Uuid stream;
    std::int16_t lane = 0;
    std::int64_t firstSeq = 0;
    std::int64_t lastSeq = 0;
    std::int32_t sensorId = 0;
    std::string what;
    std::int64_t records = 0;
    std::int64_t bytes = 0;
    Moment from;
    Moment to;
    std::string reason;
    std::optional<LostNumbers> lost{};
};

/// A record that could not become rows, kept as it came.
struct QuarantineRow {
    Uuid stream;
    std::int16_t lane = 0;
    std::int64_t seq = 0;
    std::int32_t sensorId = 0;
    std::string sqlstate;  // the database's code, where it was the one to refuse
    std::string reason;
    std::string record;  // bytes
};

/// A piece of a sensor's manifest of a day.
struct ManifestRow {
    std::int32_t sensorId = 0;
    std::chrono::sys_days day;
    std::int64_t first = 0;
    std::string entries;  // bytes, kManifestEntry each
    Sha256Digest chain{};
    std::string signature;    // bytes
    std::string certificate;  // DER
    Moment madeAt;
};

/// A session whose closing went aside: it will not close any more, and is open no longer either.
struct AbandonedRow {
    Uuid session;
    std::int32_t sensorId = 0;  // only if it is that one's
};

/// A step of the ledger: the rows bring this lane from `first` - 1 to `last`.
struct LedgerStep {
    Uuid stream;
    std::int16_t lane = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Everything that one transaction writes.
struct IngestRows {
    std::vector<LedgerStep> ledger;  // sorted by stream and lane, one a lane
    std::vector<ClosedRow> closed;
    std::vector<OpenRow> opened;   // and not closed in the same transaction
    std::vector<Uuid> openBefore;  // closed here, opened in an earlier transaction (or unknown when)
    std::vector<EventRow> events;
    std::vector<CredentialRow> credentials;
    std::vector<CommandRow> commands;
    std::vector<PieceRow> pieces;
    std::vector<UploadRow> uploads;
    std::vector<ProbeRow> probes;
    std::vector<GapRow> gaps;
    std::vector<QuarantineRow> quarantine;
    std::vector<AbandonedRow> abandoned;
    std::vector<ManifestRow> manifests;
    std::map<std::int32_t, std::int64_t> openNow;  // sessions of each of the sensors that are open behind it
    std::string enrichment;                        // the files that countries and networks come from
};

}  // namespace apiary::collector
