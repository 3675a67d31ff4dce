#include "agent/engine/reply_credit.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using Time = ReplyCredit::Time;
using std::chrono::seconds;

Endpoint host(std::uint8_t third, std::uint8_t last) {
    return Endpoint::of({192, 0, third, last}, 1000);
}

constexpr DatagramCredit kRules{3, 5, 4096};

TEST(ReplyCreditTest, PaysForOutputWithInput) {
    ReplyCredit credit;
    credit.received(host(2, 1), 10, kRules);
    EXPECT_FALSE(credit.spend(host(2, 1), 31, kRules, Time{}));
    EXPECT_TRUE(credit.spend(host(2, 1), 30, kRules, Time{}));
    EXPECT_FALSE(credit.spend(host(2, 1), 1, kRules, Time{}));
}

TEST(ReplyCreditTest, OwesNothingToWhoSentNothing) {
    ReplyCredit credit;
    EXPECT_FALSE(credit.spend(host(2, 1), 0, kRules, Time{}));
}

TEST(ReplyCreditTest, AnswersANetworkFiveTimesAMinute) {
    ReplyCredit credit;
    for (std::uint8_t last = 1; last <= 5; ++last) {
        credit.received(host(2, last), 100, kRules);
        EXPECT_TRUE(credit.spend(host(2, last), 10, kRules, Time{} + seconds(last)));
    }
    credit.received(host(2, 6), 100, kRules);
    credit.received(host(3, 1), 100, kRules);
    EXPECT_FALSE(credit.spend(host(2, 6), 10, kRules, Time{} + seconds(60)));
    EXPECT_TRUE(credit.spend(host(3, 1), 10, kRules, Time{} + seconds(60)));
    EXPECT_TRUE(credit.spend(host(2, 6), 10, kRules, Time{} + seconds(61)));
    EXPECT_FALSE(credit.spend(host(2, 6), 10, kRules, Time{} + seconds(61)));
}

TEST(ReplyCreditTest, BoundsTheBytesAMinute) {
    ReplyCredit credit;
    credit.received(host(2, 1), 100'000, kRules);
    EXPECT_FALSE(credit.spend(host(2, 1), 4097, kRules, Time{}));
    EXPECT_TRUE(credit.spend(host(2, 1), 4000, kRules, Time{}));
    EXPECT_FALSE(credit.spend(host(2, 1), 97, kRules, Time{}));
    EXPECT_TRUE(credit.spend(host(2, 1), 96, kRules, Time{}));
}

TEST(ReplyCreditTest, AnswersNoNewNetworkWhileTooManyWereAnswered) {
    ReplyCredit credit(2);
    for (std::uint8_t third = 1; third <= 2; ++third) {
        credit.received(host(third, 1), 100, kRules);
        EXPECT_TRUE(credit.spend(host(third, 1), 10, kRules, Time{} + seconds(10)));
    }
    credit.received(host(3, 1), 100, kRules);
    EXPECT_FALSE(credit.spend(host(3, 1), 10, kRules, Time{} + seconds(20)));
    EXPECT_TRUE(credit.spend(host(3, 1), 10, kRules, Time{} + seconds(70)));
}

TEST(ReplyCreditTest, HasNoAnswerForWhoIsNobody) {
    EXPECT_TRUE(answerable(host(2, 1)));
    EXPECT_FALSE(answerable(Endpoint::of({192, 0, 2, 1}, 0)));
    EXPECT_FALSE(answerable(Endpoint::of({224, 0, 0, 251}, 5353)));
    EXPECT_FALSE(answerable(Endpoint::of({255, 255, 255, 255}, 68)));
    EXPECT_FALSE(answerable(Endpoint::of({0, 0, 0, 0}, 68)));
    EXPECT_FALSE(answerable(Endpoint{{}, 5}));
    EXPECT_FALSE(answerable(Endpoint{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 5}));
}

TEST(ReplyCreditTest, KnowsWhoAnswersByItself) {
    const Endpoint target = Endpoint::of({192, 0, 2, 1}, 4000);
    constexpr std::uint16_t kAnswering[] = {4000, 7, 19, 53, 123, 161, 1900, 11211};
    constexpr std::uint16_t kOthers[] = {4001, 1, 68, 1024, 49152, 65535};
    for (const std::uint16_t port : kAnswering) {
        EXPECT_TRUE(answersByItself(Endpoint::of({198, 51, 100, 1}, port), target)) << port;
    }
    for (const std::uint16_t port : kOthers) {
        EXPECT_FALSE(answersByItself(Endpoint::of({198, 51, 100, 1}, port), target)) << port;
    }
}

}  // namespace
}  // namespace apiary::agent::test
