#include "collector/enrich/known_rules.hpp"
#include "tests/bench/load.hpp"

#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

// What a session pays for the rules of known traffic: five thousand of them, half networks within networks.
namespace apiary::bench {
namespace {

using collector::KnownRule;
using collector::Network;

constexpr int kRules = 5000;
constexpr int kSessions = 2'000'000;

Endpoint addressOf(std::mt19937_64& random) {
    return Endpoint::of({10, static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()),
                         static_cast<std::uint8_t>(random())},
                        0);
}

std::vector<KnownRule> makeRules(std::mt19937_64& random) {
    std::vector<KnownRule> rules;
    for (int i = 0; i < kRules; ++i) {
        Network network{addressOf(random).address, 104 + static_cast<int>(random() % 25)};
        for (int bit = network.prefix; bit < 128; ++bit) {
            network.first[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
        }
        KnownRule rule;
        rule.network = network;
        if (i % 2 == 0) {
            rule.port = static_cast<std::uint16_t>(random() % 1024);
        }
        rules.push_back(rule);
    }
    return rules;
}

void measure() {
    std::mt19937_64 random(1);
    const collector::KnownRules rules(makeRules(random));
    std::vector<Endpoint> sources;
    for (int i = 0; i < kSessions; ++i) {
        sources.push_back(addressOf(random));
    }
    int tagged = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (const Endpoint& source : sources) {
        tagged += rules.tagsOf({source, 22, 1, "ssh", {}}) != 0 ? 1 : 0;
    }
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begin;
    std::printf("%d of %d sessions are known\n", tagged, kSessions);
    report("known.match-5000-rules", taken.count() / kSessions, "us", 1, true);
}

}  // namespace
}  // namespace apiary::bench

int main() {
    apiary::bench::measure();
    return 0;
}
