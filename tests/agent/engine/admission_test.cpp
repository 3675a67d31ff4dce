#include "agent/engine/admission.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using Time = AdmissionControl::Time;

Endpoint host(std::uint8_t last) {
    return Endpoint::of({192, 0, 2, last}, 1000);
}

constexpr Admission kRules{Millis(100), 3, 2};

TEST(AdmissionTest, LetsABurstInAndThenOneEachWaitingTime) {
    AdmissionControl admission;
    const Admission rules{Millis(100), 3, 100};
    const Time start{};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(admission.admit(host(1), rules, start), Verdict::Welcome);
    }
    EXPECT_EQ(admission.admit(host(1), rules, start + Millis(99)), Verdict::WaitingTime);
    EXPECT_EQ(admission.admit(host(1), rules, start + Millis(100)), Verdict::Welcome);
    EXPECT_EQ(admission.admit(host(1), rules, start + Millis(100)), Verdict::WaitingTime);
}

TEST(AdmissionTest, GivesTheWholeBurstBackInTime) {
    AdmissionControl admission;
    const Admission rules{Millis(100), 3, 100};
    for (int i = 0; i < 4; ++i) {
        admission.admit(host(1), rules, Time{});
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(admission.admit(host(1), rules, Time{} + Millis(300)), Verdict::Welcome);
    }
}

TEST(AdmissionTest, CountsTheConnectionsOfASource) {
    AdmissionControl admission;
    EXPECT_EQ(admission.admit(host(1), kRules, Time{}), Verdict::Welcome);
    EXPECT_EQ(admission.admit(host(1), kRules, Time{}), Verdict::Welcome);
    EXPECT_EQ(admission.admit(host(1), kRules, Time{}), Verdict::PerSource);
    EXPECT_EQ(admission.admit(host(2), kRules, Time{}), Verdict::Welcome);
    admission.leave(host(1));
    EXPECT_EQ(admission.admit(host(1), kRules, Time{}), Verdict::Welcome);
}

TEST(AdmissionTest, TakesAnIpv6NetworkForOneSource) {
    AdmissionControl admission;
    Endpoint one{{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, 1};
    Endpoint other = one;
    other.address[15] = 2;
    Endpoint elsewhere = one;
    elsewhere.address[7] = 9;
    const Admission rules{Millis(100), 1, 100};
    EXPECT_EQ(admission.admit(one, rules, Time{}), Verdict::Welcome);
    EXPECT_EQ(admission.admit(other, rules, Time{}), Verdict::WaitingTime);
    EXPECT_EQ(admission.admit(elsewhere, rules, Time{}), Verdict::Welcome);
}

TEST(AdmissionTest, WithoutWaitingTimeOnlyCounts) {
    AdmissionControl admission;
    const Admission rules{Millis(0), 1, 50};
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(admission.admit(host(1), rules, Time{}), Verdict::Welcome);
    }
    EXPECT_EQ(admission.admit(host(1), rules, Time{}), Verdict::PerSource);
}

TEST(AdmissionTest, ForgetsWhoWasSeenLongestAgo) {
    AdmissionControl admission(2);
    const Admission rules{Millis(100), 1, 100};
    for (std::uint8_t last = 1; last <= 3; ++last) {
        admission.admit(host(last), rules, Time{});
    }
    EXPECT_EQ(admission.remembered(), 2U);
    EXPECT_EQ(admission.admit(host(3), rules, Time{}), Verdict::WaitingTime);
    EXPECT_EQ(admission.admit(host(1), rules, Time{}), Verdict::Welcome);
}

TEST(AdmissionTest, CountsConnectionsOfForgottenSourcesStill) {
    AdmissionControl admission(1);
    const Admission rules{Millis(100), 5, 1};
    admission.admit(host(1), rules, Time{});
    admission.admit(host(2), rules, Time{});
    EXPECT_EQ(admission.admit(host(1), rules, Time{}), Verdict::PerSource);
}

}  // namespace
}  // namespace apiary::agent::test
