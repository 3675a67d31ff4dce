#include "tests/bench/spool_rows.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace apiary::bench {
namespace {

namespace fs = std::filesystem;

fs::path spoolOf(const fs::path& state) {
    for (const auto& entry : fs::recursive_directory_iterator(state)) {
        if (entry.path().filename().string().starts_with("spool") && entry.path().extension() == ".db") {
            return entry.path();
        }
    }
    throw std::runtime_error("no spool below " + state.string());
}

}  // namespace

void readSpool(const fs::path& state, const std::function<void(const agent::SpoolRow&)>& take) {
    agent::SpoolSettings settings;
    settings.path = spoolOf(state).string();
    settings.bytes = std::uint64_t{4} << 30U;
    settings.gapBody = [](const agent::SpoolSettings::Lost&) { return std::string(); };
    const auto spool = agent::Spool::open(std::move(settings));
    if (!spool) {
        throw std::runtime_error(spool.error());
    }
    for (const auto& lane : (*spool)->lanes()) {
        for (std::uint64_t after = 0;;) {
            const auto rows = (*spool)->read(lane.lane, after, 10'000, std::size_t{16} << 20U);
            if (rows.empty()) {
                break;
            }
            after = rows.back().seqEnd;
            for (const agent::SpoolRow& row : rows) {
                take(row);
            }
        }
    }
}

}  // namespace apiary::bench
