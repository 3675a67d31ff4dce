#pragma once

#include "agent/record/recording.hpp"
#include "agent/record/session_recorder.hpp"
#include "common/net/endpoint.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace apiary::agent {

/// Applies the rules that say which sessions get a text log. Not thread-safe.
class LogChooser {
public:
    using Rules = std::map<std::string, JournalRule, std::less<>>;

    explicit LogChooser(Rules rules) : rules_(std::move(rules)) {}

    void setRules(Rules rules) { rules_ = std::move(rules); }

    /// For a session that starts now; counts it.
    LogChoice choose(const std::string& service, const Endpoint& source, WallTime at);

    /// For a session of an earlier run that has no log.
    bool wantsLate(const std::string& service, bool spoken) const;

private:
    static constexpr std::size_t kSources = 100'000;  // told apart within an hour; further ones get no log

    Rules rules_;
    std::chrono::sys_time<std::chrono::hours> hour_{};
    std::map<std::pair<std::string, std::array<std::uint8_t, 16>>, std::size_t> counts_;
};

}  // namespace apiary::agent
