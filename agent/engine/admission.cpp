#include "agent/engine/admission.hpp"

#include <algorithm>

namespace apiary::agent {

Verdict AdmissionControl::admit(const Endpoint& source, const Admission& rules, Time now) {
    const SourceKey key = sourceKey(source);
    const auto open = open_.find(key);
    if (open != open_.end() && open->second >= rules.perSource) {
        return Verdict::PerSource;
    }
    if (rules.waiting > Millis::zero()) {
        Time& whole = seen_.touch(key).whole;
        const Time next = std::max(whole, now) + rules.waiting;
        if (next - now > rules.waiting * static_cast<long>(std::max<std::size_t>(rules.burst, 1))) {
            return Verdict::WaitingTime;
        }
        whole = next;
    }
    ++open_[key];
    return Verdict::Welcome;
}

void AdmissionControl::leave(const Endpoint& source) {
    const auto open = open_.find(sourceKey(source));
    if (open != open_.end() && --open->second == 0) {
        open_.erase(open);
    }
}

}  // namespace apiary::agent
