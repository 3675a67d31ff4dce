#include "collector/ingest/record_values.hpp"

#include "collector/ingest/text_values.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <limits>

namespace apiary::collector {

std::string_view outcomeText(v1::Outcome outcome) {
    switch (outcome) {
        case v1::OUTCOME_FINISHED:
            return "finished";
        case v1::OUTCOME_PEER_CLOSED:
            return "peer_closed";
        case v1::OUTCOME_RESET:
            return "reset";
        case v1::OUTCOME_TIMED_OUT:
            return "timed_out";
        case v1::OUTCOME_LIMIT:
            return "limit";
        case v1::OUTCOME_TLS_FAILED:
            return "tls_failed";
        case v1::OUTCOME_AGENT_STOPPED:
            return "agent_stopped";
        case v1::OUTCOME_INTERRUPTED:
            return "interrupted";
        default:
            return {};
    }
}

std::optional<Endpoint> endpointOf(const v1::Endpoint& from) {
    Endpoint endpoint;
    if (from.port() > 0xffff || (from.address().size() != 4 && from.address().size() != 16)) {
        return std::nullopt;
    }
    if (from.address().size() == 4) {
        Endpoint::V4 v4{};
        std::ranges::copy(from.address(), v4.begin());
        endpoint = Endpoint::of(v4, 0);
    } else {
        std::ranges::copy(from.address(), endpoint.address.begin());
    }
    endpoint.port = static_cast<std::uint16_t>(from.port());
    return endpoint;
}

std::optional<Sha256Digest> digestOf(const std::string& bytes) {
    Sha256Digest digest{};
    if (bytes.size() != digest.size()) {
        return std::nullopt;
    }
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

Moment startOf(const Uuid& uuid) {
    return std::chrono::floor<std::chrono::microseconds>(uuid.time());
}

Moment momentOf(std::uint64_t micros) {
    constexpr std::uint64_t kLatest = 4'102'444'800'000'000;  // 2100
    return Moment{std::chrono::microseconds{std::min(micros, kLatest)}};
}

std::string handshakeText(const v1::TlsHandshake& tls) {
    std::string text = tls.succeeded() ? "ok" : "failed";
    for (const std::string& word : {plainText(tls.version(), kName), escapeCut(tls.sni(), 256)}) {
        text += ' ';
        text += word.empty() ? "-" : word;
    }
    text += '\n';
    text += std::string_view(tls.first()).substr(0, kPacket - text.size());
    return text;
}

bool takeLostNumbers(const v1::Gap& gap, std::optional<LostNumbers>& to) {
    if (!gap.has_lost()) {
        return true;
    }
    const v1::LostNumbers& lost = gap.lost();
    const auto stream = Uuid::ofBytes(lost.spool_id());
    if (!stream || lost.lane() > static_cast<std::uint32_t>(std::numeric_limits<std::int16_t>::max()) ||
        lost.kept() > lost.last() || lost.last() > kMostCounted || gap.records() > 0) {
        return false;
    }
    to = {.stream = *stream,
          .lane = static_cast<std::int16_t>(lost.lane()),
          .first = static_cast<std::int64_t>(lost.kept()) + 1,
          .last = static_cast<std::int64_t>(lost.last()),
          .exact = lost.exact()};
    return true;
}

}  // namespace apiary::collector
