#pragma once

#include "agent/protocol/session.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace apiary::agent {

/// What the beginning of a conversation says of a claim about it. Yes and No never change however it goes on.
enum class Match { No, NeedMore, Yes };

/// The claim that one of the two holds.
constexpr Match either(Match one, Match other) {
    return one == Match::Yes || other == Match::Yes             ? Match::Yes
           : one == Match::NeedMore || other == Match::NeedMore ? Match::NeedMore
                                                                : Match::No;
}

/// What a beginning tells besides its protocol. `match` is NeedMore while it may tell more, No if it tells nothing.
struct Telling {
    Match match = Match::No;
    Command command = {};
};

/// One protocol by the first bytes its client sends. Pure functions; views are read during the call only.
struct Matcher {
    std::string_view name;
    Match (*match)(std::string_view begin);

    /// The command worth noting, or null. Called once the protocol is known; `ended` says that no more will come.
    Telling (*tell)(std::string_view begin, bool ended) = nullptr;
};

/// The protocols told apart, those first that win where two could be meant.
std::span<const Matcher> streamMatchers();
std::span<const Matcher> datagramMatchers();

/// What the client speaks of which `begin` is the beginning, or null if that is open or unknown.
///
/// With `ended` no more will come: what is still open then counts for nothing. A stream's answer never changes as the
/// stream goes on. A datagram is always whole.
struct Verdict {
    Match match = Match::No;
    const Matcher* matcher = nullptr;  // if and only if the match is Yes; lives as long as the program
};
Verdict identify(Transport transport, std::string_view begin, bool ended);

}  // namespace apiary::agent
