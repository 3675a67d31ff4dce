#pragma once

#include "agent/journal/journal.hpp"
#include "agent/journal/journal_format.hpp"
#include "agent/protocol/recorder.hpp"
#include "agent/spool/spool.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <google/protobuf/arena.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace apiary::agent {

/// Longest run of bytes in one record, and so in one line of the text log.
inline constexpr std::size_t kLongestPacket = std::size_t{16} << 10U;

std::uint64_t microsSince1970(WallTime at);
WallTime timeOfMicros(std::uint64_t micros);

void setEndpoint(v1::Endpoint& to, const Endpoint& from);
Endpoint endpointOf(const v1::Endpoint& from);
void setHead(v1::SessionHead& to, const SessionStart& from, const Uuid& session);
void setEvidence(v1::Record& to, const Evidence& from);

/// The numbers of Ending and of the wire are the same.
Ending endingOf(Outcome outcome);
v1::Outcome outcomeOf(Ending ending);

/// Tells the collector that records of before `start` were damaged: sessions of then that are open there are over.
NewRecord damageRecord(WallTime start, std::uint32_t lane);

/// The gap record of kind "journal" that tells which text logs went; what they said stays recorded.
NewRecord removalRecord(const RemovedLogs& gone, std::uint32_t lane, WallTime at);

/// A serialised Record; `fill` sets what is particular to it. Costs no allocation but for large contents.
template <typename Fill>
std::string recordBody(const Uuid& session, std::uint32_t seq, WallTime at, Fill&& fill) {
    alignas(std::max_align_t) std::array<char, 2048> block{};
    google::protobuf::Arena arena(block.data(), block.size());
    auto* record = google::protobuf::Arena::CreateMessage<v1::Record>(&arena);
    if (session != Uuid{}) {
        record->set_session_id(session.bytes.data(), session.bytes.size());
    }
    record->set_seq(seq);
    record->set_at_us(microsSince1970(at));
    std::forward<Fill>(fill)(*record);
    return record->SerializeAsString();
}

/// A serialised Record of a packet sent, but for bytes of it that stand at `at`.
struct SplitBody {
    std::string own;
    std::size_t at = 0;
};

/// The packet is `before`, `shared` bytes that are left out, and `after`.
SplitBody splitPacketBody(const Uuid& session, std::uint32_t seq, WallTime at, std::uint32_t channel,
                          std::string_view before, std::size_t shared, std::string_view after);

}  // namespace apiary::agent
