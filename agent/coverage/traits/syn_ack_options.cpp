#include "agent/coverage/traits/syn_ack_options.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::size_t kBehindMss = 24;  // where the other options begin in the TCP header
constexpr std::uint16_t kNops = 0x0101;
constexpr std::uint16_t kSackPermitted = 0x0402;
constexpr std::uint16_t kTimestamps = 0x080a;
constexpr std::uint16_t kNopAndWindowScale = 0x0103;

/// The options behind the MSS, in words of 16 bits; those of which nobody knows what is in them are of the timestamps.
struct Layout {
    std::vector<std::optional<std::uint16_t>> words;
    std::size_t stamps = 0;  // the word where the two timestamps begin

    friend bool operator==(const Layout&, const Layout&) = default;
};

Layout layoutOf(const std::vector<TcpOption>& options, unsigned scale) {
    const auto has = [&](TcpOption option) { return std::ranges::find(options, option) != options.end(); };
    const bool padded = has(TcpOption::SackPermitted) != has(TcpOption::Timestamps);
    Layout layout;
    auto& words = layout.words;
    for (const TcpOption option : options) {
        if (option == TcpOption::WindowScale) {
            words.emplace_back(kNopAndWindowScale);
            words.emplace_back(static_cast<std::uint16_t>(0x0300U | scale));
            continue;
        }
        if (padded) {
            words.emplace_back(kNops);
        }
        words.emplace_back(option == TcpOption::SackPermitted ? kSackPermitted : kTimestamps);
        if (option == TcpOption::Timestamps) {
            layout.stamps = words.size();
            words.resize(words.size() + 4);
        }
    }
    return layout;
}

std::string field(std::size_t word, unsigned bits) {
    return "@th," + std::to_string(8 * (kBehindMss + 2 * word)) + ',' + std::to_string(bits);
}

std::string hex(std::uint16_t word) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%04x", word);
    return text.data();
}

std::string ruleFrom(const Layout& from, const Layout& to) {
    assert(from.words.size() == to.words.size());
    std::string rule = "tcp doff " + std::to_string((kBehindMss + 2 * from.words.size()) / 4);
    for (std::size_t i = 0; i < from.words.size(); ++i) {
        rule += from.words[i] ? ' ' + field(i, 16) + ' ' + hex(*from.words[i]) : "";
    }
    if (from.stamps != to.stamps) {
        const bool later = to.stamps > from.stamps;  // the second goes first then: the first may come to lie on it
        for (const std::size_t each : {later ? 2U : 0U, later ? 0U : 2U}) {
            rule += ' ' + field(to.stamps + each, 32) + " set " + field(from.stamps + each, 32);
        }
    }
    for (std::size_t i = 0; i < to.words.size(); ++i) {
        rule += to.words[i] && to.words[i] != from.words[i] ? ' ' + field(i, 16) + " set " + hex(*to.words[i]) : "";
    }
    return rule;
}

}  // namespace

std::vector<std::string> optionOrderRules(const PacketTraits& traits) {
    constexpr std::array kKernels{TcpOption::SackPermitted, TcpOption::Timestamps, TcpOption::WindowScale};
    std::vector<std::string> rules;
    for (unsigned agreed = 1; agreed < 8; ++agreed) {
        const auto isAgreed = [&](TcpOption option) {
            const auto at = std::ranges::find(kKernels, option);
            return at != kKernels.end() && (agreed >> (at - kKernels.begin()) & 1U) != 0;
        };
        std::vector<TcpOption> from;
        std::vector<TcpOption> to;
        std::ranges::copy_if(kKernels, std::back_inserter(from), isAgreed);
        std::ranges::copy_if(traits.options, std::back_inserter(to), isAgreed);
        if (from.size() == to.size() && from != to) {
            rules.push_back(ruleFrom(layoutOf(from, traits.windowScale), layoutOf(to, traits.windowScale)));
        }
    }
    return rules;
}

}  // namespace apiary::agent
