#include "agent/check/uplink_state.hpp"

#include "common/text/escape.hpp"

#include <sstream>

namespace apiary::agent {

std::string writeUplinkState(const UplinkState& state) {
    const auto age = [](const std::optional<std::chrono::seconds>& seconds) {
        return seconds ? std::to_string(seconds->count()) : std::string("none");
    };
    std::string text = "uplink " +
                       std::string(!state.configured ? "none"
                                   : state.connected ? "connected"
                                                     : "away") +
                       "\noldest " + age(state.oldest) + "\nacknowledged " + age(state.acknowledged) + '\n';
    for (const UplinkState::Lane& lane : state.lanes) {
        text += "lane " + std::to_string(lane.number) + ' ' + std::to_string(lane.acknowledged) + ' ' +
                std::to_string(lane.last) + '\n';
    }
    return text + "reason " + escape(state.reason) + '\n';
}

std::optional<UplinkState> readUplinkState(std::string_view text) {
    UplinkState state;
    std::istringstream lines{std::string(text)};
    std::string link;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key;
        std::string value;
        words >> key;
        if (key == "reason") {
            state.reason = unescape(line.substr(std::min(key.size() + 1, line.size()))).value_or("");
        } else if (key == "lane") {
            UplinkState::Lane& lane = state.lanes.emplace_back();
            if (!(words >> lane.number >> lane.acknowledged >> lane.last)) {
                return std::nullopt;
            }
        } else if (words >> value; key == "uplink") {
            link = value;
        } else if (key == "oldest" || key == "acknowledged") {
            std::istringstream digits(value);
            std::int64_t seconds = 0;
            if (value != "none" && !(digits >> seconds)) {
                return std::nullopt;
            }
            (key == "oldest" ? state.oldest : state.acknowledged) =
                value == "none" ? std::nullopt : std::optional(std::chrono::seconds(seconds));
        }
    }
    if (link != "none" && link != "connected" && link != "away") {
        return std::nullopt;
    }
    state.configured = link != "none";
    state.connected = link == "connected";
    return state;
}

}  // namespace apiary::agent
