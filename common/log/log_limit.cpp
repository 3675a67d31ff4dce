#include "common/log/log_limit.hpp"

#include <algorithm>

namespace apiary::log {

bool Limit::admit(const Place& place, std::string_view level, std::string_view text, Time now) {
    Spell& spell = places_.try_emplace(place, Spell{.since = now, .said = 0, .held = {}}).first->second;
    nextLook_ = std::min(nextLook_, spell.since + span_);
    if (spell.said < most_) {
        ++spell.said;
        return true;
    }
    if (spell.held.count == 0) {
        spell.held.level = level;
        spell.held.like = text;
    }
    ++spell.held.count;
    return false;
}

std::vector<Limit::Held> Limit::takeDue(Time now, bool all) {
    std::vector<Held> due;
    if (now < nextLook_ && !all) {
        return due;
    }
    nextLook_ = Time::max();
    for (auto place = places_.begin(); place != places_.end();) {
        Spell& spell = place->second;
        if (!all && now - spell.since < span_) {
            nextLook_ = std::min(nextLook_, spell.since + span_);
            ++place;
            continue;
        }
        if (spell.held.count > 0) {
            due.push_back(std::move(spell.held));
        }
        place = places_.erase(place);
    }
    return due;
}

}  // namespace apiary::log
