#include "collector/ingest/record_values.hpp"
#include "collector/ingest/row_builder.hpp"
#include "collector/ingest/text_values.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace apiary::collector {
namespace {

using What = v1::Record::WhatCase;

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();

}  // namespace

void RowBuilder::addEvent(const Parsed& parsed, EventKind kind, std::int16_t channel, std::string bytes) {
    rows_.events.push_back({.session = parsed.session,
                            .seq = static_cast<std::int32_t>(parsed.record.seq()),
                            .at = momentOf(parsed.record.at_us()),
                            .kind = kind,
                            .channel = channel,
                            .bytes = std::move(bytes)});
}

std::string RowBuilder::takeInSession(Parsed& parsed) {
    const SessionOwner* owner = ownerOf(parsed.session);
    if (owner == nullptr) {
        return "its session is not open";
    }
    if (owner->sensorId != parsed.part->sensorId) {
        return "session of another sensor";
    }
    v1::Record& record = parsed.record;
    const auto key = [&] {
        return EvidenceKey{.session = parsed.session,
                           .seq = static_cast<std::int32_t>(record.seq()),
                           .at = momentOf(record.at_us()),
                           .sensorId = owner->sensorId,
                           .source = owner->source,
                           .protocol = owner->protocol};
    };
    const auto channelFits = [](std::uint32_t channel) { return channel <= std::numeric_limits<std::int16_t>::max(); };
    switch (record.what_case()) {
        case What::kPacket: {
            v1::Packet& packet = *record.mutable_packet();
            if (packet.bytes().size() > kPacket || !channelFits(packet.channel())) {
                return "a packet out of bounds";
            }
            addEvent(parsed, packet.sent() ? EventKind::Sent : EventKind::Received,
                     static_cast<std::int16_t>(packet.channel()), std::move(*packet.mutable_bytes()));
            return {};
        }
        case What::kChannelOpened: {
            const v1::ChannelOpened& opened = record.channel_opened();
            if (!channelFits(opened.channel()) || std::max(opened.source_port(), opened.target_port()) > 0xffff) {
                return "a channel out of bounds";
            }
            addEvent(parsed, EventKind::Channel, static_cast<std::int16_t>(opened.channel()),
                     "open " + std::to_string(opened.source_port()) + " " + std::to_string(opened.target_port()));
            return {};
        }
        case What::kChannelClosed:
            if (!channelFits(record.channel_closed().channel())) {
                return "a channel out of bounds";
            }
            addEvent(parsed, EventKind::Channel, static_cast<std::int16_t>(record.channel_closed().channel()), "close");
            return {};
        case What::kTls:
            if (!channelFits(record.tls().channel())) {
                return "a handshake out of bounds";
            }
            addEvent(parsed, EventKind::Tls, static_cast<std::int16_t>(record.tls().channel()),
                     handshakeText(record.tls()));
            return {};
        case What::kCommand: {
            v1::Command& command = *record.mutable_command();
            CommandRow row{.key = key(),
                           .verb = escapeCut(command.verb(), kName),
                           .argument = {},
                           .normalized = normalizeCommand(command.verb(), command.argument())};
            row.argument = std::move(*command.mutable_argument());
            within_.try_emplace(parsed.session, Within{.owner = *owner, .normalized = {}})
                .first->second.normalized.push_back(row.normalized);
            rows_.commands.push_back(std::move(row));
            return {};
        }
        case What::kCredential: {
            v1::Credential& credential = *record.mutable_credential();
            rows_.credentials.push_back(
                {.key = key(),
                 .method = credential.method().empty() ? "password" : plainText(credential.method(), kName),
                 .username = std::move(*credential.mutable_username()),
                 .secret = std::move(*credential.mutable_secret()),
                 .accepted = credential.accepted()});
            return {};
        }
        case What::kIdentified:
            return {};  // stands in the session's row
        case What::kPayload: {
            v1::PayloadPiece& piece = *record.mutable_payload();
            const auto digest = digestOf(piece.sha256());
            if (piece.payload() > kMost || piece.bytes().size() > kPiece || (piece.last() && !digest) ||
                piece.size() > kMostCounted) {
                return "a piece of an upload out of bounds";
            }
            const auto payload = static_cast<std::int32_t>(piece.payload());
            if (piece.last()) {
                rows_.uploads.push_back({.key = key(),
                                         .payload = payload,
                                         .name = piece.name(),
                                         .size = static_cast<std::int64_t>(piece.size()),
                                         .sha256 = *digest});
            }
            if (!piece.bytes().empty()) {
                rows_.pieces.push_back({.session = parsed.session,
                                        .payload = payload,
                                        .seq = static_cast<std::int32_t>(record.seq()),
                                        .bytes = std::move(*piece.mutable_bytes())});
            }
            return {};
        }
        case What::kAnomaly:
            addEvent(parsed, EventKind::Anomaly, 0, plainText(record.anomaly().what(), kPacket));
            return {};
        case What::kDropped:
            addEvent(parsed, EventKind::Gap, 0,
                     std::to_string(record.dropped().packets()) + " " + plainText(record.dropped().reason(), 256));
            return {};
        default:
            return "of a kind that this collector does not know";
    }
}

}  // namespace apiary::collector
