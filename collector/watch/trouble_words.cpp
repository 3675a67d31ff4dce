#include "collector/watch/trouble_words.hpp"

#include "common/text/stamp.hpp"

namespace apiary::collector {

std::string stamp(Trouble::Time at) {
    return isoStamp(at).substr(0, 19) + "Z";
}

std::string lengthText(std::chrono::microseconds length) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(length).count();
    if (minutes < 1) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + " s";
    }
    return minutes < 120 ? std::to_string(minutes) + " min" : std::to_string(minutes / 60) + " h";
}

std::string shareText(std::uint64_t used, std::uint64_t limit) {
    const auto percent = 100.0 * static_cast<double>(used) / static_cast<double>(limit);
    return std::to_string(static_cast<std::uint64_t>(percent)) + " %";
}

std::string remedy(const std::string& bound) {
    if (bound == "spool_bytes") {
        return "see that the sensor reaches its collector, or give the spool more room in agent.toml";
    }
    if (bound.starts_with("journal_")) {
        return "the oldest text logs make room for new ones; give the journal more room in agent.toml to keep them";
    }
    if (bound == "descriptors" || bound == "connections") {
        return "raise LimitNOFILE of the agent and its limit of connections in agent.toml";
    }
    if (bound == "probe_ring") {
        return "give [probes] in agent.toml a larger ring or more rows, or the sensor more of a core";
    }
    return bound == "memory_bytes" ? "lower the limit of connections in agent.toml or give the machine more memory"
                                   : "raise the limit in agent.toml";
}

}  // namespace apiary::collector
