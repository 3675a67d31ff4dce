#pragma once

#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::collector {

/// What a rule makes of the traffic that it names; both may hold for one session.
enum class KnownTag : std::uint8_t { KnownScanner = 1, SelfTest = 2 };

/// A set of KnownTag, as bits.
using KnownTags = std::uint8_t;

/// What a session is tagged with besides self-test if the agent made it to try its own service: no rule takes that
/// back.
inline constexpr std::string_view kVisitTag = "visit";

KnownTags tagBit(KnownTag tag);

/// `known-scanner` or `self-test`: the words of the database.
std::string_view tagText(KnownTag tag);
std::optional<KnownTag> parseTag(std::string_view text);

/// The words of a set, in the order of the alphabet.
std::vector<std::string> tagTexts(KnownTags tags);

/// What kind of traffic a row with these tags is: one that is a self-test is nothing else.
std::string_view trafficOf(const std::vector<std::string>& tags);

/// A block of addresses, IPv4 ones as ::ffff:a.b.c.d. No bit is set behind the prefix.
struct Network {
    std::array<std::uint8_t, 16> first{};
    int prefix = 0;  // 0 to 128, of the 16 bytes

    std::array<std::uint8_t, 16> last() const;
    friend constexpr auto operator<=>(const Network&, const Network&) = default;
};

/// Reads `192.0.2.0/24`, `2001:db8::/32`, or an address alone. An Error if it is none, or if bits are set behind the
/// prefix: then it is not clear what is meant. No names are resolved.
Result<Network> parseNetwork(std::string_view text);

/// True if all addresses of IPv4 are in it.
bool coversIpv4(const Network& network);

/// What parseNetwork() reads.
std::string networkText(const Network& network);

using RuleMoment = std::chrono::sys_time<std::chrono::microseconds>;

/// Names traffic that somebody owns up to. What is left out fits everything.
struct KnownRule {
    std::optional<Network> network;     // of the source
    std::optional<std::uint16_t> port;  // of the target
    std::optional<std::int32_t> sensor;
    std::string protocol;  // empty: any
    KnownTag tag = KnownTag::KnownScanner;
    std::optional<RuleMoment> expires;  // sessions that start then or later are not meant
};

/// What a rule looks at; for a probe there is no protocol, so rules that name one do not fit.
struct KnownSubject {
    const Endpoint& source;
    std::uint16_t port = 0;
    std::int32_t sensor = 0;
    std::string_view protocol;
    RuleMoment startedAt;
};

/// Thousands of rules, compiled so that a session is judged in less than a microsecond: the networks, which lie inside
/// one another or apart, cut the addresses into ranges that are found by halving; each leads to the rules of its
/// narrowest network and from there to the wider ones around it.
///
/// A pure function of rules and session: the present time plays no part. Immutable, so any thread may ask.
class KnownRules {
public:
    KnownRules() = default;
    explicit KnownRules(const std::vector<KnownRule>& rules);

    /// The tags of all rules that fit.
    KnownTags tagsOf(const KnownSubject& subject) const;

private:
    using Address = std::pair<std::uint64_t, std::uint64_t>;  // as numbers, which compare faster than bytes
    struct Node {                                             // a network that rules name
        Network network;
        int around = -1;       // the narrowest network that holds it
        KnownTags always = 0;  // the tags that whatever is in it has, by its own rules and those of the networks around
        std::size_t begin = 0;  // of its other rules, by port, those of any port first
        std::size_t end = 0;
    };

    static Address numbersOf(const std::array<std::uint8_t, 16>& address);
    void beginRange(const std::array<std::uint8_t, 16>& first, int node);
    void take(std::size_t rule);
    KnownTags tagsIn(const Node& node, const KnownSubject& subject) const;

    std::vector<KnownRule> rules_;  // by network and port
    std::vector<Node> nodes_;
    std::vector<Address> firsts_;  // of each range, which goes on to the next one
    std::vector<int> narrowest_;   // the node of each range, or -1
};

}  // namespace apiary::collector
