#include "agent/coverage/lan/address_claims.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using Address = AddressRange::Address;
using Kind = NeighbourMessage::Kind;

constexpr Mac kOwner{0x52, 0x54, 0, 0x12, 0x34, 0x56};

Address at(const std::string& text) {
    return parseAddress(text)->address;
}

/// A link on which nobody is: what is done there, a line each with the milliseconds since the start.
class AddressClaimsTest : public ::testing::Test, public ClaimActions {
protected:
    void follow(const std::vector<std::string>& ranges) {
        std::vector<AddressRange> parsed;
        for (const std::string& range : ranges) {
            parsed.push_back(*parseRange(range));
        }
        claims_.follow(parsed, now_, *this);
    }

    /// Lets time pass, waking when something is due.
    void pass(std::chrono::milliseconds time) {
        const auto end = now_ + time;
        while (claims_.due() && *claims_.due() <= end) {
            now_ = std::max(now_, *claims_.due());
            claims_.work(now_, *this);
        }
        now_ = end;
    }

    void hear(Kind kind, const std::string& sender, const std::string& target) {
        claims_.hear({kind, kOwner, at(sender), at(target)}, now_, *this);
    }
    void asks(const std::string& sender, const std::string& target) { hear(Kind::Asks, sender, target); }
    void tells(const std::string& sender) { hear(Kind::Tells, sender, "0.0.0.0"); }

    /// What was done since the last call, in order; the times apart.
    std::vector<std::string> done() { return std::exchange(done_, {}); }

    bool note(const std::string& what, const Address& address) {
        done_.push_back(what + ' ' + addressText(Endpoint{address, 0}));
        times_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now_ - start_));
        return true;
    }
    bool probe(const Address& address) override { return sends_ && note("probe", address); }
    bool announce(const Address& address) override { return sends_ && note("announce", address); }
    void answer(const Address& address, const NeighbourMessage& asker) override {
        note("tell " + addressText(Endpoint{asker.sender, 0}) + " of", address);
    }
    bool take(const Address& address) override {
        if (foreign_.contains(address)) {
            return false;
        }
        EXPECT_TRUE(had_.insert(address).second) << "it is had already";
        return note("take", address);
    }
    void giveUp(const Address& address, const Mac* /*owner*/) override {
        EXPECT_EQ(had_.erase(address), 1U) << "it is not had";
        note("give up", address);
    }

    const AddressClaims::Time start_{1h};
    AddressClaims::Time now_ = start_;
    AddressClaims claims_{ClaimPace{.most6 = 8}, 7};
    std::vector<std::string> done_;
    std::vector<std::chrono::milliseconds> times_;
    std::set<Address> had_;
    std::set<Address> foreign_;
    bool sends_ = true;
};

using Lines = std::vector<std::string>;

TEST_F(AddressClaimsTest, ProbesThreeTimesThenTakesAndAnnouncesTwice) {
    follow({"10.0.0.7"});
    pass(1min);
    EXPECT_EQ(done(), (Lines{"probe 10.0.0.7", "probe 10.0.0.7", "probe 10.0.0.7", "take 10.0.0.7", "announce 10.0.0.7",
                             "announce 10.0.0.7"}));
    EXPECT_LE(times_[0], 1s) << "PROBE_WAIT of RFC 5227";
    for (const std::size_t second : {1U, 2U}) {
        EXPECT_GE(times_[second] - times_[second - 1], 999ms) << "PROBE_MIN";
        EXPECT_LE(times_[second] - times_[second - 1], 2001ms) << "PROBE_MAX";
    }
    EXPECT_NEAR(static_cast<double>((times_[3] - times_[2]).count()), 2000, 1) << "ANNOUNCE_WAIT";
    EXPECT_NEAR(static_cast<double>((times_[5] - times_[4]).count()), 2000, 1) << "ANNOUNCE_INTERVAL";
    EXPECT_EQ(claims_.due(), std::nullopt);
    EXPECT_EQ(claims_.counts(), (AddressClaims::Counts{.claimed = 1}));
}

TEST_F(AddressClaimsTest, TakesNothingForSilenceWhereSomethingWasNotHeard) {
    follow({"10.0.0.7"});
    while (done_.size() < 3) {
        pass(100ms);
    }
    claims_.missed(now_);
    done();
    pass(1min);
    EXPECT_EQ(done(), (Lines{"probe 10.0.0.7", "probe 10.0.0.7", "probe 10.0.0.7", "take 10.0.0.7", "announce 10.0.0.7",
                             "announce 10.0.0.7"}))
        << "asked for from the beginning";
    follow({"fd00:9::/64"});
    asks("fd00:9::1", "fd00:9::7");
    pass(500ms);
    claims_.missed(now_);
    pass(10s);
    EXPECT_EQ(done(), (Lines{"give up 10.0.0.7", "probe fd00:9::7", "probe fd00:9::7", "take fd00:9::7",
                             "announce fd00:9::7"}));
}

TEST_F(AddressClaimsTest, WhatIsMissedBeforeAnAddressIsAskedForMakesNoDifference) {
    follow({"10.0.0.7"});
    claims_.missed(now_);
    pass(1min);
    EXPECT_EQ(std::ranges::count(done(), "probe 10.0.0.7"), 3);
}

TEST_F(AddressClaimsTest, AnswersForWhatIsClaimedOnly) {
    follow({"10.0.0.7"});
    asks("10.0.0.1", "10.0.0.7");
    EXPECT_EQ(done(), Lines{}) << "not before it is had";
    pass(1min);
    done();
    asks("10.0.0.1", "10.0.0.7");
    asks("10.0.0.1", "10.0.0.8");
    EXPECT_EQ(done(), Lines{"tell 10.0.0.1 of 10.0.0.7"});
}

TEST_F(AddressClaimsTest, LeavesAnOwnerWhoAnswersAlone) {
    follow({"10.0.0.7"});
    pass(2s);
    tells("10.0.0.7");
    done();
    pass(9min);
    EXPECT_EQ(done(), Lines{});
    EXPECT_EQ(claims_.counts(), (AddressClaims::Counts{.others = 1}));
    asks("10.0.0.1", "10.0.0.7");
    EXPECT_EQ(done(), Lines{}) << "the owner answers";
}

TEST_F(AddressClaimsTest, AsksAgainLaterAndTakesWhatIsFreeThen) {
    follow({"10.0.0.7"});
    tells("10.0.0.7");
    pass(16min);
    EXPECT_EQ(done().size(), 6U);
    EXPECT_GE(times_.front(), 10min);
    EXPECT_EQ(had_.size(), 1U);
}

TEST_F(AddressClaimsTest, GivesUpAtOnceToWhoeverSpeaksAsTheAddress) {
    for (const bool announces : {true, false}) {
        follow({"10.0.0.7"});
        pass(1min);
        done();
        if (announces) {
            asks("10.0.0.7", "10.0.0.7");
        } else {
            asks("10.0.0.7", "10.0.0.1");
        }
        EXPECT_EQ(done(), Lines{"give up 10.0.0.7"});
        follow({});
    }
}

TEST_F(AddressClaimsTest, GivesUpSilentlyToWhoeverProbesForTheAddress) {
    follow({"10.0.0.7", "10.0.0.9"});
    pass(1min);
    done();
    asks("0.0.0.0", "10.0.0.7");
    EXPECT_EQ(done(), Lines{"give up 10.0.0.7"});
    asks("0.0.0.0", "10.0.0.7");
    pass(9min);
    EXPECT_EQ(done(), Lines{}) << "neither answered nor asked for again meanwhile";
}

TEST_F(AddressClaimsTest, YieldsWhileItIsProbingAndWhileItAnnounces) {
    follow({"10.0.0.7"});
    pass(1500ms);
    asks("0.0.0.0", "10.0.0.7");
    done();
    pass(1min);
    EXPECT_EQ(done(), Lines{}) << "two that probe at a time: neither takes it, RFC 5227, 2.1.1";
    follow({});
    follow({"10.0.0.8"});
    while (had_.empty()) {
        pass(100ms);
    }
    done();
    tells("10.0.0.8");
    pass(1min);
    EXPECT_EQ(done(), Lines{"give up 10.0.0.8"}) << "and it is announced no more";
}

TEST_F(AddressClaimsTest, LeavesWhatADhcpClientAsksForAloneForLonger) {
    follow({"10.0.0.7"});
    pass(1min);
    done();
    hear(Kind::Leases, "0.0.0.0", "10.0.0.7");
    tells("10.0.0.7");
    pass(59min);
    EXPECT_EQ(done(), Lines{"give up 10.0.0.7"});
    pass(32min);
    EXPECT_EQ(had_.size(), 1U);
}

TEST_F(AddressClaimsTest, KeepsToItsRanges) {
    follow({"10.0.0.7"});
    pass(1min);
    done();
    tells("10.0.0.9");
    asks("0.0.0.0", "10.0.0.9");
    hear(Kind::Leases, "0.0.0.0", "10.0.0.9");
    asks("10.0.0.1", "fd00::1");
    EXPECT_EQ(done(), Lines{});
    EXPECT_EQ(claims_.counts(), (AddressClaims::Counts{.claimed = 1}));
}

TEST_F(AddressClaimsTest, GoesOverToOtherRangesAndKeepsWhatIsInBoth) {
    follow({"10.0.0.6-10.0.0.7"});
    pass(1min);
    done();
    follow({"10.0.0.7-10.0.0.8"});
    EXPECT_EQ(done(), Lines{"give up 10.0.0.6"});
    pass(1min);
    EXPECT_EQ(had_, (std::set<Address>{at("10.0.0.7"), at("10.0.0.8")}));
    follow({});
    EXPECT_TRUE(had_.empty());
    EXPECT_EQ(claims_.due(), std::nullopt);
    EXPECT_EQ(claims_.counts(), AddressClaims::Counts{});
}

TEST_F(AddressClaimsTest, ClaimsANetworkWithinTenSecondsAndItsPace) {
    follow({"10.0.0.0/24"});
    pass(10s);
    EXPECT_EQ(had_.size(), 256U);
    std::map<long, int> frames;  // by tenth of a second
    for (std::size_t i = 0; i < times_.size(); ++i) {
        frames[times_[i].count() / 100] += done_[i].starts_with("take") ? 0 : 1;
    }
    for (const auto& [tenth, count] : frames) {
        EXPECT_LE(count, 50 + 25 + 1) << "500 a second, and what may be made up for, at " << tenth;
    }
}

TEST_F(AddressClaimsTest, ClaimsALargeNetworkOneAfterAnother) {
    follow({"10.0.0.0/21"});  // 10,240 frames, 500 a second
    pass(15s);
    EXPECT_GT(had_.size(), 800U) << "the first do not wait for the last";
    pass(13s);
    EXPECT_EQ(had_.size(), 2048U);
}

TEST_F(AddressClaimsTest, TriesAgainWhatCouldNotBeSent) {
    follow({"10.0.0.7"});
    sends_ = false;
    pass(1min);
    EXPECT_TRUE(had_.empty()) << "silence tells nothing if nobody was asked";
    sends_ = true;
    pass(1min);
    EXPECT_EQ(done().size(), 6U);
}

TEST_F(AddressClaimsTest, LeavesWhatTheMachineCannotTake) {
    foreign_.insert(at("10.0.0.7"));
    follow({"10.0.0.7"});
    pass(1min);
    EXPECT_EQ(done(), (Lines{"probe 10.0.0.7", "probe 10.0.0.7", "probe 10.0.0.7"}));
    EXPECT_EQ(claims_.counts(), (AddressClaims::Counts{.others = 1}));
}

TEST_F(AddressClaimsTest, AsksForAnAddressOfIPv6WhenSomebodyDoes) {
    follow({"fd00::/64"});
    pass(1h);
    EXPECT_EQ(done(), Lines{});
    asks("fe80::1", "fd00::7");
    pass(900ms);
    EXPECT_EQ(done(), Lines{"probe fd00::7"});
    pass(200ms);
    EXPECT_EQ(done(), (Lines{"take fd00::7", "announce fd00::7"}));
    asks("fe80::1", "fd00::7");
    EXPECT_EQ(done(), Lines{"tell fe80::1 of fd00::7"});
}

TEST_F(AddressClaimsTest, GivesAnAddressOfIPv6UpToWhoeverDetectsDuplicates) {
    follow({"fd00::/64"});
    asks("fe80::1", "fd00::7");
    pass(2s);
    done();
    asks("::", "fd00::7");
    EXPECT_EQ(done(), Lines{"give up fd00::7"});
    asks("fe80::1", "fd00::7");
    pass(5min);
    EXPECT_EQ(done(), Lines{}) << "the owner answers";
    tells("fd00::8");
    asks("fe80::1", "fd00::8");
    pass(2s);
    EXPECT_EQ(done(), Lines{}) << "nor is one taken whose owner was heard";
}

TEST_F(AddressClaimsTest, ForgetsAnAddressOfIPv6ThatNobodyAsksForAnyMore) {
    follow({"fd00::/64"});
    asks("fe80::1", "fd00::7");
    asks("fe80::1", "fd00::8");
    pass(30min);
    asks("fe80::1", "fd00::8");
    pass(45min);
    EXPECT_EQ(had_, std::set<Address>{at("fd00::8")});
    pass(1h);
    EXPECT_TRUE(had_.empty());
    EXPECT_EQ(claims_.counts(), AddressClaims::Counts{});
}

TEST_F(AddressClaimsTest, BoundsHowManyOfIPv6ItThinksOf) {
    follow({"fd00::/64"});
    for (int i = 0; i < 100; ++i) {
        asks("fe80::1", "fd00::" + std::to_string(i));
        pass(2s);
    }
    EXPECT_EQ(had_.size(), 8U);
    EXPECT_TRUE(had_.contains(at("fd00::99"))) << "the last that were asked for";
    for (int i = 0; i < 100; ++i) {
        asks("::", "fd00::1:" + std::to_string(i));
    }
    EXPECT_TRUE(had_.empty());
    const auto counts = claims_.counts();
    EXPECT_EQ(counts.claimed + counts.asked + counts.others, 8U);
}

}  // namespace
}  // namespace apiary::agent::test
