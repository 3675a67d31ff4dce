#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::log {

/// Bounds a log that others can fill: of each place in the program at most so many messages a minute are said, whatever
/// they say; the others are counted, and none goes uncounted. Knows no clock. Not thread-safe.
class Limit {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Place = std::pair<std::string_view, std::uint32_t>;  // file and line, which live as long as the program

    explicit Limit(std::size_t most = 50, std::chrono::milliseconds span = std::chrono::minutes(1))
        : most_(most), span_(span) {}

    /// Whether to say a message of that place; if not, it is counted, and `text` kept if it is the first.
    bool admit(const Place& place, std::string_view level, std::string_view text, Time now);

    /// Messages of one place that were not said.
    struct Held {
        std::string_view level;
        std::uint64_t count = 0;
        std::string like;  // the first of them
    };

    /// What is to be told of those whose minute is over; with `all`, of all. Call it before admit(), too.
    std::vector<Held> takeDue(Time now, bool all = false);

    /// Places that are kept in mind.
    std::size_t size() const { return places_.size(); }

private:
    struct Spell {
        Time since;
        std::size_t said = 0;
        Held held;
    };

    const std::size_t most_;
    const std::chrono::milliseconds span_;
    std::map<Place, Spell> places_;  // within their minute
    Time nextLook_ = Time::max();    // nothing is due earlier
};

}  // namespace apiary::log
