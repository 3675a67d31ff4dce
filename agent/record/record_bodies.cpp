#include "agent/record/record_bodies.hpp"

#include "agent/record/recording.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <type_traits>
#include <variant>

namespace apiary::agent {
namespace {

void fill(v1::Record& to, const Command& from) {
    to.mutable_command()->set_verb(from.verb);
    to.mutable_command()->set_argument(from.argument);
}
void fill(v1::Record& to, const Credential& from) {
    to.mutable_credential()->set_username(from.user);
    to.mutable_credential()->set_secret(from.secret);
    to.mutable_credential()->set_accepted(from.accepted);
    to.mutable_credential()->set_method("password");
}
void fill(v1::Record& to, const Identified& from) {
    to.mutable_identified()->set_protocol(from.protocol);
}
void fill(v1::Record& to, const PayloadPiece& from) {
    to.mutable_payload()->set_payload(from.id);
    to.mutable_payload()->set_bytes(from.bytes);
}
void fill(v1::Record& to, const Anomaly& from) {
    to.mutable_anomaly()->set_what(from.what);
}

std::string gapBody(const SpoolSettings::Lost& lost, WallTime at) {
    return recordBody({}, 0, at, [&](v1::Record& record) {
        auto& gap = *record.mutable_gap();
        gap.set_what(lost.what);
        gap.set_records(lost.records);
        gap.set_bytes(lost.bytes);
        gap.set_from_us(microsSince1970(lost.from));
        gap.set_to_us(microsSince1970(lost.to));
        gap.set_reason(lost.reason);
        if (lost.numbers) {
            auto& numbers = *gap.mutable_lost();
            numbers.set_spool_id(lost.numbers->spool.bytes.data(), lost.numbers->spool.bytes.size());
            numbers.set_lane(lost.numbers->lane);
            numbers.set_kept(lost.numbers->kept);
            numbers.set_last(lost.numbers->last);
            numbers.set_exact(lost.numbers->exact);
        }
    });
}

std::uint64_t contactsOf(std::string_view probe) {
    v1::Record record;
    return record.ParseFromArray(probe.data(), static_cast<int>(probe.size())) ? record.probe().packets() : 1;
}

std::string droppedBody(const SpoolRow& first, const SpoolSettings::Lost& lost) {
    v1::Record before;
    before.ParseFromString(first.body);  // what cannot be read keeps number 0
    return recordBody(first.session, before.seq(), lost.from, [&](v1::Record& record) {
        auto& dropped = *record.mutable_dropped();
        dropped.set_packets(lost.records);
        dropped.set_bytes(lost.bytes);
        dropped.set_reason(lost.reason);
    });
}

}  // namespace

std::uint64_t microsSince1970(WallTime at) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0));
}

WallTime timeOfMicros(std::uint64_t micros) {
    return WallTime(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
}

void setEndpoint(v1::Endpoint& to, const Endpoint& from) {
    if (const auto v4 = from.v4()) {
        to.set_address(v4->data(), v4->size());
    } else {
        to.set_address(from.address.data(), from.address.size());
    }
    to.set_port(from.port);
}

Endpoint endpointOf(const v1::Endpoint& from) {
    const auto port = static_cast<std::uint16_t>(from.port());
    Endpoint endpoint;
    if (from.address().size() == endpoint.address.size()) {
        std::ranges::transform(from.address(), endpoint.address.begin(),
                               [](char c) { return static_cast<std::uint8_t>(c); });
    } else if (from.address().size() == 4) {
        Endpoint::V4 v4{};
        std::ranges::transform(from.address(), v4.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
        endpoint = Endpoint::of(v4, port);
    }
    endpoint.port = port;
    return endpoint;
}

void setHead(v1::SessionHead& to, const SessionStart& from, const Uuid& session) {
    to.set_session_id(session.bytes.data(), session.bytes.size());
    setEndpoint(*to.mutable_source(), from.source);
    setEndpoint(*to.mutable_target(), from.target);
    to.set_transport(from.transport == Transport::Stream ? v1::TRANSPORT_TCP : v1::TRANSPORT_UDP);
    to.set_service(from.service);
    to.set_protocol(from.protocol);
    to.set_persona(from.persona);
    to.set_syn(from.syn);
    to.set_self_test(from.selfTest);
    if (from.proxy) {
        setEndpoint(*to.mutable_proxy(), *from.proxy);
    }
}

void setEvidence(v1::Record& to, const Evidence& from) {
    std::visit([&](const auto& evidence) { fill(to, evidence); }, from);
}

Ending endingOf(Outcome outcome) {
    switch (outcome) {
        case Outcome::Finished:
            return Ending::Finished;
        case Outcome::PeerClosed:
            return Ending::PeerClosed;
        case Outcome::Reset:
            return Ending::Reset;
        case Outcome::TimedOut:
            return Ending::TimedOut;
        case Outcome::Limit:
            return Ending::Limit;
        case Outcome::TlsFailed:
            return Ending::TlsFailed;
        case Outcome::AgentStopped:
            return Ending::AgentStopped;
        case Outcome::Interrupted:
            break;
    }
    return Ending::Interrupted;
}

v1::Outcome outcomeOf(Ending ending) {
    return static_cast<v1::Outcome>(ending);
}

NewRecord damageRecord(WallTime start, std::uint32_t lane) {
    return {.lane = lane,
            .session = {},
            .kind = RecordKind::Gap,
            .at = start,
            .body = gapBody({.what = "spool",
                             .records = 0,
                             .bytes = 0,
                             .from = start,
                             .to = start,
                             .reason = "records were damaged: what began before and is open will not be closed"},
                            start)};
}

NewRecord removalRecord(const RemovedLogs& gone, std::uint32_t lane, WallTime at) {
    std::string reason = "text logs removed by the journal's budget:";
    const char* before = " ";
    for (const auto& [logs, why] :
         {std::pair(gone.forBytes, "bytes"), std::pair(gone.forFiles, "files"), std::pair(gone.forAge, "age")}) {
        if (logs > 0) {
            reason += before + std::to_string(logs) + " for " + why;
            before = ", ";
        }
    }
    if (gone.early > 0) {
        reason += "; " + std::to_string(gone.early) + " before their records were acknowledged";
    }
    return {.lane = lane,
            .session = {},
            .kind = RecordKind::Gap,
            .at = at,
            .body = gapBody({.what = "journal",
                             .records = gone.files,
                             .bytes = gone.bytes,
                             .from = gone.from,
                             .to = gone.to,
                             .reason = reason},
                            at)};
}

SplitBody splitPacketBody(const Uuid& session, std::uint32_t seq, WallTime at, std::uint32_t channel,
                          std::string_view before, std::size_t shared, std::string_view after) {
    using Out = google::protobuf::io::CodedOutputStream;
    constexpr auto kVarint = 0U;
    constexpr auto kLength = 2U;
    const auto tag = [](int field, unsigned type) { return static_cast<std::uint32_t>(field) << 3U | type; };
    const auto whole = static_cast<std::uint32_t>(before.size() + shared + after.size());
    // The packet comes last in its record, and the bytes last in the packet: what stands in front is what is never
    // shared.
    SplitBody body{.own = recordBody(session, seq, at, [](v1::Record&) {})};
    std::string packet;
    {
        google::protobuf::io::StringOutputStream stream(&packet);
        Out out(&stream);
        out.WriteTag(tag(v1::Packet::kSentFieldNumber, kVarint));
        out.WriteVarint32(1);
        if (channel != 0) {
            out.WriteTag(tag(v1::Packet::kChannelFieldNumber, kVarint));
            out.WriteVarint32(channel);
        }
        out.WriteTag(tag(v1::Packet::kBytesFieldNumber, kLength));
        out.WriteVarint32(whole);
    }
    body.own.reserve(body.own.size() + packet.size() + before.size() + after.size() + 16);
    {
        google::protobuf::io::StringOutputStream stream(&body.own);
        Out out(&stream);
        out.WriteTag(tag(v1::Record::kPacketFieldNumber, kLength));
        out.WriteVarint32(static_cast<std::uint32_t>(packet.size()) + whole);
    }
    body.own.append(packet).append(before);
    body.at = body.own.size();
    body.own += after;
    return body;
}

SpoolSettings withRecordBodies(SpoolSettings settings) {
    settings.gapBody = [](const SpoolSettings::Lost& lost) { return gapBody(lost, lost.from); };
    settings.droppedBody = droppedBody;
    settings.contacts = contactsOf;
    return settings;
}

}  // namespace apiary::agent
