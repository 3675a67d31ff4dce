#include "collector/ingest/record_values.hpp"
#include "collector/ingest/row_builder.hpp"
#include "common/crypto/manifest_chain.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kEntries = std::size_t{1} << 20U;  // bytes
constexpr std::size_t kSignature = 1024;
constexpr std::size_t kCertificate = 16384;
constexpr std::uint32_t kLastDay = 100'000;  // what a Moment holds goes on for longer
constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;

}  // namespace

/// A piece that is one at all is stored, whatever is wrong with its chain or signature: that is for the sink to say.
std::string RowBuilder::takeManifest(Parsed& parsed) {
    v1::ManifestPiece& piece = *parsed.record.mutable_manifest();
    const auto chain = digestOf(piece.chain());
    const std::size_t size = piece.entries().size();
    if (size == 0 || size % kManifestEntry != 0 || size > kEntries || !chain || piece.first() > kMost ||
        piece.signature().size() > kSignature || piece.certificate().size() > kCertificate) {
        return "a piece of a manifest out of bounds";
    }
    const std::chrono::sys_days day{std::chrono::days(std::min(piece.day(), kLastDay))};
    if (day + std::chrono::days(1) <= window_.from || day >= window_.to) {
        return "time outside the window";
    }
    rows_.manifests.push_back({.sensorId = parsed.part->sensorId,
                               .day = day,
                               .first = static_cast<std::int64_t>(piece.first()),
                               .entries = std::move(*piece.mutable_entries()),
                               .chain = *chain,
                               .signature = std::move(*piece.mutable_signature()),
                               .certificate = std::move(*piece.mutable_certificate()),
                               .madeAt = momentOf(parsed.record.at_us())});
    return {};
}

}  // namespace apiary::collector
