#include "collector/store/row_copies.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kText = 256;
constexpr std::size_t kArgument = 4096;

// PostgreSQL holds up to 1,000 rows of a COPY before it writes them, and enters each into a list that it searches from
// the start: a thousand cost it a millisecond, a third of them a ninth, and a COPY by itself a tenth. So some rows go
// in several COPYs; many go in one, which uses its list again and again.
constexpr std::size_t kListed = 334;
constexpr std::size_t kMany = 2000;

std::optional<std::string_view> orNull(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::optional<Bytes> orNull(const std::optional<Sha256Digest>& digest) {
    return digest ? std::optional(Bytes{view(*digest)}) : std::nullopt;
}

std::optional<std::int64_t> orNull(std::uint32_t number) {
    return number == 0 ? std::nullopt : std::optional<std::int64_t>(number);
}

std::int32_t portOf(const Endpoint& endpoint) {
    return endpoint.port;
}

Moment startOf(const Uuid& session) {
    return std::chrono::floor<std::chrono::microseconds>(session.time());
}

/// Puts the rows into as many COPYs as they are best written with.
template <typename Row, typename CopyOf>
void putInParts(std::vector<CopyRows>& copies, const std::vector<Row>& rows, CopyOf copyOf) {
    const std::size_t count = rows.size();
    const std::size_t parts = count > kMany ? 1 : std::max<std::size_t>(1, (count + kListed / 2) / kListed);
    const std::size_t together = (count + parts - 1) / parts;
    for (std::span<const Row> rest(rows); !rest.empty();) {
        const std::size_t some = std::min(together, rest.size());
        copies.push_back(copyOf(rest.first(some)));
        rest = rest.subspan(some);
    }
}

CopyRows copyOfOpened(std::span<const OpenRow> opened, std::int16_t collectorId) {
    return {
        "apiary.session_open(session_id, started_at, sensor_id, collector_id, source, source_port, source_scope, "
        "target, target_port, transport, protocol, service, persona, country, asn, tags)",
        opened.size(), [opened, collectorId](CopyRows& out, std::size_t number) {
            const OpenRow& row = opened[number];
            out.add(row.session, row.startedAt, row.sensorId, collectorId, Inet{row.source}, portOf(row.source),
                    std::string_view(row.scope), Inet{row.target}, portOf(row.target), std::string_view(row.transport),
                    std::string_view(row.protocol), orNull(row.service), orNull(row.persona), orNull(row.country),
                    orNull(row.network), TextArray{row.tags});
        }};
}

CopyRows copyOfEvents(std::span<const EventRow> events) {
    return {"apiary.event(session_id, started_at, seq, at, kind, channel, bytes)", events.size(),
            [events](CopyRows& out, std::size_t number) {
                const EventRow& row = events[number];
                out.add(row.session, startOf(row.session), row.seq, row.at, static_cast<std::int16_t>(row.kind),
                        row.channel, Bytes{row.bytes});
            }};
}

CopyRows copyOfCredentials(std::span<const CredentialRow> credentials) {
    return {
        "apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, method, username, secret, "
        "username_text, secret_text, digest, accepted)",
        credentials.size(), [credentials](CopyRows& out, std::size_t number) {
            const auto& [key, method, username, secret, accepted] = credentials[number];
            Sha256 pair;
            pair.update(username);
            pair.update(std::string_view("\0", 1));
            pair.update(secret);
            const Sha256Digest digest = pair.finish();
            const std::string usernameText = escapeCut(username, kText);
            const std::string secretText = escapeCut(secret, kText);
            out.add(key.session, startOf(key.session), key.seq, key.at, key.sensorId, Inet{key.source},
                    std::string_view(key.protocol), std::string_view(method), Bytes{username}, Bytes{secret},
                    std::string_view(usernameText), std::string_view(secretText), Bytes{view(digest)}, accepted);
        }};
}

CopyRows copyOfCommands(std::span<const CommandRow> commands) {
    return {
        "apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument, argument_text, "
        "normalized)",
        commands.size(), [commands](CopyRows& out, std::size_t number) {
            const auto& [key, verb, argument, normalized] = commands[number];
            const std::string argumentText = escapeCut(argument, kArgument);
            out.add(key.session, startOf(key.session), key.seq, key.at, key.sensorId, Inet{key.source},
                    std::string_view(key.protocol), std::string_view(verb), Bytes{argument},
                    std::string_view(argumentText), std::string_view(normalized));
        }};
}

CopyRows copyOfPieces(const std::vector<PieceRow>& pieces) {
    return {"apiary.artifact_piece(session_id, payload, seq, started_at, bytes)", pieces.size(),
            [&pieces](CopyRows& out, std::size_t number) {
                const PieceRow& row = pieces[number];
                out.add(row.session, row.payload, row.seq, startOf(row.session), Bytes{row.bytes});
            }};
}

CopyRows copyOfProbes(const std::vector<ProbeRow>& probes, std::int16_t collectorId) {
    return {
        "apiary.probe(probe_id, started_at, ended_at, sensor_id, collector_id, source, source_scope, target, "
        "target_port, kind, packets, service, reason, tool, country, asn, tags)",
        probes.size(), [&probes, collectorId](CopyRows& out, std::size_t number) {
            const ProbeRow& row = probes[number];
            out.add(row.probe, row.startedAt, row.endedAt, row.sensorId, collectorId, Inet{row.source},
                    std::string_view(row.scope), Inet{row.target}, portOf(row.target), std::string_view(row.kind),
                    row.packets, orNull(row.service), orNull(row.reason), orNull(row.tool), orNull(row.country),
                    orNull(row.network), TextArray{row.tags});
        }};
}

CopyRows copyOfGaps(const std::vector<GapRow>& gaps) {
    return {
        "apiary.gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, bytes, from_at, to_at, reason, "
        "lost_stream_id, lost_lane, lost_first_seq, lost_last_seq, lost_exact)",
        gaps.size(), [&gaps](CopyRows& out, std::size_t number) {
            const GapRow& row = gaps[number];
            const auto of = [&row](auto field) { return row.lost ? std::optional((*row.lost).*field) : std::nullopt; };
            out.add(row.stream, row.lane, row.firstSeq, row.lastSeq, row.sensorId, std::string_view(row.what),
                    row.records, row.bytes, row.from, row.to, std::string_view(row.reason), of(&LostNumbers::stream),
                    of(&LostNumbers::lane), of(&LostNumbers::first), of(&LostNumbers::last), of(&LostNumbers::exact));
        }};
}

CopyRows copyOfQuarantine(const std::vector<QuarantineRow>& quarantine) {
    return {"apiary.quarantine(stream_id, lane, seq, sensor_id, sqlstate, reason, record)", quarantine.size(),
            [&quarantine](CopyRows& out, std::size_t number) {
                const QuarantineRow& row = quarantine[number];
                const std::string reason = escapeCut(row.reason, kText);
                out.add(row.stream, row.lane, row.seq, row.sensorId, orNull(row.sqlstate), std::string_view(reason),
                        Bytes{row.record});
            }};
}

CopyRows copyOfClosed(std::span<const ClosedRow> closed, const std::string& enrichment, std::int16_t collectorId,
                      const CommandDigests& digests) {
    return {
        "apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, source_scope, "
        "target, target_port, transport, protocol, detected, service, persona, outcome, bytes_in, bytes_out, packets, "
        "events, credentials, commands, artifacts, login_accepted, command_digest, syn, clock_offset_ms, journal_path, "
        "journal_sha256, country, asn, enrichment, tags)",
        closed.size(), [closed, &enrichment, collectorId, &digests](CopyRows& out, std::size_t number) {
            const ClosedRow& row = closed[number];
            const OpenRow& head = row.head;
            std::optional<Sha256Digest> commandDigest = row.commandDigest;
            if (const auto found = digests.find(head.session); !commandDigest && found != digests.end()) {
                commandDigest = found->second;
            }
            out.add(head.session, head.startedAt, row.endedAt, head.sensorId, collectorId, Inet{head.source},
                    portOf(head.source), std::string_view(head.scope), Inet{head.target}, portOf(head.target),
                    std::string_view(head.transport), std::string_view(head.protocol), orNull(row.detected),
                    orNull(head.service), orNull(head.persona), std::string_view(row.outcome), row.bytesIn,
                    row.bytesOut, row.packets, row.events, row.credentials, row.commands, row.artifacts,
                    row.loginAccepted, orNull(commandDigest),
                    head.syn.empty() ? std::nullopt : std::optional(Bytes{head.syn}), row.clockOffsetMs,
                    orNull(row.journalPath), orNull(row.journalDigest), orNull(head.country), orNull(head.network),
                    orNull(enrichment), TextArray{head.tags});
        }};
}

}  // namespace

std::vector<CopyRows> copiesOf(const IngestRows& rows, std::int16_t collectorId) {
    std::vector<CopyRows> copies;
    const auto put = [&](CopyRows copy) {
        if (!copy.empty()) {
            copies.push_back(std::move(copy));
        }
    };
    putInParts(copies, rows.opened, [&](auto some) { return copyOfOpened(some, collectorId); });
    putInParts(copies, rows.credentials, copyOfCredentials);
    putInParts(copies, rows.commands, copyOfCommands);
    put(copyOfPieces(rows.pieces));
    put(copyOfProbes(rows.probes, collectorId));
    put(copyOfGaps(rows.gaps));
    put(copyOfQuarantine(rows.quarantine));
    // The most rows come last: whoever does not wait for the end of it has much time.
    putInParts(copies, rows.events, copyOfEvents);
    return copies;
}

std::vector<CopyRows> copiesOfClosed(const IngestRows& rows, std::int16_t collectorId, const CommandDigests& digests) {
    std::vector<CopyRows> copies;
    putInParts(copies, rows.closed,
               [&](auto some) { return copyOfClosed(some, rows.enrichment, collectorId, digests); });
    return copies;
}

}  // namespace apiary::collector
