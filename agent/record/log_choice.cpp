#include "agent/record/log_choice.hpp"

namespace apiary::agent {

LogChoice LogChooser::choose(const std::string& service, const Endpoint& source, WallTime at) {
    const auto rule = rules_.find(service);
    if (rule == rules_.end() || rule->second.which == JournalRule::Which::All) {
        return LogChoice::Yes;
    }
    if (rule->second.which == JournalRule::Which::Spoken) {
        return LogChoice::WhenSpoken;
    }
    if (const auto hour = std::chrono::floor<std::chrono::hours>(at); hour != hour_) {
        hour_ = hour;
        counts_.clear();
    }
    std::pair key(service, source.address);
    const auto known = counts_.find(key);
    if (known == counts_.end() && counts_.size() >= kSources) {
        return LogChoice::No;
    }
    std::size_t& count = known == counts_.end() ? counts_[std::move(key)] : known->second;
    return count++ < rule->second.first ? LogChoice::Yes : LogChoice::No;
}

bool LogChooser::wantsLate(const std::string& service, bool spoken) const {
    const auto rule = rules_.find(service);
    return rule == rules_.end() || rule->second.which == JournalRule::Which::All ||
           (rule->second.which == JournalRule::Which::Spoken && spoken);
}

}  // namespace apiary::agent
