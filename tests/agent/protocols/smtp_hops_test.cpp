#include "agent/protocols/smtp_hops.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace apiary::agent::test {
namespace {

/// Whether Postfix finds too many hops in `front`, then 49 of `field`.
bool tooMany(const std::vector<std::string>& front, const std::string& field = "Received: a", int count = 49) {
    SmtpHops hops;
    for (const std::string& line : front) {
        hops.take(line, true);
    }
    for (int i = 0; i < count; ++i) {
        hops.take(field, true);
    }
    return hops.tooMany();
}

TEST(SmtpHopsTest, CountsTheReceivedFieldsAndTheOneToCome) {
    EXPECT_FALSE(tooMany({}, "Received: a", 48));
    EXPECT_TRUE(tooMany({}, "Received: a", 49));
}

TEST(SmtpHopsTest, TakesAFieldHoweverItIsWritten) {
    for (const auto* field : {"rEcEiVeD: a", "Received : a", "Received\t: a", "Received:a", "Received:"}) {
        EXPECT_TRUE(tooMany({}, field)) << field;
    }
    for (const auto* other : {"Resent-Received: a", "Delivered-To: a", "Received", ".Received: a", ": Received: a"}) {
        EXPECT_FALSE(tooMany({}, other)) << other;
    }
}

TEST(SmtpHopsTest, EndsWithTheHeader) {
    for (const auto* line : {"", "hello", "X Y: z", "X\x01Y: z", "X\xe4: z", ": z"}) {
        EXPECT_FALSE(tooMany({"Subject: a", line})) << line;
    }
    EXPECT_FALSE(tooMany({" a message that begins with a blank"}));
    EXPECT_FALSE(tooMany({"Subject: a", "From somebody"}));
}

TEST(SmtpHopsTest, GoesOnOverFoldedLinesLongOnesAndThoseOfAMailbox) {
    EXPECT_TRUE(tooMany({"Subject: a", "\tb", " c"}));
    EXPECT_TRUE(tooMany({"From somebody", ">From another", ">>From a third"}));

    SmtpHops hops;
    hops.take("Subject: a", true);
    hops.take("the rest of a line without a colon", false);
    for (int i = 0; i < 49; ++i) {
        hops.take("Received: a", true);
        hops.take("Received: a", false);
    }
    EXPECT_TRUE(hops.tooMany());
}

}  // namespace
}  // namespace apiary::agent::test
