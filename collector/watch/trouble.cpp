#include "collector/watch/trouble.hpp"

#include <algorithm>
#include <array>

namespace apiary::collector {
namespace {

constexpr std::array<std::string_view, kTroubleKinds.size()> kKinds{
    "sensor-silent", "service-silent", "one-source", "clock",  "limit",
    "self-test",     "egress",         "quarantine", "ledger", "database"};

}  // namespace

std::string_view kindText(TroubleKind kind) {
    return kKinds.at(static_cast<std::size_t>(kind));
}

std::optional<TroubleKind> parseTroubleKind(std::string_view text) {
    const auto found = std::ranges::find(kKinds, text);
    return found == kKinds.end() ? std::nullopt : std::optional(static_cast<TroubleKind>(found - kKinds.begin()));
}

}  // namespace apiary::collector
