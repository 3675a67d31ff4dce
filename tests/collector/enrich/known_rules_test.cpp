#include "collector/enrich/known_rules.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr KnownTags kScanner = 1;
constexpr KnownTags kSelfTest = 2;
const RuleMoment kNow{1'700'000'000s};

KnownRule ruleOf(const char* network) {
    KnownRule rule;
    rule.network = *parseNetwork(network);
    return rule;
}

KnownTags ask(const KnownRules& rules, const char* source, std::uint16_t port = 21, std::int32_t sensor = 1,
              const char* protocol = "ftp", RuleMoment at = kNow) {
    const auto from = *parseAddress(source);
    return rules.tagsOf({from, port, sensor, protocol, at});
}

TEST(KnownRulesTest, FindsNothingWithoutRules) {
    EXPECT_EQ(ask(KnownRules(), "192.0.2.1"), 0);
}

TEST(KnownRulesTest, FitsTheWholeNetworkAndNothingBesideIt) {
    const KnownRules rules({ruleOf("192.0.2.64/26")});
    EXPECT_EQ(ask(rules, "192.0.2.63"), 0);
    EXPECT_EQ(ask(rules, "192.0.2.64"), kScanner);
    EXPECT_EQ(ask(rules, "192.0.2.127"), kScanner);
    EXPECT_EQ(ask(rules, "192.0.2.128"), 0);
}

TEST(KnownRulesTest, FitsTheLastAddressesThereAre) {
    const KnownRules rules({ruleOf("255.255.255.255"), ruleOf("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
    EXPECT_EQ(ask(rules, "255.255.255.255"), kScanner);
    EXPECT_EQ(ask(rules, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), kScanner);
    EXPECT_EQ(ask(rules, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 0);
}

TEST(KnownRulesTest, AsksTheNetworksAroundToo) {
    auto inner = ruleOf("192.0.2.0/28");
    inner.tag = KnownTag::SelfTest;
    inner.port = 22;
    const KnownRules rules({ruleOf("192.0.2.0/24"), inner});
    EXPECT_EQ(ask(rules, "192.0.2.1", 22), kScanner | kSelfTest);
    EXPECT_EQ(ask(rules, "192.0.2.1", 23), kScanner);
    EXPECT_EQ(ask(rules, "192.0.2.99", 22), kScanner);
}

TEST(KnownRulesTest, FitsOnlyWhenEveryPartDoes) {
    KnownRule rule = ruleOf("2001:db8::/32");
    rule.port = 80;
    rule.sensor = 3;
    rule.protocol = "http";
    const KnownRules rules({rule});
    EXPECT_EQ(ask(rules, "2001:db8::1", 80, 3, "http"), kScanner);
    EXPECT_EQ(ask(rules, "2001:db9::1", 80, 3, "http"), 0);
    EXPECT_EQ(ask(rules, "2001:db8::1", 81, 3, "http"), 0);
    EXPECT_EQ(ask(rules, "2001:db8::1", 80, 4, "http"), 0);
    EXPECT_EQ(ask(rules, "2001:db8::1", 80, 3, "ftp"), 0);
}

TEST(KnownRulesTest, ExpiresForSessionsThatStartThen) {
    KnownRule rule = ruleOf("192.0.2.1");
    rule.expires = kNow;
    const KnownRules rules({rule});
    EXPECT_EQ(ask(rules, "192.0.2.1", 21, 1, "ftp", kNow - 1us), kScanner);
    EXPECT_EQ(ask(rules, "192.0.2.1", 21, 1, "ftp", kNow), 0);
}

TEST(KnownRulesTest, NamesWhatIsWrongWithANetwork) {
    EXPECT_NE(parseNetwork("192.0.2.1/24").error().find("write 192.0.2.0/24"), std::string::npos);
    EXPECT_NE(parseNetwork("192.0.2.0/33").error().find("0 to 32"), std::string::npos);
    EXPECT_NE(parseNetwork("2001:db8::/129").error().find("0 to 128"), std::string::npos);
    for (const char* wrong : {"", "scanner.example", "192.0.2.0/", "192.0.2.0/2x", "192.0.2", "1.2.3.4/-1"}) {
        EXPECT_FALSE(parseNetwork(wrong)) << wrong;
    }
    EXPECT_EQ(networkText(*parseNetwork("192.0.2.0/24")), "192.0.2.0/24");
    EXPECT_EQ(networkText(*parseNetwork("2001:db8::/32")), "2001:db8::/32");
}

TEST(KnownRulesTest, CallsTrafficByItsStrongestTag) {
    EXPECT_EQ(trafficOf({}), "attack");
    EXPECT_EQ(trafficOf({"other"}), "attack");
    EXPECT_EQ(trafficOf(tagTexts(kScanner)), "known-scanner");
    EXPECT_EQ(trafficOf(tagTexts(kScanner | kSelfTest)), "self-test");
}

// ---------------------------------------------------------------- against a matcher without any art
class RandomRules {
public:
    KnownRule rule() {
        KnownRule made;
        if (random_() % 10 != 0) {
            Network network;
            network.first = address();
            network.prefix = random_() % 2 == 0 ? 96 + below(33) : below(129);
            for (int i = network.prefix; i < 128; ++i) {
                network.first[static_cast<std::size_t>(i / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (i % 8)));
            }
            made.network = network;
        }
        if (random_() % 3 == 0) {
            made.port = static_cast<std::uint16_t>(below(4));
        }
        if (random_() % 3 == 0) {
            made.sensor = below(3);
        }
        if (random_() % 3 == 0) {
            made.protocol = protocol();
        }
        if (random_() % 3 == 0) {
            made.expires = moment();
        }
        made.tag = random_() % 2 == 0 ? KnownTag::SelfTest : KnownTag::KnownScanner;
        return made;
    }

    // Few bits differ, so that networks lie inside one another and are hit.
    std::array<std::uint8_t, 16> address() {
        std::array<std::uint8_t, 16> made{};
        if (random_() % 2 == 0) {
            made[10] = made[11] = 0xff;
        } else {
            made[0] = 0x20;
        }
        made[12] = random_() % 4 == 0 ? 0xff : 0xc0;
        made[14] = static_cast<std::uint8_t>(below(4));
        made[15] = static_cast<std::uint8_t>(random_());
        return made;
    }
    std::string protocol() { return random_() % 2 == 0 ? "ftp" : "http"; }
    RuleMoment moment() { return kNow + std::chrono::microseconds(below(5)); }
    int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

private:
    std::mt19937_64 random_{20261125};
};

bool inside(const std::array<std::uint8_t, 16>& address, const Network& network) {
    for (int i = 0; i < network.prefix; ++i) {
        const auto byte = static_cast<std::size_t>(i / 8);
        if (((address[byte] ^ network.first[byte]) & (0x80 >> (i % 8))) != 0) {
            return false;
        }
    }
    return true;
}

KnownTags naive(const std::vector<KnownRule>& rules, const KnownSubject& subject) {
    KnownTags tags = 0;
    for (const KnownRule& rule : rules) {
        if ((!rule.network || inside(subject.source.address, *rule.network)) &&
            (!rule.port || *rule.port == subject.port) && (!rule.sensor || *rule.sensor == subject.sensor) &&
            (rule.protocol.empty() || rule.protocol == subject.protocol) &&
            (!rule.expires || subject.startedAt < *rule.expires)) {
            tags |= static_cast<KnownTags>(rule.tag);
        }
    }
    return tags;
}

TEST(KnownRulesTest, FindsWhatANaiveMatcherFinds) {
    RandomRules random;
    std::array<int, 4> found{};
    for (int round = 0; round < 200; ++round) {
        std::vector<KnownRule> list(static_cast<std::size_t>(random.below(40)));
        std::ranges::generate(list, [&] { return random.rule(); });
        const KnownRules rules(list);
        for (int i = 0; i < 200; ++i) {
            const Endpoint source{random.address(), 0};
            const std::string protocol = random.protocol();
            const KnownSubject subject{source, static_cast<std::uint16_t>(random.below(4)), random.below(3), protocol,
                                       random.moment()};
            const KnownTags tags = rules.tagsOf(subject);
            ASSERT_EQ(tags, naive(list, subject)) << "round " << round << ", " << addressText(source);
            ++found[tags];
        }
    }
    EXPECT_GT(*std::ranges::min_element(found), 500);  // every answer was given often
}

}  // namespace
}  // namespace apiary::collector
