#pragma once

#include "agent/protocols/irc_world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent {

/// The same people on the same channels as long as the sensor's seed stays; how long they are there follows from the
/// time.
struct IrcDecoys {
    struct Person {
        std::string nick;
        std::string ident;
        std::string host;
        std::string realName;
        std::string modes;
        std::string away;
        std::int64_t phase;   // seconds
        std::int64_t period;  // between two sign-ons
        std::vector<std::string> channels;
    };
    struct Channel {
        std::string name;
        std::string topic;
        bool secret;
    };

    std::vector<Person> people;
    std::vector<Channel> channels;

    static IrcDecoys of(std::uint64_t sensorSeed, const std::string& domain, const std::string& network);

    /// The network at `now`, in seconds since 1970. `sid` begins the ids of its users. With an `age`, in seconds, all
    /// of them came that long before.
    IrcWorld world(std::int64_t now, const std::string& sid, std::int64_t age = 0) const;
};

/// The latest moment before `now` that comes back each `period` seconds.
std::int64_t ircLatest(std::int64_t now, std::int64_t phase, std::int64_t period);

}  // namespace apiary::agent
