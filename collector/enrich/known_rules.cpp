#include "collector/enrich/known_rules.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace apiary::collector {
namespace {

constexpr int kBits = 128;
constexpr int kV4Prefix = 96;
constexpr int kAnyPort = -1;

Network networkOf(const KnownRule& rule) {
    return rule.network.value_or(Network{});
}

int portOf(const KnownRule& rule) {
    return rule.port ? *rule.port : kAnyPort;
}

bool fits(const KnownRule& rule, const KnownSubject& subject) {
    return (!rule.sensor || *rule.sensor == subject.sensor) &&
           (rule.protocol.empty() || rule.protocol == subject.protocol) &&
           (!rule.expires || subject.startedAt < *rule.expires);
}

bool fitsAll(const KnownRule& rule) {
    return !rule.port && !rule.sensor && rule.protocol.empty() && !rule.expires;
}

// The address behind this one; nothing behind the last.
std::optional<std::array<std::uint8_t, 16>> after(std::array<std::uint8_t, 16> address) {
    for (std::size_t i = address.size(); i-- > 0;) {
        if (++address[i] != 0) {
            return address;
        }
    }
    return std::nullopt;
}

}  // namespace

KnownTags tagBit(KnownTag tag) {
    return static_cast<KnownTags>(tag);
}

std::string_view tagText(KnownTag tag) {
    return tag == KnownTag::SelfTest ? "self-test" : "known-scanner";
}

std::optional<KnownTag> parseTag(std::string_view text) {
    for (const KnownTag tag : {KnownTag::KnownScanner, KnownTag::SelfTest}) {
        if (text == tagText(tag)) {
            return tag;
        }
    }
    return std::nullopt;
}

std::vector<std::string> tagTexts(KnownTags tags) {
    std::vector<std::string> texts;
    for (const KnownTag tag : {KnownTag::KnownScanner, KnownTag::SelfTest}) {
        if ((tags & tagBit(tag)) != 0) {
            texts.emplace_back(tagText(tag));
        }
    }
    return texts;
}

std::string_view trafficOf(const std::vector<std::string>& tags) {
    for (const KnownTag tag : {KnownTag::SelfTest, KnownTag::KnownScanner}) {
        if (std::ranges::find(tags, tagText(tag)) != tags.end()) {
            return tagText(tag);
        }
    }
    return "attack";
}

std::array<std::uint8_t, 16> Network::last() const {
    auto address = first;
    for (int i = prefix; i < kBits; ++i) {
        address[static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(0x80U >> static_cast<unsigned>(i % 8));
    }
    return address;
}

Result<Network> parseNetwork(std::string_view text) {
    const auto wrong = [&](const std::string& why) {
        return Error{"'" + std::string(text) + "' is not a network: " + why};
    };
    const auto slash = text.find('/');
    const auto address = parseAddress(text.substr(0, slash));
    if (!address) {
        return wrong("write an address and a prefix, such as 192.0.2.0/24 or 2001:db8::/32");
    }
    const int before = address->v4() ? kV4Prefix : 0;
    Network network{address->address, kBits};
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        int length = -1;
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (failure != std::errc() || end != digits.data() + digits.size() || length < 0 || length > kBits - before) {
            return wrong("its prefix is 0 to " + std::to_string(kBits - before) + " bits long");
        }
        network.prefix = before + length;
    }
    for (int i = network.prefix; i < kBits; ++i) {
        auto& byte = network.first[static_cast<std::size_t>(i / 8)];
        byte &= static_cast<std::uint8_t>(~(0x80U >> static_cast<unsigned>(i % 8)));
    }
    if (network.first != address->address) {
        return wrong("bits are set behind the prefix, write " + networkText(network));
    }
    return network;
}

bool coversIpv4(const Network& network) {
    static const Network kIpv4 = *parseNetwork("0.0.0.0/0");
    return network.first <= kIpv4.first && kIpv4.last() <= network.last();
}

std::string networkText(const Network& network) {
    const Endpoint endpoint{network.first, 0};
    return addressText(endpoint) + "/" + std::to_string(network.prefix - (endpoint.v4() ? kV4Prefix : 0));
}

KnownRules::KnownRules(const std::vector<KnownRule>& rules) : rules_(rules) {
    std::ranges::stable_sort(rules_, [](const KnownRule& a, const KnownRule& b) {
        return std::tuple(networkOf(a), !fitsAll(a), portOf(a)) < std::tuple(networkOf(b), !fitsAll(b), portOf(b));
    });
    std::vector<int> inside;  // the networks around the present place, the narrowest last
    const auto leave = [&] {
        const auto behind = after(nodes_[static_cast<std::size_t>(inside.back())].network.last());
        inside.pop_back();
        if (behind && !inside.empty()) {
            beginRange(*behind, inside.back());
        } else if (behind) {
            beginRange(*behind, -1);
        }
    };
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const Network network = networkOf(rules_[i]);
        if (!nodes_.empty() && nodes_.back().network == network) {
            take(i);
            continue;
        }
        while (!inside.empty() && nodes_[static_cast<std::size_t>(inside.back())].network.last() < network.first) {
            leave();
        }
        const int around = inside.empty() ? -1 : inside.back();
        nodes_.push_back({.network = network,
                          .around = around,
                          .always = around < 0 ? KnownTags{0} : nodes_[static_cast<std::size_t>(around)].always,
                          .begin = i,
                          .end = i});
        take(i);
        inside.push_back(static_cast<int>(nodes_.size()) - 1);
        beginRange(network.first, inside.back());
    }
    while (!inside.empty()) {
        leave();
    }
}

/// The next rule of the newest node.
void KnownRules::take(std::size_t rule) {
    Node& node = nodes_.back();
    node.end = rule + 1;
    if (fitsAll(rules_[rule])) {
        node.always |= tagBit(rules_[rule].tag);
        node.begin = node.end;
    }
}

KnownRules::Address KnownRules::numbersOf(const std::array<std::uint8_t, 16>& address) {
    const auto number = [&](std::size_t at) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof value; ++i) {
            value = value << 8U | address[at + i];
        }
        return value;
    };
    return {number(0), number(8)};
}

void KnownRules::beginRange(const std::array<std::uint8_t, 16>& first, int node) {
    firsts_.push_back(numbersOf(first));
    narrowest_.push_back(node);
}

KnownTags KnownRules::tagsIn(const Node& node, const KnownSubject& subject) const {
    KnownTags tags = 0;
    const auto begin = rules_.begin() + static_cast<std::ptrdiff_t>(node.begin);
    const auto end = rules_.begin() + static_cast<std::ptrdiff_t>(node.end);
    auto rule = begin;
    for (; rule != end && !rule->port; ++rule) {
        tags |= fits(*rule, subject) ? tagBit(rule->tag) : KnownTags{0};
    }
    rule = std::ranges::lower_bound(rule, end, int{subject.port}, {}, portOf);
    for (; rule != end && portOf(*rule) == subject.port; ++rule) {
        tags |= fits(*rule, subject) ? tagBit(rule->tag) : KnownTags{0};
    }
    return tags;
}

KnownTags KnownRules::tagsOf(const KnownSubject& subject) const {
    const auto behind = std::ranges::upper_bound(firsts_, numbersOf(subject.source.address));
    if (behind == firsts_.begin()) {
        return 0;
    }
    int at = narrowest_[static_cast<std::size_t>(behind - firsts_.begin()) - 1];
    KnownTags tags = at < 0 ? KnownTags{0} : nodes_[static_cast<std::size_t>(at)].always;
    while (at >= 0) {
        const Node& node = nodes_[static_cast<std::size_t>(at)];
        tags |= tagsIn(node, subject);
        at = node.around;
    }
    return tags;
}

}  // namespace apiary::collector
