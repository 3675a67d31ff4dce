#include "collector/store/row_copies.hpp"

#include "common/text/escape.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kText = 256;
constexpr std::size_t kArgument = 4096;

std::optional<std::string_view> orNull(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::optional<Bytes> orNull(const std::optional<Sha256Digest>& digest) {
    return digest ? std::optional(Bytes{view(*digest)}) : std::nullopt;
}

std::int32_t portOf(const Endpoint& endpoint) {
    return endpoint.port;
}

Moment startOf(const Uuid& session) {
    return std::chrono::floor<std::chrono::microseconds>(session.time());
}

CopyRows copyOfOpened(const std::vector<OpenRow>& opened, std::int16_t collectorId) {
    CopyRows copy(
        "apiary.session_open(session_id, started_at, sensor_id, collector_id, source, source_port, source_scope, "
        "target, target_port, transport, protocol, service, persona)");
    for (const OpenRow& row : opened) {
        copy.add(row.session, row.startedAt, row.sensorId, collectorId, Inet{row.source}, portOf(row.source),
                 std::string_view(row.scope), Inet{row.target}, portOf(row.target), std::string_view(row.transport),
                 std::string_view(row.protocol), orNull(row.service), orNull(row.persona));
    }
    return copy;
}

CopyRows copyOfEvents(const std::vector<EventRow>& events) {
    CopyRows copy("apiary.event(session_id, started_at, seq, at, kind, channel, bytes)");
    for (const EventRow& row : events) {
        copy.add(row.session, startOf(row.session), row.seq, row.at, static_cast<std::int16_t>(row.kind), row.channel,
                 Bytes{row.bytes});
    }
    return copy;
}

CopyRows copyOfCredentials(const std::vector<CredentialRow>& credentials) {
    CopyRows copy(
        "apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, method, username, secret, "
        "username_text, secret_text, digest, accepted)");
    for (const auto& [key, method, username, secret, accepted] : credentials) {
        Sha256 pair;
        pair.update(username);
        pair.update(std::string_view("\0", 1));
        pair.update(secret);
        const Sha256Digest digest = pair.finish();
        const std::string usernameText = escapeCut(username, kText);
        const std::string secretText = escapeCut(secret, kText);
        copy.add(key.session, startOf(key.session), key.seq, key.at, key.sensorId, Inet{key.source},
                 std::string_view(key.protocol), std::string_view(method), Bytes{username}, Bytes{secret},
                 std::string_view(usernameText), std::string_view(secretText), Bytes{view(digest)}, accepted);
    }
    return copy;
}

CopyRows copyOfCommands(const std::vector<CommandRow>& commands) {
    CopyRows copy(
        "apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument, argument_text, "
        "normalized)");
    for (const auto& [key, verb, argument, normalized] : commands) {
        const std::string argumentText = escapeCut(argument, kArgument);
        copy.add(key.session, startOf(key.session), key.seq, key.at, key.sensorId, Inet{key.source},
                 std::string_view(key.protocol), std::string_view(verb), Bytes{argument},
                 std::string_view(argumentText), std::string_view(normalized));
    }
    return copy;
}

CopyRows copyOfPieces(const std::vector<PieceRow>& pieces) {
    CopyRows copy("apiary.artifact_piece(session_id, payload, seq, started_at, bytes)");
    for (const PieceRow& row : pieces) {
        copy.add(row.session, row.payload, row.seq, startOf(row.session), Bytes{row.bytes});
    }
    return copy;
}

CopyRows copyOfProbes(const std::vector<ProbeRow>& probes, std::int16_t collectorId) {
    CopyRows copy(
        "apiary.probe(probe_id, started_at, ended_at, sensor_id, collector_id, source, source_scope, target, "
        "target_port, kind, packets, service, reason)");
    for (const ProbeRow& row : probes) {
        copy.add(row.probe, row.startedAt, row.endedAt, row.sensorId, collectorId, Inet{row.source},
                 std::string_view(row.scope), Inet{row.target}, portOf(row.target), std::string_view(row.kind),
                 row.packets, orNull(row.service), orNull(row.reason));
    }
    return copy;
}

CopyRows copyOfGaps(const std::vector<GapRow>& gaps) {
    CopyRows copy(
        "apiary.gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, bytes, from_at, to_at, reason)");
    for (const GapRow& row : gaps) {
        copy.add(row.stream, row.lane, row.firstSeq, row.lastSeq, row.sensorId, std::string_view(row.what), row.records,
                 row.bytes, row.from, row.to, std::string_view(row.reason));
    }
    return copy;
}

CopyRows copyOfQuarantine(const std::vector<QuarantineRow>& quarantine) {
    CopyRows copy("apiary.quarantine(stream_id, lane, seq, sensor_id, sqlstate, reason, record)");
    for (const QuarantineRow& row : quarantine) {
        const std::string reason = escapeCut(row.reason, kText);
        copy.add(row.stream, row.lane, row.seq, row.sensorId, orNull(row.sqlstate), std::string_view(reason),
                 Bytes{row.record});
    }
    return copy;
}

}  // namespace

std::vector<CopyRows> copiesOf(const IngestRows& rows, std::int16_t collectorId) {
    std::vector<CopyRows> copies;
    const auto put = [&](CopyRows copy) {
        if (!copy.empty()) {
            copies.push_back(std::move(copy));
        }
    };
    put(copyOfOpened(rows.opened, collectorId));
    put(copyOfEvents(rows.events));
    put(copyOfCredentials(rows.credentials));
    put(copyOfCommands(rows.commands));
    put(copyOfPieces(rows.pieces));
    put(copyOfProbes(rows.probes, collectorId));
    put(copyOfGaps(rows.gaps));
    put(copyOfQuarantine(rows.quarantine));
    return copies;
}

CopyRows copyOfClosed(const std::vector<ClosedRow>& closed, std::int16_t collectorId, const CommandDigests& digests) {
    CopyRows copy(
        "apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, source_scope, "
        "target, target_port, transport, protocol, detected, service, persona, outcome, bytes_in, bytes_out, packets, "
        "events, credentials, commands, artifacts, login_accepted, command_digest, syn, clock_offset_ms, journal_path, "
        "journal_sha256)");
    for (const ClosedRow& row : closed) {
        const OpenRow& head = row.head;
        std::optional<Sha256Digest> commandDigest = row.commandDigest;
        if (const auto found = digests.find(head.session); !commandDigest && found != digests.end()) {
            commandDigest = found->second;
        }
        copy.add(head.session, head.startedAt, row.endedAt, head.sensorId, collectorId, Inet{head.source},
                 portOf(head.source), std::string_view(head.scope), Inet{head.target}, portOf(head.target),
                 std::string_view(head.transport), std::string_view(head.protocol), orNull(row.detected),
                 orNull(head.service), orNull(head.persona), std::string_view(row.outcome), row.bytesIn, row.bytesOut,
                 row.packets, row.events, row.credentials, row.commands, row.artifacts, row.loginAccepted,
                 orNull(commandDigest), head.syn.empty() ? std::nullopt : std::optional(Bytes{head.syn}),
                 row.clockOffsetMs, orNull(row.journalPath), orNull(row.journalDigest));
    }
    return copy;
}

}  // namespace apiary::collector
